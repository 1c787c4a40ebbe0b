//! The whole house with a held clock: nothing moves but what a test moves.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sim_kit::SimClock;
use syncline::load;
use syncline::mapping::{self, Fed};
use syncline::seed::{PEOPLE, Person};
use syncline::stack::{Options, Stack};
use syncline_core::ids::UserId;
use syncline_core::item::Kind;
use syncline_core::job::{Stream, Trigger};
use syncline_core::policy::Policy;
use syncline_core::report::SessionReport;
use syncline_engine::{EngineError, Ports, Ran, ingest, mirror};
use syncline_ports::LeaseOutcome;

/// When every world begins.
pub const BEGINNING: &str = "2031-03-03T09:00:00Z";
/// How long the network may take to bring a notification.
const NETWORK_PATIENCE: Duration = Duration::from_secs(20);
/// More jobs in a row than any test has.
const MOST_BATCHES: usize = 200;

/// Anna Berg, on Exchange.
pub const ANNA: &Person = &PEOPLE[0];
/// Ben Carter, on Exchange.
pub const BEN: &Person = &PEOPLE[1];
/// Carla Diaz, on Gmail.
pub const CARLA: &Person = &PEOPLE[2];
/// Deniz Evren, on Gmail.
pub const DENIZ: &Person = &PEOPLE[3];

/// The house, the simulators, and the hands of their users.
pub struct World {
    /// The house and its vendors.
    pub stack: Stack,
    /// The time everywhere.
    pub clock: SimClock,
}

impl World {
    /// The org northwind.example at [`BEGINNING`], no session run yet.
    pub async fn start(policy: Policy) -> Self {
        let clock = SimClock::fixed(BEGINNING.parse().expect("a timestamp"));
        let options = Options { clock: clock.clone(), data: None, policy };
        let stack = Stack::start(options).await.expect("the house starts");
        Self { stack, clock }
    }

