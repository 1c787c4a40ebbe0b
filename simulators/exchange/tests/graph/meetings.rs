//! Meetings between the mailboxes of one tenant: copies, changes, cancellations.

use serde_json::{Value, json};
use sim_exchange::{Answer, MailboxState, NoticeKind};

use crate::desk::{ANNA, BEN, CRM_ID, Desk, code, column, text};

pub(crate) const MIA: &str = "mia.larsen@fabrikam.example";

pub(crate) fn attendee(address: &str) -> Value {
    json!({"type": "required", "emailAddress": {"name": address, "address": address}})
}

/// A request by another user of the tenant.
pub(crate) fn as_user<T>(desk: &mut Desk, user: &str, ask: impl FnOnce(&mut Desk) -> T) -> T {
    let own = std::mem::replace(&mut desk.token, format!("sim-{user}"));
    let answer = ask(desk);
    desk.token = own;
    answer
}

/// Ben's only event.
pub(crate) fn bens(desk: &mut Desk) -> Value {
    let list = as_user(desk, BEN, |desk| desk.get("/me/events")).1;
    let [event] = list["value"].as_array().unwrap().as_slice() else { panic!("not one event: {list}") };
    event.clone()
}

/// Who got which mail since the last call.
pub(crate) fn mails(desk: &mut Desk) -> Vec<(String, String, NoticeKind)> {
    desk.world.outbox.drain(..).map(|mail| (mail.from, mail.to, mail.kind)).collect()
}

/// Anna's meeting with Ben and, outside, Mia.
pub(crate) fn meeting(desk: &mut Desk, more: &Value) -> String {
    let mut body =
        json!({"attendees": [attendee(BEN), attendee(MIA)], "body": {"contentType": "text", "content": "Agenda"}});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let event = desk.meeting_with("Review", "2026-10-06T09:00:00Z", &body);
    format!("/me/events/{}", text(&event, "/id"))
}

#[test]
fn an_attendee_of_the_tenant_gets_a_copy_of_the_meeting() {
    let mut desk = Desk::new();
    let own = json!({
        "categories": ["Anna's"], "singleValueExtendedProperties": [{"id": CRM_ID, "value": "a"}], "transactionId": "t",
        "showAs": "oof", "sensitivity": "private", "location": {"displayName": "Room 4"},
        "attendees": [attendee(BEN), attendee(&BEN.to_uppercase()), attendee(ANNA), attendee(MIA)],
    });
    let target = meeting(&mut desk, &own);
    let original = desk.get(&target).1;
    let copy = bens(&mut desk);
    for same in ["iCalUId", "subject", "body", "start", "end", "location", "sensitivity", "organizer", "attendees"] {
        assert_eq!(copy[same], original[same], "{same}");
    }
    assert_ne!(copy["id"], original["id"]);
    let expected = json!({
        "isOrganizer": false, "showAs": "tentative", "isCancelled": false, "categories": [], "transactionId": null,
        "responseStatus": {"response": "notResponded", "time": "0001-01-01T00:00:00Z"},
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&copy[name], value, "{name}");
    }
    // Who is named twice is invited once, and the organizer not at all.
    let rows = original["attendees"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["status"]["response"] == "none"), "{rows:?}");
    let to: Vec<String> = mails(&mut desk).into_iter().map(|(_, to, _)| to.to_lowercase()).collect();
    assert_eq!(to, [BEN, MIA]);
    let filter = format!("/me/events?$filter=singleValueExtendedProperties/any(ep:ep/id%20eq%20'{CRM_ID}')");
    let marked = as_user(&mut desk, BEN, |desk| desk.get(&filter.replace(' ', "%20"))).1;
    assert_eq!(marked["value"], json!([]));
}

#[test]
fn a_repeated_create_invites_once_and_a_free_time_stays_free() {
    let mut desk = Desk::new();
    for _ in 0..2 {
        meeting(&mut desk, &json!({"transactionId": "t", "showAs": "free"}));
    }
    assert_eq!(bens(&mut desk)["showAs"], "free");
    assert_eq!(desk.world.mailed(NoticeKind::Invitation), 2);
}

#[test]
fn who_has_no_mailbox_gets_no_copy() {
    let mut desk = Desk::new();
    desk.world.set_mailbox_state(BEN, MailboxState::NotEnabled).unwrap();
    meeting(&mut desk, &json!({}));
    desk.world.set_mailbox_state(BEN, MailboxState::Ready).unwrap();
    assert_eq!(as_user(&mut desk, BEN, |desk| desk.get("/me/events")).1["value"], json!([]));
}

