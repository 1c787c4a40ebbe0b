//! The recycle bin, and when changes are seen.

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{World, element, refusal};

const DAY: u64 = 24 * 60 * 60;

fn lead(world: &mut World, name: &str) -> String {
    world.create("Lead", json!({ "LastName": name, "Company": "C" }))
}

fn all(world: &mut World, object: &str) -> Value {
    world.soql("queryAll", &format!("SELECT Id FROM {object} WHERE IsDeleted = true")).body_json()["totalSize"].clone()
}

fn bin(world: &mut World, operation: &str, id: &str) -> String {
    world.soap(operation, &format!("<urn:ids>{id}</urn:ids>")).1
}

#[test]
fn a_deleted_row_can_be_had_back_for_fifteen_days() {
    let mut world = World::new();
    let id = lead(&mut world, "Gone");
    world.call("DELETE", &format!("sobjects/Lead/{id}"), Value::Null);
    for (method, code) in [("GET", "ENTITY_IS_DELETED"), ("DELETE", "ENTITY_IS_DELETED")] {
        let reply = world.call(method, &format!("sobjects/Lead/{id}"), Value::Null);
        assert_eq!((reply.status.as_u16(), refusal(&reply).1), (404, code.to_owned()), "{method}");
    }
    world.advance(15 * DAY - 1);
    assert_eq!(all(&mut world, "Lead"), json!(1));
    assert!(bin(&mut world, "undelete", &id).contains("<success>true</success>"));
    let row = world.row("Lead", &id);
    assert_eq!((&row["IsDeleted"], &row["SystemModstamp"]), (&json!(false), &json!("2031-05-21T08:59:59.000+0000")));
    world.call("DELETE", &format!("sobjects/Lead/{id}"), Value::Null);
    world.advance(15 * DAY);
    assert_eq!(all(&mut world, "Lead"), json!(0));
    for method in ["GET", "PATCH", "DELETE"] {
        let reply = world.call(method, &format!("sobjects/Lead/{id}"), json!({}));
        assert_eq!((reply.status.as_u16(), refusal(&reply).1), (404, "NOT_FOUND".into()), "{method}");
    }
    let deleted = world.get("sobjects/Lead/deleted/?start=2031-05-21T08:00:00Z&end=2031-06-05T09:00:00Z");
    assert_eq!(deleted["deletedRecords"], json!([]));
    assert!(deleted["earliestDateAvailable"].as_str().unwrap() > "2031-05-21T08:00:00");
    assert_eq!(element(&bin(&mut world, "undelete", &id), "statusCode").as_deref(), Some("UNDELETE_FAILED"));
}

#[test]
fn what_went_along_comes_back_along() {
    let mut world = World::new();
    let account = world.only("Account", "Name = 'Fabrikam'");
    let mia = world.only("Contact", "LastName = 'Larsen'");
    let other = world.create("Contact", json!({ "LastName": "Earlier", "AccountId": account }));
    world.call("DELETE", &format!("sobjects/Contact/{other}"), Value::Null);
    world.call("DELETE", &format!("sobjects/Account/{account}"), Value::Null);
    // A part alone has no place to come back to.
    assert_eq!(element(&bin(&mut world, "undelete", &other), "statusCode").as_deref(), Some("UNDELETE_FAILED"));
    assert!(bin(&mut world, "undelete", &account).contains("<success>true</success>"));
    assert_eq!(world.row("Contact", &mia)["LastName"], "Larsen");
    // What went before stays where it was.
    assert_eq!(refusal(&world.call("GET", &format!("sobjects/Contact/{other}"), Value::Null)).1, "ENTITY_IS_DELETED");
}

#[test]
fn what_is_thrown_out_of_the_bin_does_not_come_back() {
    let mut world = World::new();
    let id = lead(&mut world, "Gone");
    let living = lead(&mut world, "Living");
    for (id, code) in [(living.as_str(), "INVALID_ID_FIELD"), ("bogus", "MALFORMED_ID")] {
        assert_eq!(element(&bin(&mut world, "emptyRecycleBin", id), "statusCode").as_deref(), Some(code), "{id}");
    }
    world.call("DELETE", &format!("sobjects/Lead/{id}"), Value::Null);
    assert!(bin(&mut world, "emptyRecycleBin", &id).contains("<success>true</success>"));
    assert_eq!(element(&bin(&mut world, "undelete", &id), "statusCode").as_deref(), Some("UNDELETE_FAILED"));
    assert_eq!(all(&mut world, "Lead"), json!(1));
    world.advance(DAY);
    assert_eq!(all(&mut world, "Lead"), json!(0));
}

#[test]
fn a_purged_log_says_from_when_on_it_is_whole() {
    let mut world = World::new();
    let id = lead(&mut world, "Gone");
    world.call("DELETE", &format!("sobjects/Lead/{id}"), Value::Null);
    world.advance(2 * 60 * 60);
    world.org.purge_deletion_log(world.now);
    let deleted = world.get("sobjects/Lead/deleted/?start=2031-05-06T08:00:00Z&end=2031-05-06T12:00:00Z");
    assert_eq!(deleted["deletedRecords"], json!([]));
    assert_eq!(deleted["earliestDateAvailable"], "2031-05-06T11:00:00.000+0000");
    assert_eq!(all(&mut world, "Lead"), json!(1));
}

#[test]
fn a_span_of_too_many_ids_is_refused() {
    let mut world = World::new();
    world.org.knobs.replication_limit = 1;
    lead(&mut world, "One");
    let target = "sobjects/Lead/updated/?start=2031-05-06T08:00:00Z&end=2031-05-06T10:00:00Z";
    assert_eq!(world.call("GET", target, Value::Null).status, 200);
    lead(&mut world, "Two");
    assert_eq!(refusal(&world.call("GET", target, Value::Null)).1, "EXCEEDED_ID_LIMIT");
}

#[test]
fn writes_are_seen_in_the_order_of_their_commits() {
    let mut world = World::new();
    world.org.delay_next_commits([30, 0, 10].map(Duration::from_secs));
    let ids = ["A", "B", "C", "D"].map(|name| {
        let id = lead(&mut world, name);
        world.advance(1);
        id
    });
    let seen = |world: &mut World| world.column("SELECT Id FROM Lead ORDER BY SystemModstamp, Id", "Id");
    assert_eq!(seen(&mut world), [json!(ids[1]), json!(ids[3])]);
    let span = "sobjects/Lead/updated/?start=2031-05-06T08:00:00Z&end=2031-05-06T10:00:00Z";
    assert_eq!(world.get(span)["latestDateCovered"], "2031-05-06T09:00:00.000+0000");
    world.advance(8);
    assert_eq!(seen(&mut world), [json!(ids[1]), json!(ids[2]), json!(ids[3])]);
    world.advance(18);
    assert_eq!(seen(&mut world), ids.map(|id| json!(id)));
}
