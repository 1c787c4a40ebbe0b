//! Notifications, from the change in the mailbox to the session.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};
use sim_exchange::LifecycleEvent;
use sim_kit::{Context, Model, Reply, Request, Simulator};
use syncline::mapping::Fed;
use syncline_core::ids::{SubscriptionId, UserId};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::policy::Policy;
use syncline_engine::notify::{self, Notice, Received, Word};
use syncline_engine::{Ports, subscribe};
use syncline_ports::{JobQueue, PortError, PushResource, SubscriptionRow};
use syncline_runtime::access;
use syncline_tests::Scene;
use syncline_tests::world::{ANNA, BEN};
use tokio::task::JoinSet;

/// How long the network may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many notifications arrive at once.
const HANDS: usize = 8;

const A_DAY_SECONDS: u32 = 24 * 60 * 60;

/// A world whose first sessions are over and whose mailboxes tell of their changes.
async fn subscribed(title: &str) -> Scene {
    let mut scene = Scene::begin(title, Policy::default()).await;
    // Graph reminds of a token's end by a letter, which would cross the timer's own renewals.
    scene.world.stack.vendors.exchange.with(|exchange, _| exchange.switches.access_token_seconds = A_DAY_SECONDS);
    scene.world.tick().await;
    scene.world.work_off().await;
    // Longer than the spacing.
    scene.world.advance(Duration::from_mins(1));
    let now = scene.world.now();
    let active = scene.world.stack.vendors.exchange.model().active_subscriptions(now);
    scene.note(format!("The timer has run, the first sessions are over, Exchange has {active} subscriptions"));
    scene
}

