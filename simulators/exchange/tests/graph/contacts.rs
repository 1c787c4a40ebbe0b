//! Contacts, their folders and their pictures.

use serde_json::{Value, json};

use crate::desk::{ANNA, CRM_ID, Desk, code, column, text};

fn create(desk: &mut Desk, body: &Value) -> Value {
    let (status, contact) = desk.post("/me/contacts", body);
    assert_eq!(status, 201, "{contact}");
    contact
}

#[test]
fn a_contact_is_created_changed_and_deleted() {
    let mut desk = Desk::new();
    let contact = create(
        &mut desk,
        &json!({
            "@odata.type": "#microsoft.graph.contact", "givenName": "Noor", "middleName": "B.", "surname": "Haddad",
            "emailAddresses": [{"address": "noor@fabrikam.example"}], "businessPhones": ["+49 30 1", "+49 30 2"],
            "businessAddress": {"street": "Hof 1", "city": "Berlin"}, "categories": ["Not in the master list"],
        }),
    );
    assert_eq!((text(&contact, "/displayName"), text(&contact, "/fileAs")), ("Noor B. Haddad", "Haddad, Noor B."));
    assert_eq!(
        contact["emailAddresses"][0],
        json!({"name": "noor@fabrikam.example", "address": "noor@fabrikam.example"})
    );
    assert_eq!((&contact["mobilePhone"], &contact["homeAddress"]), (&Value::Null, &json!({})));
    let target = format!("/me/contacts/{}", text(&contact, "/id"));
    let etag = text(&contact, "/@odata.etag").to_owned();
    let reply = desk.send("GET", &target, &[], None);
    assert_eq!(reply.headers["etag"], etag.as_str());

    let (status, changed) =
        desk.patch(&target, &json!({"surname": "Saleh", "businessAddress": {"city": "Bonn"}, "mobilePhone": "1"}));
    assert_eq!(
        (status, text(&changed, "/displayName"), text(&changed, "/fileAs")),
        (200, "Noor B. Saleh", "Saleh, Noor B.")
    );
    assert_eq!(changed["businessAddress"], json!({"street": "Hof 1", "city": "Bonn"}));
    assert_ne!(text(&changed, "/changeKey"), text(&contact, "/changeKey"));
    let kept = desk.patch(&target, &json!({"givenName": "N.", "displayName": "The Saleh"})).1;
    assert_eq!((text(&kept, "/displayName"), text(&kept, "/fileAs")), ("The Saleh", "Saleh, N. B."));
    let kept = desk.patch(&target, &json!({"mobilePhone": null, "jobTitle": "Buyer"})).1;
    assert_eq!((text(&kept, "/displayName"), &kept["mobilePhone"]), ("The Saleh", &Value::Null));

    let if_match = format!("if-match: {etag}");
    for method in ["PATCH", "DELETE"] {
        let reply = desk.send(method, &target, &[&if_match], Some(&json!({"title": "Dr."})));
        assert_eq!(code(&(reply.status.as_u16(), reply.body_json())), (412, "ErrorIrresolvableConflict"));
    }
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(code(&desk.delete(&target)), (404, "ErrorItemNotFound"));
}

#[test]
fn what_a_contact_cannot_hold_is_refused() {
    let addresses = |count: usize| json!(vec![json!({"address": "a@b.example"}); count]);
    let cases = [
        (json!({"emailAddresses": addresses(3)}), 201, ""),
        (json!({"emailAddresses": addresses(4)}), 400, "ErrorInvalidRequest"),
        (json!({"businessPhones": ["1", "2", "3"]}), 400, "ErrorInvalidRequest"),
        (json!({"emailAddresses": "a@b.example"}), 400, "RequestBodyRead"),
        (json!({"givenName": 7}), 400, "RequestBodyRead"),
        (json!({"birthday": "soon"}), 400, "RequestBodyRead"),
        (json!({"homeAddress": {"planet": "Mars"}}), 400, "RequestBodyRead"),
        (json!({"nonsense": 1}), 400, "RequestBodyRead"),
    ];
    for (body, status, expected) in cases {
        assert_eq!(code(&Desk::new().post("/me/contacts", &body)), (status, expected), "{body}");
    }
    let told = Desk::new().post("/me/contacts", &json!({"emailAddresses": addresses(4)})).1;
    assert_eq!(
        text(&told, "/error/message"),
        "The multi value property EmailAddresses has 4 entries, that exceeds the max allowed value of 3"
    );
    assert_eq!(code(&Desk::new().get("/me/contacts/x")), (400, "ErrorInvalidIdMalformed"));
}

