//! Leads that become customers, and rows that become one.

use serde_json::{Value, json};

use crate::world::{World, element, refusal};

fn lead(world: &mut World) -> String {
    let row = json!({
        "FirstName": "Lia", "LastName": "Lund", "Company": "Lund AS", "Email": "lia@lund.example", "Phone": "123",
        "City": "Oslo", "LeadSource": "Web", "Description": "met at the fair",
    });
    world.create("Lead", row)
}

fn convert(world: &mut World, content: &str) -> String {
    let (status, text) = world.soap("convertLead", &format!("<urn:leadConverts>{content}</urn:leadConverts>"));
    assert_eq!(status, 200, "{text}");
    text
}

fn tag(name: &str, value: &str) -> String {
    format!("<urn:{name}>{value}</urn:{name}>")
}

const STATUS: &str = "<urn:convertedStatus>Closed - Converted</urn:convertedStatus>";

#[test]
fn a_converted_lead_becomes_account_contact_and_opportunity() {
    let mut world = World::new();
    let lead = lead(&mut world);
    let task = world.create("Task", json!({ "Subject": "Call", "WhoId": lead }));
    let text = convert(&mut world, &(tag("leadId", &lead[..15]) + STATUS));
    assert!(text.contains("<success>true</success>"), "{text}");
    let id = |name: &str| element(&text, name).unwrap();
    let (account, contact, opportunity) = (id("accountId"), id("contactId"), id("opportunityId"));
    assert_eq!(id("leadId"), lead);
    for (object, id, field, expected) in [
        ("Account", &account, "Name", json!("Lund AS")),
        ("Account", &account, "BillingCity", json!("Oslo")),
        ("Contact", &contact, "Email", json!("lia@lund.example")),
        ("Contact", &contact, "AccountId", json!(account)),
        ("Contact", &contact, "Description", json!("met at the fair")),
        ("Contact", &contact, "MailingCity", json!("Oslo")),
        ("Opportunity", &opportunity, "Name", json!("Lund AS")),
        ("Opportunity", &opportunity, "CloseDate", json!("2031-06-30")),
        ("Opportunity", &opportunity, "Probability", json!(10.0)),
        ("Lead", &lead, "IsConverted", json!(true)),
        ("Lead", &lead, "Status", json!("Closed - Converted")),
        ("Lead", &lead, "ConvertedContactId", json!(contact)),
        ("Lead", &lead, "ConvertedDate", json!("2031-05-06")),
        ("Task", &task, "WhoId", json!(contact)),
        ("Task", &task, "WhatId", json!(opportunity)),
    ] {
        assert_eq!(world.row(object, id)[field], expected, "{object}.{field}");
    }
    let role = format!("OpportunityId = '{opportunity}' AND ContactId = '{contact}' AND IsPrimary = true");
    world.only("OpportunityContactRole", &role);

    let reply = world.patch("Lead", &lead, json!({ "Phone": "5" }));
    assert_eq!(refusal(&reply).1, "CANNOT_UPDATE_CONVERTED_LEAD");
    let reply = world.call("POST", "sobjects/Task", json!({ "WhoId": lead }));
    assert_eq!(refusal(&reply).1, "CANNOT_UPDATE_CONVERTED_LEAD");
    assert_eq!(world.call("DELETE", &format!("sobjects/Lead/{lead}"), Value::Null).status, 204);
}

#[test]
fn a_lead_can_join_what_is_there() {
    let mut world = World::new();
    let lead = lead(&mut world);
    let contact = world.only("Contact", "LastName = 'Larsen'");
    let account = world.row("Contact", &contact)["AccountId"].as_str().unwrap().to_owned();
    world.patch("Contact", &contact, json!({ "LeadSource": "Other" }));
    let text = convert(
        &mut world,
        &(tag("accountId", &account)
            + &tag("contactId", &contact)
            + STATUS
            + &tag("doNotCreateOpportunity", "true")
            + &tag("leadId", &lead)
            + &tag("overwriteLeadSource", "true")),
    );
    assert_eq!(element(&text, "contactId"), Some(contact.clone()));
    assert!(text.contains("<opportunityId xsi:nil=\"true\"/>"), "{text}");
    let row = world.row("Contact", &contact);
    // What was empty is filled, what was not is kept; the source only as it was asked for.
    assert_eq!((&row["LastName"], &row["Phone"], &row["LeadSource"]), (&json!("Larsen"), &json!("123"), &json!("Web")));
    assert_eq!(world.row("Account", &account)["Name"], "Fabrikam");
    assert_eq!(world.org.rows("Opportunity").count(), 0);
}

