//! To Do: lists, tasks and what hangs on them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::desk::{Desk, code, column, text};

const TASKS: &str = "/me/todo/lists/Tasks/tasks";

fn create(desk: &mut Desk, body: &Value) -> Value {
    let (status, task) = desk.post(TASKS, body);
    assert_eq!(status, 201, "{task}");
    task
}

fn inner(told: &(u16, Value)) -> (u16, &str, &str) {
    (told.0, text(&told.1, "/error/code"), text(&told.1, "/error/innerError/code"))
}

#[test]
fn lists_are_made_renamed_and_deleted_but_the_usual_ones_stay() {
    let mut desk = Desk::new();
    let lists = desk.get("/me/todo/lists").1;
    assert_eq!(column(&lists, "displayName"), ["Tasks", "Flagged Emails"]);
    assert_eq!(column(&lists, "wellknownListName"), ["defaultList", "flaggedEmails"]);
    for list in lists["value"].as_array().unwrap() {
        let target = format!("/me/todo/lists/{}", text(list, "/id"));
        assert_eq!(inner(&desk.delete(&target)), (400, "invalidRequest", "ErrorInvalidRequest"));
        let told = desk.patch(&target, &json!({"displayName": "Other"}));
        assert_eq!(
            text(&told.1, "/error/innerError/message"),
            "Your request can't be completed. A default task folder can't be renamed."
        );
    }
    let (status, made) = desk.post("/me/todo/lists", &json!({"displayName": "Plans"}));
    assert_eq!((status, text(&made, "/wellknownListName"), &made["isOwner"]), (201, "none", &json!(true)));
    let target = format!("/me/todo/lists/{}", text(&made, "/id"));
    let renamed = desk.patch(&target, &json!({"displayName": "Ideas"})).1;
    assert_eq!((text(&renamed, "/displayName"), &renamed["id"]), ("Ideas", &made["id"]));
    assert_ne!(renamed["@odata.etag"], made["@odata.etag"]);
    let found = desk.get("/me/todo/lists?$filter=displayName+eq+'Ideas'").1;
    assert_eq!(column(&found, "id"), [text(&made, "/id")]);
    let task = desk.post(&format!("{target}/tasks"), &json!({"title": "A"})).1;
    assert_eq!(desk.get(&format!("{TASKS}/{}", text(&task, "/id"))).0, 404);
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(code(&desk.get(&format!("{target}/tasks"))), (404, "ErrorItemNotFound"));
    assert_eq!(inner(&desk.post("/me/todo/lists", &json!({}))), (400, "invalidRequest", "RequestBodyRead"));
    assert_eq!(code(&desk.get("/me/todo/lists/x")), (400, "ErrorInvalidIdMalformed"));
}

#[test]
fn a_task_keeps_dates_without_their_time_and_shows_only_what_it_has() {
    let mut desk = Desk::new();
    desk.prefer = Some("outlook.timezone=\"Asia/Tokyo\", IdType=\"ImmutableId\"");
    let at = |time: &str, zone: &str| json!({"dateTime": time, "timeZone": zone});
    let task = create(
        &mut desk,
        &json!({
            "title": "Call", "importance": "High", "categories": ["CRM"], "body": {"content": "<b>x</b>", "contentType": "html"},
            "dueDateTime": at("2026-10-09T17:30:00", "Europe/Berlin"), "startDateTime": at("2026-10-08T23:00:00Z", "Asia/Tokyo"),
            "reminderDateTime": at("2026-10-09T08:15:00.0000000", "Pacific Standard Time"),
        }),
    );
    assert_eq!(task["dueDateTime"], at("2026-10-09T00:00:00.0000000", "Europe/Berlin"));
    assert_eq!(task["startDateTime"], at("2026-10-09T00:00:00.0000000", "Asia/Tokyo"));
    assert_eq!(task["reminderDateTime"], at("2026-10-09T08:15:00.0000000", "Pacific Standard Time"));
    assert_eq!((&task["isReminderOn"], text(&task, "/importance")), (&json!(true), "high"));
    assert_eq!(task["body"], json!({"content": "<b>x</b>", "contentType": "html"}));
    for absent in ["changeKey", "completedDateTime", "recurrence", "linkedResources"] {
        assert!(task.get(absent).is_none(), "{absent}: {task}");
    }
    let target = format!("{TASKS}/{}", text(&task, "/id"));
    let changed = desk.patch(&target, &json!({"dueDateTime": null, "reminderDateTime": null, "body": null})).1;
    assert!(changed.get("dueDateTime").is_none() && changed.get("reminderDateTime").is_none());
    assert_eq!((&changed["isReminderOn"], &changed["body"]["content"]), (&json!(false), &json!("")));
    let stale = format!("if-match: {}", text(&task, "/@odata.etag"));
    assert_eq!(desk.send("PATCH", &target, &[&stale], Some(&json!({"title": "B"}))).status, 412);
    let refused = [
        json!({"status": "done"}),
        json!({"title": 1}),
        json!({"dueDateTime": "2026-10-09"}),
        json!({"nonsense": 1}),
        json!({"checklistItems": []}),
    ];
    for body in refused {
        assert_eq!(inner(&desk.patch(&target, &body)), (400, "invalidRequest", "RequestBodyRead"), "{body}");
    }
    let zone = json!({"dueDateTime": at("2026-10-09T00:00:00", "Nowhere")});
    assert_eq!(inner(&desk.patch(&target, &zone)), (400, "invalidRequest", "TimeZoneNotSupportedException"));
}