#[test]
fn hidden_attendees_see_only_themselves() {
    let mut desk = Desk::new();
    meeting(&mut desk, &json!({"hideAttendees": true}));
    let copy = bens(&mut desk);
    assert_eq!(
        (copy["attendees"].as_array().unwrap().len(), text(&copy, "/attendees/0/emailAddress/address")),
        (1, BEN)
    );
}

#[test]
fn an_update_reaches_the_copy_and_leaves_what_is_the_attendees_own() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let copy = format!("/me/events/{}", text(&bens(&mut desk), "/id"));
    let own = json!({
        "categories": ["Ben's"], "reminderMinutesBeforeStart": 45, "isReminderOn": false,
        "singleValueExtendedProperties": [{"id": CRM_ID, "value": "b"}],
    });
    let link = as_user(&mut desk, BEN, |desk| {
        assert_eq!(desk.patch(&copy, &own).0, 200);
        assert_eq!(desk.post(&format!("{copy}/accept"), &json!({})).0, 202);
        text(&desk.get("/me/calendarView/delta?startDateTime=2026-10-01&endDateTime=2026-11-01").1, "/@odata.deltaLink")
            .to_owned()
    });
    mails(&mut desk);
    desk.patch(&target, &json!({"subject": "Review II", "location": {"displayName": "Room 5"}}));
    let seen = bens(&mut desk);
    assert_eq!((text(&seen, "/subject"), text(&seen, "/location/displayName")), ("Review II", "Room 5"));
    assert_eq!((text(&seen, "/responseStatus/response"), text(&seen, "/showAs")), ("accepted", "busy"));
    assert_eq!((&seen["categories"], &seen["isReminderOn"]), (&json!(["Ben's"]), &json!(false)));
    assert_eq!(seen["reminderMinutesBeforeStart"], 45);
    let expand =
        format!("{copy}?$expand=singleValueExtendedProperties($filter=id%20eq%20'{}')", CRM_ID.replace(' ', "%20"));
    let shown = as_user(&mut desk, BEN, |desk| desk.get(&expand)).1;
    assert_eq!(text(&shown, "/singleValueExtendedProperties/0/value"), "b");
    let round = as_user(&mut desk, BEN, |desk| desk.get(&link)).1;
    assert_eq!(column(&round, "subject"), ["Review II"]);
    let kinds: Vec<NoticeKind> = mails(&mut desk).into_iter().map(|(_, _, kind)| kind).collect();
    assert_eq!(kinds, [NoticeKind::Update, NoticeKind::Update]);
    // What is the organizer's own reaches nobody.
    let before = bens(&mut desk)["changeKey"].clone();
    desk.patch(&target, &json!({"categories": ["Anna's"], "isReminderOn": false}));
    assert_eq!((&bens(&mut desk)["changeKey"], mails(&mut desk).len()), (&before, 0));
}

#[test]
fn a_new_time_asks_everybody_again() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let uid = text(&desk.get(&target).1, "/iCalUId").to_owned();
    for address in [BEN, MIA] {
        desk.with(|world, context| world.respond_as(address, &uid, Answer::Accepted, context)).unwrap();
    }
    let answers = |desk: &mut Desk| {
        let event = desk.get(&target).1;
        [0, 1].map(|row| text(&event["attendees"][row], "/status/response").to_owned())
    };
    assert_eq!(answers(&mut desk), ["accepted", "accepted"]);
    desk.patch(&target, &json!({"body": {"contentType": "text", "content": "New agenda"}}));
    assert_eq!(answers(&mut desk), ["accepted", "accepted"]);
    assert_eq!(bens(&mut desk)["responseStatus"]["response"], "accepted");
    desk.patch(&target, &json!({"end": {"dateTime": "2026-10-06T12:00:00", "timeZone": "UTC"}}));
    assert_eq!(answers(&mut desk), ["none", "none"]);
    let copy = bens(&mut desk);
    assert_eq!((text(&copy, "/responseStatus/response"), text(&copy, "/showAs")), ("notResponded", "tentative"));
    assert_eq!(text(&copy, "/end/dateTime"), "2026-10-06T12:00:00.0000000");
}

