//! One user's mailbox: mails, threads, labels, history.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::history::{Change, History, Record};
use super::labels::LabelBook;
use super::mime::{self, Envelope};
use super::query::Query;
use super::{Mint, Refusal};

/// A stored mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) id: String,
    pub(crate) thread_id: String,
    pub(crate) label_ids: Vec<String>,
    pub(crate) internal_date_ms: i64,
    /// Counts the mails of the mailbox in the order they came.
    pub(crate) sequence: u64,
    pub(crate) history_id: u64,
    #[serde(with = "as_base64")]
    pub(crate) raw: Vec<u8>,
    pub(crate) envelope: Envelope,
}

impl Mail {
    pub(crate) fn has_label(&self, id: &str) -> bool {
        self.label_ids.iter().any(|label| label == id)
    }

    /// Newest last; what lists and threads are sorted by.
    pub(crate) fn age_key(&self) -> (i64, u64) {
        (self.internal_date_ms, self.sequence)
    }
}

mod as_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// A push registration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    pub(crate) topic: String,
    pub(crate) label_ids: Vec<String>,
    pub(crate) exclude: bool,
    pub(crate) expires: Timestamp,
}

/// A mail on its way into a mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) raw: Vec<u8>,
    pub(crate) labels: Vec<String>,
    /// The thread it asks to join.
    pub(crate) thread: Option<String>,
    /// `None` for the date its header says, or now if it says none.
    pub(crate) internal_date_ms: Option<i64>,
    /// Whether it joins the thread it answers without asking.
    pub(crate) find_thread: bool,
}

/// What a list asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) query: Option<Query>,
    pub(crate) label_ids: Vec<String>,
    pub(crate) include_spam_trash: bool,
}

/// One user's mailbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mailbox {
    pub(crate) address: String,
    pub(crate) labels: LabelBook,
    pub(crate) history: History,
    pub(crate) watch: Option<Watch>,
    mails: BTreeMap<String, Mail>,
    sequence: u64,
}

impl Mailbox {
    pub(crate) fn new(address: &str, mint: &mut Mint) -> Self {
        let start = 1000 + mint.history_gap() * 17;
        Self {
            address: address.to_owned(),
            labels: LabelBook::default(),
            history: History::starting_at(start),
            watch: None,
            mails: BTreeMap::new(),
            sequence: 0,
        }
    }

    pub(crate) fn mails(&self) -> impl Iterator<Item = &Mail> {
        self.mails.values()
    }

    pub(crate) fn mail(&self, id: &str) -> Result<&Mail, Refusal> {
        well_formed(id)?;
        self.mails.get(id).ok_or(Refusal::NotFound)
    }

    /// The mails of a thread, oldest first, never none.
    pub(crate) fn thread(&self, id: &str) -> Result<Vec<&Mail>, Refusal> {
        well_formed(id)?;
        let mut mails: Vec<&Mail> = self.mails.values().filter(|mail| mail.thread_id == id).collect();
        mails.sort_by_key(|mail| mail.age_key());
        if mails.is_empty() { Err(Refusal::NotFound) } else { Ok(mails) }
    }

    /// The mails a list shows, newest first.
    pub(crate) fn find(&self, filter: &Filter) -> Vec<&Mail> {
        let hidden = |mail: &Mail, label: &str| mail.has_label(label) && !filter.label_ids.iter().any(|id| id == label);
        let shows_all = filter.include_spam_trash || filter.query.as_ref().is_some_and(Query::names_spam_or_trash);
        let mut found: Vec<&Mail> = self
            .mails
            .values()
            .filter(|mail| shows_all || !(hidden(mail, "SPAM") || hidden(mail, "TRASH")))
            .filter(|mail| filter.label_ids.iter().all(|id| mail.has_label(id)))
            .filter(|mail| filter.query.as_ref().is_none_or(|query| query.matches(mail, &self.labels)))
            .collect();
        found.sort_by_key(|mail| std::cmp::Reverse(mail.age_key()));
        found
    }

    pub(crate) fn add(&mut self, arrival: Arrival, mint: &mut Mint, now: Timestamp) -> &Mail {
        let mut raw = arrival.raw;
        let mut envelope = mime::envelope(&raw);
        if envelope.message_id.is_empty() {
            envelope.message_id = format!("{}@mail.gmail.com", mint.token("CA+"));
            let header = format!("Message-Id: <{}>\r\n", envelope.message_id);
            raw.splice(0..0, header.into_bytes());
        }
        let id =
            std::iter::repeat_with(|| mint.message_id()).find(|id| !self.mails.contains_key(id)).unwrap_or_default();
        let thread_id = match &arrival.thread {
            Some(thread) => self
                .mails
                .values()
                .any(|mail| mail.thread_id == *thread && answers(&envelope, mail))
                .then(|| thread.clone()),
            None if arrival.find_thread => {
                self.mails.values().find(|mail| answers(&envelope, mail)).map(|mail| mail.thread_id.clone())
            }
            None => None,
        };
        let internal_date_ms = arrival.internal_date_ms.or(envelope.date_ms).unwrap_or_else(|| now.as_millisecond());
        let mut label_ids = arrival.labels;
        let mut seen = std::collections::BTreeSet::new();
        label_ids.retain(|label| seen.insert(label.clone()));
        self.sequence += 1;
        let mail = Mail {
            thread_id: thread_id.unwrap_or_else(|| id.clone()),
            id: id.clone(),
            label_ids,
            internal_date_ms,
            sequence: self.sequence,
            history_id: 0,
            raw,
            envelope,
        };
        self.mails.insert(id.clone(), mail);
        self.record(&id, Change::MessageAdded, mint, now);
        &self.mails[&id]
    }