#[test]
fn completing_sets_the_day_and_reopening_takes_it_away() {
    let mut desk = Desk::new();
    let task = create(&mut desk, &json!({"title": "A"}));
    let target = format!("{TASKS}/{}", text(&task, "/id"));
    desk.pass(Duration::from_hours(48));
    let done = desk.patch(&target, &json!({"status": "completed"})).1;
    assert_eq!(done["completedDateTime"], json!({"dateTime": "2026-10-03T00:00:00.0000000", "timeZone": "UTC"}));
    assert!(desk.patch(&target, &json!({"status": "inProgress"})).1.get("completedDateTime").is_none());
    let at = json!({"dateTime": "2026-10-01T00:00:00", "timeZone": "UTC"});
    assert_eq!(desk.patch(&target, &json!({"completedDateTime": at})).1["status"], "completed");
    create(&mut desk, &json!({"title": "B", "status": "WaitingOnOthers"}));
    let cases = [
        ("$filter=status+ne+'completed'", vec!["B"]),
        ("$filter=title+eq+'A'", vec!["A"]),
        ("$filter=lastModifiedDateTime+ge+2026-10-03T00:00:00Z&$orderby=title+desc", vec!["B", "A"]),
        ("$top=1&$skip=1&$orderby=createdDateTime", vec!["B"]),
    ];
    for (query, expected) in cases {
        assert_eq!(column(&desk.get(&format!("{TASKS}?{query}")).1, "title"), expected, "{query}");
    }
    assert_eq!(desk.send("GET", &format!("{TASKS}/$count"), &[], None).body, b"2");
}

#[test]
fn linked_resources_steps_and_files_hang_on_their_task() {
    let mut desk = Desk::new();
    let link = json!({"webUrl": "https://crm.example/1", "applicationName": "CRM", "displayName": "Call", "externalId": "00T1"});
    let task = create(
        &mut desk,
        &json!({"title": "A", "linkedResources": [link], "checklistItems": [{"displayName": "One"}, {"displayName": "Two", "isChecked": true}]}),
    );
    assert_eq!(task["linkedResources"][0]["externalId"], "00T1");
    let target = format!("{TASKS}/{}", text(&task, "/id"));
    assert!(desk.get(&target).1.get("checklistItems").is_none());
    let whole = desk.get(&format!("{target}?$expand=linkedResources,checklistItems&$select=title")).1;
    let steps = whole["checklistItems"].as_array().unwrap();
    assert_eq!((steps[0]["isChecked"].as_bool(), steps[1].get("checkedDateTime").is_some()), (Some(false), true));
    assert_eq!(column(&desk.get(&format!("{target}/linkedResources")).1, "applicationName"), ["CRM"]);
    let step = format!("{target}/checklistItems/{}", text(&steps[0], "/id"));
    let ticked = desk.patch(&step, &json!({"isChecked": true, "displayName": "First"})).1;
    assert_eq!((text(&ticked, "/displayName"), text(&ticked, "/checkedDateTime")), ("First", "2026-10-01T09:00:00Z"));
    assert_ne!(desk.get(&target).1["@odata.etag"], task["@odata.etag"]);
    assert_eq!(desk.delete(&step).0, 204);
    assert_eq!(desk.get(&step).0, 404);
    let (status, made) = desk.post(&format!("{target}/checklistItems"), &json!({"displayName": "Three"}));
    assert_eq!(
        (status, column(&desk.get(&format!("{target}/checklistItems")).1, "displayName")),
        (201, vec!["Two", "Three"])
    );
    assert_ne!(made["id"], steps[0]["id"]);

    let file = json!({"@odata.type": "#microsoft.graph.taskFileAttachment", "name": "a.txt", "contentType": "text/plain", "contentBytes": "aGVsbG8="});
    let (status, file) = desk.post(&format!("{target}/attachments"), &file);
    assert_eq!((status, &file["size"], text(&file, "/contentBytes")), (201, &json!(5), "aGVsbG8="));
    let at = format!("{target}/attachments/{}", text(&file, "/id"));
    assert_eq!(desk.send("GET", &format!("{at}/$value"), &[], None).body, b"hello");
    assert!(desk.get(&format!("{target}/attachments")).1["value"][0].get("contentBytes").is_none());
    assert_eq!(desk.get(&target).1["hasAttachments"], true);
    assert_eq!((desk.delete(&at).0, &desk.get(&target).1["hasAttachments"]), (204, &json!(false)));
    assert_eq!(code(&desk.get(&format!("{target}/nothing"))), (400, "BadRequest"));
    assert_eq!(desk.delete(&target).0, 204);
    assert_eq!(desk.get(&format!("{target}/linkedResources")).0, 404);
}

