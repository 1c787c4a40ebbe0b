//! A type for every id, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the id as it is.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )+};
}

text_id! {
    /// A customer of Syncline: one CRM and the people who use it.
    OrgId,
    /// A person whose mailbox is kept the same as the CRM.
    UserId,
    /// An item's id on one side; which side is said where it stands.
    RemoteId,
    /// What changes with every change of an item on one side: a changeKey, an `ETag`, a `SystemModstamp`.
    Version,
    /// One run of a stream.
    SessionId,
    /// A subscription to a mailbox's changes, as the mailbox's server names it.
    SubscriptionId,
    /// An e-mail's `Message-ID`, without angle brackets.
    MessageId,
}

/// The name of a linked pair, which the remote side holds too: Salesforce's external id, Graph's
/// `transactionId` and extended property. It depends only on what the item *is*, so that two attempts,
/// or two users who attend the same meeting, arrive at the same key (D-14).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SyncKey(String);

impl SyncKey {
    /// For a meeting or appointment born in a mailbox: once per org, whoever of its attendees comes
    /// first. `original_start` tells the occurrences of a series apart; singles have none.
    pub fn of_meeting(org: &OrgId, ical_uid: &str, original_start: Option<&str>) -> Self {
        Self::derive(&["meeting", org.as_str(), ical_uid, original_start.unwrap_or_default()])
    }

    /// For a record born in the CRM, going down to one user's mailbox.
    pub fn of_crm_record(org: &OrgId, user: &UserId, record: &RemoteId) -> Self {
        Self::derive(&["crm", org.as_str(), user.as_str(), record.as_str()])
    }

    /// For the CRM's record of an e-mail: once per org (D-25).
    pub fn of_mail(org: &OrgId, message: &MessageId) -> Self {
        Self::derive(&["mail", org.as_str(), message.as_str()])
    }

    /// For the record that a stranger's address becomes: once per org, however it is spelled (P-17).
    pub fn of_stranger(org: &OrgId, address: &str) -> Self {
        Self::derive(&["stranger", org.as_str(), &address.trim().to_lowercase()])
    }

    /// A key read back from a remote or a row.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 32 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn derive(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        Self(hex(&digest[..16]))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| text + &format!("{byte:02x}"))
}

impl fmt::Display for SyncKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d14_a_meeting_has_one_key_per_org_whoever_attends() {
        let org = OrgId::new("northwind");
        assert_eq!(SyncKey::of_meeting(&org, "uid", None), SyncKey::of_meeting(&org, "uid", None));
        assert_ne!(SyncKey::of_meeting(&org, "uid", None), SyncKey::of_meeting(&OrgId::new("other"), "uid", None));
        assert_ne!(SyncKey::of_meeting(&org, "uid", None), SyncKey::of_meeting(&org, "uid", Some("2031-01-01")));
    }

    #[test]
    fn p17_a_stranger_has_one_key_however_the_address_is_spelled() {
        let org = OrgId::new("northwind");
        assert_eq!(SyncKey::of_stranger(&org, "A@B.example "), SyncKey::of_stranger(&org, "a@b.example"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(SyncKey::derive(&["ab", "c"]), SyncKey::derive(&["a", "bc"]));
    }
}
