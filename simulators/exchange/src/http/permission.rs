//! What a user's token may be used for.

use sim_kit::Request;

use crate::model::{Exchange, Need};
use crate::refusal::Refusal;

/// POSTs that change nothing.
const QUESTIONS: [&str; 4] = ["delta", "getschedule", "findmeetingtimes", "translateexchangeids"];

impl Exchange {
    /// Refuses a token that was not granted for this part of a mailbox. `names` start after the user.
    pub(crate) fn permitted(&self, request: &Request, names: &[&str]) -> Result<(), Refusal> {
        let Some((family, need)) = needed(names, request.method.as_str()) else {
            return Ok(());
        };
        self.granted(request, family, need)
    }

    /// Refuses a token that may not read this part of a mailbox.
    pub(crate) fn readable(&self, request: &Request, names: &[&str]) -> Result<(), Refusal> {
        match needed(names, "GET") {
            Some((family, need)) => self.granted(request, family, need),
            None => Ok(()),
        }
    }

    fn granted(&self, request: &Request, family: &str, need: Need) -> Result<(), Refusal> {
        let token = request.bearer().unwrap_or_default();
        if self.grants.permits(token, family, need) { Ok(()) } else { Err(Refusal::access_denied()) }
    }
}

/// The permission that a request takes: its family, and what of it.
fn needed(names: &[&str], method: &str) -> Option<(&'static str, Need)> {
    let last = names.last().copied().unwrap_or_default();
    let family = match names.first().copied()? {
        "calendars" | "calendar" | "calendargroups" | "events" | "calendarview" | "findmeetingtimes"
        | "reminderview" => "Calendars",
        "mailfolders" | "messages" | "sendmail" => "Mail",
        "contacts" | "contactfolders" => "Contacts",
        "todo" => "Tasks",
        "mailboxsettings" => "MailboxSettings",
        "outlook" if names.get(1) == Some(&"mastercategories") => "MailboxSettings",
        _ => return None,
    };
    let need = match method {
        "GET" | "HEAD" => Need::Read,
        _ if QUESTIONS.contains(&last) => Need::Read,
        _ if family == "Mail" && matches!(last, "sendmail" | "send") => Need::Send,
        _ => Need::Write,
    };
    Some((family, need))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_mailbox_has_its_permission() {
        let cases = [
            (&["events", "1"][..], "PATCH", Some(("Calendars", Need::Write))),
            (&["calendar", "getschedule"], "POST", Some(("Calendars", Need::Read))),
            (&["messages", "1", "send"], "POST", Some(("Mail", Need::Send))),
            (&["todo", "lists"], "GET", Some(("Tasks", Need::Read))),
            (&["outlook", "mastercategories"], "POST", Some(("MailboxSettings", Need::Write))),
            (&["outlook", "supportedlanguages"], "GET", None),
            (&[], "GET", None),
        ];
        for (names, method, expected) in cases {
            assert_eq!(needed(names, method), expected, "{method} {names:?}");
        }
    }
}
