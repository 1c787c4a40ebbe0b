//! Who is invited to events, and whom activities are about.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sim_salesforce::Feature;

use crate::world::{BEN, World, refusal};

fn ben(world: &mut World) -> String {
    world.only("User", &format!("Username = '{BEN}'"))
}

fn meeting(world: &mut World) -> String {
    let row = json!({
        "Subject": "Review", "StartDateTime": "2031-05-06T09:00:00Z", "DurationInMinutes": 30,
        "IsReminderSet": true, "ReminderDateTime": "2031-05-06T08:45:00Z", "Syncline_Key__c": "key-1",
    });
    world.create("Event", row)
}

fn invite(world: &mut World, event: &str, person: &str) -> String {
    world.create("EventRelation", json!({ "EventId": event, "RelationId": person }))
}

fn children(world: &mut World) -> Vec<Value> {
    world.column("SELECT Id FROM Event WHERE IsChild = true", "Id")
}

#[test]
fn an_invited_user_has_an_event_of_his_own_that_follows_the_organizers() {
    let mut world = World::new();
    let (event, ben) = (meeting(&mut world), ben(&mut world));
    let relation = invite(&mut world, &event, &ben);
    let child = world.only("Event", "IsChild = true");
    let row = world.row("Event", &child);
    for (field, expected) in [
        ("OwnerId", json!(ben)),
        ("Subject", json!("Review")),
        ("StartDateTime", json!("2031-05-06T09:00:00.000+0000")),
        ("IsGroupEvent", json!(true)),
        ("GroupEventType", json!("1")),
        ("IsReminderSet", json!(false)),
        ("Syncline_Key__c", Value::Null),
    ] {
        assert_eq!(row[field], expected, "{field}");
    }
    world.advance(60);
    world.patch("Event", &event, json!({ "Subject": "Moved", "StartDateTime": "2031-05-07T09:00:00Z" }));
    let row = world.row("Event", &child);
    assert_eq!((&row["Subject"], &row["SystemModstamp"]), (&json!("Moved"), &json!("2031-05-06T09:01:00.000+0000")));
    assert_eq!(row["EndDateTime"], "2031-05-07T09:30:00.000+0000");
    // Of his own the invitee changes the reminder only.
    let reply = world.patch("Event", &child, json!({ "Subject": "Mine" }));
    assert_eq!(refusal(&reply), (400, "FIELD_INTEGRITY_EXCEPTION".into(), json!(["Subject"])));
    let reminder = json!({ "IsReminderSet": true, "ReminderDateTime": "2031-05-07T08:00:00Z" });
    assert_eq!(world.patch("Event", &child, reminder).status, 204);
    assert_eq!(world.row("Event", &event)["ReminderDateTime"], "2031-05-06T08:45:00.000+0000");

    world.call("DELETE", &format!("sobjects/EventRelation/{relation}"), Value::Null);
    assert!(children(&mut world).is_empty());
    let row = world.row("Event", &event);
    assert_eq!((&row["IsGroupEvent"], &row["GroupEventType"]), (&json!(false), &json!("0")));
}

#[test]
fn an_event_takes_invitations_and_invitees_events_along() {
    let mut world = World::new();
    let (event, ben) = (meeting(&mut world), ben(&mut world));
    let relation = invite(&mut world, &event, &ben);
    let child = world.only("Event", "IsChild = true");
    world.call("DELETE", &format!("sobjects/Event/{event}"), Value::Null);
    for (object, id) in [("Event", &event), ("Event", &child), ("EventRelation", &relation)] {
        let reply = world.call("GET", &format!("sobjects/{object}/{id}"), Value::Null);
        assert_eq!(refusal(&reply).1, "ENTITY_IS_DELETED", "{object}");
    }
    let (status, text) = world.soap("undelete", &format!("<urn:ids>{event}</urn:ids>"));
    assert!(status == 200 && text.contains("<success>true</success>"), "{text}");
    assert_eq!(world.row("EventRelation", &relation)["Status"], "New");
    assert_eq!(world.row("Event", &event)["GroupEventType"], "1");
    assert_eq!(children(&mut world), [json!(child)]);
}

