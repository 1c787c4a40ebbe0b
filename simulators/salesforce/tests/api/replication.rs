//! Polling: what changed, what went, and what is not yet to be seen.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, refusal};

#[test]
fn updated_and_deleted_say_how_far_they_saw() {
    let mut world = World::new();
    world.advance(600);
    let kept = world.create("Lead", json!({ "LastName": "Kept", "Company": "C" }));
    let gone = world.create("Lead", json!({ "LastName": "Gone", "Company": "C" }));
    world.call("DELETE", &format!("sobjects/Lead/{gone}"), Value::Null);
    world.advance(90);
    let updated = world.get("sobjects/Lead/updated/?start=2031-05-06T09:10:30%2B00:00&end=2031-05-06T10:00:00Z");
    assert_eq!(updated, json!({ "ids": [kept], "latestDateCovered": "2031-05-06T09:11:30.000+0000" }));
    let deleted = world.get("sobjects/Lead/deleted/?start=2031-05-06T09:10:00Z&end=2031-05-06T09:11:00Z");
    let row = json!({ "id": gone, "deletedDate": "2031-05-06T09:10:00.000+0000" });
    assert_eq!(deleted["deletedRecords"], json!([row]));
    assert_eq!(deleted["latestDateCovered"], "2031-05-06T09:11:00.000+0000");
    assert_eq!(deleted["earliestDateAvailable"], "2031-04-21T09:11:30.000+0000");
}

#[test]
fn spans_that_cannot_be_asked_for() {
    let mut world = World::new();
    for span in [
        "start=2031-05-06T09:00:00Z&end=2031-05-06T09:00:59Z",
        "start=2031-04-05T09:00:00Z&end=2031-05-06T09:00:00Z",
        "start=2031-05-06T09:00:00Z",
        "start=yesterday&end=2031-05-06T09:00:00Z",
    ] {
        let reply = world.call("GET", &format!("sobjects/Lead/updated?{span}"), Value::Null);
        assert_eq!(refusal(&reply), (400, "INVALID_REPLICATION_DATE".into(), json!("none")), "{span}");
    }
}

#[test]
fn spans_that_can_just_be_asked_for() {
    let mut world = World::new();
    world.now = "2031-05-06T09:00:59Z".parse().unwrap();
    for span in [
        "start=2031-05-06T08:59:59Z&end=2031-05-06T09:00:01Z",
        "start=2031-04-06T09:00:30Z&end=2031-05-06T09:00:00Z",
        "start=2031-05-06T11:00:00%2B02:00&end=2031-05-06T11:01:00+0200",
        "start=2031-05-06T09:00:00.000Z&end=2032-05-06T09:00:00.000%2B0000",
        "start=2031-06-06T09:00:00Z&end=2031-06-06T09:01:00Z",
    ] {
        for verb in ["updated", "deleted/"] {
            let told = world.get(&format!("sobjects/lead/{verb}?{span}"));
            assert!(told["latestDateCovered"].as_str().unwrap() <= "2031-05-06T09:00:59.000+0000", "{span} {told}");
        }
    }
}

#[test]
fn a_late_commit_appears_behind_the_mark() {
    let mut world = World::new();
    let span = "sobjects/Lead/updated?start=2031-05-06T09:00:00Z&end=2031-05-06T09:05:00Z";
    world.advance(10);
    world.org.knobs.commit_delay = Duration::from_mins(2);
    let late = world.create("Lead", json!({ "LastName": "Late", "Company": "C" }));
    world.org.knobs.commit_delay = Duration::ZERO;
    world.advance(10);
    let prompt = world.create("Lead", json!({ "LastName": "Prompt", "Company": "C" }));
    let seen = world.get(span);
    assert_eq!(seen["ids"], json!([prompt]));
    assert_eq!(seen["latestDateCovered"], "2031-05-06T09:00:10.000+0000");
    // The oldest transaction holds back what is said of every object.
    for verb in ["updated", "deleted"] {
        let others = world.get(&span.replace("Lead/updated", &format!("Contact/{verb}")));
        assert_eq!(others["latestDateCovered"], "2031-05-06T09:00:10.000+0000", "{verb}");
    }
    let soql = "SELECT LastName FROM Lead ORDER BY SystemModstamp, Id";
    assert_eq!(world.column(soql, "LastName"), [json!("Prompt")]);
    assert_eq!(world.call("GET", &format!("sobjects/Lead/{late}"), Value::Null).status, 404);
    world.advance(120);
    assert_eq!(world.column(soql, "LastName"), [json!("Late"), json!("Prompt")]);
    assert_eq!(world.column(soql, "attributes").len(), 2);
    assert_eq!(world.get(span)["latestDateCovered"], "2031-05-06T09:02:20.000+0000");
}

#[test]
fn until_its_commit_a_change_leaves_the_old_state_to_be_seen() {
    let mut world = World::new();
    let id = world.create("Lead", json!({ "LastName": "Old", "Company": "C", "Email": "old@x.example" }));
    world.advance(5);
    world.org.knobs.commit_delay = Duration::from_mins(1);
    world.patch("Lead", &id, json!({ "LastName": "New", "Email": "new@x.example" }));
    assert_eq!(world.row("Lead", &id)["Name"], "Old");
    assert_eq!(world.column("SELECT Name FROM Lead WHERE Email = 'old@x.example'", "Name"), [json!("Old")]);
    assert!(world.find("SELECT Name FROM Lead WHERE Email = 'new@x.example'").is_empty());
    world.advance(60);
    assert_eq!(world.row("Lead", &id)["SystemModstamp"], "2031-05-06T09:00:05.000+0000");
    assert_eq!(world.column("SELECT Name FROM Lead WHERE Email = 'new@x.example'", "Name"), [json!("New")]);
}
