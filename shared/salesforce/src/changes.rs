//! What is asked of Salesforce's events, and how far that was answered.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use syncline_core::cursor::{Next, Page};
use syncline_core::ids::RemoteId;
use syncline_core::observation::Observation;
use syncline_core::time::Window;

use crate::appointment::{FIELDS, SERIES_FIELDS, observation};
use crate::client::QueryPage;
use crate::row::Row;
use crate::soql::{down_to_second, instant, quoted, up_to_second};

/// How far behind its high-water mark a round of changes begins: a record's stamp is set when it is
/// written, but it is seen only when its transaction ends, which may be after later ones.
pub(crate) const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// How many records inside the overlap are remembered as shown.
const SHOWN_LIMIT: usize = 100;

/// How far a listing has come; kept in the cursor's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The latest `SystemModstamp` seen.
    high_water: Timestamp,
    /// Which of [`SERIES_FIELDS`] this org has, by their places.
    series: Vec<usize>,
    /// Records inside the overlap that were shown already, with the second of their stamps, so that an
    /// idle poll shows nothing again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shown: Vec<(String, i64)>,
    /// The next page of the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl Mark {
    /// Reads a token; `None` if it is none of ours.
    pub(crate) fn read(token: &str) -> Option<Self> {
        serde_json::from_str(token).ok()
    }

    fn token(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The fields of a series that this org has.
    pub(crate) fn series(&self) -> Vec<&'static str> {
        self.series.iter().filter_map(|at| SERIES_FIELDS.get(*at).copied()).collect()
    }
}