#[test]
fn conversions_that_are_refused_change_nothing() {
    let mut world = World::new();
    let lead = lead(&mut world);
    let contact = world.only("Contact", "LastName = 'Larsen'");
    let tom = world.only("Account", "Name = 'Contoso'");
    let id = tag("leadId", &lead);
    for (content, code) in [
        (id.clone(), "INVALID_STATUS"),
        (id.clone() + &tag("convertedStatus", "Working - Contacted"), "INVALID_STATUS"),
        (tag("leadId", "bogus") + STATUS, "MALFORMED_ID"),
        (tag("leadId", "00Q000000000001EAA") + STATUS, "INVALID_CROSS_REFERENCE_KEY"),
        (id.clone() + STATUS + &tag("contactId", &contact), "REQUIRED_FIELD_MISSING"),
        (id.clone() + STATUS + &tag("accountId", &tom) + &tag("contactId", &contact), "INVALID_CROSS_REFERENCE_KEY"),
        (
            id.clone() + STATUS + &tag("doNotCreateOpportunity", "true") + &tag("opportunityName", "x"),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
    ] {
        let text = convert(&mut world, &content);
        assert_eq!(element(&text, "statusCode").as_deref(), Some(code), "{content}");
        assert!(text.contains("<success>false</success>"), "{text}");
        assert_eq!((world.org.rows("Account").count(), world.org.rows("Contact").count()), (2, 2), "{content}");
    }
    convert(&mut world, &(id.clone() + STATUS));
    let text = convert(&mut world, &(id + STATUS));
    assert_eq!(element(&text, "statusCode").as_deref(), Some("CANNOT_UPDATE_CONVERTED_LEAD"));
}

fn merge(world: &mut World, kind: &str, master: &str, fields: &str, losers: &[&str]) -> (u16, String) {
    let losers: String = losers.iter().map(|id| tag("recordToMergeIds", id)).collect();
    let content = format!(
        "<urn:request><urn:masterRecord><s:type xmlns:s=\"urn:sobject.partner.soap.sforce.com\">{kind}</s:type>\
         <s:Id xmlns:s=\"urn:sobject.partner.soap.sforce.com\">{master}</s:Id>{fields}</urn:masterRecord>{losers}\
         </urn:request>"
    );
    world.soap("merge", &content)
}

#[test]
fn of_merged_rows_one_stays_with_all_that_was_the_others() {
    let mut world = World::new();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let twin = world.create("Contact", json!({ "LastName": "Larsen-2", "Email": "mia2@fabrikam.example" }));
    let task = world.create("Task", json!({ "Subject": "Call", "WhoId": twin }));
    world.advance(60);
    let (_, text) = merge(&mut world, "Contact", &mia, "<Department>Sales</Department>", &[&twin]);
    assert!(text.contains("<success>true</success>"), "{text}");
    assert_eq!(element(&text, "mergedRecordIds"), Some(twin.clone()));
    assert_eq!(element(&text, "updatedRelatedIds"), Some(task.clone()));
    assert_eq!(world.row("Task", &task)["WhoId"], json!(mia));
    assert_eq!(world.row("Contact", &mia)["Department"], "Sales");
    let soql = "SELECT MasterRecordId, IsDeleted, SystemModstamp FROM Contact WHERE LastName = 'Larsen-2'";
    let gone = world.soql("queryAll", soql).body_json()["records"][0].clone();
    assert_eq!((&gone["MasterRecordId"], &gone["IsDeleted"]), (&json!(mia), &json!(true)));
    assert_eq!(gone["SystemModstamp"], "2031-05-06T09:01:00.000+0000");
    let deleted = world.get("sobjects/Contact/deleted/?start=2031-05-06T09:00:00Z&end=2031-05-06T09:05:00Z");
    assert_eq!(deleted["deletedRecords"][0]["id"], json!(twin));
}

#[test]
fn a_merge_may_be_called_as_clients_call_it() {
    let mut world = World::new();
    let master = world.only("Contact", "LastName = 'Larsen'");
    for name in ["request", "mergeRequest", "mergeRequests"] {
        let twin = world.create("Contact", json!({ "LastName": "Twin" }));
        let content = format!(
            "<urn:{name}><masterRecord><type>Contact</type><Id>{master}</Id></masterRecord>\
             <recordToMergeIds>{twin}</recordToMergeIds></urn:{name}>"
        );
        let (_, text) = world.soap("merge", &content);
        assert_eq!(element(&text, "mergedRecordIds"), Some(twin), "{name}: {text}");
    }
}

#[test]
fn merges_that_are_refused() {
    let mut world = World::new();
    let ids: Vec<String> =
        (0..4).map(|place| world.create("Lead", json!({ "LastName": format!("L{place}"), "Company": "C" }))).collect();
    let contact = world.only("Contact", "LastName = 'Larsen'");
    for (losers, code) in [
        (vec![ids[0].as_str()], "INVALID_ARGUMENT_TYPE"),
        (vec![], "INVALID_ARGUMENT_TYPE"),
        (vec![&ids[1], &ids[2], &ids[3]], "INVALID_ARGUMENT_TYPE"),
        (vec![&contact], "MALFORMED_ID"),
    ] {
        let (_, text) = merge(&mut world, "Lead", &ids[0], "", &losers);
        assert_eq!(element(&text, "statusCode").as_deref(), Some(code), "{losers:?}");
    }
    let task = world.create("Task", json!({ "Subject": "x" }));
    let (status, text) = merge(&mut world, "Task", &task, "", &[&task]);
    assert!(status == 500 && text.contains("INVALID_TYPE_FOR_OPERATION"), "{text}");
}
