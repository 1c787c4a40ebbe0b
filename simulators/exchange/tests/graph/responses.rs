//! Answers to invitations, invitations passed on, and reminders.

use http::Method;
use serde_json::{Value, json};
use sim_exchange::{Answer, Invitation, NoticeKind};
use sim_kit::Request;

use crate::desk::{ANNA, BEN, Desk, ORIGIN, code, column, text, told};
use crate::meetings::{MIA, as_user, attendee, bens, mails, meeting};

fn response(kind: Answer) -> Vec<(String, String, NoticeKind)> {
    vec![(BEN.to_owned(), ANNA.to_owned(), NoticeKind::Response(kind))]
}

/// What Anna's event says of Ben.
fn row(desk: &mut Desk, target: &str) -> Value {
    desk.get(target).1["attendees"][0].clone()
}

/// Ben does something to his copy.
fn act(desk: &mut Desk, action: &str, body: &Value) -> (u16, Value) {
    let id = text(&bens(desk), "/id").to_owned();
    as_user(desk, BEN, |desk| desk.post(&format!("/me/events/{id}/{action}"), body))
}

#[test]
fn an_answer_changes_the_copy_and_reaches_the_organizer() {
    let cases = [
        ("accept", json!({"comment": "Yes", "sendResponse": true}), Answer::Accepted, "accepted", "oof"),
        (
            "microsoft.graph.accept",
            json!({"Comment": "Yes", "SendResponse": "true"}),
            Answer::Accepted,
            "accepted",
            "oof",
        ),
        ("tentativelyAccept", json!({}), Answer::TentativelyAccepted, "tentativelyAccepted", "tentative"),
    ];
    for (action, body, answer, response_name, shown) in cases {
        let mut desk = Desk::new();
        let target = meeting(&mut desk, &json!({"showAs": "oof"}));
        let before = desk.get(&target).1;
        let link = text(&desk.get("/me/events/delta").1, "/@odata.deltaLink").to_owned();
        mails(&mut desk);
        assert_eq!(act(&mut desk, action, &body), (202, Value::Null), "{action}");
        let copy = bens(&mut desk);
        let status = json!({"response": response_name, "time": "2026-10-01T09:00:00Z"});
        assert_eq!((&copy["responseStatus"], text(&copy, "/showAs")), (&status, shown), "{action}");
        assert_eq!(row(&mut desk, &target)["status"], status, "{action}");
        let after = desk.get(&target).1;
        assert_ne!(after["changeKey"], before["changeKey"]);
        assert_eq!(after["responseStatus"]["response"], "organizer");
        assert_eq!(column(&desk.get(&link).1, "id"), [text(&after, "/id")]);
        assert_eq!(
            desk.world.outbox[0].comment,
            body["comment"].as_str().or(body["Comment"].as_str()).unwrap_or_default()
        );
        assert_eq!(mails(&mut desk), response(answer), "{action}");
    }
}

#[test]
fn a_declined_meeting_leaves_the_calendar_until_it_changes() {
    for send in [true, false] {
        let mut desk = Desk::new();
        let target = meeting(&mut desk, &json!({}));
        let id = text(&bens(&mut desk), "/id").to_owned();
        let link =
            as_user(&mut desk, BEN, |desk| text(&desk.get("/me/events/delta").1, "/@odata.deltaLink").to_owned());
        mails(&mut desk);
        assert_eq!(act(&mut desk, "decline", &json!({"sendResponse": send})).0, 202);
        as_user(&mut desk, BEN, |desk| {
            assert_eq!(code(&desk.get(&format!("/me/events/{id}"))), (404, "ErrorItemNotFound"));
            assert_eq!(desk.get(&link).1["value"][0]["@removed"]["reason"], "deleted");
        });
        assert_eq!(row(&mut desk, &target)["status"]["response"], if send { "declined" } else { "none" });
        assert_eq!(mails(&mut desk), if send { response(Answer::Declined) } else { vec![] });
        desk.patch(&target, &json!({"subject": "Review, please"}));
        assert_eq!(bens(&mut desk)["responseStatus"]["response"], "notResponded");
    }
}

