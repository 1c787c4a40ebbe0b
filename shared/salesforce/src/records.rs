//! The records of one kind that one user owns: observing them.

use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use syncline_core::contact::Contact;
use syncline_core::cursor::{Page, Position};
use syncline_core::ids::{RemoteId, SyncKey};
use syncline_core::item::Event;
use syncline_core::observation::{EventSeen, ItemSeen, Observation};
use syncline_core::task::Task;
use syncline_core::time::Window;
use syncline_ports::{ErrorKind, EventWrite, Events, Items, Outcome, PortError, Write};

use crate::KEY_FIELD;
use crate::budget::Purpose;
use crate::client::{Call, Client};
use crate::composite::{Part, Parts};
use crate::follow::{self, Answers, Mark};
use crate::object::{Extra, Object, Selection, observation};
use crate::row::{Row, same_id};
use crate::shape::is_unknown_field;
use crate::soql::{chunks, list};
use crate::trouble::{Effect, garbled};

/// How many records a page has (REST API guide, `Sforce-Query-Options`: 200 to 2,000; fewer if they are big).
const PAGE_ROWS: &[(&str, &str)] = &[("Sforce-Query-Options", "batchSize=500")];
/// How many records one read by id takes (REST API guide, "Get Records Using sObject Collections").
const READ_ROWS: usize = 2_000;

/// The records of a kind that one user owns.
pub(crate) struct Records<T> {
    pub(crate) client: Arc<Client>,
    pub(crate) owner: RemoteId,
    kind: PhantomData<fn() -> T>,
}

impl<T> std::fmt::Debug for Records<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Records").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// A question for a page, ready to be sent.
pub(crate) struct Question<T: Object> {
    mark: Option<Mark>,
    selection: Selection<T>,
    /// A page of the records, of their companions, or of both.
    pub(crate) parts: Vec<Part>,
    names: [&'static str; 2],
    /// Which of them are asked for.
    asks: [bool; 2],
}

impl<T: Object> Question<T> {
    /// The answers among those of a call.
    pub(crate) fn among(&self, parts: &Parts) -> Result<Answers, PortError> {
        let page = |at: usize| self.asks[at].then(|| parts.page(self.names[at])).transpose();
        Ok(Answers { main: page(0)?, companions: page(1)? })
    }
}

impl<T: Object> Records<T> {
    pub(crate) fn new(client: Arc<Client>, owner: RemoteId) -> Self {
        Self { client, owner, kind: PhantomData }
    }

