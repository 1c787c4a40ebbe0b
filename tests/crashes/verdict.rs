//! What must be in the end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sim_salesforce::Row;
use syncline::seed::{Person, org_id};
use syncline_core::ids::{RemoteId, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::link::{Link, LinkState};
use syncline_tests::World;
use syncline_tests::world::{ANNA, BEN};

use crate::strangers::DOMAINS;

/// An ending.
pub(crate) trait Verdict {
    /// What is not as it should be.
    async fn problems(&self, world: &World) -> Vec<String>;
}

/// A pair of events, or none any more.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) person: &'static Person,
    /// Stands in every subject it ever has.
    pub(crate) token: String,
    /// When it first was; it never moves far.
    pub(crate) start: Timestamp,
    /// What both sides show; `None` if neither has it.
    pub(crate) content: Option<Content>,
}

impl Pair {
    /// An hour's event, yet to be made.
    pub(crate) fn new(person: &'static Person, subject: &str, token: &str, start: Timestamp) -> Self {
        let content = Some(Content::hour(&format!("{subject} {token}"), start, ""));
        Self { person, token: token.to_owned(), start, content }
    }

    /// The same pair with that content.
    pub(crate) fn with(&self, subject: &str, start: Timestamp, location: &str) -> Self {
        let content = Some(Content::hour(&format!("{subject} {}", self.token), start, location));
        Self { content, ..self.clone() }
    }

    /// The same pair, gone.
    pub(crate) fn gone(&self) -> Self {
        Self { content: None, ..self.clone() }
    }

    pub(crate) fn content(&self) -> &Content {
        self.content.as_ref().expect("it is there")
    }

    pub(crate) async fn make_in_outlook(&self, world: &World) -> String {
        world.make_in_outlook(self.person, &self.content().subject, &self.start.to_string()).await
    }

    pub(crate) async fn make_in_crm(&self, world: &World) -> String {
        world.make_in_crm(self.person, &self.content().subject, &self.start.to_string()).await
    }

    /// What Outlook has of it, by id.
    pub(crate) async fn in_outlook(&self, world: &World) -> BTreeMap<String, Content> {
        let day = SignedDuration::from_hours(24);
        let mut events = in_outlook(world, self.person, self.start - day, self.start + day).await;
        events.retain(|_, content| content.subject.contains(&self.token));
        events
    }

    /// What Salesforce has of it, by id.
    pub(crate) fn in_crm(&self, world: &World) -> BTreeMap<String, Content> {
        let mut events = in_crm(world, self.person);
        events.retain(|_, content| content.subject.contains(&self.token));
        events
    }

    /// The id of the one event Outlook has of it.
    pub(crate) async fn id_in_outlook(&self, world: &World) -> String {
        only(self.in_outlook(world).await)
    }

    /// The id of the one event Salesforce has of it.
    pub(crate) fn id_in_crm(&self, world: &World) -> String {
        only(self.in_crm(world))
    }
}

fn only(events: BTreeMap<String, Content>) -> String {
    assert_eq!(events.len(), 1, "{events:?}");
    events.into_keys().next().expect("one")
}

/// What is compared of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) subject: String,
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) location: String,
}

impl Content {
    /// An hour.
    pub(crate) fn hour(subject: &str, start: Timestamp, location: &str) -> Self {
        let end = start + SignedDuration::from_hours(1);
        Self { subject: subject.to_owned(), start, end, location: location.to_owned() }
    }

    fn in_outlook(event: &Value) -> Self {
        Self {
            subject: text(event, "/subject"),
            start: instant(&text(event, "/start/dateTime")),
            end: instant(&text(event, "/end/dateTime")),
            location: text(event, "/location/displayName"),
        }
    }