#[test]
fn an_answer_may_stay_with_the_attendee() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({"responseRequested": false}));
    let before = desk.get(&target).1;
    mails(&mut desk);
    for body in [json!({}), json!({"sendResponse": true})] {
        let refused = act(&mut desk, "accept", &body);
        assert_eq!(code(&refused), (400, "ErrorInvalidRequest"));
        assert!(text(&refused.1, "/error/message").ends_with("The meeting organizer hasn't requested a response."));
    }
    assert_eq!(act(&mut desk, "accept", &json!({"sendResponse": "false"})).0, 202);
    assert_eq!(bens(&mut desk)["responseStatus"]["response"], "accepted");
    assert_eq!(desk.get(&target).1, before);
    assert_eq!(mails(&mut desk), []);
}

#[test]
fn an_action_needs_no_body_and_works_on_every_path() {
    let paths =
        ["/me/events/ID/accept", "/me/calendar/events/ID/accept", "/users/BEN/events('ID')/microsoft.graph.accept()"];
    for path in paths {
        let mut desk = Desk::new();
        let target = meeting(&mut desk, &json!({}));
        let id = text(&bens(&mut desk), "/id").replace('=', "%3D");
        let path = path.replace("ID", &id).replace("BEN", BEN);
        let reply = as_user(&mut desk, BEN, |desk| {
            let mut request = Request::new(Method::POST, &format!("/v1.0{path}"), ORIGIN);
            request.headers.insert("authorization", format!("Bearer {}", desk.token).parse().unwrap());
            desk.hand_in(&request)
        });
        assert_eq!((reply.status.as_u16(), reply.body.len()), (202, 0), "{path}");
        assert_eq!(row(&mut desk, &target)["status"]["response"], "accepted", "{path}");
    }
    let mut desk = Desk::new();
    meeting(&mut desk, &json!({}));
    let id = text(&bens(&mut desk), "/id").to_owned();
    as_user(&mut desk, BEN, |desk| {
        let calendar = text(&desk.get("/me/calendar").1, "/id").to_owned();
        assert_eq!(desk.post(&format!("/me/calendars/{calendar}/events/{id}/tentativelyAccept"), &json!({})).0, 202);
        assert_eq!(desk.get(&format!("/me/events/{id}/accept")).0, 405);
    });
}

#[test]
fn a_new_time_may_be_proposed_where_that_is_welcome() {
    let slot = json!({
        "Start": {"dateTime": "2026-10-07T09:00:00", "timeZone": "W. Europe Standard Time"},
        "end": {"DateTime": "2026-10-07T10:00:00", "TimeZone": "W. Europe Standard Time"},
    });
    let with = |more: Value| {
        let mut body = json!({"proposedNewTime": slot});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let refused = [
        ("accept", with(json!({})), "RequestBodyRead"),
        ("tentativelyAccept", with(json!({"sendResponse": false})), "ErrorInvalidParameter"),
        ("decline", json!({"comment": "No", "sendResponse": false}), "ErrorInvalidParameter"),
        ("decline", with(json!({"proposedNewTime": {"start": slot["Start"]}})), "RequestBodyRead"),
        ("accept", json!({"sendResponse": "perhaps"}), "RequestBodyRead"),
        ("accept", json!({"note": "x"}), "RequestBodyRead"),
        ("accept", json!([]), "BadRequest"),
    ];
    for (action, body, expected) in refused {
        assert_eq!(code(&act(&mut desk, action, &body)), (400, expected), "{action} {body}");
    }
    assert_eq!(bens(&mut desk)["responseStatus"]["response"], "notResponded");
    assert_eq!(act(&mut desk, "TentativelyAccept", &with(json!({}))).0, 202);
    let proposed = json!({
        "start": {"dateTime": "2026-10-07T07:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-10-07T08:00:00.0000000", "timeZone": "UTC"},
    });
    assert_eq!(row(&mut desk, &target)["proposedNewTime"], proposed);
    desk.patch(&target, &json!({"attendees": [attendee(BEN)]}));
    assert_eq!(row(&mut desk, &target)["proposedNewTime"], proposed);
    desk.patch(&target, &json!({"start": {"dateTime": "2026-10-06T08:00:00", "timeZone": "UTC"}}));
    assert!(row(&mut desk, &target).get("proposedNewTime").is_none());
    let mut desk = Desk::new();
    meeting(&mut desk, &json!({"allowNewTimeProposals": false}));
    assert_eq!(code(&act(&mut desk, "decline", &with(json!({})))), (400, "ErrorInvalidRequest"));
}

#[test]
fn nobody_answers_the_own_meeting() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    for action in ["accept", "tentativelyAccept", "decline"] {
        let refused = desk.post(&format!("{target}/{action}"), &json!({"sendResponse": true}));
        assert_eq!(code(&refused), (400, "ErrorInvalidRequest"));
        let message = text(&refused.1, "/error/message");
        assert!(
            message.ends_with("You can't respond to this meeting because you're the meeting organizer."),
            "{message}"
        );
    }
    assert_eq!(code(&desk.post("/me/events/nonsense/accept", &json!({}))), (400, "ErrorInvalidIdMalformed"));
}

