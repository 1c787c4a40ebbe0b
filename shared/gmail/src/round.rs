//! A round of pages, in the middle of which it may be put down and taken up again by somebody else.

/// What is being read, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Round {
    /// All mail since an instant.
    Listing {
        /// The mailbox's history id before the listing began: changes are read from there on.
        history: String,
        /// Seconds since 1970; a page token is good only for the query it came from.
        after: i64,
        /// Google's token; none for the first page.
        page: Option<String>,
    },
    /// What changed.
    Changes {
        /// The history id of the last round.
        since: String,
        /// The history id of the first page's answer; none before there is one.
        until: Option<String>,
        /// Google's token; none for the first page.
        page: Option<String>,
    },
}

impl Round {
    /// As one text for a cursor.
    pub(crate) fn token(&self) -> String {
        match self {
            Self::Listing { history, after, page } => {
                format!("listing {history} {after} {}", page.as_deref().unwrap_or_default())
            }
            Self::Changes { since, until, page } => {
                let until = until.as_deref().unwrap_or_default();
                format!("changes {since} {until} {}", page.as_deref().unwrap_or_default())
            }
        }
    }

    /// From such a text; `None` if it is none.
    pub(crate) fn from_token(token: &str) -> Option<Self> {
        let mut parts = token.splitn(4, ' ');
        let (kind, first, second, page) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        match kind {
            "listing" => Some(Self::Listing { history: some(first)?, after: second.parse().ok()?, page: some(page) }),
            "changes" => Some(Self::Changes { since: some(first)?, until: some(second), page: some(page) }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_survives_its_token() {
        for round in [
            Round::Listing { history: "7".into(), after: 1_930_291_200, page: Some("a b".into()) },
            Round::Listing { history: "7".into(), after: 0, page: None },
            Round::Changes { since: "7".into(), until: Some("9".into()), page: Some("~!=".into()) },
            Round::Changes { since: "7".into(), until: None, page: None },
        ] {
            assert_eq!(Round::from_token(&round.token()), Some(round));
        }
        for bad in ["", "listing", "listing 7 x p", "listing  5 p", "other 7 8 p", "changes  8 p"] {
            assert_eq!(Round::from_token(bad), None, "{bad}");
        }
    }
}
