//! Contacts.

use serde_json::Value;
use sim_kit::Reply;

use super::contact_view::{self, CONTACT};
use crate::http::call::{Call, json};
use crate::http::delta::DeltaKind;
use crate::http::odata::{Object, Options};
use crate::http::{below, entity};
use crate::model::ids::Kind;
use crate::model::{Contact, Exchange, Mailbox};
use crate::refusal::Refusal;

impl Exchange {
    /// From `contacts` on; `within` is the folder of the path, if it names one.
    pub(super) fn contact_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
        within: Option<u64>,
    ) -> Result<Reply, Refusal> {
        let folder = within.unwrap_or(self.mailboxes[index].contact_folder);
        match (names, call.request.method.as_str()) {
            ([], "GET") => self.list_contacts(call, index, folder, within.is_some()),
            ([], "POST") => {
                let (body, options) = (call.body()?, Options::of(call, &CONTACT)?);
                let folder = match body.get("parentFolderId").and_then(Value::as_str) {
                    Some(id) if within.is_none() => self.mailboxes[index].find_contact_folder(id)?,
                    _ => folder,
                };
                let key = self.add_contact_to(index, folder, &body, call.now)?;
                self.contact_reply(call, index, key, 201, &options)
            }
            (["$count"], "GET") => self.count_contacts(call, index, folder),
            (["delta"], "GET") => self.delta(call, index, DeltaKind::Contacts(folder)),
            ([_], "GET") => {
                let options = Options::of(call, &CONTACT)?;
                let key = self.contact_at(index, &raw[0], within)?.stamp.key;
                self.contact_reply(call, index, key, 200, &options)
            }
            ([_], "PATCH") => self.patch_contact(call, index, &raw[0], within),
            ([_], "DELETE") => {
                let contact = self.contact_at(index, &raw[0], within)?;
                call.precondition(&self.mailboxes[index].etag(&contact.stamp))?;
                let key = contact.stamp.key;
                self.drop_contact(index, key, call.now);
                Ok(Reply::empty(204))
            }
            ([_, "photo", ..], _) => {
                let key = self.contact_at(index, &raw[0], within)?.stamp.key;
                self.contact_photo(call, &names[2..], &raw[2..], index, key)
            }
            ([] | [_], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    fn contact_at(&self, index: usize, id: &str, within: Option<u64>) -> Result<&Contact, Refusal> {
        let contact = self.mailboxes[index].find::<Contact>(id)?;
        if within.is_some_and(|folder| folder != contact.stamp.scope) {
            return Err(Refusal::item_not_found());
        }
        Ok(contact)
    }

    fn list_contacts(&self, call: &Call<'_>, index: usize, folder: u64, named: bool) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CONTACT)?;
        let mailbox = &self.mailboxes[index];
        let contacts = inside(call, mailbox, folder);
        let full = |item: &Contact| contact_view::for_filter(mailbox, item);
        let shown = |item: &Contact| show(call, mailbox, item, &options);
        let what = if named {
            format!("contactFolders('{}')/contacts", mailbox.container_id(Kind::ContactFolder, folder))
        } else {
            "contacts".to_owned()
        };
        Ok(json(200, &options.list(call, &below(mailbox, &what), contacts, full, shown)))
    }

    fn count_contacts(&self, call: &Call<'_>, index: usize, folder: u64) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CONTACT)?;
        let mailbox = &self.mailboxes[index];
        let passes = |item: &&Contact| {
            let filter = options.filter.as_ref();
            filter.is_none_or(|filter| filter.matches(&contact_view::for_filter(mailbox, item)))
        };
        let count = inside(call, mailbox, folder).into_iter().filter(passes).count();
        Ok(Reply::text(200, "text/plain", count.to_string()))
    }

    fn contact_reply(
        &self,
        call: &Call<'_>,
        index: usize,
        key: u64,
        status: u16,
        options: &Options,
    ) -> Result<Reply, Refusal> {
        let mailbox = &self.mailboxes[index];
        let contact = mailbox.contacts.get(&key).ok_or_else(Refusal::item_not_found)?;
        let object = options.cut(show(call, mailbox, contact, options));
        let id = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let reply = entity(call, status, &below(mailbox, "contacts/$entity"), object);
        let reply = reply.header("etag", &mailbox.etag(&contact.stamp));
        if status != 201 {
            return Ok(reply);
        }
        let location = format!("{}/v1.0/users('{}')/contacts('{id}')", call.request.origin, mailbox.id);
        Ok(reply.header("location", &location))
    }

    fn patch_contact(
        &mut self,
        call: &Call<'_>,
        index: usize,
        id: &str,
        within: Option<u64>,
    ) -> Result<Reply, Refusal> {
        let mut contact = self.contact_at(index, id, within)?.clone();
        let mailbox = &self.mailboxes[index];
        call.precondition(&mailbox.etag(&contact.stamp))?;
        let (body, options) = (call.body()?, Options::of(call, &CONTACT)?);
        let folder = match body.get("parentFolderId").and_then(Value::as_str) {
            Some(id) => mailbox.find_contact_folder(id)?,
            None => contact.stamp.scope,
        };
        contact.apply(&body)?;
        let (key, before) = (contact.stamp.key, contact.stamp.scope);
        self.replace_contact(index, contact, call.now);
        if folder != before {
            self.carry_contact(index, key, folder, call.now);
        }
        self.contact_reply(call, index, key, 200, &options)
    }
}

/// The contacts of a folder that the request searches for.
fn inside<'a>(call: &Call<'_>, mailbox: &'a Mailbox, folder: u64) -> Vec<&'a Contact> {
    let search = call.request.param("$search");
    let wanted =
        |item: &&Contact| item.stamp.scope == folder && search.is_none_or(|search| contact_view::found(item, search));
    mailbox.contacts.values().filter(wanted).collect()
}

fn show(call: &Call<'_>, mailbox: &Mailbox, item: &Contact, options: &Options) -> Object {
    let mut object = contact_view::contact(mailbox, item, call.prefer.immutable);
    options.add_extended(&mut object, item.extended.list());
    object
}
