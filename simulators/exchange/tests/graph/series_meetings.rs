//! Series with attendees: their copies, and what happens to single occurrences.

use serde_json::{Value, json};
use sim_exchange::{Answer, NoticeKind};

use crate::desk::{ANNA, BEN, Desk, code, text};
use crate::meetings::{MIA, as_user, attendee, bens, mails};

const DAYS: &str = "startDateTime=2026-10-01&endDateTime=2026-11-01";

/// Anna's daily stand-up from 5 to 8 October with Ben and, outside, Mia; its path.
fn series(desk: &mut Desk) -> String {
    let recurrence = json!({
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-10-05", "numberOfOccurrences": 4},
    });
    let more = json!({"recurrence": recurrence, "attendees": [attendee(BEN), attendee(MIA)], "showAs": "oof"});
    let event = desk.meeting_with("Stand-up", "2026-10-05T09:00:00Z", &more);
    mails(desk);
    format!("/me/events/{}", text(&event, "/id"))
}

/// What a user's calendar shows in October.
fn view(desk: &mut Desk, user: &str) -> Vec<Value> {
    let list = as_user(desk, user, |desk| desk.get(&format!("/me/calendarView?{DAYS}&$top=100"))).1;
    list["value"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| format!("/me/events/{}", text(row, "/id"))).collect()
}

/// Day, subject and answer of each.
fn told(rows: &[Value]) -> Vec<String> {
    let day = |row: &Value| text(row, "/start/dateTime")[8..13].to_owned();
    rows.iter()
        .map(|row| format!("{} {} {}", day(row), text(row, "/subject"), text(row, "/responseStatus/response")))
        .collect()
}

fn post(desk: &mut Desk, user: &str, target: &str) {
    assert_eq!(as_user(desk, user, |desk| desk.post(target, &json!({}))).0, 202, "{target}");
}

fn answers(event: &Value) -> Vec<&str> {
    event["attendees"].as_array().unwrap().iter().map(|row| text(row, "/status/response")).collect()
}

#[test]
fn the_copy_of_a_series_is_a_series() {
    let mut desk = Desk::new();
    let target = series(&mut desk);
    let (master, copy) = (desk.get(&target).1, bens(&mut desk));
    assert_eq!((text(&copy, "/type"), &copy["recurrence"]), ("seriesMaster", &master["recurrence"]));
    assert_eq!(copy["iCalUId"], master["iCalUId"]);
    let (annas, mut bens) = (view(&mut desk, ANNA), view(&mut desk, BEN));
    assert_eq!(annas.len(), 4);
    for (anna, ben) in annas.iter().zip(&mut bens) {
        assert_eq!(
            (&ben["iCalUId"], &ben["start"], text(ben, "/type")),
            (&anna["iCalUId"], &anna["start"], "occurrence")
        );
        assert_eq!((&ben["seriesMasterId"], &ben["showAs"]), (&copy["id"], &json!("tentative")));
        assert_ne!(ben["id"], anna["id"]);
    }
}

#[test]
fn a_series_and_its_occurrences_are_answered_each_on_their_own() {
    let mut desk = Desk::new();
    let target = series(&mut desk);
    let master = format!("/me/events/{}", text(&bens(&mut desk), "/id"));
    post(&mut desk, BEN, &format!("{master}/accept"));
    let occurrences = ids(&view(&mut desk, BEN));
    post(&mut desk, BEN, &format!("{}/tentativelyAccept", occurrences[1]));
    post(&mut desk, BEN, &format!("{}/decline", occurrences[2]));
    let seen = view(&mut desk, BEN);
    let expected = ["05T09 Stand-up accepted", "06T09 Stand-up tentativelyAccepted", "08T09 Stand-up accepted"];
    assert_eq!(told(&seen), expected);
    let shown: Vec<&str> = seen.iter().map(|row| text(row, "/showAs")).collect();
    assert_eq!(shown, ["oof", "tentative", "oof"]);
    let annas: Vec<Vec<String>> =
        view(&mut desk, ANNA).iter().map(|row| answers(row).into_iter().map(str::to_owned).collect()).collect();
    let expected = ["accepted", "tentativelyAccepted", "declined", "accepted"];
    assert_eq!(annas, expected.map(|answer| vec![answer.to_owned(), "none".to_owned()]));
    let kinds = [Answer::Accepted, Answer::TentativelyAccepted, Answer::Declined].map(NoticeKind::Response);
    assert_eq!(mails(&mut desk).into_iter().map(|(_, _, kind)| kind).collect::<Vec<_>>(), kinds);
    // People outside may answer one occurrence too.
    let uid = text(&view(&mut desk, ANNA)[3], "/iCalUId").to_owned();
    desk.with(|world, context| world.respond_as(MIA, &uid, Answer::Declined, context)).unwrap();
    assert_eq!(answers(&view(&mut desk, ANNA)[3]), ["accepted", "declined"]);
    assert_eq!(answers(&desk.get(&target).1), ["accepted", "none"]);
    // Declining the series takes all of it away.
    post(&mut desk, BEN, &format!("{master}/decline"));
    assert_eq!(view(&mut desk, BEN), Vec::<Value>::new());
    assert_eq!(answers(&desk.get(&target).1), ["declined", "none"]);
}

