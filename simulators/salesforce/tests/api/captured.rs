//! Change events: what of a change is told, of which rows, and what of it is not.

use serde_json::{Value, json};
use sim_kit::Request;

use crate::push::Hook;
use crate::world::{ANNA, BEN, V, World};

#[test]
fn change_events_come_as_an_event_bus_hands_them_on() {
    let (mut world, receiver) = (World::new(), Hook::open());
    world.org.relay_changes_to(&receiver.url);
    let lead = world.create("Lead", json!({ "LastName": "Larsen", "Company": "Adatum" }));
    let created: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    assert_eq!(created["detail-type"], "LeadChangeEvent");
    assert!(created["source"].as_str().unwrap().starts_with("aws.partner/salesforce.com/00D"), "{created}");
    let header = &created["detail"]["payload"]["ChangeEventHeader"];
    assert_eq!(header["changeType"], "CREATE");
    assert_eq!(header["recordIds"], json!([lead]));
    assert_eq!(header["commitTimestamp"], world.now.as_millisecond());
    assert_eq!(created["detail"]["payload"]["Company"], "Adatum");

    let contact = json!({ "FirstName": "Eva", "LastName": "Holm", "MailingCity": "Bergen" });
    let contact = world.create("Contact", contact);
    let told: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    assert_eq!(told["detail"]["payload"]["Name"], json!({ "FirstName": "Eva", "LastName": "Holm" }));
    assert_eq!(told["detail"]["payload"]["MailingAddress"], json!({ "City": "Bergen" }));

    world.advance(60);
    let path = format!("sobjects/Contact/{contact}");
    world.call("PATCH", &path, json!({ "FirstName": null, "Title": "CEO" }));
    let told: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    let header = &told["detail"]["payload"]["ChangeEventHeader"];
    assert_eq!(header["changeType"], "UPDATE");
    assert_eq!(header["changedFields"], json!(["LastModifiedDate", "Title", "Name.FirstName"]));
    assert_eq!(header["nulledFields"], json!(["Name.FirstName"]));
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/59.0");
    assert_eq!(told["detail"]["payload"]["LastModifiedDate"], "2031-05-06T09:01:00.000Z");

    world.call("DELETE", &path, Value::Null);
    let told: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    let payload = told["detail"]["payload"].as_object().unwrap();
    assert_eq!(payload["ChangeEventHeader"]["changeType"], "DELETE");
    assert_eq!(payload.len(), 1, "nothing but the header");

    world.call("PATCH", &path, json!({ "Title": "x" }));
    assert!(receiver.is_quiet(&mut world), "what was refused has changed nothing");

    world.soap("undelete", &format!("<urn:ids>{contact}</urn:ids>"));
    let told: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    let payload = &told["detail"]["payload"];
    assert_eq!(payload["ChangeEventHeader"]["changeType"], "UNDELETE");
    assert_eq!(payload["ChangeEventHeader"]["changeOrigin"], "com/salesforce/api/soap/59.0");
    assert_eq!((&payload["Name"], &payload["Title"]), (&json!({ "LastName": "Holm" }), &json!("CEO")));

    let mut request = Request::new(http::Method::PATCH, &format!("{V}/{path}"), "http://sf.test");
    request.headers.insert("sforce-call-options", "client=MySync; defaultNamespace=x".parse().unwrap());
    request.body = br#"{"Title": null}"#.to_vec();
    world.org.knobs.gap_events = true;
    assert_eq!(world.send(request).status, 204);
    let told: Value = serde_json::from_str(&receiver.next(&mut world)).unwrap();
    let payload = told["detail"]["payload"].as_object().unwrap();
    let header = &payload["ChangeEventHeader"];
    assert_eq!((payload.len(), &header["changeType"]), (1, &json!("GAP_UPDATE")));
    assert_eq!((&header["recordIds"], &header["changedFields"]), (&json!([contact]), &json!([])));
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/59.0;client=MySync");
}

/// The change events of one request, in order: the header, and the fields.
fn events(world: &mut World, receiver: &Hook) -> Vec<(Value, Value)> {
    let (_, waiting, _) = world.org.waiting_to_leave();
    let mut events: Vec<(Value, Value)> = (0..waiting)
        .map(|_| {
            let told: Value = serde_json::from_str(&receiver.next(world)).unwrap();
            let mut payload = told["detail"]["payload"].clone();
            let header = payload.as_object_mut().unwrap().remove("ChangeEventHeader").unwrap();
            (header, payload)
        })
        .collect();
    // They leave in no order; their numbers say it.
    let place = |header: &Value| (header["commitNumber"].as_i64(), header["sequenceNumber"].as_u64());
    events.sort_by_key(|(header, _)| place(header));
    events
}

