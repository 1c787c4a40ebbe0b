//! Mail folders.

use serde_json::{Value, json};
use sim_exchange::WellKnown;

use crate::desk::{ANNA, Desk, code, column, text};

fn make(desk: &mut Desk, parent: &str, name: &str) -> String {
    let target =
        if parent.is_empty() { "/me/mailFolders".to_owned() } else { format!("/me/mailFolders/{parent}/childFolders") };
    let (status, folder) = desk.post(&target, &json!({"displayName": name}));
    assert_eq!((status, text(&folder, "/displayName")), (201, name));
    text(&folder, "/id").to_owned()
}

fn letter(desk: &mut Desk, subject: &str) -> String {
    let mime = format!("From: a@x.example\r\nSubject: {subject}\r\n\r\nhello");
    desk.with(|world, context| world.deliver(ANNA, WellKnown::Inbox, mime.as_bytes(), context)).unwrap()
}

#[test]
fn folders_are_made_named_and_counted() {
    let mut desk = Desk::new();
    let top = make(&mut desk, "", "Projects");
    let child = make(&mut desk, &top, "Northwind");
    assert_eq!(code(&desk.post("/me/mailFolders", &json!({"displayName": "projects"}))), (409, "ErrorFolderExists"));
    let told = desk.post(&format!("/me/mailFolders/{top}/childFolders"), &json!({"displayName": "Northwind"}));
    assert_eq!(text(&told.1, "/error/message"), "A folder with the specified name already exists.");
    make(&mut desk, "inbox", "Projects");
    assert_eq!(desk.get(&format!("/me/mailFolders/{top}")).1["childFolderCount"], 1);
    assert_eq!(desk.get("/me/mailFolders('inbox')").1["childFolderCount"], 1);
    let nested = desk.get(&format!("/me/mailFolders/{top}/childFolders/{child}")).1;
    assert_eq!(text(&nested, "/parentFolderId"), top);
    assert_eq!(desk.get(&format!("/me/mailFolders/inbox/childFolders/{child}")).0, 404);
    let renamed = desk.patch(&format!("/me/mailFolders/{child}"), &json!({"displayName": "Contoso"}));
    assert_eq!(
        (renamed.0, text(&renamed.1, "/displayName"), text(&renamed.1, "/id")),
        (200, "Contoso", child.as_str())
    );
    let expanded = desk.get("/me/mailFolders?$filter=displayName eq 'Projects'&$expand=childFolders&$select=id").1;
    assert_eq!(text(&expanded, "/value/0/childFolders/0/displayName"), "Contoso");
    for (body, expected) in [(json!({}), 400), (json!({"displayName": " "}), 400), (json!({"displayName": 1}), 400)] {
        assert_eq!(desk.post("/me/mailFolders", &body).0, expected, "{body}");
    }
    let id = letter(&mut desk, "One");
    let counts = |desk: &mut Desk, folder: &str| {
        let folder = desk.get(&format!("/me/mailFolders/{folder}")).1;
        (folder["totalItemCount"].as_u64(), folder["unreadItemCount"].as_u64())
    };
    assert_eq!(counts(&mut desk, "inbox"), (Some(1), Some(1)));
    let moved = desk.post(&format!("/me/messages/{id}/move"), &json!({"destinationId": child})).1;
    assert_eq!((counts(&mut desk, "inbox"), counts(&mut desk, &child)), ((Some(0), Some(0)), (Some(1), Some(1))));
    desk.patch(&format!("/me/messages/{}", text(&moved, "/id")), &json!({"isRead": true}));
    assert_eq!(counts(&mut desk, &child), (Some(1), Some(0)));
    let count = desk.send("GET", &format!("/me/mailFolders/{child}/messages/$count"), &[], None);
    assert_eq!((count.content_type(), count.body.as_slice()), ("text/plain", b"1".as_slice()));
    assert_eq!(desk.send("GET", "/me/mailFolders/$count", &[], None).body, b"9");
}

#[test]
fn hidden_folders_are_listed_only_on_demand() {
    let mut desk = Desk::new();
    assert_eq!(desk.post("/me/mailFolders", &json!({"displayName": "Secret", "isHidden": true})).1["isHidden"], true);
    let names = |desk: &mut Desk, query: &str| {
        let list = desk.get(&format!("/me/mailFolders?$top=100{query}")).1;
        column(&list, "displayName").contains(&"Secret")
    };
    assert!(!names(&mut desk, "") && names(&mut desk, "&includeHiddenFolders=true"));
}

#[test]
fn well_known_folders_stay_what_they_are() {
    let cases = [
        ("DELETE", "/me/mailFolders/inbox", Value::Null, (400, "ErrorDeleteDistinguishedFolder")),
        ("POST", "/me/mailFolders/inbox/permanentDelete", Value::Null, (400, "ErrorDeleteDistinguishedFolder")),
        (
            "POST",
            "/me/mailFolders/drafts/move",
            json!({"destinationId": "archive"}),
            (400, "ErrorMoveDistinguishedFolder"),
        ),
        ("PATCH", "/me/mailFolders/sentitems", json!({"displayName": "Gone"}), (403, "ErrorAccessDenied")),
        ("POST", "/me/mailFolders/inbox/copy", json!({"destinationId": "inbox"}), (400, "ErrorMoveCopyFailed")),
        ("POST", "/me/mailFolders/inbox/copy", json!({}), (400, "RequestBodyRead")),
        ("PUT", "/me/mailFolders/inbox", json!({}), (405, "BadRequest")),
    ];
    for (method, target, body, expected) in cases {
        let reply = Desk::new().send(method, target, &[], Some(&body));
        assert_eq!(code(&(reply.status.as_u16(), reply.body_json())), expected, "{method} {target}");
    }
}

