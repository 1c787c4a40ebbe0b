//! The world as a whole: saving it, repeating it, breaking it.

use serde_json::json;
use sim_exchange::{Exchange, MailboxState, WellKnown};
use sim_kit::{Context, Model};

use crate::desk::{ANNA, BEN, Desk, code, text};

#[test]
fn a_saved_world_goes_on_where_it_was() {
    let mut desk = Desk::new();
    let event = desk.meeting_with("Kept", "2026-10-06T09:00:00Z", &json!({"transactionId": "t"}));
    let mime = b"Subject: \xff\r\n\r\nraw \x00\x01 bytes";
    let mail = desk.with(|world, context| world.deliver(ANNA, WellKnown::Inbox, mime, context)).unwrap();
    let link = text(&desk.get("/me/events/delta").1, "/@odata.deltaLink").to_owned();
    let saved = desk.world.snapshot();
    let text_form: serde_json::Value = serde_json::from_str(&saved.to_string()).unwrap();
    desk.world = Exchange::restore(text_form).unwrap();
    assert_eq!(desk.world.snapshot(), saved);
    let read = desk.get(&format!("/me/events/{}", text(&event, "/id"))).1;
    assert_eq!((&read["changeKey"], &read["subject"]), (&event["changeKey"], &event["subject"]));
    assert_eq!(desk.send("GET", &format!("/me/messages/{mail}/$value"), &[], None).body, mime);
    desk.meeting("New", "2026-10-07T09:00:00Z");
    assert_eq!(desk.get(&link).1["value"].as_array().unwrap().len(), 1);
    assert!(Exchange::restore(json!({"seed": 1})).is_err());
}

#[test]
fn the_same_calls_make_the_same_world() {
    let run = || {
        let mut desk = Desk::new();
        desk.meeting("A", "2026-10-06T09:00:00Z");
        desk.delete("/me/events/nonsense");
        desk.world.snapshot()
    };
    assert_eq!(run(), run());
}

#[test]
fn users_are_added_once_and_mailboxes_can_be_missing() {
    let mut desk = Desk::new();
    desk.world = Exchange::empty("other");
    assert_eq!(desk.get("/me").0, 401);
    let id = desk.world.add_user("Anna Berg", ANNA);
    assert_eq!(desk.world.add_user("Anna Berg", &ANNA.to_uppercase()), id);
    assert_eq!(text(&desk.get("/me").1, "/id"), id);
    for (state, expected) in [
        (MailboxState::NotEnabled, (404, "MailboxNotEnabledForRESTAPI")),
        (MailboxState::Forbidden, (403, "ErrorAccessDenied")),
    ] {
        desk.world.set_mailbox_state(ANNA, state).unwrap();
        assert_eq!(code(&desk.get("/me/events")), expected);
        assert_eq!(desk.get("/me").0, 200);
    }
    assert!(desk.world.set_mailbox_state(BEN, MailboxState::Ready).is_err());
}

#[test]
fn throttling_and_failures_speak_graph() {
    let desk = Desk::new();
    let context = Context { now: desk.now, courier: &desk.courier };
    let reply = desk.world.throttled(9, &context);
    assert_eq!((reply.status.as_u16(), &reply.headers["retry-after"]), (429, &"9".parse().unwrap()));
    assert_eq!(reply.body_json()["error"]["message"], "Application is over its MailboxConcurrency limit.");
    for (status, expected) in [
        (503, "serviceNotAvailable"),
        (504, "gatewayTimeout"),
        (500, "generalException"),
        (401, "InvalidAuthenticationToken"),
    ] {
        let reply = desk.world.failing(status, &context);
        assert_eq!(code(&(reply.status.as_u16(), reply.body_json())), (status, expected));
        assert!(reply.headers.contains_key("request-id"));
    }
}