#[test]
fn an_invitee_who_deletes_his_event_declines() {
    let mut world = World::new();
    let (event, ben) = (meeting(&mut world), ben(&mut world));
    let relation = invite(&mut world, &event, &ben);
    let child = children(&mut world)[0].as_str().unwrap().to_owned();
    assert_eq!(world.call("DELETE", &format!("sobjects/Event/{child}"), Value::Null).status, 204);
    assert_eq!(world.row("EventRelation", &relation)["Status"], "Declined");
    assert_eq!(world.row("Event", &event)["Subject"], "Review");
}

#[test]
fn invitations_that_are_refused() {
    let mut world = World::new();
    let (event, ben) = (meeting(&mut world), ben(&mut world));
    let anna = world.row("Event", &event)["OwnerId"].clone();
    invite(&mut world, &event, &ben);
    let child = children(&mut world)[0].clone();
    let mia = world.only("Contact", "LastName = 'Larsen'");
    for (row, code) in [
        (json!({ "EventId": event, "RelationId": ben }), "DUPLICATE_VALUE"),
        (json!({ "EventId": child, "RelationId": mia }), "FIELD_INTEGRITY_EXCEPTION"),
        (json!({ "EventId": event, "RelationId": anna }), "FIELD_INTEGRITY_EXCEPTION"),
        (json!({ "EventId": event }), "REQUIRED_FIELD_MISSING"),
        (json!({ "EventId": event, "RelationId": "001000000000001AAA" }), "MALFORMED_ID"),
        (json!({ "EventId": event, "RelationId": mia, "Status": "Maybe" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ] {
        let reply = world.call("POST", "sobjects/EventRelation", row.clone());
        assert_eq!(refusal(&reply).1, code, "{row}");
    }
    let relation = invite(&mut world, &event, &mia);
    assert_eq!(world.patch("EventRelation", &relation, json!({ "Status": "Accepted" })).status, 204);
    assert_eq!(world.row("EventRelation", &relation)["RespondedDate"], "2031-05-06T09:00:00.000+0000");
}

#[test]
fn a_recurring_event_takes_a_hundred_invitees() {
    let mut world = World::new();
    let starts = [world.now];
    let event = json!({ "Subject": "Weekly", "DurationInMinutes": 30 });
    let ids = world.org.plant_series(crate::world::ANNA, &event, "RRULE:FREQ=WEEKLY", &starts, world.now);
    for place in 0..100 {
        let person = world.create("Contact", json!({ "LastName": format!("P{place}") }));
        invite(&mut world, &ids[0], &person);
    }
    let person = world.create("Contact", json!({ "LastName": "Last" }));
    let reply = world.call("POST", "sobjects/EventRelation", json!({ "EventId": ids[0], "RelationId": person }));
    assert_eq!(refusal(&reply).1, "LIMIT_EXCEEDED");
}

#[test]
fn a_series_is_single_rows_whose_rule_is_read_only() {
    let mut world = World::new();
    let day = jiff::SignedDuration::from_hours(24);
    let starts: Vec<_> = (1..5).map(|place| world.now + day * place).collect();
    let event = json!({ "Subject": "Daily", "DurationInMinutes": 30 });
    let ids = world.org.plant_series(crate::world::ANNA, &event, "RRULE:FREQ=DAILY;COUNT=4", &starts, world.now);
    let row = world.row("Event", &ids[1]);
    assert_eq!((&row["IsRecurrence2"], &row["IsRecurrence2Exception"]), (&json!(true), &json!(false)));
    assert_eq!(row["Recurrence2PatternText"], "RRULE:FREQ=DAILY;COUNT=4");
    assert_eq!(row["Recurrence2PatternStartDate"], "2031-05-07T09:00:00.000+0000");
    let reply = world.patch("Event", &ids[1], json!({ "Recurrence2PatternText": "RRULE:FREQ=WEEKLY" }));
    assert_eq!(refusal(&reply).1, "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert_eq!(world.patch("Event", &ids[1], json!({ "Subject": "Other" })).status, 204);
    assert_eq!(world.row("Event", &ids[1])["IsRecurrence2Exception"], json!(true));
    let onwards = format!("sobjects/Event/{}/fromThisEventOnwards", ids[2]);
    assert_eq!(world.call("DELETE", &onwards, Value::Null).status, 204);
    let pattern = world.only("Event", "GroupEventType = '3'");
    let left: BTreeSet<String> = world.org.rows("Event").map(|row| row.id().to_owned()).collect();
    assert_eq!(left, ids[..2].iter().cloned().chain([pattern.clone()]).collect());
    let stands_for_all = world.row("Event", &pattern);
    assert_eq!(stands_for_all["StartDateTime"], "2031-05-07T09:00:00.000+0000");
    assert_eq!(stands_for_all["Recurrence2PatternText"], "RRULE:FREQ=DAILY;COUNT=4");
    assert_eq!(world.call("DELETE", &onwards, Value::Null).status, 404);
    let all = format!("sobjects/Event/{}/fromThisEventOnwards", ids[0]);
    assert_eq!(world.call("DELETE", &all, Value::Null).status, 204);
    assert_eq!(world.org.rows("Event").count(), 0, "the pattern goes with the first");
    let single = meeting(&mut world);
    let reply = world.call("DELETE", &format!("sobjects/Event/{single}/fromThisEventOnwards"), Value::Null);
    assert_eq!(reply.status, 400);
}

#[test]
fn with_shared_activities_an_activity_is_about_several_people() {
    let mut world = World::new();
    let fields = "sobjects/EventRelation/describe";
    let has =
        |described: &Value| described["fields"].as_array().unwrap().iter().any(|field| field["name"] == "IsParent");
    assert!(!has(&world.get(fields)));
    world.org.set_feature(Feature::SharedActivities, true, world.now);
    assert!(has(&world.get(fields)));
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let tom = world.only("Contact", "LastName = 'Okafor'");
    for (object, relation, key, list) in
        [("Event", "EventRelation", "EventId", "EventWhoIds"), ("Task", "TaskRelation", "TaskId", "TaskWhoIds")]
    {
        let mut row = json!({ "Subject": "Both" });
        row[list] = json!([mia, tom]);
        if object == "Event" {
            row["StartDateTime"] = json!("2031-05-06T09:00:00Z");
            row["DurationInMinutes"] = json!(30);
        }
        let id = world.create(object, row);
        let row = world.row(object, &id);
        assert_eq!((&row["WhoId"], &row[list]), (&json!(mia), &json!([mia, tom])), "{object}");
        let people = format!("SELECT Id, RelationId FROM {relation} WHERE {key} = '{id}'");
        assert_eq!(world.find(&people).len(), 2, "{object}");
        if object == "Event" {
            // An invitation of somebody whom it is about is the same relation.
            invite(&mut world, &id, &tom);
            let both = world.find(&format!("SELECT IsParent, IsInvitee FROM {relation} WHERE RelationId = '{tom}'"));
            assert_eq!(both.len(), 1);
            assert_eq!((&both[0]["IsParent"], &both[0]["IsInvitee"]), (&json!(true), &json!(true)));
        }
        let first = world.only(relation, &format!("RelationId = '{mia}'"));
        world.call("DELETE", &format!("sobjects/{relation}/{first}"), Value::Null);
        let row = world.row(object, &id);
        assert_eq!((&row["WhoId"], &row[list]), (&json!(tom), &json!([tom])), "{object}");
        world.patch(object, &id, json!({ "WhoId": null }));
        let left = world.find(&people).len();
        assert_eq!(left, usize::from(object == "Event"), "{object}");
        let lead = world.create("Lead", json!({ "LastName": "L", "Company": "C" }));
        let reply = world.patch(object, &id, json!({ list: [mia, lead] }));
        assert_eq!(refusal(&reply).1, "LIMIT_EXCEEDED", "{object}");
        let many: Vec<String> = (0..51).map(|_| world.create("Contact", json!({ "LastName": "Many" }))).collect();
        assert_eq!(refusal(&world.patch(object, &id, json!({ list: many }))).1, "LIMIT_EXCEEDED", "{object}");
        let twice = [&many[..50], &many[..1]].concat();
        assert_eq!(world.patch(object, &id, json!({ list: twice })).status, 204, "{object}");
        assert_eq!(world.row(object, &id)[list].as_array().unwrap().len(), 50, "{object}");
        let reply = world.patch(object, &id, json!({ list: ["003000000000000AAA"] }));
        assert_eq!(refusal(&reply).1, "INVALID_CROSS_REFERENCE_KEY", "{object}");
    }
}