/// An org whose changes of these objects are relayed, and who hears of them.
fn capturing(objects: &[&str]) -> (World, Hook) {
    let (mut world, receiver) = (World::new(), Hook::open());
    world.org.relay_changes_to(&receiver.url);
    let mut relay = world.org.event_relay().cloned().unwrap();
    relay.events = objects.iter().map(|object| format!("{object}ChangeEvent")).collect();
    world.org.set_event_relay(Some(relay));
    (world, receiver)
}

/// Entity, kind and rows of each event.
fn outline(events: &[(Value, Value)]) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    events
        .iter()
        .map(|(header, _)| {
            let rows = header["recordIds"].as_array().unwrap().iter().map(text).collect();
            (text(&header["entityName"]), text(&header["changeType"]), rows)
        })
        .collect()
}

fn line(object: &str, kind: &str, rows: &[&str]) -> (String, String, Vec<String>) {
    (object.to_owned(), kind.to_owned(), rows.iter().map(|row| (*row).to_owned()).collect())
}

#[test]
fn the_same_change_of_several_rows_is_one_event() {
    let (mut world, receiver) = capturing(&["Contact"]);
    let ids: Vec<String> = (0..3).map(|n| world.create("Contact", json!({ "LastName": format!("N{n}") }))).collect();
    assert_eq!(events(&mut world, &receiver).len(), 3, "new rows are told one by one");
    let change = |id: &String, title: &str| json!({ "attributes": { "type": "Contact" }, "id": id, "Title": title });
    let records = vec![change(&ids[0], "CEO"), change(&ids[1], "CTO"), change(&ids[2], "CEO")];
    world.call("PATCH", "composite/sobjects", json!({ "records": records }));
    let told = events(&mut world, &receiver);
    let expected = [line("Contact", "UPDATE", &[&ids[0], &ids[2]]), line("Contact", "UPDATE", &[&ids[1]])];
    assert_eq!(outline(&told), expected);
    assert_eq!((&told[0].1["Title"], &told[1].1["Title"]), (&json!("CEO"), &json!("CTO")));
    let number = |place: usize| (told[place].0["sequenceNumber"].clone(), told[place].0["transactionKey"].clone());
    assert_eq!((number(0).0, number(1).0), (json!(1), json!(2)));
    assert_eq!(number(0).1, number(1).1);

    world.call("DELETE", &format!("composite/sobjects?ids={}", ids.join(",")), Value::Null);
    let told = events(&mut world, &receiver);
    assert_eq!(outline(&told), [line("Contact", "DELETE", &[&ids[0], &ids[1], &ids[2]])]);
}

#[test]
fn several_writes_of_a_row_in_one_transaction_are_one_event() {
    let (mut world, receiver) = capturing(&["Event", "EventRelation", "EmailMessage", "Task"]);
    let user = world.only("User", &format!("Username = '{BEN}'"));
    let start = json!({ "Subject": "Talk", "StartDateTime": "2031-05-07T09:00:00Z", "DurationInMinutes": 30 });
    let event = world.create("Event", start);
    events(&mut world, &receiver);
    let relation = world.create("EventRelation", json!({ "EventId": event, "RelationId": user }));
    let told = events(&mut world, &receiver);
    let child = world.only("Event", "IsChild = true");
    let mut expected = [
        line("EventRelation", "CREATE", &[&relation]),
        line("Event", "CREATE", &[&child]),
        line("Event", "UPDATE", &[&event]),
    ];
    let mut got = outline(&told);
    expected.sort();
    got.sort();
    assert_eq!(got, expected);

    // The mail gets the id of its task once that is made.
    let mail = world.create("EmailMessage", json!({ "Subject": "Hi", "Status": "3" }));
    let told = events(&mut world, &receiver);
    let task = world.only("Task", "Subject = 'Hi'");
    assert_eq!(outline(&told), [line("EmailMessage", "CREATE", &[&mail]), line("Task", "CREATE", &[&task])]);
    assert_eq!(told[0].1["ActivityId"], json!(task));

    world.call("DELETE", &format!("sobjects/Event/{event}"), Value::Null);
    let told = events(&mut world, &receiver);
    let gone: Vec<String> =
        outline(&told).into_iter().flat_map(|(_, kind, rows)| [kind].into_iter().chain(rows)).collect();
    for row in [&event, &child, &relation] {
        assert!(gone.contains(row), "{row} went along: {gone:?}");
    }
    assert!(!gone.contains(&"UPDATE".to_owned()), "what is gone has not changed before: {gone:?}");
}