/// A post to the webhook; status and text of the answer.
async fn post(scene: &Scene, path: &str, body: String) -> (u16, String) {
    let url = format!("{}{path}", scene.world.stack.console_url());
    let request = scene.world.stack.http.post(url).header("content-type", "application/json").body(body);
    let answer = request.send().await.expect("the webhook answers");
    (answer.status().as_u16(), answer.text().await.expect("text"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_in_outlook_is_notified_and_mirrored() {
    let title = "A change in Outlook is notified, believed, queued once and mirrored, and so is new mail.";
    let mut scene = subscribed(title).await;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.world.until_queued(Fed::Mirror, 1).await;
    scene.work_off().await;
    scene.world.advance(Duration::from_mins(1));
    scene.delete_in_outlook(ANNA, &review).await;
    scene.world.until_queued(Fed::Mirror, 1).await;
    scene.work_off().await;
    scene.calendars(ANNA).await;
    super::ingest::arrives(&mut scene, BEN, "1@fabrikam.example", "mia.larsen@fabrikam.example", "Offer").await;
    scene.world.until_queued(Fed::Ingest, 1).await;
    scene.work_off().await;
    scene.emails().await;
    insta::assert_snapshot!(scene.end().await);
}

/// Takes notifications for somebody else.
#[derive(Default)]
struct Letterbox(Vec<Vec<u8>>);

impl Model for Letterbox {
    fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
        if let Some(token) = request.param("validationToken") {
            return Reply::text(200, "text/plain", token);
        }
        self.0.push(request.body.clone());
        Reply::empty(202)
    }

    fn throttled(&self, _: u32, _: &Context<'_>) -> Reply {
        Reply::empty(429)
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        Reply::empty(status)
    }
}

/// Posts the letters to the webhook, several at a time; how often it gave which answer.
async fn hand_on(scene: &Scene, letters: Vec<Vec<u8>>) -> BTreeMap<u16, usize> {
    let url = format!("{}graph", scene.world.stack.console_url());
    let mut posts = JoinSet::new();
    for hand in 0..HANDS {
        let own: Vec<_> = letters.iter().skip(hand).step_by(HANDS).cloned().collect();
        let (http, url) = (scene.world.stack.http.clone(), url.clone());
        posts.spawn(async move {
            let mut statuses = Vec::new();
            for letter in own {
                let answer = http.post(&url).body(letter).send().await.expect("the webhook answers");
                statuses.push(answer.status().as_u16());
            }
            statuses
        });
    }
    let mut answers = BTreeMap::new();
    for status in posts.join_all().await.into_iter().flatten() {
        *answers.entry(status).or_insert(0) += 1;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d06_a_thousand_notifications_make_one_session() {
    let title = "Exchange sends each notification of a change five hundred times over, and Anna changes something twice: \
                 the thousand make one job and one session.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    scene.mirror(ANNA).await;
    let clock = scene.world.clock.clone();
    let letterbox = Simulator::start_anywhere(Letterbox::default(), clock).await;
    let (notification_url, lifecycle_url) = (letterbox.url(), letterbox.url());
    let address = subscribe::PushAddress { notification_url, lifecycle_url };
    let user = scene.world.stack.store().user(&UserId::new(ANNA.id)).await.expect("a user").expect("Anna");
    subscribe::ensure(scene.world.ports(), &user, &address).await.expect("subscriptions");
    letterbox.journal().clear();

    scene.world.stack.vendors.exchange.model().switches.notification_copies = 500;
    let review = scene.make_in_outlook(ANNA, "Review", "2031-03-04T10:00:00Z").await;
    scene.edit_in_outlook(ANNA, &review, json!({ "subject": "Review of the year" })).await;
    let begun = Instant::now();
    while letterbox.journal().total() < 1_000 {
        assert!(begun.elapsed() < PATIENCE, "only {} came", letterbox.journal().total());
        tokio::task::yield_now().await;
    }
    let letters = letterbox.model().0.clone();
    let answers = hand_on(&scene, letters).await;
    scene.note(format!("The webhook's answers, with how often: {answers:?}"));
    let jobs = scene.world.queued(Fed::Mirror).await;
    scene.note(format!("Jobs on the queue: {jobs}"));
    assert_eq!(jobs, 1);
    assert_eq!(scene.work_off().await, 1, "one session");
    scene.calendars(ANNA).await;
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_believed_is_refused_and_sends_no_job() {
    let title = "The webhook believes only who brings the secret of a subscription, and speaks only Graph's language.";
    let mut scene = subscribed(title).await;
    let user = UserId::new(ANNA.id);
    let rows = scene.world.stack.store().subscriptions(&user).await.expect("subscriptions");
    let known = rows.first().expect("a subscription").id.to_string();
    let notice = |subscription: &str, state: Value| {
        let mut notice = json!({ "subscriptionId": subscription, "changeType": "updated", "tenantId": "t" });
        if !state.is_null() {
            notice["clientState"] = state;
        }
        json!({ "value": [notice] }).to_string()
    };
    for (what, path, body) in [
        ("a wrong secret", "graph", notice(&known, json!("guessed"))),
        ("an empty secret", "graph", notice(&known, json!(""))),
        ("no secret", "graph", notice(&known, Value::Null)),
        ("the secret's hash as the secret", "graph", notice(&known, json!(rows[0].secret_hash))),
        ("a wrong secret in a lifecycle event", "graph/lifecycle", notice(&known, json!("guessed"))),
        ("an unknown subscription", "graph", notice("7f105c7d-2dc5-4530-97cd-4e7ae6534c07", json!("guessed"))),
        ("something else than JSON", "graph", "value".to_owned()),
        ("JSON that is no list", "graph", "{}".to_owned()),
        ("another path", "graph/other", notice(&known, json!("guessed"))),
    ] {
        let (status, text) = post(&scene, path, body).await;
        assert_eq!(text, "", "nothing is told");
        scene.note(format!("{what}: {status}"));
    }
    for function in Fed::ALL {
        assert_eq!(scene.world.queued(function).await, 0, "no job for {function:?}");
    }
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_validation_handshake_is_answered_in_plain_text() {
    let title =
        "Graph asks whether an address is ours: the token comes back decoded, as plain text that no browser runs.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    for path in ["graph", "graph/lifecycle"] {
        let token = "Validation%3A+Testing+client+application%3Cscript%3E";
        let url = format!("{}{path}?validationToken={token}", scene.world.stack.console_url());
        let answer = scene.world.stack.http.post(url).send().await.expect("an answer");
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (content, sniff) = (header("content-type"), header("x-content-type-options"));
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("text"));
        scene.note(format!("/{path}: {status}, {}, {}", content.unwrap_or_default(), sniff.unwrap_or_default()));
        scene.detail(text);
    }
    insta::assert_snapshot!(scene.end().await);
}

/// Notes the jobs instead of sending them.
#[derive(Default)]
struct Noted(Mutex<Vec<(Vec<Job>, Duration)>>);

#[async_trait]
impl JobQueue for Noted {
    async fn send(&self, jobs: &[Job], delay: Duration) -> Result<(), PortError> {
        self.0.lock().expect("the notes").push((jobs.to_vec(), delay));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d07_two_insta_syncs_of_one_user_are_two_seconds_apart() {
    let title = "A notification right after a session waits until two seconds have passed since it ended; further ones \
                 meanwhile are merged with it. Another user does not wait.";
    let mut scene = Scene::begin(title, Policy::default()).await;
    let noted = Arc::new(Noted::default());
    let queue: Arc<dyn JobQueue> = Arc::clone(&noted) as Arc<dyn JobQueue>;
    let ports = Ports { queue, ..scene.world.ports().clone() };
    let secret = "a secret";
    let mut hash = String::new();
    for byte in access::hash(secret) {
        let _ = write!(hash, "{byte:02x}");
    }
    for person in [ANNA, BEN] {
        let row = SubscriptionRow {
            id: SubscriptionId::new(person.id),
            user: UserId::new(person.id),
            resource: PushResource::Events,
            secret_hash: hash.clone(),
            expires: scene.world.now() + SignedDuration::from_hours(24),
        };
        ports.store.put_subscription(&row).await.expect("a subscription");
    }
    let notice =
        |id: &str| Notice { subscription: SubscriptionId::new(id), secret: secret.to_owned(), word: Word::Changed };
    for seconds in [0, 1, 2, 5] {
        scene.mirror(ANNA).await;
        scene.world.advance(Duration::from_secs(seconds));
        let received = notify::receive(&ports, &[notice(ANNA.id), notice(ANNA.id)]).await.expect("received");
        let again = notify::receive(&ports, &[notice(ANNA.id)]).await.expect("received");
        assert_eq!(again, Received { accepted: 1, refused: 0, jobs: 0 }, "merged");
        let sent = std::mem::take(&mut *noted.0.lock().expect("the notes"));
        let [(jobs, delay)] = sent.as_slice() else { panic!("{} sends", sent.len()) };
        let expected = Job::Session { user: UserId::new(ANNA.id), stream: Stream::Mirror, trigger: Trigger::Webhook };
        assert_eq!(jobs, &[expected]);
        scene.note(format!("{seconds} s after the session: {} job, to run in {delay:?}", received.jobs));
    }
    notify::receive(&ports, &[notice(BEN.id)]).await.expect("received");
    let sent = std::mem::take(&mut *noted.0.lock().expect("the notes"));
    scene.note(format!("Ben, who had no session yet: to run in {:?}", sent[0].1));
    insta::assert_snapshot!(scene.end().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lifecycle_events_are_hints_and_mend_the_subscription() {
    let title = "Graph says that notifications were missed, that a subscription wants to be reauthorized, and that it is \
                 gone: each wakes the user's sessions, and the timer renews or makes it anew.";
    let mut scene = subscribed(title).await;
    for event in [LifecycleEvent::Missed, LifecycleEvent::ReauthorizationRequired, LifecycleEvent::SubscriptionRemoved]
    {
        let exchange = &scene.world.stack.vendors.exchange;
        let told = exchange.with(|exchange, at| exchange.send_lifecycle(ANNA.address, event, at));
        scene.act(format!("Graph tells of Anna's {told} subscriptions: {event:?}"));
        scene.world.until_queued(Fed::Mirror, 1).await;
        scene.world.until_queued(Fed::Ingest, 1).await;
        scene.work_off().await;
        subscriptions(&mut scene).await;
        scene.wait(Duration::from_mins(31));
        scene.world.tick().await;
        scene.world.work_off().await;
        scene.note("The timer has run");
        subscriptions(&mut scene).await;
    }
    insta::assert_snapshot!(scene.end().await);
}

async fn subscriptions(scene: &mut Scene) {
    let user = UserId::new(ANNA.id);
    let mut rows = scene.world.stack.store().subscriptions(&user).await.expect("subscriptions");
    rows.sort_by_key(|row| (row.resource == PushResource::Mail, row.id.clone()));
    let active = scene.world.stack.vendors.exchange.model().active_subscriptions(scene.world.now());
    scene.detail(format!("Exchange has {active} subscriptions in all, we know {} of Anna's", rows.len()));
    for row in rows {
        let name = scene.name("subscription", row.id.as_str());
        scene.detail(format!("{name:<15}  {:?} until {}", row.resource, row.expires.strftime("%m-%d %H:%M")));
    }
}
