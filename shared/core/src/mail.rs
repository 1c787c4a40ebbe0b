//! E-mail on its way into the CRM: one way, once each.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::freemail;
use crate::ids::{MessageId, RemoteId};
use crate::policy::{Policy, ResolveMode};
use crate::reason::Reason;

/// Somebody with an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Correspondent {
    /// The address, trimmed and lower case (P-17).
    pub address: String,
    /// The display name, empty if there is none.
    pub name: String,
}

impl Correspondent {
    /// Trims and lower-cases the address; `None` if it is no address at all.
    pub fn new(address: &str, name: &str) -> Option<Self> {
        let address = address.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let plausible = !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace);
        plausible.then(|| Self { name: name.trim().to_owned(), address })
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Where on an e-mail an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The author.
    From,
    /// A main recipient.
    To,
    /// Copied in.
    Cc,
    /// Copied in unseen.
    Bcc,
}

/// What a mailbox showed of its mail.
#[derive(Clone, Debug, PartialEq)]
pub enum MailObservation {
    /// A message, new or changed.
    Present(Box<Mail>),
    /// A message left this collection. Ingested mail stays in the CRM.
    Gone {
        /// Its id in the mailbox.
        id: RemoteId,
    },
    /// A message that cannot be understood; the rest goes on.
    Unreadable {
        /// Its id in the mailbox.
        id: RemoteId,
        /// What is wrong with it, without content.
        problem: String,
    },
}

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its id in the mailbox.
    pub id: RemoteId,
    /// Its `Message-ID`, without angle brackets; `None` if it has none.
    pub message_id: Option<MessageId>,
    /// One line.
    pub subject: String,
    /// The author, if there is a readable one.
    pub from: Option<Correspondent>,
    /// Main recipients.
    pub to: Vec<Correspondent>,
    /// Copied in.
    pub cc: Vec<Correspondent>,
    /// Copied in unseen; known only of one's own mail.
    pub bcc: Vec<Correspondent>,
    /// When it was sent, by its own account.
    pub sent: Timestamp,
    /// When it reached this mailbox.
    pub received: Timestamp,
    /// The plain text, if it has or can be given one.
    pub text: String,
    /// The HTML, if it has any.
    pub html: Option<String>,
    /// Not sent yet.
    pub is_draft: bool,
    /// Written by a machine about mail, not by a person: a bounce, a receipt, an answer to an invitation.
    pub is_service: bool,
}

impl Mail {
    /// Everybody on it with their role, the author first; each address once, in its first role.
    pub fn people(&self) -> Vec<(Role, &Correspondent)> {
        let mut seen = std::collections::BTreeSet::new();
        let from = self.from.iter().map(|person| (Role::From, person));
        let to = self.to.iter().map(|person| (Role::To, person));
        let cc = self.cc.iter().map(|person| (Role::Cc, person));
        let bcc = self.bcc.iter().map(|person| (Role::Bcc, person));
        from.chain(to).chain(cc).chain(bcc).filter(|(_, person)| seen.insert(person.address.clone())).collect()
    }
}

/// What is known about the mailbox a mail was seen in.
#[derive(Clone, Debug)]
pub struct MailboxOwner<'a> {
    /// Its address, lower case.
    pub address: &'a str,
    /// The org's own domains, lower case.
    pub own_domains: &'a [String],
    /// Since when Syncline looks after it.
    pub activated: Timestamp,
}

impl MailboxOwner<'_> {
    /// Whether the address belongs to a colleague (or to the owner).
    pub fn is_own(&self, address: &Correspondent) -> bool {
        address.address == self.address || self.own_domains.iter().any(|own| own == address.domain())
    }

    /// The earliest mail that is taken: so many days before activation (D-02).
    pub fn mail_since(&self, policy: &Policy) -> Timestamp {
        let back = SignedDuration::from_hours(24 * i64::from(policy.mail_days_before_activation));
        self.activated.saturating_sub(back).unwrap_or(Timestamp::MIN)
    }
}

/// What is to be done with a mail, before anybody on it is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It belongs in the CRM if somebody on it is known or may become known.
    Candidate {
        /// Its `Message-ID`.
        message: MessageId,
        /// It came in, rather than going out.
        incoming: bool,
        /// The people outside the org, blocked ones left out.
        outsiders: Vec<(Role, Correspondent)>,
    },
    /// It does not belong there.
    Skip(Reason),
}

