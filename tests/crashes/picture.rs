//! What stands at the vendors, line by line, to see whether anything was written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;
use syncline_tests::World;

/// The objects of Salesforce that Syncline writes, or might.
const OBJECTS: [&str; 6] = ["Contact", "EmailMessage", "EmailMessageRelation", "Event", "Lead", "Task"];

/// Everything that a write would change, versions included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picture(BTreeSet<String>);

impl Picture {
    pub(crate) fn take(world: &World) -> Self {
        let mut lines = BTreeSet::new();
        let salesforce = world.stack.vendors.salesforce.model();
        for object in OBJECTS {
            lines.extend(salesforce.rows(object).map(|row| format!("{row:?}")));
        }
        drop(salesforce);
        let exchange = world.stack.vendors.exchange.model().snapshot();
        let mailboxes = exchange.get("mailboxes").and_then(Value::as_array).expect("mailboxes");
        for mailbox in mailboxes {
            for items in ["events", "messages", "contacts"] {
                let items = mailbox.get(items).and_then(Value::as_object).expect("items");
                lines.extend(items.iter().map(|(key, item)| format!("{} {key} {item}", mailbox["address"])));
            }
        }
        let gmail = world.stack.vendors.gmail.model().snapshot();
        lines.insert(gmail["mailboxes"].to_string());
        Self(lines)
    }

    /// What is here and not there, and the other way round.
    pub(crate) fn difference(&self, later: &Self) -> String {
        let mut text = String::new();
        for line in self.0.difference(&later.0) {
            let _ = write!(text, "\n    - {line}");
        }
        for line in later.0.difference(&self.0) {
            let _ = write!(text, "\n    + {line}");
        }
        text
    }
}
