//! The mail port's contract, against the simulator.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sim_kit::{Context, Fault, FaultRule, Model, Reply, Request, SimClock, Simulator};
use syncline_core::cursor::{Next, Page, Position};
use syncline_core::ids::RemoteId;
use syncline_core::mail::{Mail, MailObservation};
use syncline_gmail::{Gmail, PAGE, Settings};
use syncline_ports::{Clock, ErrorKind, Grant, GrantVault, Mailbox, Mails, PortError};

const CARLA: &str = "carla.diaz@northwind.example";

struct Time(SimClock);

#[async_trait]
impl Clock for Time {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
    }
}

/// Keeps the grant, and what was saved when.
struct Vault {
    grant: Mutex<Grant>,
    saves: Mutex<u32>,
}

#[async_trait]
impl GrantVault for Vault {
    async fn load(&self) -> Result<Grant, PortError> {
        Ok(self.grant.lock().unwrap().clone())
    }

    async fn save(&self, grant: &Grant) -> Result<(), PortError> {
        *self.grant.lock().unwrap() = grant.clone();
        *self.saves.lock().unwrap() += 1;
        Ok(())
    }
}

/// Carla's mailbox at a server of any kind.
struct Rig<M> {
    server: Simulator<M>,
    vault: Arc<Vault>,
    gmail: Gmail,
}

impl<M: Model> Rig<M> {
    async fn over(model: M) -> Self {
        let clock = SimClock::fixed("2031-03-03T09:00:00Z".parse().unwrap());
        let server = Simulator::start_anywhere(model, clock.clone()).await;
        let settings = Settings {
            gmail_url: server.url(),
            token_url: format!("{}/token", server.url()),
            ..Settings::new("syncline-client", "syncline-secret")
        };
        let grant = Grant {
            refresh_token: format!("refresh-{CARLA}"),
            access_token: Some(format!("sim-{CARLA}")),
            expires: None,
            instance_url: None,
        };
        let vault = Arc::new(Vault { grant: Mutex::new(grant), saves: Mutex::new(0) });
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let gmail = Gmail::new(settings, http, vault.clone(), Arc::new(Time(clock)), CARLA);
        Self { server, vault, gmail }
    }

    fn since(&self) -> Timestamp {
        self.server.clock().now() - SignedDuration::from_hours(24)
    }

    async fn changes(&self, position: &Position) -> Result<Page<MailObservation>, PortError> {
        self.gmail.mails().changes("mail", self.since(), position).await
    }

    /// All of a round, page by page: the items, the token for the next round, the number of pages.
    async fn round(&self, mut position: Position) -> (Vec<MailObservation>, Position, u32) {
        let (mut items, mut pages) = (Vec::new(), 0);
        loop {
            let page = self.changes(&position).await.unwrap();
            pages += 1;
            items.extend(page.items);
            match page.next {
                Next::Page(token) => position = Position::Page(token),
                Next::Done(token) => return (items, Position::Delta(token), pages),
            }
        }
    }

    fn fault(&self, target: &str, fault: Fault) {
        self.server.faults().add(FaultRule::on(http::Method::GET, target, fault));
    }

    fn asked(&self, path: &str) -> usize {
        self.server.journal().entries().filter(|entry| entry.path.contains(path)).count()
    }
}

impl Rig<sim_gmail::Gmail> {
    async fn northwind() -> Self {
        Self::over(sim_gmail::Gmail::northwind("2031-03-03T09:00:00Z".parse().unwrap())).await
    }

    fn deliver(&self, labels: &[&str], mime: &str) -> RemoteId {
        let id = self.server.with(|world, context| world.deliver(CARLA, labels, mime.as_bytes(), context));
        RemoteId::new(id.unwrap())
    }

    fn note(&self, labels: &[&str], number: usize) -> RemoteId {
        self.deliver(labels, &note(number))
    }