#[test]
fn a_changed_occurrence_changes_in_the_copy() {
    let mut desk = Desk::new();
    let target = series(&mut desk);
    let copy = bens(&mut desk);
    post(&mut desk, BEN, &format!("/me/events/{}/accept", text(&copy, "/id")));
    mails(&mut desk);
    let annas = ids(&view(&mut desk, ANNA));
    let own = json!({"categories": ["Anna's"], "showAs": "free"});
    assert_eq!(desk.patch(&annas[0], &own).0, 200);
    assert_eq!(desk.patch(&annas[1], &json!({"subject": "Planning"})).0, 200);
    let later = json!({
        "start": {"dateTime": "2026-10-07T14:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-10-07T15:00:00", "timeZone": "UTC"},
    });
    assert_eq!(desk.patch(&annas[2], &later).0, 200);
    let expected = [
        "05T09 Stand-up accepted",
        "06T09 Planning accepted",
        "07T14 Stand-up notResponded",
        "08T09 Stand-up accepted",
    ];
    let seen = view(&mut desk, BEN);
    assert_eq!(told(&seen), expected);
    assert_eq!((&seen[0]["categories"], text(&seen[1], "/type")), (&json!([]), "exception"));
    assert_eq!(seen[1]["seriesMasterId"], copy["id"]);
    // Who comes later gets the series with its exceptions, and none of what is Anna's or Ben's own.
    let cleo = "cleo.diaz@northwind.example";
    desk.world.add_user("Cleo Diaz", cleo);
    desk.patch(&target, &json!({"attendees": [attendee(BEN), attendee(MIA), attendee(cleo)]}));
    let seen = view(&mut desk, cleo);
    let expected = ["05T09 Stand-up", "06T09 Planning", "07T14 Stand-up", "08T09 Stand-up"];
    assert_eq!(told(&seen), expected.map(|row| format!("{row} notResponded")));
    assert!(
        seen.iter().all(|row| row["categories"] == json!([]) && answers(row).iter().all(|answer| *answer == "none"))
    );
    // A new text for the series leaves the occurrences' own alone.
    desk.patch(&target, &json!({"subject": "Daily"}));
    let expected = ["05T09 Daily", "06T09 Planning", "07T14 Daily", "08T09 Daily"];
    assert_eq!(told(&view(&mut desk, cleo)), expected.map(|row| format!("{row} notResponded")));
    // A new time for the series asks everybody again, for all of it.
    let earlier = json!({
        "start": {"dateTime": "2026-10-05T08:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-10-05T09:00:00", "timeZone": "UTC"},
    });
    desk.patch(&target, &earlier);
    for user in [BEN, cleo] {
        let expected = ["05T08", "06T08", "07T08", "08T08"].map(|day| format!("{day} Daily notResponded"));
        assert_eq!(told(&view(&mut desk, user)), expected, "{user}");
    }
}