#[test]
fn contacts_are_found_by_address_property_and_word() {
    let mut desk = Desk::new();
    create(
        &mut desk,
        &json!({"givenName": "Zoe", "surname": "Adams", "companyName": "Fabrikam",
            "singleValueExtendedProperties": [{"id": CRM_ID, "value": "003A"}]}),
    );
    let find = |desk: &mut Desk, query: &str| {
        let list = desk.get(&format!("/me/contacts?{query}")).1;
        column(&list, "displayName").join(", ")
    };
    let by_key = format!(
        "$filter=singleValueExtendedProperties/Any(ep:+ep/id+eq+'{}'+and+ep/value+eq+'003A')",
        CRM_ID.replace(' ', "+")
    );
    let cases = [
        ("$filter=emailAddresses/any(a:a/address+eq+'mia.larsen@fabrikam.example')", "Mia Larsen"),
        (&by_key, "Zoe Adams"),
        ("$search=\"fabri\"", "Mia Larsen, Zoe Adams"),
        ("$search=adams", "Zoe Adams"),
        ("$orderby=displayName+desc", "Zoe Adams, Mia Larsen"),
        ("$top=1&$skip=1", "Zoe Adams"),
    ];
    for (query, expected) in cases {
        assert_eq!(find(&mut desk, query), expected, "{query}");
    }
    let expand =
        format!("$expand=singleValueExtendedProperties($filter=id+eq+'{}')&$select=surname", CRM_ID.replace(' ', "+"));
    let list = desk.get(&format!("/me/contacts?{expand}&$orderby=surname")).1;
    assert_eq!(text(&list, "/value/0/singleValueExtendedProperties/0/value"), "003A");
    assert_eq!(desk.send("GET", "/me/contacts/$count?$filter=companyName+ne+'x'", &[], None).body, b"2");
}

#[test]
fn folders_hold_their_own_contacts() {
    let mut desk = Desk::new();
    let default = desk.get("/me/contactFolders/contacts").1;
    assert_eq!(text(&default, "/displayName"), "Contacts");
    let (status, folder) = desk.post("/me/contactFolders", &json!({"displayName": "Customers"}));
    assert_eq!((status, &folder["parentFolderId"]), (201, &default["id"]));
    assert_eq!(
        code(&desk.post("/me/contactFolders", &json!({"displayName": "customers"}))),
        (409, "ErrorFolderExists")
    );
    assert_eq!(code(&desk.post("/me/contactFolders", &json!({}))), (400, "RequestBodyRead"));
    let target = format!("/me/contactFolders/{}", text(&folder, "/id"));
    let inside = desk.post(&format!("{target}/contacts"), &json!({"givenName": "Ina"})).1;
    assert_eq!(inside["parentFolderId"], folder["id"]);
    assert_eq!(column(&desk.get("/me/contacts").1, "displayName"), ["Mia Larsen"]);
    assert_eq!(column(&desk.get(&format!("{target}/contacts")).1, "displayName"), ["Ina"]);
    let id = text(&inside, "/id").to_owned();
    assert_eq!(desk.get(&format!("/me/contacts/{id}")).0, 200);
    assert_eq!(code(&desk.get(&format!("/me/contactFolders/contacts/contacts/{id}"))), (404, "ErrorItemNotFound"));

    let child = desk.post(&format!("{target}/childFolders"), &json!({"displayName": "Old"})).1;
    assert_eq!(column(&desk.get("/me/contactFolders?$select=displayName").1, "displayName"), ["Customers"]);
    assert_eq!(column(&desk.get(&format!("{target}/childFolders")).1, "displayName"), ["Old"]);
    let renamed = desk.patch(&target, &json!({"displayName": "Clients"})).1;
    assert_eq!((&renamed["id"], text(&renamed, "/displayName")), (&folder["id"], "Clients"));
    assert_eq!(code(&desk.patch(&target, &json!({"parentFolderId": child["id"]}))), (400, "ErrorMoveCopyFailed"));

    let moved = desk.patch(&format!("/me/contacts/{id}"), &json!({"parentFolderId": default["id"]})).1;
    assert_eq!(moved["parentFolderId"], default["id"]);
    assert_ne!(moved["id"], inside["id"]);
    desk.post(&format!("{target}/contacts"), &json!({"givenName": "Gone"}));
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(desk.get(&target).0, 404);
    assert_eq!(desk.get(&format!("/me/contactFolders/{}", text(&child, "/id"))).0, 404);
    assert_eq!(code(&desk.delete("/me/contactFolders/contacts")), (400, "ErrorDeleteDistinguishedFolder"));
}

