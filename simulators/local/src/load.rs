//! Real input: `.ics` and `.eml` files of the user's own, put into a simulated mailbox, and what became
//! of each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syncline_core::ids::UserId;
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, Line};
use syncline_core::time::{EventTime, Window};

use crate::LocalError;
use crate::ics::{self, Appointment};
use crate::seed::{PEOPLE, Person};
use crate::stack::Stack;

/// How many sessions are looked through for an item's fate.
const SESSIONS: u32 = 200;

/// Why a series is left out.
const SERIES: &str = "It is part of a series; only single events are mirrored yet";

/// The files to load.
#[derive(Debug, Default)]
pub struct Input {
    /// Calendars.
    pub calendar: Vec<PathBuf>,
    /// Mails.
    pub mail: Vec<PathBuf>,
}

impl Input {
    /// Whether there is nothing to load.
    pub fn is_empty(&self) -> bool {
        self.calendar.is_empty() && self.mail.is_empty()
    }
}

/// The files of a folder with that ending, by name.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, LocalError> {
    let unreadable = |error| LocalError::File(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending)) {
            std::fs::File::open(&path).map_err(|error| LocalError::File(path.clone(), error))?;
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        let nothing = std::io::Error::other(format!("there is no .{ending} file in this folder"));
        return Err(LocalError::File(folder.to_owned(), nothing));
    }
    Ok(files)
}

/// An item of a file, once it was offered to a mailbox.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file's name.
    pub file: String,
    /// Where it went.
    pub place: Place,
}

/// Where an item went.
#[derive(Clone, Debug)]
pub enum Place {
    /// Into a mailbox.
    Mailbox {
        /// Whose.
        user: UserId,
        /// Its id there.
        id: String,
        /// When it is, if it is an event.
        time: Option<EventTime>,
    },
    /// Left out before it reached one.
    Skipped(String),
    /// It could not be read, or the mailbox did not take it.
    Parked(String),
}

/// What became of an item in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stands on both sides.
    Mirrored,
    /// It is a record in the CRM.
    Ingested,
    /// It was left out, and why.
    Skipped(String),
    /// It was put aside, and why.
    Parked(String),
    /// Nobody knows: a mistake of ours.
    Lost,
}

/// Puts the calendars' events into the first user's calendar.
pub async fn calendars(stack: &Stack, files: &[PathBuf], mut done: impl FnMut()) -> Result<Vec<Loaded>, LocalError> {
    let mut loaded = Vec::new();
    for path in files {
        let file = name(path);
        let bytes = std::fs::read(path).map_err(|error| LocalError::File(path.clone(), error))?;
        for event in ics::read(&String::from_utf8_lossy(&bytes)) {
            let place = match event {
                ics::Found::Single(appointment) => place_event(stack, &PEOPLE[0], &appointment).await?,
                ics::Found::Series(_) => Place::Skipped(SERIES.to_owned()),
                ics::Found::Skipped(why) => Place::Skipped(why.to_owned()),
                ics::Found::Unreadable(why) => Place::Parked(why),
            };
            loaded.push(Loaded { file: file.clone(), place });
        }
        done();
    }
    Ok(loaded)
}

async fn place_event(stack: &Stack, person: &Person, appointment: &Appointment) -> Result<Place, LocalError> {
    let url = format!("{}/v1.0/me/events", stack.vendors.exchange.url());
    let request = stack.http.post(url).bearer_auth(format!("sim-{}", person.address));
    let request = request.header("prefer", "IdType=\"ImmutableId\"").json(&appointment.as_graph());
    let response = request.send().await?;
    let taken = response.status().is_success();
    let body: serde_json::Value = response.json().await?;
    if taken && let Some(id) = body.get("id").and_then(serde_json::Value::as_str) {
        let (user, id, time) = (UserId::new(person.id), id.to_owned(), Some(appointment.time));
        return Ok(Place::Mailbox { user, id, time });
    }
    let code = body.pointer("/error/code").and_then(serde_json::Value::as_str).unwrap_or("no code");
    Ok(Place::Parked(format!("the mailbox did not take it ({code})")))
}

