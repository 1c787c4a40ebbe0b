//! Categories, mailbox settings and the directory.

use serde_json::json;

use crate::desk::{ANNA, BEN, Desk, code, column, text};

#[test]
fn a_category_keeps_its_name_and_changes_its_color() {
    let mut desk = Desk::new();
    let (status, made) =
        desk.post("/me/outlook/masterCategories", &json!({"displayName": "Salesforce", "color": "Preset9"}));
    assert_eq!((status, text(&made, "/color")), (201, "preset9"));
    let target = format!("/me/outlook/masterCategories/{}", text(&made, "/id"));
    assert_eq!(desk.get(&target).1["displayName"], "Salesforce");
    assert_eq!(desk.patch(&target, &json!({"color": "preset2"})).1["color"], "preset2");
    for body in [json!({"displayName": "CRM"}), json!({"color": "preset25"}), json!({"colour": "none"})] {
        assert_eq!(desk.patch(&target, &body).0, 400, "{body}");
    }
    assert_eq!(desk.get(&target).1, desk.get(&target).1);
    assert_eq!(text(&desk.get(&target).1, "/color"), "preset2");
    let again = json!({"displayName": "salesforce"});
    assert_eq!(code(&desk.post("/me/outlook/masterCategories", &again)), (409, "ErrorDuplicateCategory"));
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(code(&desk.delete(&target)), (404, "ErrorItemNotFound"));
    assert_eq!(desk.post("/me/outlook/masterCategories", &again).1["color"], "none");
}

#[test]
fn settings_are_read_and_changed() {
    let mut desk = Desk::new();
    let away = json!({
        "status": "Scheduled", "externalAudience": "contactsOnly", "internalReplyMessage": "Away",
        "scheduledStartDateTime": {"dateTime": "2026-10-02T09:00:00", "timeZone": "Europe/Berlin"},
        "scheduledEndDateTime": {"dateTime": "2026-10-05T09:00:00", "timeZone": "W. Europe Standard Time"},
    });
    let (status, changed) = desk.patch(
        "/me/mailboxSettings",
        &json!({"@odata.context": "x", "timeZone": "Europe/Oslo", "automaticRepliesSetting": away}),
    );
    assert_eq!((status, text(&changed, "/timeZone")), (200, "Europe/Oslo"));
    assert!(changed.get("workingHours").is_none());
    let replies = desk.get("/me/mailboxSettings/automaticRepliesSetting").1;
    assert_eq!((text(&replies, "/status"), text(&replies, "/internalReplyMessage")), ("scheduled", "Away"));
    assert_eq!(text(&replies, "/scheduledStartDateTime/dateTime"), "2026-10-02T07:00:00.0000000");
    assert_eq!(desk.get("/me/mailboxSettings/timeZone").1["value"], "Europe/Oslo");
    desk.patch(
        "/me/mailboxSettings",
        &json!({"workingHours": {"daysOfWeek": ["Monday"], "startTime": "09:30:00.0000000"}}),
    );
    let hours = desk.get("/me/mailboxSettings/workingHours").1;
    assert_eq!((&hours["daysOfWeek"], text(&hours, "/startTime")), (&json!(["monday"]), "09:30:00.0000000"));
    assert_eq!(text(&hours, "/endTime"), "17:00:00.0000000");
    let language = json!({"language": {"locale": "de-DE"}});
    assert_eq!(text(&desk.patch("/me/mailboxSettings", &language).1, "/language/displayName"), "German (Germany)");
    let refused = [
        (json!({"timeZone": "Middle Earth Standard Time"}), "TimeZoneNotSupportedException"),
        (json!({"automaticRepliesSetting": {"status": "sometimes"}}), "RequestBodyRead"),
        (
            json!({"automaticRepliesSetting": {"scheduledEndDateTime": {"dateTime": "2026-01-01T00:00:00", "timeZone": "UTC"}}}),
            "ErrorInvalidScheduledOofDuration",
        ),
        (json!({"workingHours": {"daysOfWeek": ["someday"]}}), "RequestBodyRead"),
        (json!({"language": {"locale": "xx-XX"}}), "ErrorInvalidArgument"),
        (json!({"colour": 1}), "RequestBodyRead"),
    ];
    let before = desk.get("/me/mailboxSettings").1;
    for (body, expected) in refused {
        assert_eq!(code(&desk.patch("/me/mailboxSettings", &body)), (400, expected), "{body}");
    }
    assert_eq!(desk.get("/me/mailboxSettings").1, before);
}

