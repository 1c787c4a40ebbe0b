//! The ports' contract, kept on a simulated org over HTTP.

mod answers;
mod events;
mod follow_properties;
mod mail;
mod no_package;
mod people;
mod poll;
mod rights;
mod sign_in;
mod things;
mod writes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use sim_kit::{Model as _, Request, SimClock, Simulator};
use sim_salesforce::{CLIENT_ID, CLIENT_SECRET, Salesforce as Org};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::{Event, Sensitivity, ShowAs};
use syncline_core::observation::{EventSeen, Observation};
use syncline_core::time::{EventTime, Window};
use syncline_ports::{Clock, Crm, EventWrite, Events, Grant, GrantVault, Outcome, PortError, Written};
use syncline_salesforce::{Account, Org as SharedOrg, Salesforce, Settings};

const ANNA: &str = "anna.berg@northwind.example";
const NOW: &str = "2031-03-03T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Keeps a grant in memory and counts how often it is kept.
struct Vault(Mutex<(Grant, u32)>);

#[async_trait]
impl GrantVault for Vault {
    async fn load(&self) -> Result<Grant, PortError> {
        Ok(self.0.lock().unwrap().0.clone())
    }

    async fn save(&self, grant: &Grant) -> Result<(), PortError> {
        let mut kept = self.0.lock().unwrap();
        *kept = (grant.clone(), kept.1 + 1);
        Ok(())
    }
}

impl Vault {
    fn grant(&self) -> Grant {
        self.0.lock().unwrap().0.clone()
    }

    fn saves(&self) -> u32 {
        self.0.lock().unwrap().1
    }
}

struct WorldClock(SimClock);

#[async_trait]
impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep(&self, time: Duration) {
        self.0.advance(time);
    }
}

/// A simulated org, and Anna's way into it.
struct World {
    org: Simulator<Org>,
    vault: Arc<Vault>,
    crm: Salesforce,
    anna: RemoteId,
    /// What the users of the org share.
    shared: Arc<SharedOrg>,
}

/// As the house makes it.
fn http() -> reqwest::Client {
    let policy = reqwest::redirect::Policy::none();
    reqwest::Client::builder().no_proxy().redirect(policy).build().unwrap()
}

async fn world() -> World {
    world_of(Org::northwind(at(NOW))).await
}

async fn world_of(org: Org) -> World {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = SimClock::fixed(at(NOW));
    let anna = org.rows("User").find(|row| row.text("Username") == ANNA).map(|row| RemoteId::new(row.id())).unwrap();
    let org = Simulator::start_anywhere(org, clock.clone()).await;
    let grant = Grant {
        refresh_token: format!("refresh-{ANNA}"),
        access_token: Some(format!("sim-{ANNA}")),
        expires: None,
        instance_url: Some(org.url()),
    };
    let vault = Arc::new(Vault(Mutex::new((grant, 0))));
    let settings = Settings { login_url: org.url(), ..Settings::new(CLIENT_ID, CLIENT_SECRET) };
    let http = http();
    let shared = Arc::new(SharedOrg::new());
    let account = Account { user: anna.clone(), username: ANNA.to_owned() };
    let clock = Arc::new(WorldClock(clock));
    let crm = Salesforce::new(settings, http, vault.clone(), clock, Arc::clone(&shared), account);
    World { org, vault, crm, anna, shared }
}

impl World {
    /// The way into the org of somebody who signs in with a fixed token.
    fn adapter(&self, username: &str, shared: Arc<SharedOrg>) -> Salesforce {
        let user =
            self.org.model().rows("User").find(|row| row.text("Username") == username).map(|row| row.id().to_owned());
        let grant = Grant { access_token: Some(format!("sim-{username}")), ..self.vault.grant() };
        let settings = Settings { login_url: self.org.url(), ..Settings::new(CLIENT_ID, CLIENT_SECRET) };
        let http = http();
        let clock = Arc::new(WorldClock(self.org.clock().clone()));
        let account = Account { user: RemoteId::new(user.unwrap()), username: username.to_owned() };
        Salesforce::new(settings, http, Arc::new(Vault(Mutex::new((grant, 0)))), clock, shared, account)
    }

