//! What a stranger becomes.

use crate::ids::{OrgId, RemoteId, SyncKey};
use crate::mail::Correspondent;

/// A lead, as far as can be told from an address and a display name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadDraft {
    /// The key the record will hold: one per org and address (D-31).
    pub key: SyncKey,
    /// May be empty.
    pub first_name: String,
    /// Never empty.
    pub last_name: String,
    /// Never empty.
    pub company: String,
    /// The address.
    pub address: String,
    /// Who shall own it.
    pub owner: RemoteId,
}

/// Drafts the lead of a stranger.
pub fn draft(org: &OrgId, person: &Correspondent, owner: RemoteId) -> LeadDraft {
    let (first_name, last_name) = person_name(person);
    LeadDraft {
        key: SyncKey::of_stranger(org, &person.address),
        first_name,
        last_name,
        company: company_name(person.domain()),
        address: person.address.clone(),
        owner,
    }
}

/// First and last name: from the display name (`Lee, Kim` and `Kim Lee` alike), else from the address.
pub fn person_name(person: &Correspondent) -> (String, String) {
    let name = person.name.trim().trim_matches(['"', '\'']).trim();
    if name.is_empty() || name.contains('@') {
        let local = person.address.split('@').next().unwrap_or_default();
        let words: Vec<String> =
            local.split(['.', '_', '-', '+']).filter(|word| !word.is_empty()).map(titled).collect();
        return split_last(&words.join(" "), local);
    }
    match name.split_once(',') {
        Some((last, first)) if !last.trim().is_empty() && !first.trim().is_empty() => {
            (first.trim().to_owned(), last.trim().to_owned())
        }
        _ => split_last(name, name),
    }
}

fn split_last(name: &str, fallback: &str) -> (String, String) {
    match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim().to_owned(), last.to_owned()),
        None if name.is_empty() => (String::new(), fallback.to_owned()),
        None => (String::new(), name.to_owned()),
    }
}

/// The domain without its suffix (D-30): `mail.fabrikam.co.uk` is Fabrikam.
pub fn company_name(domain: &str) -> String {
    const SECOND_LEVEL: [&str; 9] = ["ac", "co", "com", "edu", "gov", "ne", "net", "or", "org"];
    let mut labels: Vec<&str> = domain.split('.').filter(|label| !label.is_empty()).collect();
    let country = labels.len() > 1 && labels.last().is_some_and(|last| last.len() == 2);
    if labels.len() > 1 {
        labels.pop();
    }
    if country && labels.len() > 1 && labels.last().is_some_and(|last| SECOND_LEVEL.contains(last)) {
        labels.pop();
    }
    labels.last().map_or_else(|| domain.to_owned(), |label| titled(label))
}

fn titled(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d30_a_company_is_named_after_the_domain_without_its_suffix() {
        for (domain, company) in [
            ("fabrikam.example", "Fabrikam"),
            ("mail.fabrikam.com", "Fabrikam"),
            ("fabrikam.co.uk", "Fabrikam"),
            ("co.uk", "Co"),
            ("localhost", "Localhost"),
        ] {
            assert_eq!(company_name(domain), company, "{domain}");
        }
    }

    #[test]
    fn a_name_is_read_from_the_display_name_else_from_the_address() {
        for (name, address, first, last) in [
            ("Kim Lee", "k@x.example", "Kim", "Lee"),
            ("Lee, Kim", "k@x.example", "Kim", "Lee"),
            ("Anna Maria van Berg", "k@x.example", "Anna Maria van", "Berg"),
            ("Cher", "k@x.example", "", "Cher"),
            ("", "kim.lee@x.example", "Kim", "Lee"),
            ("kim@x.example", "kim@x.example", "", "Kim"),
            ("", "...@x.example", "", "..."),
        ] {
            let person = Correspondent::new(address, name).unwrap();
            assert_eq!(person_name(&person), (first.to_owned(), last.to_owned()), "{name} {address}");
        }
    }
}