#[test]
fn changes_of_contacts_and_folders_are_tracked() {
    let mut desk = Desk::new();
    let rows = |desk: &mut Desk, link: &str| {
        let (status, page) = desk.get(link);
        assert_eq!(status, 200, "{page}");
        (page["value"].as_array().unwrap().clone(), text(&page, "/@odata.deltaLink").to_owned())
    };
    let (found, folders) = rows(&mut desk, "/me/contactFolders/delta");
    assert!(found.is_empty());
    let folder = desk.post("/me/contactFolders", &json!({"displayName": "Customers"})).1;
    let target = format!("/me/contactFolders/{}", text(&folder, "/id"));
    let (found, folders) = rows(&mut desk, &folders);
    assert_eq!((&found[0]["id"], text(&found[0], "/@odata.type")), (&folder["id"], "#microsoft.graph.contactFolder"));
    let (_, inside) = rows(&mut desk, &format!("{target}/contacts/delta?$select=displayName"));
    let (found, default) = rows(&mut desk, "/me/contacts/delta");
    assert_eq!(found.len(), 1);
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let contact = desk.post(&format!("{target}/contacts"), &json!({"givenName": "Ina"})).1;
    assert!(rows(&mut desk, &default).0.is_empty());
    let (found, inside) = rows(&mut desk, &inside);
    assert_eq!((&found[0]["id"], text(&found[0], "/displayName")), (&contact["id"], "Ina"));
    assert!(found[0].get("givenName").is_none());
    let place = json!({"parentFolderId": "contacts"});
    assert_eq!(desk.patch(&format!("/me/contacts/{}", text(&contact, "/id")), &place).0, 200);
    let found = rows(&mut desk, &inside).0;
    assert_eq!((&found[0]["id"], text(&found[0], "/@removed/reason")), (&contact["id"], "changed"));
    assert_eq!(rows(&mut desk, &default).0[0]["id"], contact["id"]);
    desk.delete(&target);
    let found = rows(&mut desk, &folders).0;
    assert_eq!((&found[0]["id"], text(&found[0], "/@removed/reason")), (&folder["id"], "deleted"));
    assert_eq!(code(&desk.get("/me/contactFolders/delta?$top=5")), (400, "ErrorInvalidUrlQuery"));
    assert_eq!(desk.get(&format!("{target}/contacts/delta")).0, 404);
}

#[test]
fn a_picture_is_there_once_it_was_put() {
    let mut desk = Desk::new();
    let contact = create(&mut desk, &json!({"givenName": "Ina"}));
    let target = format!("/me/contacts/{}/photo", text(&contact, "/id"));
    assert_eq!(code(&desk.get(&target)), (404, "ErrorItemNotFound"));
    assert_eq!(code(&desk.get(&format!("{target}/$value"))), (404, "ErrorItemNotFound"));
    let value = format!("{target}/$value");
    assert_eq!(desk.send("PUT", &value, &["content-type: text/plain"], Some(&json!("x"))).status, 400);
    // The desk sends JSON texts; what the bytes are is the client's matter.
    assert_eq!(desk.send("PUT", &value, &["content-type: image/png"], Some(&json!("picture"))).status, 200);
    let reply = desk.send("GET", &value, &[], None);
    assert_eq!((reply.content_type(), reply.body.as_slice()), ("image/png", b"\"picture\"".as_slice()));
    assert_eq!(text(&desk.get(&target).1, "/@odata.mediaContentType"), "image/png");
    let after = desk.get(&format!("/me/contacts/{}", text(&contact, "/id"))).1;
    assert_ne!(after["changeKey"], contact["changeKey"]);
    assert_eq!(desk.delete(&value).0, 204);
    assert_eq!(desk.get(&value).0, 404);
    assert_eq!(desk.get("/me/photo/$value").0, 404);
}

#[test]
fn a_contact_seeded_from_outside_is_checked_too() {
    let mut desk = Desk::new();
    let wrong = desk.with(|world, context| world.add_contact(ANNA, &json!({"givenName": 1}), context));
    assert!(wrong.is_err());
}

#[test]
fn a_birthday_stands_in_its_own_calendar_every_year() {
    let mut desk = Desk::new();
    let contact = create(&mut desk, &json!({"givenName": "Noor", "birthday": "1990-02-03T00:00:00Z"}));
    assert_eq!(text(&contact, "/birthday"), "1990-02-03T00:00:00Z");
    let calendars = desk.get("/me/calendars?$filter=name+eq+'Birthdays'").1;
    let calendar = format!("/me/calendars/{}", text(&calendars, "/value/0/id"));
    assert_eq!(calendars["value"][0]["canEdit"], false);
    assert_eq!(code(&desk.post(&format!("{calendar}/events"), &json!({}))), (403, "ErrorAccessDenied"));
    let birthdays = |desk: &mut Desk| {
        let view = "calendarView?startDateTime=2027-01-01T00:00:00Z&endDateTime=2028-01-01T00:00:00Z";
        let list = desk.get(&format!("{calendar}/{view}")).1;
        let days = list["value"].as_array().unwrap().iter();
        days.map(|day| format!("{} {}", &text(day, "/start/dateTime")[..10], text(day, "/subject"))).collect::<Vec<_>>()
    };
    assert_eq!(birthdays(&mut desk), ["2027-02-03 Noor's birthday"]);
    let target = format!("/me/contacts/{}", text(&contact, "/id"));
    desk.patch(&target, &json!({"jobTitle": "Buyer"}));
    desk.patch(&target, &json!({"surname": "Haddad", "birthday": "1990-03-04T00:00:00Z"}));
    assert_eq!(birthdays(&mut desk), ["2027-03-04 Noor Haddad's birthday"]);
    assert!(column(&desk.get("/me/events").1, "subject").is_empty());
    desk.patch(&target, &json!({"birthday": null}));
    assert!(birthdays(&mut desk).is_empty());
    desk.patch(&target, &json!({"birthday": "1990-03-04T00:00:00Z"}));
    assert_eq!(birthdays(&mut desk).len(), 1);
    desk.delete(&target);
    assert!(birthdays(&mut desk).is_empty());
}
