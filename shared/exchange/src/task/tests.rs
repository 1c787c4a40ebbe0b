use std::collections::BTreeSet;

use super::*;

fn owner() -> Owner {
    Owner { address: "anna@northwind.example".into(), category: "salesforce".into() }
}

fn wire() -> Value {
    json!({
        "id": "t1",
        "@odata.etag": "W/\"k1\"",
        "title": "Call Mia",
        "status": "inProgress",
        "importance": "high",
        "isReminderOn": true,
        "categories": ["Red", "SALESFORCE"],
        "body": {"contentType": "text", "content": "One\r\nTwo"},
        "dueDateTime": {"dateTime": "2031-03-05T00:00:00.0000000", "timeZone": "UTC"},
        "reminderDateTime": {"dateTime": "2031-03-04T08:30:00.0000000", "timeZone": "UTC"},
        "completedDateTime": null,
        "recurrence": null,
        "createdDateTime": "2031-03-01T09:00:00Z",
        "lastModifiedDateTime": "2031-03-02T09:00:00.1234567Z",
        "hasAttachments": false,
        "linkedResources": [
            {"id": "x", "applicationName": "Planner", "externalId": "not ours", "displayName": "x"},
            {"id": "y", "applicationName": "syncline", "externalId": "00ff", "displayName": "Syncline"},
        ],
    })
}

fn with(changes: &Value) -> Value {
    let mut value = wire();
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}

