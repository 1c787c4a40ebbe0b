//! Making a world, and changing it with the hand of somebody outside.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sim_kit::Context;

use super::event::{default_fields, no_location};
use super::ids::{self, Kind};
use super::meeting::Standing;
use super::{
    Body, Contact, Event, Exchange, Extended, Invitation, Mailbox, MailboxState, NoticeKind, Person, Role, Span, Zone,
};
use crate::refusal::Refusal;

/// Why the world could not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeedError {
    /// No user of this tenant has that address.
    UnknownMailbox(String),
    /// No such item in the mailbox.
    UnknownItem(String),
    /// Graph would not take the item; its code and message.
    Refused(String),
}

impl std::fmt::Display for SeedError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UnknownMailbox(name) => {
                write!(formatter, "no user of this tenant is named {name}; add the user first")
            }
            Self::UnknownItem(id) => write!(formatter, "the mailbox has no item {id}"),
            Self::Refused(why) => write!(formatter, "Exchange does not take the item: {why}"),
        }
    }
}

impl std::error::Error for SeedError {}

pub(super) fn refused(refusal: &Refusal) -> SeedError {
    SeedError::Refused(format!("{}: {}", refusal.code, refusal.message))
}

impl Exchange {
    /// The organization northwind.example: Anna Berg and Ben Carter, each with one contact.
    pub fn northwind(now: Timestamp) -> Self {
        let mut world = Self::empty("northwind");
        world.add_user("Anna Berg", "anna.berg@northwind.example");
        world.add_user("Ben Carter", "ben.carter@northwind.example");
        let contacts = [
            (0, "Mia", "Larsen", "Fabrikam", "mia.larsen@fabrikam.example"),
            (1, "Tom", "Okafor", "Contoso", "tom.okafor@contoso.example"),
        ];
        for (mailbox, given, family, company, address) in contacts {
            let contact = json!({
                "givenName": given, "surname": family, "companyName": company,
                "emailAddresses": [{"name": format!("{given} {family}"), "address": address}],
            });
            if let Value::Object(fields) = contact {
                let folder = world.mailboxes[mailbox].contact_folder;
                // Nothing of what stands above is refused.
                let _ = world.add_contact_to(mailbox, folder, &fields, now);
            }
        }
        world.changes.clear();
        world
    }

    /// Adds a user with an empty mailbox and returns the user's id. A name that is taken already changes
    /// nothing.
    pub fn add_user(&mut self, display_name: &str, address: &str) -> String {
        if let Some(index) = self.mailbox_of(address) {
            return self.mailboxes[index].id.clone();
        }
        let mailbox = Mailbox::new(&self.seed, address, display_name);
        let id = mailbox.id.clone();
        self.mailboxes.push(mailbox);
        id
    }