#[test]
fn changes_of_lists_and_tasks_are_tracked() {
    let mut desk = Desk::new();
    let rows = |desk: &mut Desk, link: &str| {
        let (status, page) = desk.get(link);
        assert_eq!(status, 200, "{page}");
        (page["value"].as_array().unwrap().clone(), text(&page, "/@odata.deltaLink").to_owned())
    };
    let (found, lists) = rows(&mut desk, "/me/todo/lists/delta");
    assert_eq!((found.len(), text(&found[0], "/@odata.type")), (2, "#microsoft.graph.todoTaskList"));
    let (_, tasks) = rows(&mut desk, &format!("{TASKS}/delta?$expand=checklistItems"));
    let task = create(&mut desk, &json!({"title": "A", "checklistItems": [{"displayName": "One"}]}));
    let (found, tasks) = rows(&mut desk, &tasks);
    assert_eq!((&found[0]["id"], text(&found[0], "/checklistItems/0/displayName")), (&task["id"], "One"));
    let target = format!("{TASKS}/{}", text(&task, "/id"));
    desk.post(&format!("{target}/checklistItems"), &json!({"displayName": "Two"}));
    let (found, tasks) = rows(&mut desk, &tasks);
    assert_eq!(found[0]["checklistItems"].as_array().unwrap().len(), 2);
    desk.delete(&target);
    let gone = json!({"@odata.type": "#microsoft.graph.todoTask", "id": task["id"], "@removed": {"reason": "deleted"}});
    assert_eq!(rows(&mut desk, &tasks).0, [gone]);
    let made = desk.post("/me/todo/lists", &json!({"displayName": "Plans"})).1;
    let (found, lists) = rows(&mut desk, &lists);
    assert_eq!(found[0]["id"], made["id"]);
    desk.delete(&format!("/me/todo/lists/{}", text(&made, "/id")));
    assert_eq!(rows(&mut desk, &lists).0[0]["@removed"]["reason"], "deleted");
    assert_eq!(code(&desk.get(&format!("{TASKS}/delta?$orderby=title"))), (400, "ErrorInvalidUrlQuery"));
}

#[test]
fn a_completed_recurring_task_is_followed_by_the_next_one() {
    let weekly =
        json!({"type": "weekly", "interval": 2, "daysOfWeek": ["monday", "thursday"], "firstDayOfWeek": "monday"});
    let monthly = json!({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31});
    let forever = json!({"type": "noEnd", "startDate": "2026-10-05"});
    let cases = [
        (weekly.clone(), forever.clone(), vec!["2026-10-05", "2026-10-08", "2026-10-19", "2026-10-22"]),
        (monthly, forever, vec!["2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31"]),
        (
            weekly.clone(),
            json!({"type": "numbered", "startDate": "2026-10-05", "numberOfOccurrences": 2}),
            vec!["2026-10-05", "2026-10-08"],
        ),
        (weekly, json!({"type": "endDate", "startDate": "2026-10-05", "endDate": "2026-10-07"}), vec!["2026-10-05"]),
    ];
    for (pattern, range, expected) in cases {
        let mut desk = Desk::new();
        let mut open = create(
            &mut desk,
            &json!({
                "title": "Report", "recurrence": {"pattern": pattern, "range": range}, "categories": ["CRM"],
                "checklistItems": [{"displayName": "One", "isChecked": true}],
            }),
        );
        let mut due = Vec::new();
        // One turn more than expected, so that a series that goes on is seen to do so.
        for _ in 0..expected.len() {
            due.push(text(&open, "/dueDateTime/dateTime")[..10].to_owned());
            let target = format!("{TASKS}/{}", text(&open, "/id"));
            let done = desk.patch(&target, &json!({"status": "completed"})).1;
            assert_eq!((text(&done, "/status"), &done["id"]), ("completed", &open["id"]));
            assert_eq!(desk.patch(&target, &json!({"title": "Report, done"})).0, 200);
            let list = desk.get(&format!("{TASKS}?$filter=status+ne+'completed'&$expand=checklistItems")).1;
            let rows = list["value"].as_array().unwrap();
            assert!(rows.len() <= 1, "{list}");
            let Some(next) = rows.first() else { break };
            assert_eq!(
                (&next["categories"], &next["checklistItems"][0]["isChecked"]),
                (&json!(["CRM"]), &json!(false))
            );
            assert!(next.get("recurrence").is_some() && next.get("completedDateTime").is_none());
            open = next.clone();
        }
        assert_eq!(due, expected);
    }
    let told =
        Desk::new().post(TASKS, &json!({"recurrence": {"pattern": {"type": "hourly"}, "range": {"type": "noEnd"}}}));
    assert_eq!(inner(&told), (400, "invalidRequest", "RequestBodyRead"));
}