    async fn modify(&self, id: &RemoteId, action: &str, body: &str) {
        let url = format!("{}/gmail/v1/users/me/messages/{id}{action}", self.server.url());
        let request =
            reqwest::Client::builder().no_proxy().build().unwrap().post(url).bearer_auth(format!("sim-{CARLA}"));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        assert!(request.send().await.unwrap().status().is_success());
    }
}

fn note(number: usize) -> String {
    format!(
        "From: \"Mia M=C3=BCller\" <mia@fabrikam.example>\r\nTo: {CARLA}\r\nSubject: Note {number}\r\n\
         Date: Mon, 3 Mar 2031 09:59:00 +0100\r\nMessage-ID: <{number}@fabrikam.example>\r\n\r\nHello {number}\r\n"
    )
}

fn mails(items: &[MailObservation]) -> Vec<&Mail> {
    items
        .iter()
        .map(|item| match item {
            MailObservation::Present(mail) => &**mail,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn ids(items: &[MailObservation]) -> Vec<RemoteId> {
    let mut ids: Vec<_> = mails(items).into_iter().map(|mail| mail.id.clone()).collect();
    ids.sort();
    ids
}

fn kind<T>(result: Result<T, PortError>) -> ErrorKind {
    match result {
        Err(error) => error.kind,
        Ok(_) => panic!("went well"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_empty_mailbox_is_one_empty_page() {
    let rig = Rig::northwind().await;
    assert_eq!(rig.gmail.mails().collections(), ["mail"]);
    assert!(rig.gmail.events().is_none() && rig.gmail.push().is_none());
    let (items, _, pages) = rig.round(Position::Start).await;
    assert_eq!((items.len(), pages), (0, 1));
    assert_eq!(kind(rig.gmail.mails().changes("inbox", rig.since(), &Position::Start).await), ErrorKind::Rejected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_comes_with_all_it_says() {
    let rig = Rig::northwind().await;
    let id = rig.deliver(
        &["INBOX", "UNREAD"],
        "From: =?utf-8?Q?Mia_M=C3=BCller?= <Mia@Fabrikam.example>\r\nTO: Carla <carla.diaz@northwind.example>\r\n\
         Cc: \"Stone, Kim\" <kim@litware.example>\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nMessage-Id: <9@fabrikam.example>\r\n\
         Date: Mon, 3 Mar 2031 09:59:00 +0100\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=FC=DFe\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\u{fc}\u{df}e</p>\r\n--b--\r\n",
    );
    let (items, _, _) = rig.round(Position::Start).await;
    let found = mails(&items);
    assert_eq!(found.len(), 1);
    let mail = found[0];
    assert_eq!(mail.id, id);
    assert_eq!(mail.message_id.as_ref().unwrap().as_str(), "9@fabrikam.example");
    assert_eq!((mail.subject.as_str(), mail.text.trim()), ("Grüße", "Grüße"));
    assert_eq!(mail.html.as_deref().map(str::trim), Some("<p>Grüße</p>"));
    let from = mail.from.as_ref().unwrap();
    assert_eq!((from.address.as_str(), from.name.as_str()), ("mia@fabrikam.example", "Mia Müller"));
    assert_eq!(mail.cc[0].name, "Stone, Kim");
    assert_eq!(mail.sent.to_string(), "2031-03-03T08:59:00Z");
    assert_eq!(mail.received, rig.server.clock().now());
    assert!(!mail.is_draft && !mail.is_service);
    assert_eq!(rig.gmail.mails().read(&id).await.unwrap(), items[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_listing_pages_through_what_is_new_enough_and_no_junk() {
    let rig = Rig::northwind().await;
    rig.note(&["INBOX"], 0);
    rig.server.clock().advance(Duration::from_hours(48));
    let mut expected = Vec::new();
    for number in 1..=2 * usize::from(PAGE) + 5 {
        expected.push(rig.note(if number % 2 == 0 { &["INBOX", "UNREAD"] } else { &["SENT"] }, number));
    }
    let draft = rig.note(&["DRAFT"], 900);
    expected.push(draft.clone());
    for label in ["TRASH", "SPAM"] {
        rig.note(&[label], 901);
    }
    expected.sort();
    let (items, _, pages) = rig.round(Position::Start).await;
    assert_eq!((ids(&items), pages), (expected, 3));
    let drafts: Vec<_> = mails(&items).into_iter().filter(|mail| mail.is_draft).map(|mail| mail.id.clone()).collect();
    assert_eq!(drafts, [draft]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn mail_that_arrives_during_a_listing_is_in_the_next_round() {
    let rig = Rig::northwind().await;
    for number in 0..=usize::from(PAGE) {
        rig.note(&["INBOX"], number);
    }
    let first = rig.changes(&Position::Start).await.unwrap();
    let Next::Page(token) = first.next else { panic!("one page only") };
    let late = rig.note(&["INBOX"], 900);
    let (_, delta, _) = rig.round(Position::Page(token)).await;
    let (items, delta, _) = rig.round(delta).await;
    assert_eq!(ids(&items), [late]);
    assert_eq!(rig.round(delta).await.0, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn changes_show_each_message_once_however_often_it_changed() {
    let rig = Rig::northwind().await;
    let old = rig.note(&["INBOX"], 0);
    let (_, delta, _) = rig.round(Position::Start).await;
    let new = rig.note(&["INBOX"], 1);
    for label in ["STARRED", "IMPORTANT"] {
        for id in [&old, &new] {
            rig.modify(id, "/modify", &format!(r#"{{"addLabelIds":["{label}"]}}"#)).await;
        }
    }
    let binned = rig.note(&["INBOX"], 2);
    rig.modify(&binned, "/trash", "").await;
    let before = rig.asked("/messages/");
    let (items, next, _) = rig.round(delta).await;
    let mut expected = [old, new];
    expected.sort();
    assert_eq!(ids(&items), expected);
    assert_eq!(rig.asked("/messages/") - before, 3);
    assert_eq!(rig.gmail.mails().read(&binned).await.unwrap(), MailObservation::Gone { id: binned });
    assert_eq!(rig.round(next).await.0, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn changes_come_in_pages_and_what_happens_meanwhile_comes_after() {
    let rig = Rig::northwind().await;
    let (_, delta, _) = rig.round(Position::Start).await;
    let mut expected: Vec<_> = (0..usize::from(PAGE) + 3).map(|number| rig.note(&["INBOX"], number)).collect();
    let first = rig.changes(&delta).await.unwrap();
    let Next::Page(token) = first.next else { panic!("one page only") };
    expected.push(rig.note(&["INBOX"], 900));
    let (rest, delta, _) = rig.round(Position::Page(token)).await;
    let (after, _, _) = rig.round(delta).await;
    let mut found: Vec<_> = [ids(&first.items), ids(&rest), ids(&after)].concat();
    found.sort();
    found.dedup();
    expected.sort();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_message_that_is_gone_again_is_gone() {
    let rig = Rig::northwind().await;
    let (_, delta, _) = rig.round(Position::Start).await;
    let id = rig.note(&["INBOX"], 1);
    let url = format!("{}/gmail/v1/users/me/messages/{id}", rig.server.url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(client.delete(url).bearer_auth(format!("sim-{CARLA}")).send().await.unwrap().status().is_success());
    assert_eq!(rig.round(delta).await.0, [MailObservation::Gone { id: id.clone() }]);
    assert_eq!(rig.gmail.mails().read(&id).await.unwrap(), MailObservation::Gone { id });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn forgotten_history_and_broken_tokens_are_an_expired_cursor() {
    let rig = Rig::northwind().await;
    for number in 0..=usize::from(PAGE) {
        rig.note(&["INBOX"], number);
    }
    let (_, delta, _) = rig.round(Position::Start).await;
    rig.note(&["INBOX"], 900);
    rig.server.model().expire_history(CARLA);
    assert_eq!(kind(rig.changes(&delta).await), ErrorKind::CursorExpired);
    for token in ["nonsense", "listing 5 0 no-such-page"] {
        assert_eq!(kind(rig.changes(&Position::Page(token.into())).await), ErrorKind::CursorExpired, "{token}");
    }
    assert_eq!(rig.round(Position::Start).await.0.len(), usize::from(PAGE) + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_throttled_or_lost_answer_fails_the_page_and_the_page_comes_again() {
    let rig = Rig::northwind().await;
    let expected: Vec<_> = (0..3).map(|number| rig.note(&["INBOX"], number)).collect();
    let message = format!("/messages/{}", expected[1]);
    let throttled = ErrorKind::Throttled { after: Duration::from_secs(7) };
    for (target, fault, expected) in [
        ("/profile", Fault::Throttle { retry_after: 7 }, throttled),
        ("/messages?", Fault::Throttle { retry_after: 7 }, throttled),
        (&message, Fault::Throttle { retry_after: 7 }, throttled),
        (&message, Fault::FailBefore(503), ErrorKind::Transient),
        ("/messages?", Fault::FailAfter(502), ErrorKind::Transient),
    ] {
        rig.fault(target, fault);
        assert_eq!(kind(rig.changes(&Position::Start).await), expected, "{target}");
    }
    assert_eq!(rig.round(Position::Start).await.0.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_access_token_that_expired_is_renewed_and_kept() {
    let rig = Rig::northwind().await;
    for number in 0..8 {
        rig.note(&["INBOX"], number);
    }
    rig.vault.grant.lock().unwrap().access_token = Some("stale".into());
    let (items, delta, _) = rig.round(Position::Start).await;
    assert_eq!(items.len(), 8);
    assert_eq!((rig.asked("/token"), *rig.vault.saves.lock().unwrap()), (1, 1));
    let kept = rig.vault.grant.lock().unwrap().clone();
    assert_eq!(kept.refresh_token, format!("refresh-{CARLA}"), "Google sends no new refresh token");
    assert!(kept.expires.unwrap() > rig.server.clock().now());
    rig.server.model().expire_access_tokens();
    assert_eq!(rig.round(delta).await.0, []);
    assert_eq!((rig.asked("/token"), *rig.vault.saves.lock().unwrap()), (2, 2));
    // A token that is about to expire by the clock is not even tried.
    rig.server.clock().advance(Duration::from_secs(3_590));
    rig.changes(&Position::Start).await.unwrap();
    assert_eq!(rig.asked("/token"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn d32_a_revoked_grant_is_revoked_and_not_tried_again() {
    let rig = Rig::northwind().await;
    rig.vault.grant.lock().unwrap().access_token = Some("stale".into());
    rig.server.model().revoke_refresh_token(CARLA);
    assert_eq!(kind(rig.changes(&Position::Start).await), ErrorKind::AuthRevoked);
    assert_eq!(rig.asked("/token"), 1);
    assert_eq!(*rig.vault.saves.lock().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn somebody_elses_grant_does_not_open_the_mailbox() {
    let rig = Rig::northwind().await;
    rig.vault.grant.lock().unwrap().access_token = Some("sim-deniz.evren@northwind.example".into());
    assert_eq!(kind(rig.changes(&Position::Start).await), ErrorKind::Forbidden);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_registration_is_said_of_neither_cursor_nor_message() {
    let rig = Rig::northwind().await;
    rig.vault.grant.lock().unwrap().access_token = None;
    let settings = Settings {
        gmail_url: rig.server.url(),
        token_url: format!("{}/token", rig.server.url()),
        ..Settings::new("syncline-client", "wrong")
    };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let gmail = Gmail::new(settings, http, rig.vault.clone(), Arc::new(Time(rig.server.clock().clone())), CARLA);
    let delta = gmail.changes("mail", rig.since(), &Position::Delta("5".into())).await.unwrap_err();
    let read = gmail.read(&RemoteId::new("1")).await.unwrap_err();
    for error in [delta, read] {
        assert_eq!(
            (error.kind, error.op, error.code.as_str()),
            (ErrorKind::Rejected, "google.token", "invalid_client")
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_unreachable_server_is_transient_and_its_address_is_not_told() {
    let rig = Rig::northwind().await;
    let vault: Arc<dyn GrantVault> = rig.vault.clone();
    let settings = Settings { gmail_url: "http://127.0.0.1:1".into(), ..Settings::new("", "") };
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let gmail = Gmail::new(settings, http, vault, Arc::new(Time(rig.server.clock().clone())), CARLA);
    let error = gmail.read(&RemoteId::new("1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Transient);
    assert!(!format!("{error:?}").contains(CARLA), "{error:?}");
}

/// A Gmail that says strange things, and shows messages only to a new token.
struct Strange;

impl Model for Strange {
    fn handle(&mut self, request: &Request, _: &Context<'_>) -> Reply {
        if request.path.contains("/messages/") && request.bearer() != Some("fresh") {
            return Reply::empty(401);
        }
        let good = r#"{"internalDate":"1930291205000","payload":{"mimeType":"text/plain","body":{"data":"SGk="}}}"#;
        let large = r#"{"internalDate":"1930291205000","payload":{"mimeType":"text/plain","body":{"attachmentId":"L","size":9}}}"#;
        let (status, body) = match request.path.rsplit('/').next().unwrap_or_default() {
            "token" => (200, r#"{"access_token":"fresh","expires_in":3599,"token_type":"Bearer"}"#),
            "profile" => (200, r#"{"historyId":"5"}"#),
            "messages" => {
                let rows = r#"{"messages":[{"id":"good"},{"id":"cut"},{"no":"id"},7,{"id":"bad"},{"id":"dateless"},{"id":"large"},{"id":"good"}]}"#;
                (200, rows)
            }
            "history" => (200, "<html>welcome to the hotel</html>"),
            "good" => (200, good),
            "large" => (200, large),
            "L" => (200, r#"{"size":9,"data":"TGFyZ2U"}"#),
            "cut" => (200, r#"{"internalDate":"19302"#),
            "dateless" => (200, r#"{"payload":{"headers":[{"name":"Subject","value":"secret"}]}}"#),
            "refused" => (401, "{}"),
            _ => {
                (400, r#"{"error":{"code":400,"message":"Invalid id value","errors":[{"reason":"invalidArgument"}]}}"#)
            }
        };
        Reply::text(status, "application/json", body)
    }

    fn throttled(&self, _: u32, _: &Context<'_>) -> Reply {
        Reply::empty(429)
    }

    fn failing(&self, status: u16, _: &Context<'_>) -> Reply {
        Reply::empty(status)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_broken_message_spoils_no_other() {
    let rig = Rig::over(Strange).await;
    let page = rig.changes(&Position::Start).await.unwrap();
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|item| match item {
            MailObservation::Present(mail) => (mail.id.as_str(), mail.text.as_str()),
            MailObservation::Unreadable { id, problem } => (id.as_str(), problem.as_str()),
            MailObservation::Gone { id } => (id.as_str(), "gone"),
        })
        .collect();
    let expected = [
        ("good", "Hi"),
        ("cut", "gmail.messages.get: not as documented at column 22"),
        ("bad", "gmail.messages.get: refused as it stands (invalidArgument)"),
        ("dateless", "gmail.messages.get: not as documented at column 61"),
        ("large", "Large"),
    ];
    assert_eq!((shown, page.next), (expected.to_vec(), Next::Done("5".into())));
    assert_eq!(rig.asked("/token"), 1, "reads that are refused side by side share one renewal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_answer_that_is_no_gmail_and_a_401_after_a_new_token_are_transient() {
    let rig = Rig::over(Strange).await;
    assert_eq!(kind(rig.changes(&Position::Delta("5".into())).await), ErrorKind::Transient);
    assert_eq!(kind(rig.gmail.read(&RemoteId::new("refused")).await), ErrorKind::Transient);
    assert_eq!((rig.asked("/token"), rig.asked("refused")), (1, 2));
}