#[test]
fn who_is_uninvited_sees_it_cancelled_and_may_come_back() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({"attendees": [attendee(MIA)]}));
    assert_eq!(as_user(&mut desk, BEN, |desk| desk.get("/me/events")).1["value"], json!([]));
    let both = json!({"attendees": [attendee(MIA), attendee(BEN)]});
    desk.patch(&target, &both);
    let id = bens(&mut desk)["id"].clone();
    mails(&mut desk);
    desk.patch(&target, &json!({"attendees": [attendee(MIA)]}));
    let copy = bens(&mut desk);
    assert_eq!(
        (&copy["isCancelled"], text(&copy, "/subject"), text(&copy, "/showAs")),
        (&json!(true), "Canceled: Review", "free")
    );
    assert_eq!(mails(&mut desk), [(ANNA.to_owned(), BEN.to_owned(), NoticeKind::Cancellation)]);
    desk.patch(&target, &both);
    let copy = bens(&mut desk);
    assert_eq!((&copy["id"], &copy["isCancelled"], text(&copy, "/subject")), (&id, &json!(false), "Review"));
}

#[test]
fn the_organizer_calls_a_meeting_off_by_delete_or_cancel() {
    for by_delete in [true, false] {
        let mut desk = Desk::new();
        let target = meeting(&mut desk, &json!({}));
        mails(&mut desk);
        let status = if by_delete {
            desk.delete(&target).0
        } else {
            desk.post(&format!("{target}/microsoft.graph.cancel"), &json!({"Comment": "Ill"})).0
        };
        assert_eq!(status, if by_delete { 204 } else { 202 });
        assert_eq!(code(&desk.get(&target)), (404, "ErrorItemNotFound"));
        let copy = bens(&mut desk);
        assert_eq!((&copy["isCancelled"], text(&copy, "/subject")), (&json!(true), "Canceled: Review"));
        let comments: Vec<&str> = desk.world.outbox.iter().map(|mail| mail.comment.as_str()).collect();
        assert_eq!(comments, if by_delete { ["", ""] } else { ["Ill", "Ill"] });
        assert!(mails(&mut desk).iter().all(|(_, _, kind)| *kind == NoticeKind::Cancellation));
        // A called-off meeting is only tidied away.
        let copy = format!("/me/events/{}", text(&copy, "/id"));
        as_user(&mut desk, BEN, |desk| {
            assert_eq!(code(&desk.post(&format!("{copy}/accept"), &json!({}))), (400, "ErrorInvalidRequest"));
            assert_eq!(desk.delete(&copy).0, 204);
        });
        assert_eq!(mails(&mut desk), []);
    }
}

#[test]
fn a_guests_own_edits_and_deletes_stay_with_the_guest() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let copy = format!("/me/events/{}", text(&bens(&mut desk), "/id"));
    let version = desk.get(&target).1["changeKey"].clone();
    mails(&mut desk);
    as_user(&mut desk, BEN, |desk| {
        assert_eq!(desk.patch(&copy, &json!({"subject": "Mine", "attendees": []})).0, 200);
        let refused = desk.post(&format!("{copy}/cancel"), &json!({}));
        assert_eq!(code(&refused), (400, "ErrorInvalidRequest"));
        assert!(text(&refused.1, "/error/message").ends_with("You need to be an organizer to cancel a meeting."));
    });
    assert_eq!(text(&bens(&mut desk), "/subject"), "Mine");
    as_user(&mut desk, BEN, |desk| assert_eq!(desk.delete(&copy).0, 204));
    assert_eq!((&desk.get(&target).1["changeKey"], mails(&mut desk)), (&version, vec![]));
    // The next update brings the meeting back.
    desk.patch(&target, &json!({"subject": "Review II"}));
    assert_eq!(text(&bens(&mut desk), "/subject"), "Review II");
}

#[test]
fn five_hundred_attendees_are_enough() {
    let mut desk = Desk::new();
    let many = |count: usize| (0..count).map(|at| attendee(&format!("guest{at}@fabrikam.example"))).collect::<Vec<_>>();
    let target = meeting(&mut desk, &json!({"attendees": many(500)}));
    assert_eq!(desk.world.outbox.len(), 500);
    assert_eq!(desk.patch(&target, &json!({"attendees": many(501)})).0, 400);
    let more = json!({"toRecipients": [attendee(MIA)]});
    assert_eq!(code(&desk.post(&format!("{target}/forward"), &more)), (400, "ErrorInvalidRequest"));
    assert_eq!(desk.world.outbox.len(), 500);
}