    /// The question for what follows a position. `names` are those of its parts.
    pub(crate) async fn question(
        &self,
        owner: &RemoteId,
        window: Option<&Window>,
        position: &Position,
        names: [&'static str; 2],
    ) -> Result<Question<T>, PortError> {
        let expired = || PortError::new(ErrorKind::CursorExpired, op::<T>(Op::Changes));
        let mark = match position {
            Position::Start => None,
            Position::Page(token) | Position::Delta(token) => Some(Mark::read(token).ok_or_else(expired)?),
        };
        // What a token knows need not be asked, unless more is known by now.
        let selection = match (&mark, Selection::known(&self.client).await) {
            (Some(mark), None) => mark.selection(),
            (_, Some(known)) => known,
            (None, None) => Selection::of(&self.client).await?,
        };
        let (main, companions) = match (position, &mark) {
            (Position::Page(_), Some(Mark { next, next_companions, .. })) => {
                let page = |name, path: &Option<String>| {
                    let Some(path) = path else { return Ok(None) };
                    let rest = path.strip_prefix(&self.client.path("")).ok_or_else(expired)?.to_owned();
                    Ok(Some(Part { name, method: "GET", rest, body: None, headers: &[] }))
                };
                (page(names[0], next)?, page(names[1], next_companions)?)
            }
            (Position::Delta(_), Some(mark)) => {
                let main = Part::query_all(names[0], &follow::changes(owner, mark, &selection));
                let companions = follow::companions(owner, mark, &selection);
                (Some(main), companions.map(|soql| Part::query_all(names[1], &soql)))
            }
            (Position::Start, _) => {
                (Some(Part::query_all(names[0], &follow::listing(owner, window, &selection))), None)
            }
            (Position::Page(_) | Position::Delta(_), None) => (None, None),
        };
        let asks = [main.is_some(), companions.is_some()];
        let mut parts: Vec<Part> = main.into_iter().chain(companions).collect();
        if parts.is_empty() {
            return Err(expired());
        }
        for part in &mut parts {
            part.headers = PAGE_ROWS;
        }
        Ok(Question { mark, selection, parts, names, asks })
    }

    /// The page that answers a question.
    pub(crate) async fn page(
        &self,
        question: &Question<T>,
        answers: Answers,
    ) -> Result<Page<Observation<T::Seen>>, PortError> {
        let op = op::<T>(Op::Changes);
        // Too early does no harm: where the server tells no time, this machine's will do.
        let now = answers.date().unwrap_or_else(|| self.client.now());
        if question.mark.as_ref().is_some_and(|mark| mark.is_expired(now)) {
            let error = PortError::new(ErrorKind::CursorExpired, op);
            return Err(error.because("records deleted since then may be gone from the recycle bin"));
        }
        let shift = follow::shift(answers, question.mark.as_ref(), &question.selection);
        let shift = shift.ok_or_else(|| garbled(op, Effect::Read, "the answer tells no time"))?;
        let mut page = shift.page;
        if !shift.touched.is_empty() {
            let touched: Vec<_> = shift.touched.into_iter().collect();
            let seen = self.look(&touched, &question.selection).await?;
            // That one is gone its own row says.
            page.items.extend(seen.into_iter().filter(|item| !matches!(item, Observation::Gone { .. })));
        }
        Ok(page)
    }

    /// What follows a position. A field that turns out to be unknown is looked up, once.
    pub(crate) async fn changes(
        &self,
        owner: &RemoteId,
        window: Option<&Window>,
        position: &Position,
    ) -> Result<Page<Observation<T::Seen>>, PortError> {
        match self.changes_once(owner, window, position).await {
            Err(error) if is_unknown_field(&error) => {
                Selection::<T>::relearned(&self.client).await?;
                self.changes_once(owner, window, position).await
            }
            answered => answered,
        }
    }

    async fn changes_once(
        &self,
        owner: &RemoteId,
        window: Option<&Window>,
        position: &Position,
    ) -> Result<Page<Observation<T::Seen>>, PortError> {
        let op = op::<T>(Op::Changes);
        let mut question = self.question(owner, window, position, ["page", "companions"]).await?;
        let mut parts = std::mem::take(&mut question.parts);
        let answers = if parts.len() > 1 {
            question.among(&self.client.composite(op, Effect::Read, Purpose::Pressing, parts).await?)?
        } else {
            let part = parts.pop().ok_or_else(|| garbled(op, Effect::Read, "nothing was asked"))?;
            let answer = self.client.send(Call::get(op, self.client.path(&part.rest)).headed(part.headers)).await?;
            let page = Some(crate::client::read_page(op, answer.body, answer.date)?);
            let (main, companions) = if question.asks[0] { (page, None) } else { (None, page) };
            Answers { main, companions }
        };
        self.page(&question, answers).await
    }

    /// The records of these ids as they are now, one observation per id.
    async fn look(&self, ids: &[RemoteId], selection: &Selection<T>) -> Result<Vec<Observation<T::Seen>>, PortError> {
        let hidden = selection.hidden();
        let rows = self.rows(ids, selection).await?;
        Ok(ids.iter().zip(&rows).map(|(id, record)| look_at::<T>(id, record, &hidden)).collect())
    }

    /// The same as records; null for one that is not there.
    pub(crate) async fn rows(&self, ids: &[RemoteId], selection: &Selection<T>) -> Result<Vec<Value>, PortError> {
        let op = op::<T>(Op::Read);
        let mut rows = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(READ_ROWS) {
            rows.extend(self.collection(op, T::NAME, chunk, &selection.columns()).await?);
        }
        for extra in selection.extras() {
            if let Extra::Path { relation, id, object, field, .. } = extra {
                self.add_parents(op, &mut rows, (relation, id, object), field).await?;
            }
        }
        Ok(rows)
    }

    /// A read by id knows no paths: the records at their ends are read by themselves.
    async fn add_parents(
        &self,
        op: &'static str,
        rows: &mut [Value],
        (relation, id, object): (&'static str, &'static str, &'static str),
        field: &'static str,
    ) -> Result<(), PortError> {
        let parent = |row: &Value| Row(row).text(id).ok().flatten().map(RemoteId::new);
        let ids: std::collections::BTreeSet<RemoteId> = rows.iter().filter_map(parent).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        for chunk in ids.chunks(READ_ROWS) {
            let parents = self.collection(op, object, chunk, &[field]).await?;
            for row in rows.iter_mut() {
                let at = parent(row).and_then(|id| chunk.iter().position(|other| *other == id));
                if let (Some(found), Some(row)) = (at.and_then(|at| parents.get(at)), row.as_object_mut()) {
                    row.insert(relation.to_owned(), found.clone());
                }
            }
        }
        Ok(())
    }

    async fn collection(
        &self,
        op: &'static str,
        object: &str,
        ids: &[RemoteId],
        fields: &[&str],
    ) -> Result<Vec<Value>, PortError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let body = json!({"ids": ids, "fields": fields});
        let path = self.client.path(&format!("composite/sobjects/{object}"));
        match self.client.send(Call::post(op, path, body, Effect::Read)).await?.body {
            // An answer of another length tells nothing about who is absent.
            Value::Array(records) if records.len() == ids.len() => Ok(records),
            _ => Err(garbled(op, Effect::Read, "the answer has not one line per id")),
        }
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation<T::Seen>>, PortError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        match self.look(ids, &Selection::of(&self.client).await?).await {
            Err(error) if is_unknown_field(&error) => self.look(ids, &Selection::relearned(&self.client).await?).await,
            answered => answered,
        }
    }

    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<T::Seen>, PortError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        match self.find_with(keys, &Selection::of(&self.client).await?).await {
            Err(error) if is_unknown_field(&error) => {
                self.find_with(keys, &Selection::relearned(&self.client).await?).await
            }
            answered => answered,
        }
    }