    /// Makes a mailbox usable, missing or forbidden.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn set_mailbox_state(&mut self, address: &str, state: MailboxState) -> Result<(), SeedError> {
        let index = self.seeded(address)?;
        self.mailboxes[index].state = state;
        Ok(())
    }

    /// Adds a contact (Graph's property names) as its owner would, and notifies. Returns its default id.
    ///
    /// # Errors
    /// If there is no such user, or if Graph would not take the contact.
    pub fn add_contact(&mut self, address: &str, contact: &Value, context: &Context<'_>) -> Result<String, SeedError> {
        let index = self.seeded(address)?;
        let fields = contact.as_object().ok_or_else(|| SeedError::Refused("a contact is a JSON object".to_owned()))?;
        let folder = self.mailboxes[index].contact_folder;
        let key = self.add_contact_to(index, folder, fields, context.now).map_err(|refusal| refused(&refusal))?;
        self.flush(context);
        Ok(self.mailboxes[index].item_id(Kind::Contact, key, 0, false))
    }

    /// Deletes a contact as its owner would, and notifies.
    ///
    /// # Errors
    /// If there is no such user or contact.
    pub fn remove_contact(&mut self, address: &str, id: &str, context: &Context<'_>) -> Result<(), SeedError> {
        let index = self.seeded(address)?;
        let unknown = |_| SeedError::UnknownItem(id.to_owned());
        let key = self.mailboxes[index].find::<Contact>(id).map_err(unknown)?.stamp.key;
        self.drop_contact(index, key, context.now);
        self.flush(context);
        Ok(())
    }

    /// Places a meeting of somebody outside into a user's calendar, unanswered, and notifies; a meeting
    /// that is there already is updated as its organizer would. Returns its default id.
    ///
    /// # Errors
    /// If there is no such user, or if Graph would not take the event.
    pub fn place_invitation(
        &mut self,
        address: &str,
        invitation: &Invitation,
        context: &Context<'_>,
    ) -> Result<String, SeedError> {
        let index = self.seeded(address)?;
        let organizer =
            Person { name: invitation.organizer_name.clone(), address: invitation.organizer_address.clone() };
        let body = invitation.event.as_object();
        let body = body.ok_or_else(|| SeedError::Refused("an event is a JSON object".to_owned()))?;
        let calendar = self.mailboxes[index].calendar;
        let event = self.new_event(index, calendar, body, &Zone::utc(), context.now);
        let mut event = event.map_err(|refusal| refused(&refusal))?;
        event.organizer = organizer;
        event.is_organizer = false;
        if let Some(shown) = body.get("showAs").and_then(Value::as_str) {
            shown.clone_into(&mut event.standing.intended);
        }
        if let Some(uid) = &invitation.ical_uid {
            event.ical_uid.clone_from(uid);
        }
        let held = self.mailboxes[index].copy_of(&event.ical_uid);
        let id = |event: &Event, world: &Self| world.mailboxes[index].item_id(Kind::Event, event.stamp.key, 0, false);
        let id = if let Some(held) = held {
            let moved = event.is_elsewhen(&held);
            let id = id(&held, self);
            self.replace_event(index, event.newer_copy(&held, address, moved), context.now);
            id
        } else {
            event.ask_again();
            // Some calendars show it their own way before it is answered.
            if body.contains_key("showAs") {
                event.fields.insert("showAs".into(), event.standing.intended.clone().into());
            }
            let id = id(&event, self);
            self.add_event(index, event);
            id
        };
        self.flush(context);
        Ok(id)
    }

    /// The organizer called a meeting off: the copy in the user's calendar is marked as cancelled.
    ///
    /// # Errors
    /// If there is no such user or event.
    pub fn cancel_invitation(&mut self, address: &str, id: &str, context: &Context<'_>) -> Result<(), SeedError> {
        let index = self.seeded(address)?;
        let event = self.mailboxes[index].find_event(id);
        let mut event = event.map_err(|_| SeedError::UnknownItem(id.to_owned()))?;
        event.call_off();
        self.replace_event(index, event, context.now);
        self.flush(context);
        Ok(())
    }

    /// How many mails of that kind were sent.
    pub fn mailed(&self, kind: NoticeKind) -> usize {
        self.outbox.iter().filter(|notice| notice.kind == kind).count()
    }

    fn seeded(&self, address: &str) -> Result<usize, SeedError> {
        self.mailbox_of(address).ok_or_else(|| SeedError::UnknownMailbox(address.to_owned()))
    }

    /// An event of the mailbox's owner as a client posted it, not yet in the calendar.
    pub(crate) fn new_event(
        &mut self,
        index: usize,
        calendar: u64,
        body: &Map<String, Value>,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Event, Refusal> {
        for name in ["start", "end"] {
            if body.get(name).is_none_or(Value::is_null) {
                let message = format!("The Event.{name} property is required.");
                return Err(Refusal::new(400, "ErrorPropertyValidationFailure", message));
            }
        }
        let mailbox = &self.mailboxes[index];
        let mut event = Event {
            // A refused event leaves no trace: the real stamp is taken at the end.
            stamp: super::Stamp { key: 0, scope: 0, generation: 0, version: 0, born: 0, created: now, modified: now },
            extended: Extended::default(),
            ical_uid: String::new(),
            transaction_id: body.get("transactionId").and_then(Value::as_str).map(str::to_owned),
            organizer: Person { name: mailbox.display_name.clone(), address: mailbox.address.clone() },
            is_organizer: true,
            response: "organizer".to_owned(),
            standing: Standing::default(),
            is_cancelled: false,
            span: Span::Timed { start: now, end: now },
            role: Role::Single,
            start_zone: zone.name.clone(),
            end_zone: zone.name.clone(),
            body: Body::default(),
            location: no_location(),
            locations: Vec::new(),
            attendees: Vec::new(),
            fields: default_fields(),
        };
        event.apply(body, zone)?;
        let mailbox = &mut self.mailboxes[index];
        event.stamp = mailbox.stamp(calendar, now);
        if let Role::Master(series) = &mut event.role {
            series.restamp(event.stamp.version);
        }
        let uid = ids::hex(&ids::digest(&[&mailbox.id, "uid", &event.stamp.key.to_string()])[..24]);
        event.ical_uid = format!("040000008200E00074C5B7101A82E00800000000{}", uid.to_uppercase());
        Ok(event)
    }
}