    /// The ports of the house.
    pub fn ports(&self) -> &Ports {
        &self.stack.house.ports
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the time.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// A session of the mirror stream, past the queues.
    pub async fn mirror(&self, person: &Person) -> SessionReport {
        finished(mirror::run(self.ports(), &UserId::new(person.id), Trigger::Forced, self.deadline()).await)
    }

    /// A session of the ingest stream, past the queues.
    pub async fn ingest(&self, person: &Person) -> SessionReport {
        finished(ingest::run(self.ports(), &UserId::new(person.id), Trigger::Forced, self.deadline()).await)
    }

    /// A minute from now.
    pub fn deadline(&self) -> Timestamp {
        self.now() + SignedDuration::from_secs(60)
    }

    /// Lets the functions work off their queues; how many batches there were.
    pub async fn work_off(&self) -> usize {
        let mut batches = 0;
        loop {
            let mut taken = 0;
            for function in Fed::ALL {
                taken += self.stack.mapping.step(function, 0).await.expect("the queue answers");
            }
            if taken == 0 {
                return batches;
            }
            batches += 1;
            assert!(batches < MOST_BATCHES, "jobs without end");
        }
    }

    /// One turn of the timer.
    pub async fn tick(&self) {
        mapping::tick(&self.stack.house).await;
    }

    /// Waits until so many jobs stand on a function's queue.
    pub async fn until_queued(&self, function: Fed, jobs: u64) {
        let begun = Instant::now();
        while self.queued(function).await < jobs {
            assert!(begun.elapsed() < NETWORK_PATIENCE, "no {jobs} jobs for {function:?} came");
            tokio::task::yield_now().await;
        }
    }

    /// How many jobs stand on a function's queue.
    pub async fn queued(&self, function: Fed) -> u64 {
        self.stack.mapping.depth(self.stack.mapping.queue(function)).await
    }

    /// The report of a stream's last session.
    pub async fn last_session(&self, person: &Person, stream: Stream) -> Option<SessionReport> {
        let reports = self.stack.store().sessions(&UserId::new(person.id), 50).await.expect("sessions");
        reports.into_iter().find(|report| report.stream == stream)
    }

    /// A request to Graph with a user's own hand.
    pub async fn graph(&self, person: &Person, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1.0{path}", self.stack.vendors.exchange.url());
        self.request(person, method, url, body).await
    }

    /// A request to Salesforce with a user's own hand; `path` begins behind the version.
    pub async fn salesforce(&self, person: &Person, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/services/data/v59.0{path}", self.stack.vendors.salesforce.url());
        self.request(person, method, url, body).await
    }

    async fn request(&self, person: &Person, method: &str, url: String, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.stack.http.request(method, url).bearer_auth(format!("sim-{}", person.address));
        request = request.header("prefer", "IdType=\"ImmutableId\", outlook.body-content-type=\"text\"");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the simulator answers");
        let status = response.status().as_u16();
        let bytes = response.bytes().await.expect("a body");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// A query with a user's own eyes.
    pub async fn soql(&self, person: &Person, query: &str) -> Vec<Value> {
        let url = format!("{}/services/data/v59.0/query", self.stack.vendors.salesforce.url());
        let request = self.stack.http.get(url).query(&[("q", query)]);
        let response = request.bearer_auth(format!("sim-{}", person.address)).send().await.expect("an answer");
        let body: Value = response.json().await.expect("JSON");
        match body.get("records") {
            Some(Value::Array(records)) => records.clone(),
            _ => panic!("{query}: {body}"),
        }
    }

    /// A user's events in Outlook, in the window, by start.
    pub async fn outlook_events(&self, person: &Person) -> Vec<Value> {
        let path = "/me/calendarView?startDateTime=2031-02-01T00:00:00Z&endDateTime=2032-05-01T00:00:00Z\
                    &$top=1000&$orderby=start/dateTime";
        let (_, body) = self.graph(person, "GET", path, None).await;
        body.get("value").and_then(Value::as_array).cloned().unwrap_or_default()
    }

    /// A user's events in Salesforce, by start.
    pub async fn crm_events(&self, person: &Person) -> Vec<Value> {
        let fields = "Id, Subject, Description, Location, StartDateTime, EndDateTime, IsAllDayEvent, ActivityDate, \
                      ShowAs, IsPrivate, IsReminderSet, ReminderDateTime, Syncline_Key__c";
        let owner = format!("Owner.Username = '{}'", person.address);
        self.soql(person, &format!("SELECT {fields} FROM Event WHERE {owner} ORDER BY StartDateTime, Subject")).await
    }

    /// Makes an hour's appointment in Outlook; its id.
    pub async fn make_in_outlook(&self, person: &Person, subject: &str, start: &str) -> String {
        let end = start.parse::<Timestamp>().expect("a start") + SignedDuration::from_hours(1);
        let event = json!({
            "subject": subject,
            "start": { "dateTime": start.trim_end_matches('Z'), "timeZone": "UTC" },
            "end": { "dateTime": end.to_string().trim_end_matches('Z'), "timeZone": "UTC" },
        });
        let (status, made) = self.graph(person, "POST", "/me/events", Some(event)).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Makes an hour's event in Salesforce; its id.
    pub async fn make_in_crm(&self, person: &Person, subject: &str, start: &str) -> String {
        let event = json!({ "Subject": subject, "StartDateTime": start, "DurationInMinutes": 60 });
        let (status, made) = self.salesforce(person, "POST", "/sobjects/Event", Some(event)).await;
        assert_eq!(status, 201, "{made}");
        made["id"].as_str().expect("an id").to_owned()
    }

    /// A request to the console's API with the administrator's token; `path` begins behind `/api`.
    pub async fn console(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}api{path}", self.stack.console_url());
        let method = method.parse().expect("a method");
        let mut request = self.stack.http.request(method, url).bearer_auth(&self.stack.console_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("the console answers");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// Forgets what the vendors were asked so far.
    pub fn forget_requests(&self) {
        let vendors = &self.stack.vendors;
        vendors.exchange.journal().clear();
        vendors.gmail.journal().clear();
        vendors.salesforce.journal().clear();
    }

    /// What is left over: jobs, dead ones too, creates that nobody confirmed, leases that nobody gave back.
    pub async fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        for function in Fed::ALL {
            let queue = self.stack.mapping.queue(function);
            let dead = match queue.strip_suffix(".fifo") {
                Some(name) => format!("{name}-dead.fifo"),
                None => format!("{queue}-dead"),
            };
            for (what, queue) in [("queued", queue), ("dead", dead.as_str())] {
                let jobs = self.stack.mapping.depth(queue).await;
                if jobs > 0 {
                    left.push(format!("{jobs} {what} jobs of {function:?}"));
                }
            }
        }
        for person in PEOPLE {
            let (user, store) = (UserId::new(person.id), self.stack.store());
            let intents = store.intents(&user, Kind::Event).await.expect("intents");
            left.extend(intents.iter().map(|_| format!("an unconfirmed create of {user}")));
            for stream in [Stream::Mirror, Stream::Ingest] {
                match store.acquire(&user, stream, "the test", self.now(), self.deadline()).await.expect("a lease") {
                    LeaseOutcome::Held(lease) => {
                        store.release(&lease, self.now()).await.expect("the lease back");
                    }
                    LeaseOutcome::Busy => left.push(format!("the lease of {user}'s {} stream", stream.name())),
                }
            }
        }
        left
    }

    /// A mail arrives in a user's inbox; its id there.
    pub async fn receive(&self, person: &Person, mime: &str) -> String {
        let delivered = load::deliver(&self.stack, person, mime.as_bytes()).await.expect("the simulator takes it");
        delivered.expect("the mailbox takes it")
    }

    /// A plain mail arrives in a user's inbox; its id there.
    pub async fn receive_mail(&self, person: &Person, message_id: &str, from: &str, subject: &str) -> String {
        let mime = format!(
            "Message-ID: <{message_id}>\r\nFrom: {from}\r\nTo: {}\r\nSubject: {subject}\r\n\
             Date: Mon, 03 Mar 2031 08:59:00 +0000\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n",
            person.address
        );
        self.receive(person, &mime).await
    }
}

fn finished(ran: Result<Ran, EngineError>) -> SessionReport {
    match ran {
        Ok(Ran::Finished(report)) => *report,
        other => panic!("no session ran: {other:?}"),
    }
}