    /// Anna's way from a process that knows nothing yet.
    fn another_process(&self) -> Salesforce {
        self.adapter(ANNA, Arc::new(SharedOrg::new()))
    }

    /// A colleague's way from this process.
    fn colleague(&self, username: &str) -> Salesforce {
        self.adapter(username, Arc::clone(&self.shared))
    }

    fn events(&self) -> &dyn Events {
        self.crm.events()
    }

    /// A little later, so that stamps differ.
    fn later(&self, seconds: u64) {
        self.org.clock().advance(Duration::from_secs(seconds));
    }

    /// Anna does something in Salesforce herself; gives the answer's body.
    fn by_hand(&self, method: Method, rest: &str, body: &Value) -> Value {
        let target = format!("/services/data/v59.0/{rest}");
        let reply = self.org.with(|org, context| org.by_hand(ANNA, method, &target, body, context.now));
        assert!(reply.status.is_success(), "{} {}", reply.status, reply.body_json());
        reply.body_json()
    }

    /// Anna does what only the SOAP API can; gives the answer.
    fn soap(&self, operation: &str, content: &str) -> String {
        let body = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
             xmlns:urn=\"urn:partner.soap.sforce.com\"><s:Header><urn:SessionHeader><urn:sessionId>sim-{ANNA}\
             </urn:sessionId></urn:SessionHeader></s:Header><s:Body><urn:{operation}>{content}</urn:{operation}>\
             </s:Body></s:Envelope>"
        );
        let mut request = Request::new(Method::POST, "/services/Soap/u/59.0", "http://sf.test");
        request.headers.insert("content-type", "text/xml".parse().unwrap());
        request.headers.insert("soapaction", "\"\"".parse().unwrap());
        request.body = body.into_bytes();
        let reply = self.org.with(|org, context| org.handle(&request, context));
        let text = String::from_utf8(reply.body).unwrap();
        assert!(reply.status.is_success(), "{text}");
        text
    }

    /// Anna makes an event in Salesforce; gives its id.
    fn plant(&self, subject: &str, start: &str, end: &str) -> RemoteId {
        let body = json!({"Subject": subject, "StartDateTime": start, "EndDateTime": end});
        RemoteId::new(self.by_hand(Method::POST, "sobjects/Event", &body)["id"].as_str().unwrap())
    }

    fn count(&self, object: &str) -> usize {
        self.org.model().rows(object).count()
    }

    /// Requests so far whose path contains the text.
    fn requests(&self, part: &str) -> usize {
        self.org.journal().entries().filter(|entry| entry.path.contains(part)).count()
    }

    async fn write_one(&self, write: EventWrite) -> Outcome {
        let outcomes = self.events().write(&[write]).await.unwrap();
        assert_eq!(outcomes.len(), 1);
        outcomes.into_iter().next().unwrap()
    }

    async fn made(&self, key: &str, event: &Event) -> Written {
        done(self.write_one(create(key, event)).await)
    }

    async fn seen(&self, id: &RemoteId) -> EventSeen {
        present(self.events().read(std::slice::from_ref(id)).await.unwrap().remove(0))
    }
}

fn create(key: &str, event: &Event) -> EventWrite {
    EventWrite::Create { key: SyncKey::from_text(key), item: event.clone() }
}

fn done(outcome: Outcome) -> Written {
    match outcome {
        Outcome::Done(written) => written,
        other => panic!("not done: {other:?}"),
    }
}

fn present(observation: Observation) -> EventSeen {
    match observation {
        Observation::Present(seen) => *seen,
        other => panic!("not there: {other:?}"),
    }
}

fn window() -> Window {
    Window::around(at(NOW), 14, 400)
}

fn timed(start: &str, end: &str) -> EventTime {
    EventTime::Timed { start: at(start), end: at(end) }
}

fn all_day(first: &str, last: &str) -> EventTime {
    EventTime::AllDay { first: first.parse().unwrap(), last: last.parse().unwrap() }
}

fn meeting() -> Event {
    Event {
        subject: "Review".into(),
        body: "One\nTwo".into(),
        location: "Room 1".into(),
        time: timed("2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z"),
        show_as: ShowAs::Busy,
        sensitivity: Sensitivity::Normal,
        reminder_minutes: Some(15),
    }
}