/// A page as the port gives it, and the mark after it. `before` is the mark before the page, none at the
/// beginning; then a page without stamps counts as read up to the server's time. `None` if it has none.
pub(crate) fn page(answer: QueryPage, before: Option<&Mark>, series: &[&'static str]) -> Option<Page<Observation>> {
    let stamps = answer.records.iter().filter_map(|record| Row(record).known_instant("SystemModstamp").ok());
    let latest = stamps.chain(before.map(|mark| mark.high_water)).max();
    let places = |name: &&str| SERIES_FIELDS.iter().position(|known| known == name);
    let high_water = latest.or(answer.date)?;
    let before = before.map(|mark| mark.shown.as_slice()).unwrap_or_default();
    let is_new = |record: &&Value| shown_as(record).is_none_or(|shown| !before.contains(&shown));
    let items = answer.records.iter().filter(is_new).map(observation).collect();
    let mark = Mark {
        high_water,
        series: series.iter().filter_map(places).collect(),
        shown: shown(before, &answer.records, high_water, answer.date),
        next: answer.next,
    };
    let next = if mark.next.is_some() { Next::Page(mark.token()) } else { Next::Done(mark.token()) };
    Some(Page { items, next })
}

/// A record by its id, its stamp, and whether it lives: what tells it from itself after a change.
fn shown_as(record: &Value) -> Option<(String, i64)> {
    let row = Row(record);
    let stamp = row.known_instant("SystemModstamp").ok()?.as_second();
    // A delete may carry the stamp of the change just before it.
    let deleted = record.get("IsDeleted").and_then(Value::as_bool).unwrap_or_default();
    Some((row.id().as_str().to_owned(), if deleted { -stamp } else { stamp }))
}

/// What of this and earlier pages the next round will show again. A record whose second is not over when
/// it is read may change once more within it, so it is not counted as shown.
fn shown(
    before: &[(String, i64)],
    records: &[Value],
    high_water: Timestamp,
    now: Option<Timestamp>,
) -> Vec<(String, i64)> {
    let Some(now) = now else { return Vec::new() };
    let since = high_water.saturating_sub(OVERLAP).unwrap_or(high_water).as_second();
    let settled = records.iter().filter_map(shown_as).filter(|(_, stamp)| stamp.abs() + 1 < now.as_second());
    let mut shown: Vec<_> = before.iter().cloned().chain(settled).collect();
    shown.retain(|(_, stamp)| stamp.abs() >= since);
    shown.sort();
    shown.dedup();
    // Too many to keep: they are shown again, which does no harm.
    if shown.len() > SHOWN_LIMIT { Vec::new() } else { shown }
}

/// All events of the owner that touch the window, archived ones included. Whole days reach to the end of their last day, though
/// their `EndDateTime` is its beginning. Of a group event only the organizer's own row is wanted.
pub(crate) fn listing(owner: &RemoteId, window: &Window, series: &[&'static str]) -> String {
    let from = down_to_second(window.from);
    let day_before = from.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(from);
    format!(
        "SELECT {} FROM Event WHERE OwnerId = {} AND IsDeleted = false AND IsChild = false AND StartDateTime < {} \
         AND (EndDateTime > {from} OR StartDateTime >= {from} OR (IsAllDayEvent = true AND EndDateTime > {})) \
         ORDER BY SystemModstamp, Id",
        select(series),
        quoted(owner.as_str()),
        instant(up_to_second(window.until)),
        instant(day_before),
        from = instant(from),
    )
}

/// All events of the owner that were changed or deleted since a little before the mark.
pub(crate) fn changes(owner: &RemoteId, mark: &Mark) -> String {
    let since = mark.high_water.saturating_sub(OVERLAP).unwrap_or(mark.high_water);
    format!(
        "SELECT {} FROM Event WHERE OwnerId = {} AND IsChild = false AND SystemModstamp >= {} \
         ORDER BY SystemModstamp, Id",
        select(&mark.series()),
        quoted(owner.as_str()),
        instant(since),
    )
}

/// The fields to read, for a query.
pub(crate) fn select(series: &[&'static str]) -> String {
    [&FIELDS, series].concat().join(", ")
}

/// Which fields of a series a describe shows.
pub(crate) fn series_fields(describe: &Value) -> Option<Vec<&'static str>> {
    let fields = describe.get("fields")?.as_array()?;
    let has = |name: &str| fields.iter().any(|field| field.get("name").and_then(Value::as_str) == Some(name));
    Some(SERIES_FIELDS.into_iter().filter(|name| has(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn stamped(stamps: &[&str], next: Option<&str>, date: Option<&str>) -> QueryPage {
        let records = stamps.iter().map(|stamp| json!({"Id": "00U1", "SystemModstamp": stamp})).collect();
        QueryPage { records, next: next.map(str::to_owned), date: date.map(at) }
    }

    fn mark_of(page: &Page<Observation>) -> (bool, Mark) {
        match &page.next {
            Next::Page(token) => (false, Mark::read(token).unwrap()),
            Next::Done(token) => (true, Mark::read(token).unwrap()),
        }
    }

    #[test]
    fn the_mark_is_the_latest_stamp_or_the_servers_time() {
        let date = Some("2031-03-03T12:00:00Z");
        let first =
            page(stamped(&["2031-03-01T09:00:00.000+0000"], Some("/n"), date), None, &["IsRecurrence2"]).unwrap();
        let (done, mark) = mark_of(&first);
        assert!(!done, "there is another page");
        assert_eq!((mark.high_water, mark.next.as_deref()), (at("2031-03-01T09:00:00Z"), Some("/n")));
        assert_eq!(mark.series(), ["IsRecurrence2"]);

        let (done, last) = mark_of(&page(stamped(&["soon"], None, date), Some(&mark), &mark.series()).unwrap());
        assert!(done);
        assert_eq!(last, Mark { next: None, ..mark.clone() }, "no readable stamp, no progress");

        let later = page(stamped(&["2031-03-02T09:00:00.000+0000"], None, date), Some(&mark), &[]).unwrap();
        assert_eq!(mark_of(&later).1.high_water, at("2031-03-02T09:00:00Z"));

        let empty = page(stamped(&[], None, date), None, &[]).unwrap();
        assert_eq!(mark_of(&empty).1.high_water, at("2031-03-03T12:00:00Z"));
        assert_eq!(page(stamped(&[], None, None), None, &[]), None, "never this machine's clock");
        assert_eq!(Mark::read("rubbish"), None);
    }

    #[test]
    fn d02_the_listing_asks_for_what_touches_the_window() {
        let window = Window { from: at("2031-03-01T12:00:00.5Z"), until: at("2032-04-18T12:00:00.5Z") };
        let soql = listing(&RemoteId::new("005A'"), &window, &["GroupEventType"]);
        let expected = "OwnerId = '005A\\'' AND IsDeleted = false AND IsChild = false AND StartDateTime < 2032-04-18T12:00:01Z AND \
            (EndDateTime > 2031-03-01T12:00:00Z OR StartDateTime >= 2031-03-01T12:00:00Z OR \
            (IsAllDayEvent = true AND EndDateTime > 2031-02-28T12:00:00Z)) ORDER BY SystemModstamp, Id";
        assert!(soql.ends_with(expected), "{soql}");
        assert!(soql.starts_with("SELECT Id, SystemModstamp, "), "{soql}");
        assert!(soql.contains(", GroupEventType FROM Event "), "{soql}");
    }

    #[test]
    fn changes_begin_a_little_before_the_mark() {
        let mark = Mark { high_water: at("2031-03-03T09:00:00Z"), series: vec![], shown: vec![], next: None };
        let soql = changes(&RemoteId::new("005A"), &mark);
        assert!(soql.contains("SystemModstamp >= 2031-03-03T08:55:00Z ORDER BY SystemModstamp, Id"), "{soql}");
    }

    #[test]
    fn an_idle_poll_shows_nothing_again_and_a_change_shows_through() {
        let records = |stamp: &str| vec![json!({"Id": "00U1", "SystemModstamp": stamp, "IsDeleted": false})];
        let answer = |stamp: &str, date: &str| QueryPage { records: records(stamp), next: None, date: Some(at(date)) };
        let stamp = "2031-03-03T09:00:00.000+0000";
        let early = page(answer(stamp, "2031-03-03T09:00:01Z"), None, &[]).unwrap();
        let mark = mark_of(&early).1;
        assert_eq!(mark.shown, [], "the second is hardly over: it may change once more within it");

        let again = page(answer(stamp, "2031-03-03T09:01:00Z"), Some(&mark), &[]).unwrap();
        assert_eq!(again.items.len(), 1);
        let mark = mark_of(&again).1;
        assert_eq!(page(answer(stamp, "2031-03-03T09:02:00Z"), Some(&mark), &[]).unwrap().items, []);

        let edited = answer("2031-03-03T09:02:30.000+0000", "2031-03-03T09:03:00Z");
        assert_eq!(page(edited, Some(&mark), &[]).unwrap().items.len(), 1);
        let gone = json!({"Id": "00U1", "SystemModstamp": stamp, "IsDeleted": true});
        let deleted = QueryPage { records: vec![gone], next: None, date: Some(at("2031-03-03T09:03:00Z")) };
        assert_eq!(page(deleted, Some(&mark), &[]).unwrap().items.len(), 1);
    }

    #[test]
    fn a_describe_tells_which_fields_there_are() {
        let describe = json!({"fields": [{"name": "Id"}, {"name": "IsRecurrence2"}, {"name": "GroupEventType"}]});
        assert_eq!(series_fields(&describe), Some(vec!["GroupEventType", "IsRecurrence2"]));
        assert_eq!(series_fields(&Value::Null), None);
    }
}