#[test]
fn one_occurrence_is_called_off() {
    for by_delete in [true, false] {
        let mut desk = Desk::new();
        let target = series(&mut desk);
        let annas = ids(&view(&mut desk, ANNA));
        let status =
            if by_delete { desk.delete(&annas[1]).0 } else { desk.post(&format!("{}/cancel", annas[1]), &json!({})).0 };
        assert_eq!(status, if by_delete { 204 } else { 202 });
        assert_eq!(view(&mut desk, ANNA).len(), 3);
        let expected = ["05T09 Stand-up", "06T09 Canceled: Stand-up", "07T09 Stand-up", "08T09 Stand-up"];
        let expected = expected.map(|row| format!("{row} notResponded"));
        let seen = view(&mut desk, BEN);
        assert_eq!(told(&seen), expected);
        let cancelled: Vec<bool> = seen.iter().map(|row| row["isCancelled"] == true).collect();
        assert_eq!(cancelled, [false, true, false, false]);
        let sent = mails(&mut desk);
        assert_eq!(sent.iter().map(|(_, to, _)| to.as_str()).collect::<Vec<_>>(), [BEN, MIA]);
        assert!(sent.iter().all(|(_, _, kind)| *kind == NoticeKind::Cancellation));
        // It stays so when the series changes, and can be tidied away.
        desk.patch(&target, &json!({"location": {"displayName": "Room 4"}}));
        let seen = view(&mut desk, BEN);
        assert_eq!((told(&seen), text(&seen[0], "/location/displayName")), (expected.to_vec(), "Room 4"));
        let gone = ids(&seen).swap_remove(1);
        assert_eq!(as_user(&mut desk, BEN, |desk| desk.delete(&gone)).0, 204);
        assert_eq!(code(&as_user(&mut desk, BEN, |desk| desk.get(&gone))), (404, "ErrorItemNotFound"));
        // Calling off the series reaches what is left.
        mails(&mut desk);
        assert_eq!(desk.delete(&target).0, 204);
        assert!(view(&mut desk, BEN).iter().all(|row| row["isCancelled"] == true && row["showAs"] == "free"));
        assert_eq!(mails(&mut desk).len(), 2);
    }
}

#[test]
fn a_declined_occurrence_comes_back_when_it_changes() {
    let mut desk = Desk::new();
    let target = series(&mut desk);
    let occurrences = ids(&view(&mut desk, BEN));
    post(&mut desk, BEN, &format!("{}/decline", occurrences[1]));
    desk.patch(&target, &json!({"subject": "Daily"}));
    assert_eq!(told(&view(&mut desk, BEN)), ["05T09", "07T09", "08T09"].map(|day| format!("{day} Daily notResponded")));
    let annas = ids(&view(&mut desk, ANNA));
    desk.patch(&annas[1], &json!({"subject": "Please come"}));
    let seen = view(&mut desk, BEN);
    assert_eq!(told(&seen)[1], "06T09 Please come notResponded");
    assert_eq!(ids(&seen)[1], occurrences[1]);
}

#[test]
fn who_is_invited_to_one_occurrence_has_only_that() {
    let cleo = "cleo.diaz@northwind.example";
    let mut desk = Desk::new();
    desk.world.add_user("Cleo Diaz", cleo);
    let target = series(&mut desk);
    let annas = ids(&view(&mut desk, ANNA));
    desk.patch(&annas[2], &json!({"attendees": [attendee(BEN), attendee(cleo)]}));
    let seen = view(&mut desk, cleo);
    assert_eq!(told(&seen), ["07T09 Stand-up notResponded"]);
    assert_eq!(
        (text(&seen[0], "/type"), &seen[0]["iCalUId"]),
        ("singleInstance", &view(&mut desk, ANNA)[2]["iCalUId"])
    );
    post(&mut desk, cleo, &format!("{}/accept", ids(&seen)[0]));
    assert_eq!(answers(&view(&mut desk, ANNA)[2]), ["none", "accepted"]);
    assert_eq!(answers(&desk.get(&target).1), ["none", "none"]);
    // A new attendee of the series is one of that occurrence too; Mia stays out of it.
    let tom = "tom.okafor@contoso.example";
    desk.patch(&target, &json!({"attendees": [attendee(BEN), attendee(MIA), attendee(tom)]}));
    let rows = view(&mut desk, ANNA)[2]["attendees"].clone();
    let people: Vec<&str> = rows.as_array().unwrap().iter().map(|row| text(row, "/emailAddress/address")).collect();
    assert_eq!(people, [BEN, tom, cleo]);
    mails(&mut desk);
    desk.delete(&target);
    assert_eq!(view(&mut desk, cleo)[0]["isCancelled"], true);
    let mut to: Vec<String> = mails(&mut desk).into_iter().map(|(_, to, _)| to).collect();
    to.sort();
    assert_eq!(to, [BEN, cleo, MIA, tom]);
}

#[test]
fn a_meeting_may_become_a_series_and_single_again() {
    let mut desk = Desk::new();
    let target = series(&mut desk);
    assert_eq!(desk.patch(&target, &json!({"recurrence": null})).0, 200);
    assert_eq!((text(&bens(&mut desk), "/type"), view(&mut desk, BEN).len()), ("singleInstance", 1));
    let weekly = json!({
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
        "range": {"type": "numbered", "startDate": "2026-10-05", "numberOfOccurrences": 3},
    });
    assert_eq!(desk.patch(&target, &json!({"recurrence": weekly})).0, 200);
    assert_eq!((text(&bens(&mut desk), "/type"), view(&mut desk, BEN).len()), ("seriesMaster", 3));
}
