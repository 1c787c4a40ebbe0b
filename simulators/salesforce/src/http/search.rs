//! Searches: in SOSL, or by parameters.

use jiff::SignedDuration;
use serde_json::{Value, json};
use sim_kit::Reply;

use crate::model::Salesforce;
use crate::model::refusal::Refusal;
use crate::soql::{Scope, Search, Target};

use super::query::{GREATEST_BATCH, asker, run};
use super::{Answer, Call, ok};

/// The first version that answers with an object around the records.
const WRAPPED_SINCE: u32 = 37;

pub(super) fn sosl(org: &Salesforce, call: &Call<'_>) -> Answer {
    let sosl = call.request.param("q").filter(|sosl| !sosl.trim().is_empty());
    let sosl = sosl.ok_or_else(|| malformed("A search string has to be specified"))?;
    Ok(answer(org, call, &Search::sosl(&asker(org, call), sosl)?))
}

/// `GET` with `Contact.fields` and so on, or `POST` with the same as JSON.
pub(super) fn parameterized(org: &Salesforce, call: &Call<'_>) -> Answer {
    let wish = if call.request.method.as_str() == "POST" { of_body(call)? } else { of_query(call) };
    let words = wish.words.filter(|words| !words.trim().is_empty());
    let words = words.ok_or_else(|| malformed("A search string has to be specified"))?;
    let scope = wish.scope.as_deref().unwrap_or("ALL");
    let scope = Scope::named(scope).ok_or_else(|| malformed(&format!("Malformed search token: {scope}")))?;
    let mut targets = wish.targets;
    for target in &mut targets {
        target.limit = target.limit.or(wish.default_limit);
    }
    let search = Search::of_parameters(&asker(org, call), &words, scope, &wish.fields, &targets, wish.overall_limit)?;
    Ok(answer(org, call, &search))
}

fn answer(org: &Salesforce, call: &Call<'_>, search: &Search) -> Reply {
    let base = call.base();
    let lag = SignedDuration::try_from(org.knobs.search_lag).unwrap_or(SignedDuration::ZERO);
    let records = search.run(&run(org, call, false, GREATEST_BATCH, &base), lag);
    if call.major() < WRAPPED_SINCE { ok(&Value::Array(records)) } else { ok(&json!({ "searchRecords": records })) }
}

fn malformed(message: &str) -> Refusal {
    Refusal::new(400, "MALFORMED_SEARCH", message)
}

/// What a search by parameters asks for.
struct Wish {
    words: Option<String>,
    scope: Option<String>,
    fields: Vec<String>,
    targets: Vec<Target>,
    overall_limit: Option<usize>,
    default_limit: Option<usize>,
}

fn listed<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let names = texts.into_iter().flat_map(|text| text.split(','));
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn of_query(call: &Call<'_>) -> Wish {
    let request = call.request;
    let number = |name: &str| request.param(name).and_then(|text| text.trim().parse().ok());
    let targets = listed(request.params("sobject")).into_iter().map(|name| {
        let of = |part: &str| format!("{name}.{part}");
        Target {
            fields: listed(request.params(&of("fields"))),
            condition: request.param(&of("where")).map(str::to_owned),
            order: request.param(&of("orderBy")).map(str::to_owned),
            limit: number(&of("limit")),
            offset: number(&of("offset")),
            name,
        }
    });
    Wish {
        words: request.param("q").map(str::to_owned),
        scope: request.param("in").map(str::to_owned),
        fields: listed(request.params("fields")),
        targets: targets.collect(),
        overall_limit: number("overallLimit"),
        default_limit: number("defaultLimit"),
    }
}

fn of_body(call: &Call<'_>) -> Result<Wish, Refusal> {
    let body = Value::Object(call.body()?);
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |value: &Value, name: &str| {
        let value = value.get(name)?;
        value.as_u64().and_then(|number| usize::try_from(number).ok()).or_else(|| value.as_str()?.parse().ok())
    };
    let names = |value: &Value, name: &str| match value.get(name) {
        Some(Value::Array(names)) => listed(names.iter().filter_map(Value::as_str)),
        Some(Value::String(names)) => listed([names.as_str()]),
        _ => Vec::new(),
    };
    let mut targets = Vec::new();
    for target in body.get("sobjects").and_then(Value::as_array).into_iter().flatten() {
        let name = text(target, "name").or_else(|| target.as_str().map(str::to_owned));
        let name = name.ok_or_else(|| Refusal::json("each of sobjects needs a name at [line:1, column:1]"))?;
        targets.push(Target {
            name,
            fields: names(target, "fields"),
            condition: text(target, "where"),
            order: text(target, "orderBy"),
            limit: number(target, "limit"),
            offset: number(target, "offset"),
        });
    }
    Ok(Wish {
        words: text(&body, "q"),
        scope: text(&body, "in"),
        fields: names(&body, "fields"),
        targets,
        overall_limit: number(&body, "overallLimit"),
        default_limit: number(&body, "defaultLimit"),
    })
}