#[test]
fn zones_and_languages_are_listed() {
    let mut desk = Desk::new();
    let windows = desk.get("/me/outlook/supportedTimeZones").1;
    assert!(column(&windows, "alias").contains(&"W. Europe Standard Time"));
    let iana = desk.get("/me/outlook/supportedTimeZones(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')").1;
    assert!(
        column(&iana, "alias").contains(&"Europe/Berlin")
            && !column(&iana, "alias").contains(&"W. Europe Standard Time")
    );
    assert!(column(&desk.get("/me/outlook/supportedLanguages").1, "locale").contains(&"de-DE"));
}

#[test]
fn the_directory_answers_about_users_and_the_tenant() {
    let mut desk = Desk::new();
    let cases = [
        (format!("$filter=mail+eq+'{BEN}'"), vec!["Ben Carter"]),
        (format!("$filter=userPrincipalName+eq+'{}'", ANNA.to_uppercase()), vec!["Anna Berg"]),
        ("$filter=startswith(displayName,'A')".to_owned(), vec!["Anna Berg"]),
        (format!("$filter=proxyAddresses/any(p:p+eq+'smtp:{BEN}')"), vec!["Ben Carter"]),
        ("$orderby=displayName+desc".to_owned(), vec!["Ben Carter", "Anna Berg"]),
    ];
    for (query, expected) in cases {
        assert_eq!(column(&desk.get(&format!("/users?{query}")).1, "displayName"), expected, "{query}");
    }
    let user = desk.get(&format!("/users/{BEN}")).1;
    assert!(user.get("proxyAddresses").is_none() && text(&user, "/mail") == BEN);
    let selected = desk.get(&format!("/users/{}?$select=proxyAddresses,mail", text(&user, "/id"))).1;
    assert_eq!(selected["proxyAddresses"], json!([format!("SMTP:{BEN}")]));
    let settings = desk.get("/me?$select=displayName,mailboxSettings").1;
    assert_eq!(text(&settings, "/mailboxSettings/timeZone"), "W. Europe Standard Time");
    assert_eq!(code(&desk.get("/users/nobody@northwind.example")), (404, "Request_ResourceNotFound"));
    let tenant = desk.world.tenant_id().to_owned();
    assert_eq!(column(&desk.get("/organization").1, "id"), [tenant.as_str()]);
    assert_eq!(desk.get(&format!("/organization/{tenant}")).1["displayName"], "northwind");
}

#[test]
fn ids_are_translated_and_back() {
    let mut desk = Desk::new();
    let event = desk.meeting("A", "2026-10-06T09:00:00Z");
    let contact = desk.post("/me/contacts", &json!({"givenName": "Ina"})).1;
    let calendar = desk.get("/me/calendar").1;
    let list = desk.get("/me/todo/lists/Tasks").1;
    let folder = desk.get("/me/mailFolders/inbox").1;
    let all = [&event, &contact, &calendar, &list, &folder].map(|item| text(item, "/id").to_owned());
    let translate = |desk: &mut Desk, ids: &[String], from: &str, to: &str| {
        let body = json!({"InputIds": ids, "SourceIdType": from, "TargetIdType": to});
        desk.post("/me/translateExchangeIds", &body)
    };
    let told = translate(&mut desk, &all, "restId", "restImmutableEntryId").1;
    assert_eq!(column(&told, "sourceId"), all);
    let immutable: Vec<String> = column(&told, "targetId").into_iter().map(str::to_owned).collect();
    // Containers keep their ids, items have another.
    assert!((0..5).all(|at| (immutable[at] == all[at]) == (at > 1)), "{told}");
    let shown = desk.send("GET", "/me/events", &["prefer: IdType=\"ImmutableId\""], None).body_json();
    assert_eq!(column(&shown, "id"), [immutable[0].as_str()]);
    for form in ["restImmutableEntryId", "ewsId", "entryId", "immutableEntryId"] {
        let there: Vec<String> =
            column(&translate(&mut desk, &all, "restId", form).1, "targetId").into_iter().map(str::to_owned).collect();
        assert_eq!(column(&translate(&mut desk, &there, form, "restId").1, "targetId"), all, "{form}");
    }
    desk.delete(&format!("/me/contacts/{}", all[1]));
    let told = translate(&mut desk, &["x".to_owned(), all[1].clone()], "restId", "restImmutableEntryId").1;
    assert_eq!(text(&told, "/value/0/errorDetails/code"), "ErrorInvalidIdMalformed");
    assert_eq!(text(&told, "/value/1/errorDetails/code"), "ErrorItemNotFound");
    assert!(told["value"][0].get("targetId").is_none());
    assert_eq!(
        code(&translate(&mut desk, &vec![all[0].clone(); 1001], "restId", "ewsId")),
        (400, "ErrorInvalidParameter")
    );
    assert_eq!(code(&translate(&mut desk, &all, "restId", "otherId")), (400, "RequestBodyRead"));
}