    /// Without a field for the key nothing is found by it: a create looks for itself.
    async fn find_with(&self, keys: &[SyncKey], selection: &Selection<T>) -> Result<Vec<T::Seen>, PortError> {
        let op = op::<T>(Op::Find);
        let mut found = Vec::new();
        if !selection.has_key() {
            return Ok(found);
        }
        let hidden = selection.hidden();
        for chunk in chunks(keys, |key| [key.as_str()]) {
            let keys = list(chunk.iter().map(SyncKey::as_str));
            // What ended over a year ago is archived, and a plain query does not see it.
            let soql = format!(
                "SELECT {} FROM {} WHERE {KEY_FIELD} IN {keys} AND IsDeleted = false ORDER BY Id",
                selection.select(),
                T::NAME,
            );
            for record in self.client.all_rows(op, soql).await? {
                match observation::<T>(&record, &hidden) {
                    Observation::Present(seen) => found.push(*seen),
                    Observation::Gone { .. } => {}
                    Observation::Unreadable { id, problem } => tracing::warn!(op, %id, problem, "left out"),
                }
            }
        }
        Ok(found)
    }
}

/// One line of a read by id: null for a record that is not there.
fn look_at<T: Object>(
    id: &RemoteId,
    record: &Value,
    hidden: &std::collections::BTreeSet<T::Field>,
) -> Observation<T::Seen> {
    if record.is_null() {
        Observation::Gone { id: id.clone() }
    } else if same_id(Row(record).id().as_str(), id.as_str()) {
        observation::<T>(record, hidden)
    } else {
        Observation::Unreadable { id: id.clone(), problem: "another record was answered".to_owned() }
    }
}

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Changes,
    Read,
    Find,
    Write,
}

/// Its name in errors and logs.
pub(crate) fn op<T: Object>(op: Op) -> &'static str {
    match (T::NAME, op) {
        ("Event", Op::Changes) => "salesforce.event.changes",
        ("Event", Op::Read) => "salesforce.event.read",
        ("Event", Op::Find) => "salesforce.event.find",
        ("Event", Op::Write) => "salesforce.event.write",
        ("Task", Op::Changes) => "salesforce.task.changes",
        ("Task", Op::Read) => "salesforce.task.read",
        ("Task", Op::Find) => "salesforce.task.find",
        ("Task", Op::Write) => "salesforce.task.write",
        (_, Op::Changes) => "salesforce.contact.changes",
        (_, Op::Read) => "salesforce.contact.read",
        (_, Op::Find) => "salesforce.contact.find",
        (_, Op::Write) => "salesforce.contact.write",
    }
}

#[async_trait]
impl Events for Records<Event> {
    async fn changes(&self, window: &Window, position: &Position) -> Result<Page<Observation>, PortError> {
        Self::changes(self, &self.owner, Some(window), position).await
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation>, PortError> {
        Self::read(self, ids).await
    }

    async fn find(&self, keys: &[SyncKey]) -> Result<Vec<EventSeen>, PortError> {
        Self::find(self, keys).await
    }

    async fn write(&self, writes: &[EventWrite]) -> Result<Vec<Outcome>, PortError> {
        self.write_all(&self.owner, writes).await
    }
}

/// A kind that lives in a collection, which here is its owner.
trait Owned: Object<Seen = ItemSeen<Self>> {}

impl Owned for Task {}

impl Owned for Contact {}

#[async_trait]
impl<T: Owned> Items<T> for Records<T> {
    async fn changes(
        &self,
        collection: &RemoteId,
        position: &Position,
    ) -> Result<Page<Observation<ItemSeen<T>>>, PortError> {
        Self::changes(self, collection, None, position).await
    }

    async fn read(&self, ids: &[RemoteId]) -> Result<Vec<Observation<ItemSeen<T>>>, PortError> {
        Self::read(self, ids).await
    }

    async fn find(&self, collection: &RemoteId, keys: &[SyncKey]) -> Result<Vec<ItemSeen<T>>, PortError> {
        let mut found = Self::find(self, keys).await?;
        found.retain(|seen| same_id(seen.collection.as_str(), collection.as_str()));
        Ok(found)
    }

    async fn write(&self, collection: &RemoteId, writes: &[Write<T>]) -> Result<Vec<Outcome>, PortError> {
        self.write_all(collection, writes).await
    }
}
