//! Whole lists: every page of an ordinary query.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use syncline_core::cursor::{Next, Position};
use syncline_ports::{ErrorKind, PortError};
use url::Url;

use crate::client::{Ask, Client};
use crate::delta::{self, Row};
use crate::failure::Purpose;

/// Pages of one list; a longer one is not read at all, since a part of it would prove nothing.
pub const PAGE_LIMIT: usize = 100;
/// Rows of a page, where the query can say so.
pub(crate) const TOP: &str = "$top=100";

impl Client {
    /// All rows of the list at `path`, page after page.
    pub(crate) async fn all(&self, op: &'static str, path: &str) -> Result<Vec<Value>, PortError> {
        let base = self.base(op)?;
        let broken = |cause: &'static str| PortError::new(ErrorKind::Transient, op).because(cause);
        let mut url = self.url(path);
        let mut all = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let ask =
                Ask { op, purpose: Purpose::Read, method: Method::GET, url, body: None, page_size: None, places: 1 };
            let mut page = self.ask(&ask).await?;
            let next = page.get("@odata.nextLink").and_then(Value::as_str).map(|link| next(&base, link));
            let Some(Value::Array(rows)) = page.get_mut("value").map(Value::take) else {
                return Err(broken("the page has no list of rows"));
            };
            all.extend(rows);
            url = match next {
                None => return Ok(all),
                Some(Some(next)) => next,
                Some(None) => return Err(broken("a link leads away from the configured service")),
            };
        }
        Err(too_long(op))
    }

    /// All rows of the first round of a delta query, each thing once, as its last row says. Where the round
    /// ended is not kept.
    pub(crate) async fn whole_round(
        &self,
        op: &'static str,
        start: &str,
        page_size: u32,
    ) -> Result<Vec<Value>, PortError> {
        let mut position = Position::Start;
        let mut rows: BTreeMap<String, Value> = BTreeMap::new();
        for _ in 0..PAGE_LIMIT {
            let listing = self.listing(op, start, &position, page_size).await?;
            for row in listing.rows() {
                match row {
                    Row::There(id, value) => {
                        rows.insert(id.as_str().to_owned(), value.clone());
                    }
                    Row::Removed(id) => {
                        rows.remove(id.as_str());
                    }
                    Row::Nameless(_) => tracing::warn!(op, "a row without an id"),
                }
            }
            position = match listing.next {
                Next::Page(token) => Position::Page(token),
                Next::Done(_) => return Ok(rows.into_values().collect()),
            };
        }
        Err(too_long(op))
    }

    fn base(&self, op: &'static str) -> Result<Url, PortError> {
        Url::parse(&self.url(""))
            .map_err(|error| PortError::new(ErrorKind::Rejected, op).because(format!("graph_url is no URL: {error}")))
    }
}

fn next(base: &Url, link: &str) -> Option<String> {
    delta::follow(base, &delta::token(base, link)?)
}

fn too_long(op: &'static str) -> PortError {
    PortError::new(ErrorKind::Rejected, op).code("TooManyPages").because(format!("more than {PAGE_LIMIT} pages"))
}