#[test]
fn people_outside_answer_too() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let uid = text(&desk.get(&target).1, "/iCalUId").to_owned();
    mails(&mut desk);
    desk.with(|world, context| world.respond_as(MIA, &uid, Answer::Declined, context)).unwrap();
    let status = json!({"response": "declined", "time": "2026-10-01T09:00:00Z"});
    assert_eq!(desk.get(&target).1["attendees"][1]["status"], status);
    assert_eq!(mails(&mut desk), [], "their mail is not Exchange's");
    for (address, uid) in [("tom@contoso.example", uid.as_str()), (MIA, "040000008200E000"), (BEN, "040000008200E000")]
    {
        assert!(desk.with(|world, context| world.respond_as(address, uid, Answer::Accepted, context)).is_err());
    }
}

#[test]
fn an_invitation_from_outside_is_answered_and_updated() {
    let mut desk = Desk::new();
    let mut invitation = Invitation {
        organizer_name: "Mia Larsen".to_owned(),
        organizer_address: MIA.to_owned(),
        ical_uid: Some("040000008200E000ABC".to_owned()),
        event: json!({
            "subject": "Review", "attendees": [attendee(ANNA)], "showAs": "busy",
            "start": {"dateTime": "2026-10-06T09:00:00", "timeZone": "UTC"},
            "end": {"dateTime": "2026-10-06T10:00:00", "timeZone": "UTC"},
        }),
    };
    let id = desk.with(|world, context| world.place_invitation(ANNA, &invitation, context)).unwrap();
    let target = format!("/me/events/{id}");
    assert_eq!(desk.post(&format!("{target}/accept"), &json!({})).0, 202);
    assert_eq!(mails(&mut desk), [(ANNA.to_owned(), MIA.to_owned(), NoticeKind::Response(Answer::Accepted))]);
    desk.patch(&target, &json!({"categories": ["Mine"]}));
    let answers = [
        ("subject", json!("Review II"), "accepted"),
        ("end", json!({"dateTime": "2026-10-06T11:00:00", "timeZone": "UTC"}), "notResponded"),
    ];
    for (name, value, expected) in answers {
        invitation.event[name] = value;
        let again = desk.with(|world, context| world.place_invitation(ANNA, &invitation, context)).unwrap();
        let event = desk.get(&target).1;
        assert_eq!((again, text(&event, "/responseStatus/response")), (id.clone(), expected));
        assert_eq!((text(&event, "/subject"), &event["categories"]), ("Review II", &json!(["Mine"])));
    }
    assert_eq!(desk.get("/me/events").1["value"].as_array().unwrap().len(), 1);
    desk.with(|world, context| world.cancel_invitation(ANNA, &id, context)).unwrap();
    assert_eq!(text(&desk.get(&target).1, "/subject"), "Canceled: Review II");
}

