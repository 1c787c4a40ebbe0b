//! Why: every decision has one of these, in the report, in the history and on the console.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $text:literal;)+) => {
        /// Why something was done or left.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Reason {$(
            $(#[$doc])*
            #[serde(rename = $id)]
            $name,
        )+}

        impl Reason {
            /// Every reason there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its id in rows and reports; it never changes its meaning.
            pub fn id(self) -> &'static str {
                match self {$(Self::$name => $id,)+}
            }

            /// What it says to people.
            pub fn text(self) -> &'static str {
                match self {$(Self::$name => $text,)+}
            }
        }
    };
}

reasons! {
    /// Nothing links it and only the mailbox has it.
    NewInMailbox = "new_in_mailbox", "It is new in the mailbox";
    /// Nothing links it and only the CRM has it.
    NewInCrm = "new_in_crm", "It is new in the CRM";
    /// Both sides had it before anybody linked it (D-05, P-03).
    TwinAdopted = "twin_adopted", "Both sides already had it: linked instead of doubled";
    /// A create found the item there: an earlier attempt, or a colleague's session (D-14).
    FoundByKey = "found_by_key", "It was already there under our key: linked instead of doubled";
    /// Changed on one side.
    EditedInMailbox = "edited_in_mailbox", "It was edited in the mailbox";
    /// Changed on one side.
    EditedInCrm = "edited_in_crm", "It was edited in the CRM";
    /// Changed on both sides in different fields, or in the same to the same value (D-08).
    EditedInBoth = "edited_in_both", "It was edited on both sides: each field from where it was edited";
    /// Changed on both sides in one field: one value was dropped and is kept in the history (D-08).
    ConflictMailboxWins = "conflict_mailbox_wins", "Both sides edited the same field: the mailbox's value stands, the other is kept in the history";
    /// Changed on both sides in one field: one value was dropped and is kept in the history (D-08).
    ConflictCrmWins = "conflict_crm_wins", "Both sides edited the same field: the CRM's value stands, the other is kept in the history";
    /// It differs from nothing: our own write coming back, or a value the other side cannot express (D-12).
    InStep = "in_step", "Both sides agree";
    /// One side deleted it and nobody edited the other (D-10).
    DeleteFollows = "delete_follows", "It was deleted on the other side";
    /// One side deleted what the other edited: the edit wins (D-09).
    EditBeatsDelete = "edit_beats_delete", "It was deleted on one side and edited on the other: the edit wins";
    /// The policy makes deleted items again (D-10).
    RestoredByPolicy = "restored_by_policy", "It was deleted, and the policy restores deleted items";
    /// The policy leaves the other side's item (D-10).
    UnlinkedByPolicy = "unlinked_by_policy", "It was deleted on one side; by policy the other stays, unlinked";
    /// The CRM keeps what is over, the mailbox what has begun.
    PastEventStays = "past_event_stays", "It was deleted on one side, too late to remove it from the other: it stays there, unlinked";
    /// Only the organizer's delete reaches the other side.
    NotOrganizerStays = "not_organizer_stays", "It was deleted on one side; the user is not its organizer, so the other stays, unlinked";
    /// The organizer deleted or cancelled a meeting: it stays deleted (D-09).
    OrganizerDeleted = "organizer_deleted", "Its organizer deleted or cancelled it";
    /// Deleted on both sides.
    GoneFromBoth = "gone_from_both", "Both sides deleted it";
    /// An administrator decided against a held delete (D-11).
    DeleteDenied = "delete_denied", "An administrator denied the delete: the item stays, unlinked";
    /// It got too old or moved out of the calendar window: left as it is on both sides (D-03). What falls
    /// out for another reason (declined, private, ...) is left likewise and carries that reason.
    LeftWindow = "left_window", "It left the calendar window and stays as it is on both sides";
    /// It came back into the calendar window, or is no longer left out for another reason (D-03).
    BackInWindow = "back_in_window", "It is back among what is mirrored";
    /// Never linked, and outside the calendar window (D-02).
    OutsideWindow = "outside_window", "It lies outside the calendar window";
    /// It was there before activation and nobody marked it (D-05).
    BeforeActivation = "before_activation", "It is older than the activation and not marked for the CRM";
    /// The user declined (D-20).
    Declined = "declined", "The user declined it";
    /// The user has not answered, and the policy leaves such invitations out (D-20).
    Unanswered = "unanswered", "The user has not answered it, and the policy leaves such invitations out";
    /// Not sent by its author yet.
    Draft = "draft", "It is a draft";
    /// Part of a series.
    Series = "series", "It is part of a series; only single events are mirrored yet";
    /// Private, and the policy leaves private items out (D-17).
    PrivateLeftOut = "private_left_out", "It is private, and the policy leaves private items out";
    /// Unlinked on purpose earlier, and left alone since.
    Unlinked = "unlinked", "It was unlinked earlier and is left alone";
    /// It bears the key or the identity of another event.
    Copy = "copy", "It is a copy of another event";
    /// The CRM shows a record with our key that no link knows: it was made by a write whose answer got
    /// lost, and its source finds it by that key. Made down it would be doubled.
    AwaitsSource = "awaits_source", "Syncline made it from an item that has not found it yet";
    /// Longer than the CRM can hold (D-16).
    TooLong = "too_long", "It is longer than 14 days, the longest event Salesforce can hold; shorten it";
    /// The change would mail the attendees, and moves neither time nor place or comes too late (D-18, X-18).
    WouldMailAttendees = "would_mail_attendees", "Writing it would mail the attendees, which only a new time or place of a meeting to come may do";
    /// The change is to a meeting somebody else organizes (D-18).
    NotOrganizer = "not_organizer", "Somebody else organizes this meeting: only its organizer can change it";
    /// More deletes at once than anybody intends (D-11).
    MassDelete = "mass_delete", "Too many deletes at once: held until an administrator allows or denies them";
    /// It cannot be understood.
    Unreadable = "unreadable", "It cannot be read";
    /// The remote refused it for good.
    Rejected = "rejected", "The other side refused it as it stands";
    /// The remote refused it for now, or it kept changing under us.
    TryLater = "try_later", "The other side could not take it for now; it is tried again";
    /// A mail became a record.
    MailIngested = "mail_ingested", "Recorded in the CRM";
    /// A mail became a record, and somebody on it is about to become one.
    MailAwaitsPerson = "mail_awaits_person", "Recorded in the CRM; its stranger is being made a record too";
    /// A colleague's session, or an earlier one, made the record (D-25).
    MailAlreadyRecorded = "mail_already_recorded", "Already in the CRM: its people were added to that record";
    /// Not sent yet.
    MailDraft = "mail_draft", "It is a draft";
    /// Too old (D-02).
    MailBeforeActivation = "mail_before_activation", "It came too long before the activation";
    /// A bounce, a receipt, an answer to an invitation.
    MailFromMachine = "mail_from_machine", "A machine wrote it: a bounce, a receipt or an answer to an invitation";
    /// Without a `Message-ID` it cannot be known again.
    MailWithoutMessageId = "mail_without_message_id", "It has no Message-ID, so it could not be kept from being recorded twice";
    /// No address on it can be read.
    MailWithoutAddress = "mail_without_address", "No address on it can be read";
    /// Only colleagues on it.
    MailInternal = "mail_internal", "Only colleagues are on it";
    /// Everybody outside is on the blocklist.
    MailBlocked = "mail_blocked", "Everybody on it is blocked";
    /// Nobody on it is in the CRM, and nobody may become a record.
    MailNobodyKnown = "mail_nobody_known", "Nobody on it is in the CRM";
    /// It left the mailbox before it could be read.
    MailGone = "mail_gone", "It left the mailbox before it could be read";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_are_what_is_stored() {
        let ids: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.id()).collect();
        assert_eq!(ids.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.id());
        }
    }
}