/// Judges one mail. The rules stand in order; the first that applies is the reason that is shown.
pub fn judge(mail: &Mail, owner: &MailboxOwner<'_>, policy: &Policy) -> Verdict {
    if mail.is_draft {
        return Verdict::Skip(Reason::MailDraft);
    }
    if mail.received < owner.mail_since(policy) {
        return Verdict::Skip(Reason::MailBeforeActivation);
    }
    if mail.is_service {
        return Verdict::Skip(Reason::MailFromMachine);
    }
    let Some(message) = mail.message_id.clone() else {
        return Verdict::Skip(Reason::MailWithoutMessageId);
    };
    let people = mail.people();
    if people.is_empty() {
        return Verdict::Skip(Reason::MailWithoutAddress);
    }
    let outsiders: Vec<_> = people.into_iter().filter(|(_, person)| !owner.is_own(person)).collect();
    if outsiders.is_empty() {
        return Verdict::Skip(Reason::MailInternal);
    }
    let unblocked: Vec<_> = outsiders
        .into_iter()
        .filter(|(_, person)| !policy.is_blocked(person))
        .map(|(role, person)| (role, person.clone()))
        .collect();
    if unblocked.is_empty() {
        return Verdict::Skip(Reason::MailBlocked);
    }
    let incoming = mail.from.as_ref().is_none_or(|from| from.address != owner.address);
    Verdict::Candidate { message, incoming, outsiders: unblocked }
}

/// Who of the unknown people on a mail may become a record: the author of what came in, the main
/// recipients of what went out; never somebody at a free-mail domain (D-30). Nobody while the mode is off.
pub fn strangers<'a>(
    unknown: impl IntoIterator<Item = &'a (Role, Correspondent)>,
    incoming: bool,
    policy: &Policy,
) -> Vec<(Role, Correspondent)> {
    match policy.resolve_mode {
        ResolveMode::Off => Vec::new(),
        ResolveMode::Lead => {
            let wanted = if incoming { Role::From } else { Role::To };
            unknown
                .into_iter()
                .filter(|(role, person)| *role == wanted && !freemail::is_free(person.domain()))
                .cloned()
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(address: &str) -> Correspondent {
        Correspondent::new(address, "").unwrap()
    }

    fn mail(from: &str, to: &[&str]) -> Mail {
        Mail {
            id: RemoteId::new("m1"),
            message_id: Some(MessageId::new("1@fabrikam.example")),
            subject: "Offer".into(),
            from: Some(person(from)),
            to: to.iter().map(|address| person(address)).collect(),
            cc: vec![],
            bcc: vec![],
            sent: "2031-03-03T09:00:00Z".parse().unwrap(),
            received: "2031-03-03T09:00:00Z".parse().unwrap(),
            text: String::new(),
            html: None,
            is_draft: false,
            is_service: false,
        }
    }

    const ANNA: &str = "anna@northwind.example";
    const MIA: &str = "Mia@Fabrikam.example";

    fn judged(mail: &Mail, policy: &Policy) -> Verdict {
        let own_domains = ["northwind.example".to_owned()];
        let activated = "2031-03-03T00:00:00Z".parse().unwrap();
        judge(mail, &MailboxOwner { address: ANNA, own_domains: &own_domains, activated }, policy)
    }

    #[test]
    fn each_skip_rule_has_its_reason() {
        let policy = Policy { blocklist: vec!["spam.example".into()], ..Policy::default() };
        let ours = mail(MIA, &[ANNA]);
        let cases = [
            (Mail { is_draft: true, ..ours.clone() }, Reason::MailDraft),
            (Mail { received: "2031-02-24T23:59:59Z".parse().unwrap(), ..ours.clone() }, Reason::MailBeforeActivation),
            (Mail { is_service: true, ..ours.clone() }, Reason::MailFromMachine),
            (Mail { message_id: None, ..ours.clone() }, Reason::MailWithoutMessageId),
            (Mail { from: None, to: vec![], ..ours.clone() }, Reason::MailWithoutAddress),
            (mail("ben@northwind.example", &[ANNA]), Reason::MailInternal),
            (mail("offer@spam.example", &[ANNA]), Reason::MailBlocked),
        ];
        for (mail, reason) in cases {
            assert_eq!(judged(&mail, &policy), Verdict::Skip(reason));
        }
    }

    #[test]
    fn d02_mail_from_six_days_before_activation_is_taken() {
        let early = Mail { received: "2031-02-25T00:00:00Z".parse().unwrap(), ..mail(MIA, &[ANNA]) };
        assert!(matches!(judged(&early, &Policy::default()), Verdict::Candidate { incoming: true, .. }));
    }

    #[test]
    fn p17_addresses_compare_without_case_and_count_once() {
        let doubled = mail(MIA, &[ANNA, "MIA@fabrikam.EXAMPLE"]);
        let Verdict::Candidate { outsiders, .. } = judged(&doubled, &Policy::default()) else { panic!("taken") };
        assert_eq!(outsiders, [(Role::From, person("mia@fabrikam.example"))]);
    }

    #[test]
    fn d30_only_the_author_becomes_a_record_and_never_at_a_free_mail_domain() {
        let people = [
            (Role::From, person("kim@litware.example")),
            (Role::To, person("lee@adatum.example")),
            (Role::From, person("kim@gmail.com")),
        ];
        let lead = Policy { resolve_mode: ResolveMode::Lead, ..Policy::default() };
        assert_eq!(strangers(&people, true, &lead), [people[0].clone()]);
        assert_eq!(strangers(&people, false, &lead), [people[1].clone()]);
        assert_eq!(strangers(&people, true, &Policy::default()), []);
    }
}
