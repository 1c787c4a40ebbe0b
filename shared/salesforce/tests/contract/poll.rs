//! News of several kinds at once, and the allowance of requests.

use reqwest::Method;
use serde_json::{Value, json};
use sim_kit::{Fault, FaultRule};
use syncline_core::cursor::{Next, Page, Position};
use syncline_core::observation::HasId;
use syncline_ports::{ApiBudget, ErrorKind, Polled, Wanted};

use super::*;

const BEN: &str = "ben.carter@northwind.example";

fn wanted(world: &World, [events, tasks, contacts]: [Option<Position>; 3]) -> Wanted {
    Wanted { collection: world.anna.clone(), window: window(), events, tasks, contacts, pressing: false }
}

fn start() -> [Option<Position>; 3] {
    std::array::from_fn(|_| Some(Position::Start))
}

fn after<S>(page: &Page<S>) -> Position {
    match &page.next {
        Next::Done(token) => Position::Delta(token.clone()),
        Next::Page(token) => Position::Page(token.clone()),
    }
}

fn ids<S: HasId>(page: Option<&Result<Page<Observation<S>>, PortError>>) -> Vec<String> {
    let page = page.expect("asked for").as_ref().expect("answered");
    page.items.iter().map(|item| item.id().to_string()).collect()
}

fn positions(polled: &Polled) -> [Option<Position>; 3] {
    [
        polled.events.as_ref().and_then(|it| it.as_ref().ok()).map(after),
        polled.tasks.as_ref().and_then(|it| it.as_ref().ok()).map(after),
        polled.contacts.as_ref().and_then(|it| it.as_ref().ok()).map(after),
    ]
}

async fn poll(world: &World, positions: [Option<Position>; 3]) -> Polled {
    world.crm.poll(&wanted(world, positions)).await.unwrap()
}

