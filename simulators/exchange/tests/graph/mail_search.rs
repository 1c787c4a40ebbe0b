//! Finding messages: search, filters, and their deltas.

use serde_json::{Value, json};
use sim_exchange::WellKnown;

use crate::desk::{ANNA, Desk, code, column, text};

fn mailbox() -> Desk {
    let mut desk = Desk::new();
    let mails = [
        ("Mia Larsen <mia@fabrikam.example>", "Pizza on Monday", "Let us meet"),
        ("tom@contoso.example", "Offer", "The pizzas are ready"),
        ("tom@contoso.example", "Re: Offer", "Agreed"),
    ];
    for (from, subject, words) in mails {
        let mime = format!("From: {from}\r\nTo: {ANNA}\r\nSubject: {subject}\r\n\r\n{words}");
        desk.with(|world, context| world.deliver(ANNA, WellKnown::Inbox, mime.as_bytes(), context)).unwrap();
        desk.pass(std::time::Duration::from_hours(1));
    }
    desk
}

#[test]
fn keyword_queries_find_mail() {
    let cases = [
        ("pizza", vec!["Offer", "Pizza on Monday"]),
        ("\"pizza\"", vec!["Offer", "Pizza on Monday"]),
        ("\"subject:pizza\"", vec!["Pizza on Monday"]),
        ("\"from:mia\"", vec!["Pizza on Monday"]),
        ("\"from:tom@contoso.example AND offer\"", vec!["Re: Offer", "Offer"]),
        ("\"subject:offer NOT agreed\"", vec!["Offer"]),
        ("\"(agreed OR meet) to:anna\"", vec!["Re: Offer", "Pizza on Monday"]),
        ("\"\\\"on monday\\\"\"", vec!["Pizza on Monday"]),
        ("\"monday on\"", vec!["Pizza on Monday"]),
        ("\"received>=2026-10-02\"", vec![]),
        ("\"hasAttachments:true\"", vec![]),
    ];
    let mut desk = mailbox();
    for (query, expected) in cases {
        let told = desk.get(&format!("/me/messages?$search={}", query.replace(' ', "%20").replace('\\', "%5C")));
        assert_eq!(told.0, 200, "{query}");
        assert_eq!(column(&told.1, "subject"), expected, "{query}");
    }
    let page = desk.get("/me/mailFolders/inbox/messages?$search=\"pizza\"&$top=1").1;
    let next = desk.get(text(&page, "/@odata.nextLink")).1;
    assert_eq!((column(&page, "subject"), column(&next, "subject")), (vec!["Offer"], vec!["Pizza on Monday"]));
    for (query, expected) in [
        ("$search=\"a\"&$filter=isRead eq true", "SearchWithFilter"),
        ("$search=\"a\"&$orderby=subject", "SearchWithOrderBy"),
        ("$search=two words", "BadRequest"),
        ("$search=\"(\"", "BadRequest"),
    ] {
        assert_eq!(code(&desk.get(&format!("/me/messages?{query}"))), (400, expected), "{query}");
    }
}

#[test]
fn filters_find_mail() {
    let cases = [
        ("from/emailAddress/address eq 'TOM@contoso.example'", 2),
        ("receivedDateTime ge 2026-10-01T10:00:00Z and from/emailAddress/address eq 'tom@contoso.example'", 2),
        ("receivedDateTime ge 2026-10-01T11:00:00Z", 1),
        ("isRead eq false and subject eq 'Offer'", 1),
        ("inferenceClassification eq 'focused' and importance eq 'normal' and hasAttachments eq false", 3),
        ("toRecipients/any(r:r/emailAddress/address eq 'anna.berg@northwind.example')", 3),
        ("flag/flagStatus eq 'flagged'", 0),
        ("singleValueExtendedProperties/Any(ep: ep/id eq 'String 0x0037' and ep/value eq 'Offer')", 1),
    ];
    let mut desk = mailbox();
    for (filter, expected) in cases {
        let list = desk.get(&format!("/me/messages?$count=true&$top=1000&$filter={filter}")).1;
        assert_eq!(list["@odata.count"], expected, "{filter}: {list}");
        let count = desk.send("GET", &format!("/me/messages/$count?$filter={}", filter.replace(' ', "+")), &[], None);
        assert_eq!(String::from_utf8_lossy(&count.body), expected.to_string(), "{filter}");
    }
    let told = desk.get("/me/messages?$filter=from/emailAddress/address eq 'x'&$orderby=receivedDateTime desc");
    assert_eq!(code(&told), (400, "InefficientFilter"));
}

fn rows(desk: &mut Desk, target: &str) -> (Vec<Value>, String) {
    let (mut rows, mut next) = (Vec::new(), target.to_owned());
    loop {
        let (status, page) = desk.get(&next);
        assert_eq!(status, 200, "{page}");
        rows.extend(page["value"].as_array().unwrap().clone());
        match (page["@odata.nextLink"].as_str(), page["@odata.deltaLink"].as_str()) {
            (Some(link), None) => link.clone_into(&mut next),
            (None, Some(link)) => return (rows, link.to_owned()),
            other => panic!("both or no link: {other:?}"),
        }
    }
}

#[test]
fn the_first_round_comes_newest_first_if_asked_for() {
    let mut desk = mailbox();
    desk.prefer = Some("odata.maxpagesize=1");
    let target = "/me/mailFolders/inbox/messages/delta?$orderby=receivedDateTime desc&$select=subject";
    let (list, link) = rows(&mut desk, target);
    let subjects: Vec<&str> = list.iter().map(|row| text(row, "/subject")).collect();
    assert_eq!(subjects, ["Re: Offer", "Offer", "Pizza on Monday"]);
    assert!(rows(&mut desk, &link).0.is_empty());
    for query in ["$orderby=subject", "$filter=receivedDateTime le 2026-10-01T10:00:00Z", "$search=\"a\""] {
        let told = desk.get(&format!("/me/mailFolders/inbox/messages/delta?{query}"));
        assert_eq!(code(&told), (400, "ErrorInvalidUrlQuery"), "{query}");
    }
}

#[test]
fn updates_are_partial_rows_if_that_is_switched_on() {
    let mut desk = mailbox();
    let (list, link) = rows(&mut desk, "/me/mailFolders/inbox/messages/delta");
    desk.world.switches.partial_message_rows = true;
    let id = text(&list[0], "/id").to_owned();
    desk.patch(&format!("/me/messages/{id}"), &json!({"isRead": true}));
    desk.patch(&format!("/me/messages/{id}"), &json!({"categories": ["Red"]}));
    let row = rows(&mut desk, &link).0.remove(0);
    let mut names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["@odata.etag", "@odata.type", "categories", "id", "isRead"]);
}

#[test]
fn what_left_a_folder_says_why() {
    let mut desk = mailbox();
    let (list, link) = rows(&mut desk, "/me/mailFolders/inbox/messages/delta?$select=subject");
    let id = |at: usize| text(&list[at], "/id").to_owned();
    desk.post(&format!("/me/messages/{}/move", id(0)), &json!({"destinationId": "archive"}));
    desk.post(&format!("/me/messages/{}/permanentDelete", id(1)), &Value::Null);
    desk.delete(&format!("/me/messages/{}", id(2)));
    let gone = rows(&mut desk, &link).0;
    let reasons: Vec<&str> = gone.iter().map(|row| text(row, "/@removed/reason")).collect();
    assert_eq!(reasons, ["changed", "deleted", "changed"]);
}