    fn in_crm(event: &Row) -> Self {
        Self {
            subject: event.text("Subject").to_owned(),
            start: instant(event.text("StartDateTime")),
            end: instant(event.text("EndDateTime")),
            location: event.text("Location").to_owned(),
        }
    }
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Both sides show instants in UTC here, Graph without saying so.
fn instant(text: &str) -> Timestamp {
    let seconds = text.get(..19).unwrap_or_default();
    format!("{seconds}Z").parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A user's events between two times, by id.
async fn in_outlook(world: &World, person: &Person, from: Timestamp, until: Timestamp) -> BTreeMap<String, Content> {
    let select = "$select=id,subject,start,end,location&$top=1000";
    let path = format!("/me/calendarView?startDateTime={from}&endDateTime={until}&{select}");
    let (status, body) = world.graph(person, "GET", &path, None).await;
    assert_eq!(status, 200, "{body}");
    let events = body.get("value").and_then(Value::as_array).expect("a list");
    events.iter().map(|event| (text(event, "/id"), Content::in_outlook(event))).collect()
}

/// A user's events, by id.
fn in_crm(world: &World, person: &Person) -> BTreeMap<String, Content> {
    let org = world.stack.vendors.salesforce.model();
    let owner = org.rows("User").find(|user| user.text("Username") == person.address).expect("a user").id();
    let events = org.rows("Event").filter(|event| event.text("OwnerId") == owner);
    events.map(|event| (event.id().to_owned(), Content::in_crm(event))).collect()
}

impl Verdict for Pair {
    async fn problems(&self, world: &World) -> Vec<String> {
        let mut problems = Vec::new();
        let (mailbox, crm) = (self.in_outlook(world).await, self.in_crm(world));
        for (side, events) in [("Outlook", &mailbox), ("Salesforce", &crm)] {
            let there: Vec<_> = events.values().collect();
            let expected: Vec<_> = self.content.iter().collect();
            if there != expected {
                problems.push(format!("in {side} there is {there:?} instead of {expected:?}"));
            }
        }
        let remote = |events: &BTreeMap<String, Content>| events.keys().map(RemoteId::new).collect::<Vec<_>>();
        let (mailbox, crm) = (remote(&mailbox), remote(&crm));
        let user = UserId::new(self.person.id);
        let links = world.stack.store().links(&user, Kind::Event, &mailbox, &crm).await.expect("links");
        let pair = (mailbox.first().cloned(), crm.first().cloned());
        let tied = |link: &Link| link.state == LinkState::Linked && ids(link) == pair;
        if links.len() != usize::from(self.content.is_some()) || !links.iter().all(tied) {
            problems.push(format!("{mailbox:?} and {crm:?} are linked by {links:?}"));
        }
        problems
    }
}

fn ids(link: &Link) -> (Option<RemoteId>, Option<RemoteId>) {
    let id = |side| link.anchor(side).map(|at| at.id.clone());
    (id(Side::Mailbox), id(Side::Crm))
}

/// A mail that is recorded, and linked to these people.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// The `Message-ID`, without brackets.
    pub(crate) message: String,
    /// The sender, whose record the mail is linked to as such.
    pub(crate) from: String,
    /// Whether the sender is to have become a lead.
    pub(crate) as_lead: bool,
}

impl Verdict for Recorded {
    async fn problems(&self, world: &World) -> Vec<String> {
        let org = world.stack.vendors.salesforce.model();
        let find = |object: &str, field: &str, value: &str| -> Vec<String> {
            let rows = org.rows(object).filter(|row| row.text(field).eq_ignore_ascii_case(value));
            rows.map(|row| row.id().to_owned()).collect()
        };
        let mut problems = Vec::new();
        let mails = find("EmailMessage", "MessageIdentifier", &self.message);
        let leads = find("Lead", "Email", &self.from);
        let people = if self.as_lead { leads.clone() } else { find("Contact", "Email", &self.from) };
        if mails.len() != 1 {
            problems.push(format!("{} is recorded as {mails:?}", self.message));
        }
        if leads.len() != usize::from(self.as_lead) || people.len() != 1 {
            problems.push(format!("{} is lead {leads:?}, known as {people:?}", self.from));
        }
        let relations: Vec<_> = org
            .rows("EmailMessageRelation")
            .filter(|row| mails.iter().any(|mail| mail == row.text("EmailMessageId")))
            .filter(|row| row.text("RelationType") == "FromAddress" && !row.text("RelationId").is_empty())
            .map(|row| row.text("RelationId").to_owned())
            .collect();
        if relations != people {
            problems.push(format!("{} is linked to {relations:?} instead of {people:?}", self.message));
        }
        problems
    }
}

impl<V: Verdict> Verdict for Vec<V> {
    async fn problems(&self, world: &World) -> Vec<String> {
        let mut problems = Vec::new();
        for verdict in self {
            problems.extend(verdict.problems(world).await);
        }
        problems
    }
}

/// What is not as it should be anywhere: what earlier accidents made good must stay so.
pub(crate) async fn of_the_whole(world: &World) -> Vec<String> {
    let mut problems: Vec<_> = world.leftovers().await.into_iter().map(|left| format!("left over: {left}")).collect();
    for person in [ANNA, BEN] {
        let year = SignedDuration::from_hours(24 * 500);
        let mailbox = in_outlook(world, person, world.now() - year, world.now() + year).await;
        let crm = in_crm(world, person);
        let subjects = |events: &BTreeMap<String, Content>| {
            let mut subjects: Vec<_> = events.values().map(|content| content.subject.clone()).collect();
            subjects.sort();
            subjects
        };
        let (up, down) = (subjects(&mailbox), subjects(&crm));
        if up != down || up.windows(2).any(|pair| pair[0] == pair[1]) {
            problems.push(format!("{} has {up:?} in Outlook and {down:?} in Salesforce", person.id));
        }
        let links = world.stack.store().all_links(&UserId::new(person.id), Kind::Event).await.expect("links");
        let live = links.iter().filter(|link| link.state == LinkState::Linked);
        let tied: BTreeSet<_> = live.map(ids).collect();
        let unfinished = links.iter().filter(|link| matches!(link.state, LinkState::Creating { .. })).count();
        if tied.len() != up.len() || unfinished > 0 {
            problems.push(format!("{} has {} pairs and {unfinished} unfinished links", person.id, tied.len()));
        }
    }
    problems.extend(doubles(world));
    for domain in DOMAINS {
        for stranger in world.stack.store().strangers(&org_id(), domain).await.expect("strangers") {
            if !stranger.waiting.is_empty() {
                problems.push(format!("mail still waits for a stranger of {domain}"));
            }
        }
    }
    problems
}

/// Records of one and the same mail, person or relation.
fn doubles(world: &World) -> Vec<String> {
    let identities: [(&str, &[&str]); 3] = [
        ("EmailMessage", &["MessageIdentifier"]),
        ("Lead", &["Email"]),
        ("EmailMessageRelation", &["EmailMessageId", "RelationId", "RelationType", "RelationAddress"]),
    ];
    let org = world.stack.vendors.salesforce.model();
    let mut problems = Vec::new();
    for (object, fields) in identities {
        let mut seen = BTreeSet::new();
        let identity = |row: &Row| fields.iter().map(|field| row.text(field).to_lowercase()).collect::<Vec<_>>();
        let twice = org.rows(object).map(identity).filter(|identity| !seen.insert(identity.clone()));
        problems.extend(twice.map(|identity| format!("twice the same {object}: {identity:?}")));
    }
    problems
}