#[tokio::test]
async fn an_idle_poll_of_all_kinds_is_one_request_and_one_call() {
    let world = world().await;
    let event = world.plant("event", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let task = world.by_hand(Method::POST, "sobjects/Task", &json!({"Subject": "task"}))["id"].clone();
    let polled = poll(&world, start()).await;
    assert_eq!(ids(polled.events.as_ref()), [event.to_string()]);
    assert_eq!(ids(polled.tasks.as_ref()), [task.as_str().unwrap()]);
    assert_eq!(ids(polled.contacts.as_ref()).len(), 2, "the seed's");

    world.later(1800);
    let settled = positions(&poll(&world, positions(&polled)).await);
    // Also in a process that knows nothing of the org yet.
    let other = world.another_process();
    for crm in [&world.crm, &other] {
        world.later(1800);
        world.org.journal().clear();
        let before = used(&world);
        let idle = crm.poll(&wanted(&world, settled.clone())).await.unwrap();
        assert_eq!(world.org.journal().total(), 1, "one request");
        assert_eq!(used(&world) - before, 2, "one call of the allowance, and the question itself");
        assert_eq!(
            (ids(idle.events.as_ref()), ids(idle.tasks.as_ref()), ids(idle.contacts.as_ref())),
            (vec![], vec![], vec![])
        );
        assert_eq!(positions(&idle), settled, "and every mark stands");
    }
}

/// The org's own count of the calls of the day, as it is before this question.
fn used(world: &World) -> u64 {
    let limits = world.by_hand(Method::GET, "limits", &Value::Null);
    let daily = &limits["DailyApiRequests"];
    daily["Max"].as_u64().unwrap() - daily["Remaining"].as_u64().unwrap()
}

#[tokio::test]
async fn each_kind_goes_its_own_way() {
    let world = world().await;
    let settled = positions(&poll(&world, start()).await);
    world.later(60);
    let task = world.by_hand(Method::POST, "sobjects/Task", &json!({"Subject": "task"}))["id"].clone();
    let [events, tasks, _] = settled;
    let polled = poll(&world, [Some(Position::Delta("rubbish".into())), tasks, None]).await;
    assert_eq!(polled.events.unwrap().unwrap_err().kind, ErrorKind::CursorExpired);
    assert_eq!(ids(polled.tasks.as_ref()), [task.as_str().unwrap()]);
    assert!(polled.contacts.is_none(), "nobody asked");

    world.org.journal().clear();
    let nothing = poll(&world, [Some(Position::Page("rubbish".into())), None, None]).await;
    assert_eq!(nothing.events.unwrap().unwrap_err().kind, ErrorKind::CursorExpired);
    assert_eq!(world.org.journal().total(), 0, "there was nothing to ask");
    assert!(events.is_some());
}

#[tokio::test]
async fn a_poll_pages_kind_by_kind() {
    let world = world().await;
    for n in 0..5 {
        world.plant(&format!("{n}"), "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
        world.by_hand(Method::POST, "sobjects/Task", &json!({"Subject": format!("{n}")}));
    }
    world.org.model().knobs.batch_size = Some(2);
    let (mut events, mut tasks) = (Vec::new(), Vec::new());
    let mut at = [Some(Position::Start), Some(Position::Start), None];
    for _ in 0..3 {
        let polled = poll(&world, at).await;
        events.extend(ids(polled.events.as_ref()));
        tasks.extend(ids(polled.tasks.as_ref()));
        at = positions(&polled);
    }
    assert!(matches!(at, [Some(Position::Delta(_)), Some(Position::Delta(_)), None]), "{at:?}");
    assert_eq!((events.len(), tasks.len()), (5, 5));
}

#[tokio::test]
async fn d18_an_answer_to_an_invitation_shows_the_event_though_it_does_not_touch_it() {
    let world = world().await;
    let event = world.plant("invited", "2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let mia = world.org.model().rows("Contact").next().unwrap().id().to_owned();
    let settled = positions(&poll(&world, start()).await);
    world.later(1800);
    let relation = json!({"EventId": event, "RelationId": mia});
    let relation = world.by_hand(Method::POST, "sobjects/EventRelation", &relation)["id"].as_str().unwrap().to_owned();
    let invited = poll(&world, settled.clone()).await;
    assert_eq!(ids(invited.events.as_ref()), [event.to_string()]);

    world.later(1800);
    let idle = poll(&world, positions(&invited)).await;
    assert_eq!(ids(idle.events.as_ref()), Vec::<String>::new());
    let at = present(world.events().read(std::slice::from_ref(&event)).await.unwrap().remove(0)).version;
    world.later(60);
    world.by_hand(Method::PATCH, &format!("sobjects/EventRelation/{relation}"), &json!({"Status": "Accepted"}));
    let answered = poll(&world, positions(&idle)).await;
    assert_eq!(ids(answered.events.as_ref()), [event.to_string()]);
    let now = present(world.events().read(&[event]).await.unwrap().remove(0)).version;
    if now == at {
        world.org.journal().clear();
    }
    let again = poll(&world, positions(&answered)).await;
    assert_eq!(ids(again.events.as_ref()), Vec::<String>::new(), "once");
}

#[tokio::test]
async fn a_mark_older_than_the_recycle_bin_expires_and_one_that_is_kept_up_does_not() {
    let world = world().await;
    let mut at = positions(&poll(&world, start()).await);
    let old = at.clone();
    for _ in 0..20 {
        world.later(24 * 3600 + 60);
        at = positions(&poll(&world, at).await);
        assert!(at.iter().all(Option::is_some), "polled daily, nothing is lost");
    }
    let polled = poll(&world, old).await;
    for kind in [
        polled.events.unwrap().unwrap_err().kind,
        polled.tasks.unwrap().unwrap_err().kind,
        polled.contacts.unwrap().unwrap_err().kind,
    ] {
        assert_eq!(kind, ErrorKind::CursorExpired);
    }
}

#[tokio::test]
async fn d34_idle_polls_stop_before_the_others_share_and_pressing_ones_go_on() {
    let world = world().await;
    assert_eq!(world.crm.budget(), None, "nothing was heard yet");
    world.org.model().knobs.daily_limit = 1_000;
    let settled = positions(&poll(&world, start()).await);
    let ApiBudget { used, limit } = world.crm.budget().unwrap();
    assert_eq!(limit, 1_000);
    // Others use up nearly all of what we may.
    let left = limit - used;
    for _ in 0..(left * 4 / 5 - left * 2 / 25) {
        world.by_hand(Method::GET, "limits", &Value::Null);
    }
    let pressing = Wanted { pressing: true, ..wanted(&world, settled.clone()) };
    world.crm.poll(&pressing).await.unwrap();
    world.org.journal().clear();
    let refused = world.crm.poll(&wanted(&world, settled.clone())).await.unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::Throttled { after } if after <= Duration::from_mins(15)), "{refused:?}");
    assert_eq!(world.org.journal().total(), 0, "it was not even asked");
    // A colleague's adapter in the same process knows it, too.
    let colleague = world.colleague(BEN);
    assert!(matches!(colleague.poll(&wanted(&world, start())).await.unwrap_err().kind, ErrorKind::Throttled { .. }));
    world.crm.poll(&pressing).await.unwrap();
    world.later(15 * 60 + 1);
    assert!(world.crm.poll(&wanted(&world, settled)).await.is_ok(), "somebody has to ask how it stands");
}

#[tokio::test]
async fn trouble_with_the_whole_call_is_one_error() {
    let world = world().await;
    let settled = positions(&poll(&world, start()).await);
    for (fault, kind) in [
        (Fault::FailBefore(503), ErrorKind::Transient),
        (Fault::FailAfter(500), ErrorKind::Transient),
        (Fault::Drop, ErrorKind::Transient),
        (Fault::Throttle { retry_after: 1 }, ErrorKind::Throttled { after: Duration::from_mins(15) }),
    ] {
        world.org.faults().add(FaultRule::on(Method::POST, "/composite", fault.clone()));
        assert_eq!(world.crm.poll(&wanted(&world, settled.clone())).await.unwrap_err().kind, kind, "{fault:?}");
    }
}