#[test]
fn each_part_of_a_composite_request_is_a_transaction_unless_all_are_one() {
    for (all_or_none, expected) in [(false, vec!["CREATE", "UPDATE"]), (true, vec!["CREATE"])] {
        let (mut world, receiver) = capturing(&["Contact"]);
        let parts = json!([
            { "method": "POST", "url": format!("{V}/sobjects/Contact"), "referenceId": "a", "body": { "LastName": "A" } },
            { "method": "PATCH", "url": format!("{V}/sobjects/Contact/@{{a.id}}"), "referenceId": "b", "body": { "Title": "B" } },
        ]);
        world.call("POST", "composite", json!({ "allOrNone": all_or_none, "compositeRequest": parts }));
        let told = events(&mut world, &receiver);
        let kinds: Vec<&str> = told.iter().map(|(header, _)| header["changeType"].as_str().unwrap()).collect();
        assert_eq!(kinds, expected);
        assert_eq!(told[0].1.get("Title").is_some(), all_or_none, "a new row is told as the transaction left it");
        let keys: std::collections::BTreeSet<_> =
            told.iter().map(|(header, _)| header["transactionKey"].to_string()).collect();
        assert_eq!(keys.len(), told.len(), "each has a key of its own");
    }
}

#[test]
fn a_merge_deletes_the_loser_and_changes_what_was_its() {
    let (mut world, receiver) = capturing(&["Account", "Contact", "Opportunity"]);
    let [master, loser] = ["M", "L"].map(|name| world.create("Account", json!({ "Name": name })));
    let contact = world.create("Contact", json!({ "LastName": "C", "AccountId": loser }));
    world.create("Contact", json!({ "LastName": "Other", "AccountId": master }));
    events(&mut world, &receiver);
    world.advance(60);
    let content = format!(
        "<urn:request><urn:masterRecord><urn:type>Account</urn:type><urn:Id>{master}</urn:Id></urn:masterRecord>\
         <urn:recordToMergeIds>{loser}</urn:recordToMergeIds></urn:request>"
    );
    assert!(world.soap("merge", &content).1.contains("<success>true"));
    let told = events(&mut world, &receiver);
    let mut got = outline(&told);
    got.sort();
    let expected = [
        line("Account", "DELETE", &[&loser]),
        line("Account", "UPDATE", &[&master]),
        line("Contact", "UPDATE", &[&contact]),
    ];
    assert_eq!(got, expected);
}

#[test]
fn a_converted_lead_is_told_after_what_became_of_it() {
    let (mut world, receiver) = capturing(&["Account", "Contact", "Lead", "Opportunity"]);
    let lead = world.create("Lead", json!({ "LastName": "Larsen", "Company": "Adatum" }));
    events(&mut world, &receiver);
    let wish = format!(
        "<urn:leadConverts><urn:convertedStatus>Closed - Converted</urn:convertedStatus><urn:leadId>{lead}</urn:leadId>\
         </urn:leadConverts>"
    );
    assert!(world.soap("convertLead", &wish).1.contains("<success>true"));
    let told = events(&mut world, &receiver);
    let kinds: Vec<String> = outline(&told).into_iter().map(|(object, kind, _)| format!("{object} {kind}")).collect();
    assert_eq!(kinds, ["Account CREATE", "Contact CREATE", "Opportunity CREATE", "Lead UPDATE"]);
    let (header, fields) = &told[3];
    for field in ["Status", "IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"] {
        assert!(header["changedFields"].as_array().unwrap().contains(&json!(field)), "{header}");
        assert!(!fields[field].is_null(), "{fields}");
    }
    assert!(fields.get("LastModifiedDate").is_none(), "{fields}");
}