#[test]
fn a_forwarded_meeting_has_one_attendee_more() {
    let tom = "tom.okafor@contoso.example";
    let mut desk = Desk::new();
    desk.world.add_user("Cleo Diaz", "cleo.diaz@northwind.example");
    let target = meeting(&mut desk, &json!({}));
    mails(&mut desk);
    let to = json!({"ToRecipients": [{"EmailAddress": {"Address": tom, "Name": "Tom"}}, {"emailAddress": {"address": "cleo.diaz@northwind.example"}}], "Comment": "You too"});
    assert_eq!(act(&mut desk, "forward", &to).0, 202);
    let rows = desk.get(&target).1["attendees"].clone();
    let people: Vec<&str> = rows.as_array().unwrap().iter().map(|row| text(row, "/emailAddress/address")).collect();
    assert_eq!(people, [BEN, MIA, tom, "cleo.diaz@northwind.example"]);
    assert_eq!((text(&rows[2], "/type"), text(&rows[2], "/emailAddress/name")), ("optional", "Tom"));
    let copies = as_user(&mut desk, "cleo.diaz@northwind.example", |desk| desk.get("/me/events")).1;
    assert_eq!(text(&copies, "/value/0/organizer/emailAddress/address"), ANNA);
    let kinds: Vec<(String, NoticeKind)> = mails(&mut desk).into_iter().map(|(_, to, kind)| (to, kind)).collect();
    let invited = |address: &str| (address.to_owned(), NoticeKind::Invitation);
    let expected = [invited(tom), invited("cleo.diaz@northwind.example"), (ANNA.to_owned(), NoticeKind::Forwarded)];
    assert_eq!(kinds, expected);
    // Who is invited already hears of it and keeps the answer; the organizer tells nobody of the own doing.
    act(&mut desk, "accept", &json!({}));
    mails(&mut desk);
    assert_eq!(desk.post(&format!("{target}/forward"), &json!({"toRecipients": [attendee(BEN)]})).0, 202);
    assert_eq!(mails(&mut desk), [(ANNA.to_owned(), BEN.to_owned(), NoticeKind::Invitation)]);
    assert_eq!(bens(&mut desk)["responseStatus"]["response"], "accepted");
    for wrong in [json!({}), json!({"toRecipients": []}), json!({"toRecipients": [{"emailAddress": {"name": "x"}}]})] {
        assert_eq!(code(&desk.post(&format!("{target}/forward"), &wrong)), (400, "ErrorInvalidRecipients"), "{wrong}");
    }
}

#[test]
fn reminders_are_put_off_and_dismissed() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({}));
    let version = bens(&mut desk)["changeKey"].clone();
    assert_eq!(desk.post(&format!("{target}/dismissReminder"), &json!({})).0, 200);
    assert_eq!(desk.get(&target).1["isReminderOn"], false);
    let later = json!({"NewReminderTime": {"dateTime": "2026-10-06T08:55:00", "timeZone": "UTC"}});
    assert_eq!(desk.post(&format!("{target}/snoozeReminder"), &later).0, 200);
    assert_eq!(desk.get(&target).1["isReminderOn"], true);
    assert_eq!(code(&desk.post(&format!("{target}/snoozeReminder"), &json!({}))), (400, "RequestBodyRead"));
    assert_eq!(bens(&mut desk)["changeKey"], version);
}

#[test]
fn answers_of_a_saved_world_are_kept() {
    let mut desk = Desk::new();
    let target = meeting(&mut desk, &json!({"showAs": "oof"}));
    desk.world = sim_exchange::Exchange::restore(desk.world.snapshot()).unwrap();
    act(&mut desk, "accept", &json!({}));
    desk.world = sim_exchange::Exchange::restore(desk.world.snapshot()).unwrap();
    assert_eq!(bens(&mut desk)["showAs"], "oof");
    assert_eq!(row(&mut desk, &target)["status"]["response"], "accepted");
    assert_eq!(told(&desk.send("DELETE", &target, &[], None)).0, 204);
}
