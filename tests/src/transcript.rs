//! What happens in a world, written down: what was done by hand, what each session did about it and why,
//! and what stands on both sides afterwards.
//!
//! Ids have names in the order of their appearance, so that a transcript is the same in every run; the
//! times are those of the held clock.

mod wording;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use syncline::seed::Person;
use syncline_core::history;
use syncline_core::ids::{RemoteId, UserId};
use syncline_core::item::Kind;
use syncline_core::policy::Policy;
use syncline_core::report::{Effect, Ending, Line, SessionReport};

use self::wording::{counted, crm_event, is_id, outlook_event, short, text, told};
use crate::World;

/// How long people take between two things they do.
const PAUSE: Duration = Duration::from_mins(1);

/// A world whose story is written down as it happens.
pub struct Scene {
    /// Where it happens.
    pub world: World,
    lines: Vec<String>,
    names: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Scene {
    /// A new world with these settings. `title` says in prose what is to be seen.
    pub async fn begin(title: &str, policy: Policy) -> Self {
        let world = World::start(policy).await;
        let lines = vec![title.to_owned(), String::new()];
        Self { world, lines, names: BTreeMap::new(), counts: BTreeMap::new() }
    }

    /// The transcript, once it is sure that nothing is left over.
    pub async fn end(self) -> String {
        let left = self.world.leftovers().await;
        assert!(left.is_empty(), "left over: {}", left.join(", "));
        self.lines.join("\n")
    }

    /// Writes a line at the present time.
    pub fn note(&mut self, text: impl AsRef<str>) {
        let now = self.world.now().strftime("%m-%d %H:%M:%S");
        self.lines.push(format!("{now}  {}", text.as_ref()));
    }

    /// Writes a line below the last one.
    pub fn detail(&mut self, text: impl AsRef<str>) {
        self.lines.push(format!("                {}", text.as_ref()).trim_end().to_owned());
    }

    /// Lets time pass, and says so.
    pub fn wait(&mut self, time: Duration) {
        self.world.advance(time);
        let hours = time.as_secs() / 3600;
        match (hours / 48, hours, time.as_secs() / 60) {
            (0, 0, minutes) => self.note(format!("{minutes} minutes have passed")),
            (0, hours, _) => self.note(format!("{hours} hours have passed")),
            (..) => self.note(format!("{} days have passed", hours / 24)),
        }
    }

    /// Somebody does something: a minute after what was before.
    pub fn act(&mut self, text: impl AsRef<str>) {
        self.world.advance(PAUSE);
        self.note(text);
    }

    /// The name of an id. `kind` names those that appear for the first time.
    pub fn name(&mut self, kind: &'static str, id: &str) -> String {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let name = format!("{kind}:{count}");
        self.names.insert(id.to_owned(), name.clone());
        name
    }

    /// The name of an item in the mailbox.
    pub fn mailbox_name(&mut self, id: &str) -> String {
        self.name("mailbox", id)
    }

    /// The name of a record in the CRM.
    pub fn crm_name(&mut self, id: &str) -> String {
        let kind = match id.get(..3) {
            Some("02s") => "email",
            Some("003") => "contact",
            Some("00Q") => "lead",
            Some("005") => "user",
            _ => "crm",
        };
        self.name(kind, id)
    }

    /// Ids by their names, addresses of this machine left out.
    fn plain(&self, text: &str) -> String {
        let word = |word: &str| match self.names.get(word) {
            Some(name) => name.clone(),
            None if word.contains("127.0.0.1") => "<address>".to_owned(),
            None if is_id(word) => "<id>".to_owned(),
            None => word.to_owned(),
        };
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    // By hand.

    /// An hour's appointment is made in Outlook.
    pub async fn make_in_outlook(&mut self, person: &Person, subject: &str, start: &str) -> String {
        self.world.advance(PAUSE);
        let id = self.world.make_in_outlook(person, subject, start).await;
        let name = self.mailbox_name(&id);
        self.note(format!("{} makes {name} in Outlook: \"{subject}\" at {}", person.name, short(start)));
        id
    }

    /// An event is made in Outlook as Graph takes it.
    pub async fn post_to_outlook(&mut self, person: &Person, event: Value) -> String {
        self.world.advance(PAUSE);
        let (status, made) = self.world.graph(person, "POST", "/me/events", Some(event.clone())).await;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str().expect("an id").to_owned();
        let name = self.mailbox_name(&id);
        self.note(format!("{} makes {name} in Outlook: {}", person.name, told(&event)));
        id
    }

    /// An event is changed in Outlook.
    pub async fn edit_in_outlook(&mut self, person: &Person, id: &str, change: Value) {
        self.world.advance(PAUSE);
        let path = format!("/me/events/{id}");
        let (status, answer) = self.world.graph(person, "PATCH", &path, Some(change.clone())).await;
        assert_eq!(status, 200, "{answer}");
        let name = self.mailbox_name(id);
        self.note(format!("{} edits {name} in Outlook: {}", person.name, told(&change)));
    }

    /// An event is deleted in Outlook.
    pub async fn delete_in_outlook(&mut self, person: &Person, id: &str) {
        self.world.advance(PAUSE);
        let (status, answer) = self.world.graph(person, "DELETE", &format!("/me/events/{id}"), None).await;
        assert_eq!(status, 204, "{answer}");
        let name = self.mailbox_name(id);
        self.note(format!("{} deletes {name} in Outlook", person.name));
    }

    /// An hour's event is made in Salesforce.
    pub async fn make_in_crm(&mut self, person: &Person, subject: &str, start: &str) -> String {
        let event = json!({ "Subject": subject, "StartDateTime": start, "DurationInMinutes": 60 });
        self.post_to_crm(person, event).await
    }

    /// An event is made in Salesforce as its API takes it.
    pub async fn post_to_crm(&mut self, person: &Person, event: Value) -> String {
        self.world.advance(PAUSE);
        let (status, made) = self.world.salesforce(person, "POST", "/sobjects/Event", Some(event.clone())).await;
        assert_eq!(status, 201, "{made}");
        let id = made["id"].as_str().expect("an id").to_owned();
        let name = self.crm_name(&id);
        self.note(format!("{} makes {name} in Salesforce: {}", person.name, told(&event)));
        id
    }

    /// An event is changed in Salesforce.
    pub async fn edit_in_crm(&mut self, person: &Person, id: &str, change: Value) {
        self.world.advance(PAUSE);
        let path = format!("/sobjects/Event/{id}");
        let (status, answer) = self.world.salesforce(person, "PATCH", &path, Some(change.clone())).await;
        assert_eq!(status, 204, "{answer}");
        let name = self.crm_name(id);
        self.note(format!("{} edits {name} in Salesforce: {}", person.name, told(&change)));
    }

    /// An event is deleted in Salesforce.
    pub async fn delete_in_crm(&mut self, person: &Person, id: &str) {
        self.world.advance(PAUSE);
        let (status, answer) = self.world.salesforce(person, "DELETE", &format!("/sobjects/Event/{id}"), None).await;
        assert_eq!(status, 204, "{answer}");
        let name = self.crm_name(id);
        self.note(format!("{} deletes {name} in Salesforce", person.name));
    }

    // Sessions.

    /// Runs a session of the mirror stream, a minute after what was before.
    pub async fn mirror(&mut self, person: &Person) -> SessionReport {
        self.world.advance(PAUSE);
        let report = self.world.mirror(person).await;
        self.session(&report);
        report
    }

    /// Runs a session of the ingest stream, a minute after what was before.
    pub async fn ingest(&mut self, person: &Person) -> SessionReport {
        self.world.advance(PAUSE);
        let report = self.world.ingest(person).await;
        self.session(&report);
        report
    }

    /// Writes down a session's report.
    pub fn session(&mut self, report: &SessionReport) {
        let ending = match &report.ending {
            Ending::Complete => "complete".to_owned(),
            Ending::ToBeContinued => "to be continued".to_owned(),
            Ending::Failed { problem } => format!("failed: {}", self.plain(problem)),
        };
        let (stream, trigger) = (report.stream.name(), report.trigger.name());
        self.note(format!("{stream} session of {}, {trigger}: {ending}", report.user));
        for line in &report.lines {
            let text = self.line(line);
            self.detail(text);
        }
        match report.count(Effect::Unchanged) {
            0 if report.lines.is_empty() && report.ending == Ending::Complete => self.detail("nothing to do"),
            0 => {}
            count => self.detail(format!("unchanged: {count}")),
        }
    }

    fn line(&mut self, line: &Line) -> String {
        let mailbox = line.mailbox.as_ref().map(|id| self.mailbox_name(id.as_str()));
        let crm = line.crm.as_ref().map(|id| self.crm_name(id.as_str()));
        let (effect, reason) = (line.effect.name(), line.reason.id());
        let (mailbox, crm) = (mailbox.unwrap_or("-".to_owned()), crm.unwrap_or("-".to_owned()));
        let detail = self.plain(&line.detail);
        format!("{effect:<20}  {reason:<21}  {mailbox:<10}  {crm:<8}  {detail}")
    }

    /// Lets the functions work off their queues, and writes down the sessions that came of it, each user's
    /// in their order.
    pub async fn work_off(&mut self) -> usize {
        let before = self.sessions().await;
        let known: BTreeSet<String> = before.iter().map(|report| report.id.to_string()).collect();
        self.world.work_off().await;
        let after = self.sessions().await;
        let new: Vec<_> = after.into_iter().filter(|report| !known.contains(report.id.as_str())).collect();
        if new.is_empty() {
            self.note("the functions find nothing to do");
        }
        for report in &new {
            self.session(report);
        }
        new.len()
    }

    async fn sessions(&self) -> Vec<SessionReport> {
        let mut sessions = Vec::new();
        for person in syncline::seed::PEOPLE {
            let newest_first = self.world.stack.store().sessions(&UserId::new(person.id), 100).await.expect("sessions");
            sessions.extend(newest_first.into_iter().rev());
        }
        sessions.sort_by_key(|report| (report.user.clone(), report.stream, report.ended));
        sessions
    }

    // What stands.

    /// Writes down a user's two calendars.
    pub async fn calendars(&mut self, person: &Person) {
        self.note(format!("{}'s calendars", person.name));
        let outlook = self.world.outlook_events(person).await;
        let crm = self.world.crm_events(person).await;
        if outlook.is_empty() {
            self.detail("Outlook is empty");
        }
        for event in &outlook {
            let name = self.mailbox_name(event["id"].as_str().unwrap_or_default());
            self.detail(format!("{name:<10}  {}", outlook_event(event)));
        }
        if crm.is_empty() {
            self.detail("Salesforce is empty");
        }
        for event in &crm {
            let name = self.crm_name(event["Id"].as_str().unwrap_or_default());
            self.detail(format!("{name:<10}  {}", crm_event(event)));
        }
    }

    /// Writes down the records of e-mail in Salesforce and to whom each is linked.
    pub async fn emails(&mut self) {
        self.note("E-mail in Salesforce");
        let anna = &syncline::seed::PEOPLE[0];
        let fields = "Id, Subject, FromAddress, ToAddress, Incoming, Status";
        let emails = self.world.soql(anna, &format!("SELECT {fields} FROM EmailMessage ORDER BY Subject, Id")).await;
        if emails.is_empty() {
            self.detail("there is none");
        }
        for email in &emails {
            let id = email["Id"].as_str().unwrap_or_default();
            let name = self.crm_name(id);
            let way = if email["Incoming"] == true { "in" } else { "out" };
            let (from, to) = (text(email, "FromAddress"), text(email, "ToAddress"));
            self.detail(format!("{name:<10}  {way:<3}  \"{}\"  {from} > {to}", text(email, "Subject")));
            let fields = "RelationId, RelationType, RelationAddress";
            let query = format!(
                "SELECT {fields} FROM EmailMessageRelation WHERE EmailMessageId = '{id}' \
                 ORDER BY RelationType, RelationAddress"
            );
            for relation in self.world.soql(anna, &query).await {
                let person = text(&relation, "RelationId");
                let person = if person.is_empty() { "nobody".to_owned() } else { self.crm_name(&person) };
                let (role, address) = (text(&relation, "RelationType"), text(&relation, "RelationAddress"));
                self.detail(format!("            {role:<11}  {person:<9}  {address}"));
            }
        }
    }

    /// Writes down the leads in Salesforce.
    pub async fn leads(&mut self) {
        self.note("Leads in Salesforce");
        let anna = &syncline::seed::PEOPLE[0];
        let fields = "Id, FirstName, LastName, Company, Email";
        let leads = self.world.soql(anna, &format!("SELECT {fields} FROM Lead ORDER BY Email, Id")).await;
        if leads.is_empty() {
            self.detail("there is none");
        }
        for lead in &leads {
            let name = self.crm_name(lead["Id"].as_str().unwrap_or_default());
            let who = format!("{} {}", text(lead, "FirstName"), text(lead, "LastName"));
            let (company, address) = (text(lead, "Company"), text(lead, "Email"));
            self.detail(format!("{name:<10}  {} of {company}  {address}", who.trim()));
        }
    }

    /// Writes down what the console shows of a user.
    pub async fn console(&mut self, person: &Person) {
        let (status, user) = self.world.console("GET", &format!("/users/{}", person.id), None).await;
        assert_eq!(status, 200, "{user}");
        self.note(format!("The console on {}", person.name));
        let connections = &user["connections"];
        self.detail(format!("mailbox {}, CRM {}", text(connections, "mailbox"), text(connections, "crm")));
        if user["held_deletes"] != 0 {
            self.detail(format!("deletes that wait for a decision: {}", user["held_deletes"]));
        }
        for item in user["parked_items"].as_array().into_iter().flatten() {
            let id = text(item, "id");
            let name = if item["side"] == "crm" { self.crm_name(&id) } else { self.mailbox_name(&id) };
            let tried = match item["next_try"].as_str() {
                Some(next) => format!("tried again at {}", short(next)),
                None if item["held"] == true => "waits for an administrator".to_owned(),
                None => "waits for a change".to_owned(),
            };
            let detail = self.plain(&text(item, "detail"));
            let why = if detail.is_empty() { text(item, "text") } else { format!("{} ({detail})", text(item, "text")) };
            self.detail(format!("parked {name}: {why}; {tried}"));
        }
    }

    /// Writes down the history of the pair that an event in the mailbox belongs to.
    pub async fn history(&mut self, person: &Person, mailbox_id: &str) {
        let user = UserId::new(person.id);
        let ports = self.world.ports().clone();
        let ids = [RemoteId::new(mailbox_id)];
        let links = ports.store.links(&user, Kind::Event, &ids, &[]).await.expect("links");
        let [link] = links.as_slice() else { panic!("{} links", links.len()) };
        let name = self.mailbox_name(mailbox_id);
        self.note(format!("The history of {name}"));
        for (entry, sealed) in ports.store.history(&user, &link.key).await.expect("history") {
            let before: Vec<history::Value> = match &sealed {
                Some(sealed) => {
                    let context = format!("history/{user}/{}", link.key);
                    let opened = ports.secrets.open(&context, sealed).await.expect("the seal opens");
                    serde_json::from_slice(&opened).expect("values")
                }
                None => Vec::new(),
            };
            let (effect, reason) = (entry.effect.name(), entry.reason.id());
            let values: Vec<_> =
                before.iter().map(|value| format!("{} was \"{}\"", value.field.name(), value.text)).collect();
            let at = entry.at.strftime("%H:%M:%S");
            self.detail(format!("{at}  {effect:<20}  {reason:<21}  {}", values.join(", ")));
        }
    }

    /// Writes down what the vendors were asked since the world last forgot.
    pub fn requests(&mut self) {
        self.note("Requests to the vendors");
        let vendors = &self.world.stack.vendors;
        let counted = [
            ("Graph", counted(&vendors.exchange.journal())),
            ("Gmail", counted(&vendors.gmail.journal())),
            ("Salesforce", counted(&vendors.salesforce.journal())),
        ];
        for (vendor, requests) in counted {
            for ((request, status), count) in requests {
                self.detail(format!("{vendor:<10}  {count} x {request}  {status}"));
            }
        }
    }

    /// Writes down what Exchange has mailed to attendees so far.
    pub fn outbox(&mut self) {
        let outbox = self.world.stack.vendors.exchange.model().outbox.clone();
        self.note(format!("Exchange has mailed {}", if outbox.is_empty() { "nobody" } else { "attendees" }));
        for mail in outbox {
            self.detail(format!("{:?} to {}", mail.kind, mail.to));
        }
    }
}