#[test]
fn addresses_and_names_are_told_in_parts() {
    let (mut world, receiver) = capturing(&["Account", "Contact", "Lead"]);
    let account =
        world.create("Account", json!({ "Name": "Adatum", "BillingCity": "Oslo", "BillingCountry": "Norway" }));
    let told = events(&mut world, &receiver);
    assert_eq!(told[0].1["Name"], "Adatum", "a company's name has no parts");
    assert_eq!(told[0].1["BillingAddress"], json!({ "City": "Oslo", "Country": "Norway" }));
    assert_eq!(told[0].0["changedFields"], json!([]));
    world.patch("Account", &account, json!({ "BillingCity": null, "ShippingStreet": "Hauptstr. 1", "Phone": "1" }));
    let told = events(&mut world, &receiver);
    let changed = json!(["LastModifiedDate", "Phone", "BillingAddress.City", "ShippingAddress.Street"]);
    assert_eq!(told[0].0["changedFields"], changed);
    assert_eq!(told[0].0["nulledFields"], json!(["BillingAddress.City"]));
    let lead = world.create("Lead", json!({ "LastName": "Larsen", "Company": "Adatum", "City": "Oslo" }));
    events(&mut world, &receiver);
    world.patch("Lead", &lead, json!({ "City": "Bergen", "LastName": "Holm" }));
    let told = events(&mut world, &receiver);
    assert_eq!(told[0].0["changedFields"], json!(["LastModifiedDate", "Address.City", "Name.LastName"]));
    assert_eq!(
        (&told[0].1["Address"], &told[0].1["Name"]),
        (&json!({ "City": "Bergen" }), &json!({ "LastName": "Holm" }))
    );
}

#[test]
fn an_event_says_who_made_the_change_and_by_what() {
    let (mut world, receiver) = capturing(&["Contact"]);
    let [anna, ben] = [ANNA, BEN].map(|name| world.only("User", &format!("Username = '{name}'")));
    let contact = world.create("Contact", json!({ "LastName": "Larsen" }));
    let told = events(&mut world, &receiver);
    assert_eq!(
        (&told[0].0["commitUser"], &told[0].0["changeOrigin"]),
        (&json!(anna), &json!("com/salesforce/api/rest/59.0"))
    );
    let now = world.now;
    let path = format!("{V}/sobjects/Contact/{contact}");
    let give_all = json!({ "OwnerId": ben });
    world.org.by_hand(ANNA, http::Method::PATCH, &path, &give_all, now);
    world.org.by_hand(BEN, http::Method::PATCH, &path, &json!({ "Title": "CEO" }), now);
    let told = events(&mut world, &receiver);
    let users: Vec<&Value> = told.iter().map(|(header, _)| &header["commitUser"]).collect();
    assert_eq!(users, [&json!(anna), &json!(ben)]);
    assert_eq!(told[1].0["changeOrigin"], "com/salesforce/api/soap/67.0;client=SfdcInternalAPI/");
    assert_eq!(told[1].0["changedFields"], json!(["LastModifiedById", "LastModifiedDate", "Title"]));
    assert_eq!(told[0].0["changedFields"], json!(["LastModifiedDate", "OwnerId"]), "the same user again is no change");
}

#[test]
fn what_came_and_went_is_not_told_nor_what_nobody_captures() {
    let (mut world, receiver) = capturing(&["Contact", "ContentVersion", "EmailMessageRelation", "Group"]);
    let parts = json!([
        { "method": "POST", "url": format!("{V}/sobjects/Contact"), "referenceId": "a", "body": { "LastName": "A" } },
        { "method": "DELETE", "url": format!("{V}/sobjects/Contact/@{{a.id}}"), "referenceId": "b" },
    ]);
    let reply = world.call("POST", "composite", json!({ "allOrNone": true, "compositeRequest": parts }));
    assert_eq!(reply.body_json()["compositeResponse"][1]["httpStatusCode"], 204);
    world.create("Group", json!({ "Name": "G" }));
    world.create("ContentVersion", json!({ "PathOnClient": "a.txt", "VersionData": "YQ==" }));
    let contact = world.create("Contact", json!({ "LastName": "Gone" }));
    world.call("DELETE", &format!("sobjects/Contact/{contact}"), Value::Null);
    let told = events(&mut world, &receiver);
    assert_eq!(told.len(), 2);
    world.soap("emptyRecycleBin", &format!("<urn:ids>{contact}</urn:ids>"));
    assert!(events(&mut world, &receiver).is_empty(), "leaving the bin for good is no change");
}
