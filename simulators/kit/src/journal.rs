//! What was asked of a simulator, for tests that count calls and people who wonder.

use jiff::Timestamp;

/// One request and how it was answered. Bodies and tokens are not kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The simulator's time.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path, percent-encoded as sent.
    pub path: String,
    /// The query as sent, but for the values of secrets.
    pub query: String,
    /// How the request was signed, its secret masked: `Bearer ***`. Empty if it was not.
    pub authorization: String,
    /// The answer's status; 0 if the connection was closed without one.
    pub status: u16,
    /// Whether a fault was played on it.
    pub faulted: bool,
}

impl Entry {
    /// The path, and the query after a `?` if there is one.
    pub(crate) fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// What stands in place of a secret.
const MASK: &str = "***";
/// Query parameters whose values are secrets.
const SECRETS: [&str; 10] = [
    "authtoken",
    "access_token",
    "refresh_token",
    "id_token",
    "oauth_token",
    "code",
    "code_verifier",
    "client_secret",
    "assertion",
    "password",
];

/// The query with the values of secrets masked.
pub(crate) fn masked(query: &str) -> String {
    let mask = |part: &str| match part.split_once('=') {
        Some((name, _)) if SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret)) => format!("{name}={MASK}"),
        _ => part.to_owned(),
    };
    query.split('&').map(mask).collect::<Vec<_>>().join("&")
}

/// The scheme of an `Authorization` header; what follows it is masked.
pub(crate) fn scheme(authorization: Option<&str>) -> String {
    match authorization.map(|value| value.split_once(' ').map_or("", |(scheme, _)| scheme)) {
        None => String::new(),
        Some("") => MASK.to_owned(),
        Some(scheme) => format!("{scheme} {MASK}"),
    }
}

/// The requests of one simulator, oldest first, at most [`Journal::LIMIT`] of them.
#[derive(Debug, Default)]
pub struct Journal {
    entries: std::collections::VecDeque<Entry>,
    total: u64,
}

impl Journal {
    /// How many entries are kept; older ones go.
    pub const LIMIT: usize = 100_000;

    pub(crate) fn record(&mut self, entry: Entry) {
        if self.entries.len() == Self::LIMIT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.total += 1;
    }

    /// The kept entries, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many requests there were in all, those no longer kept included.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Forgets the entries and counts anew.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.total = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_stays_as_it_was_sent() {
        for (query, expected) in [
            ("", ""),
            ("$top=5&%24filter=a+eq+1", "$top=5&%24filter=a+eq+1"),
            ("Code=0.abc&state=x&access_token=y", "Code=***&state=x&access_token=***"),
            ("$deltatoken=abc", "$deltatoken=abc"),
        ] {
            assert_eq!(masked(query), expected);
        }
        for (header, expected) in
            [(None, ""), (Some("Bearer abc"), "Bearer ***"), (Some("Basic a:b"), "Basic ***"), (Some("abc"), "***")]
        {
            assert_eq!(scheme(header), expected);
        }
    }
}
