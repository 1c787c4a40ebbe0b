//! What rows can have done to them only here: leads converted, rows merged, taken out of the bin or thrown
//! out of it. Each has an outcome of its own and is done as a whole or not at all.

use roxmltree::Node;
use serde_json::{Map, Value};

use crate::http::atomically;
use crate::model::refusal::Refusal;
use crate::model::{Conversion, Converted, Merge, Merged, Salesforce, id};

use super::SoapCall;
use super::fault::Fault;
use super::xml::{child, element, text};

/// The most leads converted, and the most rows merged or taken from the bin, in one call.
const MOST_LEADS: usize = 100;
const MOST_ROWS: usize = 200;

/// What a merge is called: in the vendor's description, and by clients that the service takes all the same.
const MERGES: &[&str] = &["request", "mergeRequest", "mergeRequests"];

fn children<'a>(node: Node<'a, 'a>, name: &str) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.is_element() && child.tag_name().name() == name).collect()
}

fn few(count: usize, most: usize) -> Result<(), Fault> {
    if count <= most {
        return Ok(());
    }
    Err(Fault::new(
        "EXCEEDED_ID_LIMIT",
        format!("record limit reached. cannot submit more than {most} records into this call"),
    ))
}

/// A text that was given and is not empty.
fn given(node: Node<'_, '_>, name: &str) -> Option<String> {
    Some(text(node, name)).filter(|text| !text.is_empty())
}

fn errors(refusals: &[Refusal]) -> String {
    let told = refusals.iter().map(|refusal| {
        let fields = refusal.fields.iter().flatten().map(|field| element("fields", field));
        let rest = element("message", &refusal.message) + &element("statusCode", refusal.code);
        format!("<errors>{}{rest}</errors>", fields.collect::<String>())
    });
    told.collect()
}

fn nil_or(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("<{name} xsi:nil=\"true\"/>"), |value| element(name, value))
}

pub(super) fn convert_lead(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    let wishes = children(call.element, "leadConverts");
    few(wishes.len(), MOST_LEADS)?;
    let results = wishes.into_iter().map(|wish| {
        let conversion = Conversion {
            lead: text(wish, "leadId"),
            status: text(wish, "convertedStatus"),
            account: given(wish, "accountId"),
            contact: given(wish, "contactId"),
            opportunity_name: given(wish, "opportunityName"),
            no_opportunity: text(wish, "doNotCreateOpportunity") == "true",
            overwrite_lead_source: text(wish, "overwriteLeadSource") == "true",
            owner: given(wish, "ownerId"),
        };
        let done = atomically(org, |org| org.convert_lead(call.caller, &conversion, call.now));
        let (rows, failed) = match &done {
            Ok(rows) => (Some(rows), String::new()),
            Err(refusals) => (None, errors(refusals)),
        };
        let row = |name: &str, id: fn(&Converted) -> Option<&str>| nil_or(name, rows.and_then(id));
        format!(
            "<result>{}{}{failed}{}{}{}</result>",
            row("accountId", |rows| Some(&rows.account)),
            row("contactId", |rows| Some(&rows.contact)),
            row("leadId", |rows| Some(&rows.lead)),
            row("opportunityId", |rows| rows.opportunity.as_deref()),
            element("success", &rows.is_some().to_string()),
        )
    });
    Ok(results.collect())
}

pub(super) fn merge(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    let wishes: Vec<_> = MERGES.iter().flat_map(|name| children(call.element, name)).collect();
    few(wishes.len(), MOST_ROWS)?;
    let mut results = Vec::new();
    for wish in wishes {
        let merge = merge_of(wish)?;
        let done = atomically(org, |org| org.merge(call.caller, &merge, call.now));
        let result = match done {
            Ok(Merged { master, losers, moved }) => {
                let losers: String = losers.iter().map(|id| element("mergedRecordIds", id)).collect();
                let moved: String = moved.iter().map(|id| element("updatedRelatedIds", id)).collect();
                format!("{}{losers}<success>true</success>{moved}", element("id", &master))
            }
            // Rows that no merge takes are the whole call's fault.
            Err(refusals) if refusals.iter().any(|refusal| refusal.code == "INVALID_TYPE_FOR_OPERATION") => {
                let message = "entity type does not support merge";
                return Err(Fault::new("INVALID_TYPE_FOR_OPERATION", message));
            }
            Err(refusals) => format!("{}<id xsi:nil=\"true\"/><success>false</success>", errors(&refusals)),
        };
        results.push(format!("<result>{result}</result>"));
    }
    Ok(results.concat())
}

/// A merge: the row that stays, with its type in an element (partner) or an attribute (enterprise).
fn merge_of(wish: Node<'_, '_>) -> Result<Merge, Fault> {
    let master = child(wish, "masterRecord").ok_or_else(|| Fault::client("A merge needs a masterRecord"))?;
    let named = master.attributes().find(|attribute| attribute.name() == "type").map(|attribute| attribute.value());
    let named = named.map(|name| name.rsplit(':').next().unwrap_or(name)).filter(|name| *name != "sObject");
    let object = given(master, "type").or(named.map(str::to_owned)).unwrap_or_default();
    let mut fields = Map::new();
    for field in master.children().filter(Node::is_element) {
        let name = field.tag_name().name();
        match name {
            "type" | "Id" | "id" => {}
            "fieldsToNull" => {
                fields.insert(field.text().unwrap_or_default().trim().to_owned(), Value::Null);
            }
            _ => {
                fields.insert(name.to_owned(), Value::String(text(master, name)));
            }
        }
    }
    let id = given(master, "Id").or_else(|| given(master, "id")).unwrap_or_default();
    let losers = children(wish, "recordToMergeIds");
    let losers = losers.iter().map(|loser| loser.text().unwrap_or_default().trim().to_owned()).collect();
    Ok(Merge { object, master: id, fields, losers })
}

pub(super) fn undelete(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    each(org, call, |org, id| org.undelete(call.caller, id, call.now))
}

pub(super) fn empty_recycle_bin(org: &mut Salesforce, call: &SoapCall<'_>) -> Result<String, Fault> {
    each(org, call, |org, id| org.empty_from_bin(call.caller, id, call.now))
}

/// Does it to each of the call's ids.
fn each(
    org: &mut Salesforce,
    call: &SoapCall<'_>,
    mut act: impl FnMut(&mut Salesforce, &str) -> Result<(), Vec<Refusal>>,
) -> Result<String, Fault> {
    let ids = children(call.element, "ids");
    few(ids.len(), MOST_ROWS)?;
    let results = ids.into_iter().map(|node| {
        let given = node.text().unwrap_or_default().trim();
        let Some(id) = id::canonical(given) else {
            let refusal = Refusal::write("MALFORMED_ID", format!("bad id {given}"));
            return format!("<result>{}<id xsi:nil=\"true\"/><success>false</success></result>", errors(&[refusal]));
        };
        match atomically(org, |org| act(org, &id)) {
            Ok(()) => format!("<result>{}<success>true</success></result>", element("id", &id)),
            Err(refusals) => {
                format!("<result>{}{}<success>false</success></result>", errors(&refusals), element("id", &id))
            }
        }
    });
    Ok(results.collect())
}
