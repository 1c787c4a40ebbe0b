//! What befalls requests whatever they ask for: throttling, and misbehaviour that was switched on.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sim_kit::{Reply, Request};

use super::Path;
use super::call::{Call, Caller};
use crate::model::{BATCH_WIDTH, Exchange};
use crate::refusal::Refusal;

/// The resource of a batch.
const BATCH: &str = "$batch";

impl Exchange {
    /// Refuses a good token once, if that is switched on.
    pub(crate) fn doubt(&mut self, request: &Request) -> Result<(), Refusal> {
        if self.switches.spurious_unauthorized == 0 {
            return Ok(());
        }
        let token = request.bearer().unwrap_or_default().to_owned();
        if !self.ledger.doubted.insert(token) {
            return Ok(());
        }
        self.switches.spurious_unauthorized -= 1;
        if self.switches.spurious_unauthorized == 0 {
            self.ledger.doubted.clear();
        }
        Err(Refusal::unauthenticated("Lifetime validation failed, the token is expired."))
    }

    /// Whether a request to something in a mailbox may go on.
    pub(crate) fn enter(&mut self, call: &Call<'_>, names: &[&str], mailbox: usize) -> Result<(), Refusal> {
        self.admit(mailbox, call.request.body.len(), call.now)?;
        let writes = call.is("PATCH") || call.is("DELETE");
        if writes && names.first() != Some(&"mailboxsettings") && self.switches.stale_writes > 0 {
            self.switches.stale_writes -= 1;
            return Err(Refusal::stale(self.switches.stale_status));
        }
        Ok(())
    }

    /// The answer to a POST that was carried out gets lost, if that is switched on.
    pub(crate) fn lose(&mut self, request: &Request, segments: &[String], reply: Reply) -> Result<Reply, Refusal> {
        let lost = self.switches.lost_posts > 0
            && request.method == http::Method::POST
            && reply.status.is_success()
            && segments.last().is_none_or(|last| last != BATCH);
        if !lost {
            return Ok(reply);
        }
        self.switches.lost_posts -= 1;
        Err(Refusal::failing(504))
    }

    /// The mailboxes that a request uses, by their ids, and how many at a time of the requests in it.
    pub(crate) fn mailboxes_used(&self, request: &Request, now: Timestamp) -> BTreeMap<String, u32> {
        let segments = request.segments();
        let mut used: BTreeMap<String, u32> = BTreeMap::new();
        // The address of an upload session, which needs no sign-in.
        if let ["api", "v2.0", ..] = segments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            used.extend(self.mailbox_used(Caller::App, &segments[1..]).map(|id| (id, 1)));
            return used;
        }
        let Ok(caller) = self.caller(request, now) else {
            return used;
        };
        if segments.get(1).is_some_and(|name| name == BATCH) {
            let body = request.json().unwrap_or_default();
            let parts = body.get("requests").and_then(Value::as_array);
            let urls = parts.into_iter().flatten().filter_map(|part| part.get("url")?.as_str());
            for url in urls {
                let url = url.strip_prefix(&request.origin).unwrap_or(url).trim_start_matches('/');
                let url = url.strip_prefix("v1.0/").unwrap_or(url);
                let part = Request::new(http::Method::GET, &format!("/v1.0/{url}"), &request.origin);
                if let Some(id) = self.mailbox_used(caller, &part.segments()) {
                    let count = used.entry(id).or_default();
                    *count = (*count + 1).min(BATCH_WIDTH);
                }
            }
        } else if let Some(id) = self.mailbox_used(caller, &segments) {
            used.insert(id, 1);
        }
        used
    }

    /// The mailbox of a path such as `/v1.0/me/events`, if it leads to something in a mailbox. The first
    /// segment is not looked at.
    fn mailbox_used(&self, caller: Caller, segments: &[String]) -> Option<String> {
        let path = Path::of(segments.get(1..)?);
        let mailbox = match (path.names().as_slice(), caller) {
            (["me", _, ..], Caller::User(index)) => index,
            (["users", _, _, ..], _) => self.mailbox_of(&path.raw[1])?,
            _ => return None,
        };
        self.mailboxes.get(mailbox).map(|mailbox| mailbox.id.clone())
    }
}