    /// Puts labels on a mail and takes others off. `Err` leaves it as it was.
    pub(crate) fn relabel(
        &mut self,
        id: &str,
        add: &[String],
        remove: &[String],
        mint: &mut Mint,
        now: Timestamp,
    ) -> Result<&Mail, Refusal> {
        self.mail(id)?;
        self.labels.check_move(add, remove)?;
        self.move_labels(id, add, remove, mint, now);
        self.mail(id)
    }

    /// The same for mails that may be gone, whose ids are passed over.
    pub(crate) fn relabel_many(
        &mut self,
        ids: &[String],
        add: &[String],
        remove: &[String],
        mint: &mut Mint,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.labels.check_move(add, remove)?;
        for id in ids {
            self.move_labels(id, add, remove, mint, now);
        }
        Ok(())
    }

    pub(crate) fn trash(&mut self, id: &str, mint: &mut Mint, now: Timestamp) -> Result<&Mail, Refusal> {
        self.relabel(id, &["TRASH".to_owned()], &["INBOX".to_owned()], mint, now)
    }

    pub(crate) fn untrash(&mut self, id: &str, mint: &mut Mint, now: Timestamp) -> Result<&Mail, Refusal> {
        self.relabel(id, &[], &["TRASH".to_owned()], mint, now)
    }

    /// Deletes for good; an id that is not there is passed over.
    pub(crate) fn delete(&mut self, id: &str, mint: &mut Mint, now: Timestamp) {
        if self.mails.contains_key(id) {
            self.record(id, Change::MessageDeleted, mint, now);
            self.mails.remove(id);
        }
    }

    /// Deletes a user's label, and takes it off every mail.
    pub(crate) fn delete_label(&mut self, id: &str, mint: &mut Mint, now: Timestamp) -> Result<(), Refusal> {
        self.labels.remove(id)?;
        let label = [id.to_owned()];
        let bearers: Vec<String> =
            self.mails.values().filter(|mail| mail.has_label(id)).map(|mail| mail.id.clone()).collect();
        for mail in bearers {
            self.move_labels(&mail, &[], &label, mint, now);
        }
        Ok(())
    }

    pub(crate) fn expire_history(&mut self, mint: &mut Mint) {
        self.history.expire(mint.history_gap());
    }

    fn move_labels(&mut self, id: &str, add: &[String], remove: &[String], mint: &mut Mint, now: Timestamp) {
        let Some(mail) = self.mails.get_mut(id) else {
            return;
        };
        let mut added = Vec::new();
        for label in add {
            if !mail.label_ids.contains(label) {
                mail.label_ids.push(label.clone());
                added.push(label.clone());
            }
        }
        let (removed, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut mail.label_ids).into_iter().partition(|label| remove.contains(label));
        mail.label_ids = kept;
        if !added.is_empty() {
            self.record(id, Change::LabelsAdded(added), mint, now);
        }
        if !removed.is_empty() {
            self.record(id, Change::LabelsRemoved(removed), mint, now);
        }
    }

    fn record(&mut self, id: &str, change: Change, mint: &mut Mint, now: Timestamp) {
        let Some(mail) = self.mails.get_mut(id) else {
            return;
        };
        mail.history_id = self.history.advance(mint.history_gap());
        self.history.record(Record {
            id: mail.history_id,
            at: now,
            message_id: mail.id.clone(),
            thread_id: mail.thread_id.clone(),
            label_ids: mail.label_ids.clone(),
            change,
        });
    }
}

/// Ids of messages and threads are up to 16 hexadecimal digits.
fn well_formed(id: &str) -> Result<(), Refusal> {
    let good = (1..=16).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(()) } else { Err(Refusal::invalid("Invalid id value")) }
}

/// Whether a mail answers another: it refers to it, under the same subject.
fn answers(envelope: &Envelope, mail: &Mail) -> bool {
    let known = &mail.envelope;
    let refers = envelope.references.contains(&known.message_id)
        || envelope.references.iter().any(|id| known.references.contains(id));
    refers && mime::base_subject(&envelope.subject) == mime::base_subject(&known.subject)
}