#[test]
fn a_folder_is_moved_copied_and_deleted_with_what_is_in_it() {
    let mut desk = Desk::new();
    let top = make(&mut desk, "", "Projects");
    let child = make(&mut desk, &top, "Northwind");
    let id = letter(&mut desk, "One");
    desk.post(&format!("/me/messages/{id}/move"), &json!({"destinationId": child}));
    let told = desk.post(&format!("/me/mailFolders/{top}/move"), &json!({"DestinationId": child}));
    assert_eq!(code(&told), (400, "ErrorMoveCopyFailed"));
    let (status, copy) = desk.post(&format!("/me/mailFolders/{top}/copy"), &json!({"DestinationId": "archive"}));
    assert_eq!((status, &copy["childFolderCount"]), (201, &json!(1)));
    let below = desk.get(&format!("/me/mailFolders/{}/childFolders", text(&copy, "/id"))).1;
    assert_eq!(below["value"][0]["totalItemCount"], 1);
    let (status, moved) = desk.post(&format!("/me/mailFolders/{child}/move"), &json!({"destinationId": "inbox"}));
    assert_eq!((status, text(&moved, "/id")), (201, child.as_str()));
    assert_eq!(desk.delete(&format!("/me/mailFolders/{child}")).0, 204);
    let bin = desk.get("/me/mailFolders/deleteditems/childFolders").1;
    assert_eq!((column(&bin, "displayName"), &bin["value"][0]["totalItemCount"]), (vec!["Northwind"], &json!(1)));
    // A second one of that name finds its place too.
    let again = make(&mut desk, "", "Northwind");
    desk.delete(&format!("/me/mailFolders/{again}"));
    assert_eq!(
        column(&desk.get("/me/mailFolders/deleteditems/childFolders").1, "displayName"),
        ["Northwind", "Northwind1"]
    );
    assert_eq!(desk.delete(&format!("/me/mailFolders/{child}")).0, 204);
    assert_eq!(code(&desk.get(&format!("/me/mailFolders/{child}"))), (404, "ErrorItemNotFound"));
    assert_eq!(desk.get("/me/messages").1["value"].as_array().unwrap().len(), 1);
    assert_eq!(desk.post(&format!("/me/mailFolders/{top}/permanentDelete"), &Value::Null).0, 204);
    assert_eq!(desk.get(&format!("/me/mailFolders/{top}")).0, 404);
}

#[test]
fn folders_keep_extended_properties() {
    let mut desk = Desk::new();
    let id = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name CrmId";
    let body = json!({"displayName": "Linked", "singleValueExtendedProperties": [{"id": id, "value": "a1"}]});
    let folder = desk.post("/me/mailFolders", &body).1;
    assert!(folder.get("singleValueExtendedProperties").is_none());
    let target =
        format!("/me/mailFolders/{}?$expand=singleValueExtendedProperties($filter=id eq '{id}')", text(&folder, "/id"));
    assert_eq!(desk.get(&target).1["singleValueExtendedProperties"], json!([{"id": id, "value": "a1"}]));
    let found = desk.get(&format!(
        "/me/mailFolders?$filter=singleValueExtendedProperties/Any(ep: ep/id eq '{id}' and ep/value eq 'a1')"
    ));
    assert_eq!(column(&found.1, "displayName"), ["Linked"]);
    let size = desk.get("/me/mailFolders/inbox?$expand=singleValueExtendedProperties($filter=id eq 'Long 0x0E08')").1;
    assert_eq!(text(&size, "/singleValueExtendedProperties/0/id"), "Long 0xe08");
}

#[test]
fn the_folder_delta_tells_the_whole_tree_and_then_its_changes() {
    let mut desk = Desk::new();
    desk.prefer = Some("odata.maxpagesize=100, IdType=\"ImmutableId\"");
    let top = make(&mut desk, "", "Projects");
    let child = make(&mut desk, &top, "Northwind");
    let first = desk.get("/me/mailFolders/delta?$select=displayName,parentFolderId").1;
    let names = column(&first, "displayName");
    assert!(names.contains(&"Inbox") && names.contains(&"Northwind"), "{names:?}");
    assert!(!names.contains(&"Deletions") && !names.contains(&"Top of Information Store"), "{names:?}");
    assert!(first["value"][0].get("totalItemCount").is_none());
    let link = text(&first, "/@odata.deltaLink").to_owned();
    letter(&mut desk, "Mail is no change of its folder");
    assert_eq!(desk.get(&link).1["value"], json!([]));
    desk.patch(&format!("/me/mailFolders/{child}"), &json!({"displayName": "Contoso"}));
    let fleeting = make(&mut desk, "", "Fleeting");
    desk.post(&format!("/me/mailFolders/{fleeting}/permanentDelete"), &Value::Null);
    let second = desk.get(&link).1;
    assert_eq!(column(&second, "displayName"), ["Contoso"]);
    desk.post(&format!("/me/mailFolders/{top}/permanentDelete"), &Value::Null);
    let third = desk.get(text(&second, "/@odata.deltaLink")).1;
    let gone: Vec<&str> = column(&third, "id");
    assert_eq!((gone, text(&third, "/value/0/@removed/reason")), (vec![top.as_str(), &child], "deleted"));
    assert_eq!(code(&desk.get("/me/mailFolders/delta?$top=5")), (400, "ErrorInvalidUrlQuery"));
}
