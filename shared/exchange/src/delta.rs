//! Pages of a delta query.

use reqwest::Method;
use serde_json::Value;
use syncline_core::cursor::{Next, Position};
use syncline_core::ids::RemoteId;
use syncline_ports::{ErrorKind, PortError};
use url::Url;

use crate::client::{Ask, Client};
use crate::failure::Purpose;

/// One page as Graph shows it.
pub(crate) struct Listing {
    rows: Vec<Value>,
    pub(crate) next: Next,
}

/// A row by what has to be done about it.
pub(crate) enum Row<'a> {
    /// `@removed`: deleted, or moved out of view.
    Removed(RemoteId),
    /// New or changed.
    There(RemoteId, &'a Value),
    /// It has no id: it is shown, not lost, under a name that stands for one.
    Nameless(RemoteId),
}

pub(crate) const NO_ID: &str = "(no id)";
/// What is wrong with such a row.
pub(crate) const NAMELESS: &str = "id is missing";

impl Client {
    /// The page at `position`; `start` is the path that begins a round.
    pub(crate) async fn listing(
        &self,
        op: &'static str,
        start: &str,
        position: &Position,
        page_size: u32,
    ) -> Result<Listing, PortError> {
        let base = Url::parse(&self.url("")).map_err(|error| {
            PortError::new(ErrorKind::Rejected, op).because(format!("graph_url is no URL: {error}"))
        })?;
        let url = match position {
            Position::Start => self.url(start),
            Position::Page(token) | Position::Delta(token) => {
                follow(&base, token).ok_or_else(|| PortError::new(ErrorKind::CursorExpired, op))?
            }
        };
        let purpose = Purpose::List;
        let ask = Ask { op, purpose, method: Method::GET, url, body: None, page_size: Some(page_size), places: 1 };
        let mut page = self.ask(&ask).await?;
        let broken = |cause: &'static str| PortError::new(ErrorKind::Transient, op).because(cause);
        let next = next(&base, &page).map_err(broken)?;
        match page.get_mut("value").map(Value::take) {
            Some(Value::Array(rows)) => Ok(Listing { rows, next }),
            _ => Err(broken("the page has no list of rows")),
        }
    }
}

impl Listing {
    /// The rows, each item once, as its last row says.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let mut seen = std::collections::BTreeSet::new();
        let mut rows: Vec<Row<'_>> = self
            .rows
            .iter()
            .rev()
            .filter_map(|row| {
                let Some(id) = row.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()) else {
                    return Some(Row::Nameless(RemoteId::new(NO_ID)));
                };
                if !seen.insert(id) {
                    return None;
                }
                let id = RemoteId::new(id);
                let is_removed = row.get("@removed").is_some_and(|removed| !removed.is_null());
                Some(if is_removed { Row::Removed(id) } else { Row::There(id, row) })
            })
            .collect();
        rows.reverse();
        rows
    }
}

fn next(base: &Url, page: &Value) -> Result<Next, &'static str> {
    let link = |name: &str| page.get(name).and_then(Value::as_str);
    let elsewhere = "a link leads away from the configured service";
    if let Some(link) = link("@odata.nextLink") {
        return token(base, link).map(Next::Page).ok_or(elsewhere);
    }
    if let Some(link) = link("@odata.deltaLink") {
        return token(base, link).map(Next::Done).ok_or(elsewhere);
    }
    Err("the page has neither a next nor a delta link")
}

/// Path and query of a link, if it stays where we are: so an access token can go nowhere else.
pub(crate) fn token(base: &Url, link: &str) -> Option<String> {
    let link = Url::parse(link).ok().filter(|link| link.origin() == base.origin())?;
    Some(link[url::Position::BeforePath..].to_owned())
}

/// The link again. What does not begin with a slash was never a token of ours.
pub(crate) fn follow(base: &Url, token: &str) -> Option<String> {
    token.starts_with('/').then(|| format!("{}{token}", base.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Url {
        Url::parse("https://graph.microsoft.com/v1.0").unwrap()
    }

    #[test]
    fn a_link_comes_back_as_it_was_and_only_from_the_configured_origin() {
        let link = "https://graph.microsoft.com/v1.0/me/calendarView/delta?$deltatoken=R0us%3d_x-1";
        let kept = token(&base(), link).unwrap();
        assert_eq!(follow(&base(), &kept).unwrap(), link);
        for other in [
            "https://evil.example/v1.0/x",
            "http://graph.microsoft.com/x",
            "/relative",
            "https://graph.microsoft.com:8443/x",
        ] {
            assert_eq!(token(&base(), other), None, "{other}");
        }
        assert_eq!(follow(&base(), "@evil.example/x"), None);
        let stays = follow(&base(), "//evil.example/x").unwrap();
        assert_eq!(Url::parse(&stays).unwrap().origin(), base().origin());
    }

    #[test]
    fn a_page_ends_in_one_link() {
        let at = |path: &str| format!("https://graph.microsoft.com/v1.0/{path}");
        let page = |token: &str| Next::Page(token.into());
        assert_eq!(next(&base(), &json!({"@odata.nextLink": at("a?b")})), Ok(page("/v1.0/a?b")));
        assert_eq!(next(&base(), &json!({"@odata.deltaLink": at("a?d")})), Ok(Next::Done("/v1.0/a?d".into())));
        assert!(next(&base(), &json!({"@odata.nextLink": "https://evil.example/"})).is_err());
        assert!(next(&base(), &json!({})).is_err());
    }

    #[test]
    fn repeated_rows_count_once_and_the_last_one_holds() {
        let listing = Listing {
            rows: vec![
                json!({"id": "a"}),
                json!({"id": "b"}),
                json!({"id": "a", "@removed": {"reason": "deleted"}}),
                json!({"subject": "x"}),
                json!(7),
            ],
            next: Next::Done("/".into()),
        };
        let rows = listing.rows();
        let [Row::There(b, _), Row::Removed(a), Row::Nameless(_), Row::Nameless(_)] = &rows[..] else {
            panic!("{} rows", rows.len())
        };
        assert_eq!((b.as_str(), a.as_str()), ("b", "a"));
    }
}