fn read(changes: &Value) -> Task {
    seen("l1", &with(changes), &owner()).unwrap().item
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn task() -> Task {
    Task {
        subject: "Call Mia".into(),
        body: "One\r\nTwo".into(),
        due: Some("2031-03-05".parse().unwrap()),
        status: TaskStatus::InProgress,
        importance: Importance::High,
        reminder: Some(at("2031-03-04T08:30:00Z")),
    }
}

#[test]
fn a_complete_task_is_read_in_full() {
    let expected = ItemSeen {
        id: RemoteId::new("l1|t1"),
        collection: RemoteId::new("l1"),
        version: Version::new("W/\"k1\""),
        key: Some(SyncKey::from_text("00ff")),
        created: at("2031-03-01T09:00:00Z"),
        modified: at("2031-03-02T09:00:00.1234567Z"),
        is_marked: true,
        item: task(),
        hidden: std::collections::BTreeSet::new(),
    };
    assert_eq!(seen("l1", &wire(), &owner()), Ok(expected));
}

#[test]
fn an_id_names_list_and_task() {
    let id = Place { list: "AAMk-_=", task: "AAt=" }.id();
    assert_eq!(Place::of(&id), Some(Place { list: "AAMk-_=", task: "AAt=" }));
    for other in ["t1", "|t1", "l1|", "|", ""] {
        assert_eq!(Place::of(&RemoteId::new(other)), None, "{other}");
    }
}

#[test]
fn a_task_without_an_etag_goes_by_its_last_change() {
    let seen = seen("l1", &with(&json!({"@odata.etag": null})), &owner()).unwrap();
    assert_eq!(seen.version, Version::new("2031-03-02T09:00:00.1234567Z"));
}

#[test]
fn the_due_date_stands_in_whatever_zone() {
    for zone in ["UTC", "Pacific Standard Time", "Asia/Tokyo", "Nowhere/Else"] {
        let due = json!({"dueDateTime": {"dateTime": "2031-03-05T23:00:00.0000000", "timeZone": zone}});
        assert_eq!(read(&due).due, Some("2031-03-05".parse().unwrap()), "{zone}");
    }
    assert_eq!(read(&json!({"dueDateTime": null})).due, None);
}

#[test]
fn a_reminder_counts_while_it_is_on_and_is_an_instant_in_its_zone() {
    let there = |zone: &str| json!({"dateTime": "2031-07-01T09:00:00.0000000", "timeZone": zone});
    for (changes, expected) in [
        (json!({"reminderDateTime": there("UTC")}), Some("2031-07-01T09:00:00Z")),
        (json!({"reminderDateTime": there("Europe/Berlin")}), Some("2031-07-01T07:00:00Z")),
        (json!({"reminderDateTime": there("W. Europe Standard Time")}), Some("2031-07-01T07:00:00Z")),
        (json!({"reminderDateTime": there("UTC"), "isReminderOn": false}), None),
        (json!({"reminderDateTime": there("UTC"), "isReminderOn": null}), Some("2031-07-01T09:00:00Z")),
        (json!({"reminderDateTime": there("Nowhere"), "isReminderOn": false}), None),
        (json!({"reminderDateTime": null}), None),
    ] {
        assert_eq!(read(&changes).reminder, expected.map(at), "{changes}");
    }
}

#[test]
fn d21_status_and_importance_are_one_to_one() {
    use TaskStatus::{Completed, Deferred, InProgress, NotStarted, Waiting};
    for value in [NotStarted, InProgress, Completed, Waiting, Deferred] {
        assert_eq!(read(&json!({"status": status_name(value)})).status, value);
    }
    for value in [Importance::Low, Importance::Normal, Importance::High] {
        assert_eq!(read(&json!({"importance": importance_name(value).to_uppercase()})).importance, value);
    }
    let done = json!({"dateTime": "2031-03-03T00:00:00.0000000", "timeZone": "UTC"});
    for (changes, expected) in [
        (json!({"status": "novelty", "importance": "novelty"}), NotStarted),
        (json!({"status": "novelty", "completedDateTime": done}), Completed),
        (json!({"status": null, "completedDateTime": done}), Completed),
        (json!({"status": "INPROGRESS", "completedDateTime": done}), InProgress),
    ] {
        assert_eq!(read(&changes).status, expected, "{changes}");
    }
}

#[test]
fn d22_a_category_marks_a_task() {
    for (categories, marked) in
        [(json!(["salesforce"]), true), (json!(["Salesforce Tasks"]), false), (json!([]), false), (json!(null), false)]
    {
        let value = with(&json!({"categories": categories}));
        assert_eq!(seen("l1", &value, &owner()).unwrap().is_marked, marked, "{categories}");
    }
}

#[test]
fn html_is_read_as_text() {
    let body =
        json!({"body": {"contentType": "html", "content": "<html><body>One<br>\r\nTwo &amp; three</body></html>"}});
    assert_eq!(read(&body).body, "One\nTwo & three");
}

#[test]
fn a_key_of_another_application_is_not_ours() {
    for (links, key) in [
        (json!(null), None),
        (json!([{"applicationName": "Planner", "externalId": "00ff"}]), None),
        (json!([{"applicationName": "Syncline", "externalId": ""}]), None),
        (json!([{"externalId": "00ff"}]), None),
        (json!([{"applicationName": "Syncline", "externalId": "00ff"}]), Some("00ff")),
    ] {
        let value = with(&json!({"linkedResources": links}));
        assert_eq!(key_of(&value), key.map(SyncKey::from_text), "{links}");
    }
}

fn key_of(value: &Value) -> Option<SyncKey> {
    key(Row::of(value).unwrap()).unwrap()
}

#[test]
fn what_cannot_be_understood_is_named_without_its_value() {
    for (changes, problem) in [
        (json!({"id": ""}), "id is missing"),
        (json!({"title": 7}), "title is no text"),
        (json!({"createdDateTime": null}), "createdDateTime is missing"),
        (json!({"lastModifiedDateTime": "secret"}), "lastModifiedDateTime is no instant"),
        (json!({"dueDateTime": {"dateTime": "secret"}}), "dueDateTime.dateTime is no date and time"),
        (json!({"dueDateTime": "secret"}), "dueDateTime is no object"),
        (json!({"isReminderOn": "secret"}), "isReminderOn is no yes or no"),
        (
            json!({"reminderDateTime": {"dateTime": "2031-03-03T09:00:00", "timeZone": "Secret/Zone"}}),
            "reminderDateTime.timeZone is not known",
        ),
        (json!({"categories": "secret"}), "categories is no list"),
        (json!({"linkedResources": ["secret"]}), "it is no object"),
    ] {
        let observed = observed(&RemoteId::new("l1|t1"), "l1", &with(&changes), &owner());
        assert_eq!(observed, Observation::Unreadable { id: RemoteId::new("l1|t1"), problem: problem.into() });
    }
}

#[test]
fn a_create_carries_all_fields_and_the_key() {
    let body = create_body(&SyncKey::from_text("00ff"), &task());
    let expected = json!({
        "title": "Call Mia",
        "body": {"contentType": "text", "content": "One\r\nTwo"},
        "dueDateTime": {"dateTime": "2031-03-05T00:00:00", "timeZone": "UTC"},
        "status": "inProgress",
        "importance": "high",
        "isReminderOn": true,
        "reminderDateTime": {"dateTime": "2031-03-04T08:30:00", "timeZone": "UTC"},
        "linkedResources": [{"applicationName": "Syncline", "externalId": "00ff", "displayName": "Syncline"}],
    });
    assert_eq!(body, expected);
    let bare = create_body(&SyncKey::from_text("00ff"), &Task { due: None, reminder: None, ..task() });
    assert_eq!((bare.get("dueDateTime"), bare.get("reminderDateTime")), (None, None));
}

#[test]
fn d08_a_change_holds_only_the_fields_named() {
    let task = Task { due: None, reminder: None, status: TaskStatus::Completed, ..task() };
    for (field, expected) in [
        (TaskField::Subject, json!({"title": "Call Mia"})),
        (TaskField::Due, json!({"dueDateTime": null})),
        (TaskField::Status, json!({"status": "completed"})),
        (TaskField::Importance, json!({"importance": "high"})),
        (TaskField::Reminder, json!({"isReminderOn": false, "reminderDateTime": null})),
    ] {
        let body = patch_body(&Patch { fields: BTreeSet::from([field]), item: task.clone() });
        assert_eq!(body, expected);
    }
}