/// Delivers the mails, in turn to an Exchange and to a Gmail user.
pub async fn mails(stack: &Stack, files: &[PathBuf], mut done: impl FnMut()) -> Result<Vec<Loaded>, LocalError> {
    let mut loaded = Vec::new();
    for (at, path) in files.iter().enumerate() {
        let bytes = std::fs::read(path).map_err(|error| LocalError::File(path.clone(), error))?;
        let person = &PEOPLE[if at % 2 == 0 { 0 } else { 2 }];
        let place = match deliver(stack, person, &bytes).await? {
            Ok(id) => Place::Mailbox { user: UserId::new(person.id), id, time: None },
            Err(why) => Place::Parked(why),
        };
        loaded.push(Loaded { file: name(path), place });
        done();
    }
    Ok(loaded)
}

/// Delivers a mail to a user's inbox; its id there, or why the mailbox did not take it.
pub async fn deliver(stack: &Stack, person: &Person, mime: &[u8]) -> Result<Result<String, String>, LocalError> {
    use syncline_core::org::Provider;
    match person.provider {
        Provider::Gmail => {
            let labels = ["INBOX", "UNREAD"];
            let delivered = stack.vendors.gmail.with(|gmail, at| gmail.deliver(person.address, &labels, mime, at));
            Ok(delivered.map_err(|error| error.to_string()))
        }
        Provider::Exchange => {
            let inbox = sim_exchange::WellKnown::Inbox;
            let delivered =
                stack.vendors.exchange.with(|exchange, at| exchange.deliver(person.address, inbox, mime, at));
            match delivered {
                Ok(id) => immutable_id(stack, person, &id).await.map(Ok),
                Err(error) => Ok(Err(error.to_string())),
            }
        }
    }
}

/// The id that does not change when the message moves.
async fn immutable_id(stack: &Stack, person: &Person, id: &str) -> Result<String, LocalError> {
    let url = format!("{}/v1.0/me/messages/{id}?$select=id", stack.vendors.exchange.url());
    let request = stack.http.get(url).bearer_auth(format!("sim-{}", person.address));
    let message: serde_json::Value = request.header("prefer", "IdType=\"ImmutableId\"").send().await?.json().await?;
    let id = message.get("id").and_then(serde_json::Value::as_str).map(str::to_owned);
    id.ok_or_else(|| LocalError::Unexpected("the Exchange simulator lost a message it had just taken".to_owned()))
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// What became of the items, from the reports of the sessions since.
pub async fn fates(stack: &Stack, loaded: &[Loaded], window: &Window) -> Result<Vec<(String, Fate)>, LocalError> {
    let mut lines: BTreeMap<(UserId, String), Line> = BTreeMap::new();
    for person in PEOPLE {
        let user = UserId::new(person.id);
        for report in stack.store().sessions(&user, SESSIONS).await?.into_iter().rev() {
            for line in report.lines {
                if let Some(id) = &line.mailbox {
                    lines.insert((user.clone(), id.as_str().to_owned()), line);
                }
            }
        }
    }
    let fate = |loaded: &Loaded| match &loaded.place {
        Place::Skipped(why) => Fate::Skipped(why.clone()),
        Place::Parked(why) => Fate::Parked(why.clone()),
        Place::Mailbox { user, id, time } => match lines.get(&(user.clone(), id.clone())) {
            Some(line) => of_line(line),
            // The mailbox lists its calendar by window, so what lies outside is never even shown.
            None if time.is_some_and(|time| !window.holds(&time)) => {
                Fate::Skipped(Reason::OutsideWindow.text().to_owned())
            }
            None => Fate::Lost,
        },
    };
    Ok(loaded.iter().map(|item| (item.file.clone(), fate(item))).collect())
}

fn of_line(line: &Line) -> Fate {
    let why = || match line.detail.as_str() {
        "" => line.reason.text().to_owned(),
        detail => format!("{} ({detail})", line.reason.text()),
    };
    match line.effect {
        Effect::CreatedInCrm
        | Effect::CreatedInMailbox
        | Effect::UpdatedInCrm
        | Effect::UpdatedInMailbox
        | Effect::Linked
        | Effect::Unchanged => Fate::Mirrored,
        Effect::Ingested | Effect::Related => Fate::Ingested,
        Effect::Parked => Fate::Parked(why()),
        Effect::Skipped | Effect::Rested | Effect::Unlinked | Effect::DeletedFromCrm | Effect::DeletedFromMailbox => {
            Fate::Skipped(why())
        }
    }
}
