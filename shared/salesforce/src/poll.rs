//! News of several kinds in one request, which counts as one call of the org's allowance.

use syncline_core::cursor::Position;
use syncline_core::ids::RemoteId;
use syncline_ports::{Answered, Polled, PortError, Wanted};

use crate::Salesforce;
use crate::budget::Purpose;
use crate::composite::{Part, Parts};
use crate::object::{Object, Selection};
use crate::records::{Question, Records};
use crate::shape::is_unknown_field;
use crate::trouble::{Effect, garbled};

const OP: &str = "salesforce.poll";

/// One kind in the call.
struct Turn<'a, T: Object> {
    records: &'a Records<T>,
    owner: &'a RemoteId,
    position: Option<&'a Position>,
    /// The names of its parts.
    names: [&'static str; 2],
}

/// A kind that takes part: its question, or why it cannot be asked.
type Asked<T> = Option<Result<Question<T>, PortError>>;

impl Salesforce {
    pub(crate) async fn poll_all(&self, wanted: &Wanted) -> Result<Polled, PortError> {
        let owner = &wanted.collection;
        let events = Turn {
            records: &self.events,
            owner: &self.events.owner,
            position: wanted.events.as_ref(),
            names: ["events", "invitations"],
        };
        let tasks = Turn { records: &self.tasks, owner, position: wanted.tasks.as_ref(), names: ["tasks", "of_tasks"] };
        let names = ["contacts", "of_contacts"];
        let contacts = Turn { records: &self.contacts, owner, position: wanted.contacts.as_ref(), names };

        let mut of_events = events.ask(wanted).await;
        let mut of_tasks = tasks.ask(wanted).await;
        let mut of_contacts = contacts.ask(wanted).await;
        let parts = [taken(&mut of_events), taken(&mut of_tasks), taken(&mut of_contacts)].concat();
        let answers = if parts.is_empty() {
            None
        } else {
            let purpose = if wanted.pressing { Purpose::Pressing } else { Purpose::Idle };
            Some(self.events.client.composite(OP, Effect::Read, purpose, parts).await?)
        };
        let answers = answers.as_ref();
        Ok(Polled {
            events: events.answered(wanted, of_events, answers).await,
            tasks: tasks.answered(wanted, of_tasks, answers).await,
            contacts: contacts.answered(wanted, of_contacts, answers).await,
        })
    }
}

fn taken<T: Object>(asked: &mut Asked<T>) -> Vec<Part> {
    match asked {
        Some(Ok(question)) => std::mem::take(&mut question.parts),
        Some(Err(_)) | None => Vec::new(),
    }
}

impl<T: Object> Turn<'_, T> {
    async fn ask(&self, wanted: &Wanted) -> Asked<T> {
        let position = self.position?;
        Some(self.records.question(self.owner, Some(&wanted.window), position, self.names).await)
    }

    async fn answered(&self, wanted: &Wanted, asked: Asked<T>, answers: Option<&Parts>) -> Answered<T::Seen> {
        let page = async |question: &Question<T>| {
            let answers = answers.ok_or_else(|| garbled(OP, Effect::Read, "there is no answer"))?;
            self.records.page(question, question.among(answers)?).await
        };
        let (question, position) = (asked?, self.position?);
        let answered = match &question {
            Ok(question) => page(question).await,
            Err(_) => return question.err().map(Err),
        };
        Some(match answered {
            // A field that is not there (any more) is found out about by itself, and no other kind waits.
            Err(error) if is_unknown_field(&error) => match Selection::<T>::relearned(&self.records.client).await {
                Ok(_) => self.records.changes(self.owner, Some(&wanted.window), position).await,
                Err(error) => Err(error),
            },
            answered => answered,
        })
    }
}
