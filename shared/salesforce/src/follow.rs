//! What is asked of Salesforce's records, and how far that was answered.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use syncline_core::cursor::{Next, Page};
use syncline_core::ids::RemoteId;
use syncline_core::observation::Observation;
use syncline_core::time::Window;

use crate::client::QueryPage;
use crate::object::{self, Extra, Object, Selection};
use crate::row::Row;
use crate::soql::{instant, quoted};

/// How far behind the last look a round begins: a record's stamp is set when it is written, but it is seen
/// only when its transaction ends, which may be after later ones.
pub(crate) const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// Deleted records can be seen for 15 days, and then it cannot be told any more that they are gone. The time
/// of the last look is kept by the day only, hence one day less.
const HORIZON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How old the time of the last look may become before it is kept anew, though nothing else has changed.
const KEPT_ANEW: SignedDuration = SignedDuration::from_hours(24);

/// How many records inside the overlap are remembered as shown.
const SHOWN_LIMIT: usize = 100;

/// How far a listing has come; kept in the cursor's token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    /// The stamp from which the next round asks, itself included: stamps have whole seconds, and records
    /// share them. Before the end of a round it is that of the round.
    since: Option<Timestamp>,
    /// When this round began, or the last one if none is under way, by the server's clock.
    asked: Timestamp,
    /// The places of what this org lacks: see [`Object::COLUMNS`].
    lacks: Vec<usize>,
    /// Records inside the overlap that were shown already, so that an idle poll shows nothing again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shown: Vec<Shown>,
    /// The next page of the round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
    /// The next page of the round's companions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_companions: Option<String>,
}

/// A record as it was shown: its id, the second of its stamp, and what it held. The second alone would not
/// tell a change from another one within it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Shown(String, i64, u64);

impl Shown {
    fn of(record: &Value) -> Option<Self> {
        let row = Row(record);
        let stamp = row.known_instant("SystemModstamp").ok()?.as_second();
        let mut hasher = DefaultHasher::new();
        record.to_string().hash(&mut hasher);
        Some(Self(row.id().as_str().to_owned(), stamp, hasher.finish()))
    }
}

impl Mark {
    /// Reads a token; `None` if it is none of ours.
    pub(crate) fn read(token: &str) -> Option<Self> {
        serde_json::from_str(token).ok()
    }

    fn token(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What can be read, as it was when the listing began.
    pub(crate) fn selection<T: Object>(&self) -> Selection<T> {
        Selection::without(&self.lacks)
    }

    /// Whether pages of a round are still to be read.
    fn is_under_way(&self) -> bool {
        self.next.is_some() || self.next_companions.is_some()
    }

    /// Whether too much time has passed since the last look to know what was deleted.
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.asked) > HORIZON
    }
}

/// What was read of a round: of either, a page if it was asked for.
#[derive(Default)]
pub(crate) struct Answers {
    /// The records.
    pub(crate) main: Option<QueryPage>,
    /// Their companions.
    pub(crate) companions: Option<QueryPage>,
}

impl Answers {
    /// The server's time when it answered.
    pub(crate) fn date(&self) -> Option<Timestamp> {
        self.main.as_ref().or(self.companions.as_ref())?.date
    }
}

/// A page as the port gives it; of companions, the records that they belong to.
pub(crate) struct Shift<T: Object> {
    /// The page.
    pub(crate) page: Page<Observation<T::Seen>>,
    /// Records whose companions changed, and that are not on the page.
    pub(crate) touched: BTreeSet<RemoteId>,
}

/// The page, and how far that is. `before` is the mark before the page, none at the beginning. `None` if no
/// time can be told.
pub(crate) fn shift<T: Object>(answers: Answers, before: Option<&Mark>, selection: &Selection<T>) -> Option<Shift<T>> {
    let date = answers.date();
    let read = |page: Option<QueryPage>| page.map_or_else(Default::default, |page| (page.records, page.next));
    let ((main, next), (companions, next_companions)) = (read(answers.main), read(answers.companions));
    let all = || main.iter().chain(&companions);
    let stamps = || all().filter_map(|record| Row(record).known_instant("SystemModstamp").ok());
    // In the middle of a round it is the round's beginning that counts.
    let under_way = before.filter(|mark| mark.is_under_way()).map(|mark| mark.asked);
    let now = under_way.or(date).or_else(|| stamps().max());
    let asked = now.or(before.map(|mark| mark.asked))?;
    let earlier = before.map(|mark| mark.shown.as_slice()).unwrap_or_default();
    let is_new = |record: &&Value| Shown::of(record).is_none_or(|shown| !earlier.contains(&shown));
    let hidden = selection.hidden();
    let items: Vec<_> = main.iter().filter(is_new).map(|record| object::observation::<T>(record, &hidden)).collect();
    let on_page: BTreeSet<RemoteId> = items.iter().map(|item| item.id().clone()).collect();
    let mut touched = BTreeSet::new();
    for record in companions.iter().filter(is_new) {
        let id = |name: &str| Row(record).text(name).ok().flatten().map(RemoteId::new);
        touched.extend(companion::<T>().and_then(|(_, reference, _)| id(reference)).filter(|id| !on_page.contains(id)));
    }
    let is_over = next.is_none() && next_companions.is_none();
    if let Some(mark) = before.filter(|mark| {
        let is_idle = !mark.is_under_way() && is_over && all().next().is_none();
        is_idle && mark.lacks == selection.lacks() && asked.duration_since(mark.asked) < KEPT_ANEW
    }) {
        return Some(Shift { page: Page { items, next: Next::Done(mark.token()) }, touched });
    }
    let since = asked.saturating_sub(OVERLAP).unwrap_or(asked);
    let mark = Mark {
        since: if is_over { Some(since) } else { before.and_then(|mark| mark.since) },
        asked,
        lacks: selection.lacks(),
        shown: shown(earlier, all(), since),
        next,
        next_companions,
    };
    let next = if is_over { Next::Done(mark.token()) } else { Next::Page(mark.token()) };
    Some(Shift { page: Page { items, next }, touched })
}

/// What of this and earlier pages the next round will show again: of each record how it was shown last, for
/// within a second it may become again what it was.
fn shown<'a>(earlier: &[Shown], records: impl Iterator<Item = &'a Value>, since: Timestamp) -> Vec<Shown> {
    let since = since.as_second();
    let all = earlier.iter().cloned().chain(records.filter_map(Shown::of));
    let last: BTreeMap<String, Shown> = all.map(|shown| (shown.0.clone(), shown)).collect();
    let shown: Vec<_> = last.into_values().filter(|Shown(_, stamp, _)| *stamp >= since).collect();
    // Too many to keep: they are shown again, which does no harm and ends with the overlap.
    if shown.len() > SHOWN_LIMIT { Vec::new() } else { shown }
}

/// The object of the companions, with its reference and that one's relationship.
pub(crate) fn companion<T: Object>() -> Option<(&'static str, &'static str, &'static str)> {
    T::EXTRAS.iter().find_map(|extra| match extra {
        Extra::Companion { object, id, relation } => Some((*object, *id, *relation)),
        Extra::Path { .. } => None,
    })
}

/// The owner's records that a first listing shows, archived ones included.
pub(crate) fn listing<T: Object>(owner: &RemoteId, window: Option<&Window>, selection: &Selection<T>) -> String {
    let mut wanted = vec!["IsDeleted = false".to_owned()];
    wanted.extend(T::wanted(selection));
    wanted.extend(T::listed(window, selection));
    query(owner, selection, &wanted)
}

/// All records of the owner that were changed or deleted since a little before the last look.
pub(crate) fn changes<T: Object>(owner: &RemoteId, mark: &Mark, selection: &Selection<T>) -> String {
    let mut wanted = T::wanted(selection);
    wanted.push(since(mark));
    query(owner, selection, &wanted)
}

fn query<T: Object>(owner: &RemoteId, selection: &Selection<T>, wanted: &[String]) -> String {
    format!(
        "SELECT {} FROM {} WHERE OwnerId = {} AND {} ORDER BY SystemModstamp, Id",
        selection.select(),
        T::NAME,
        quoted(owner.as_str()),
        wanted.join(" AND "),
    )
}

/// The companions of the owner's records that were changed or deleted likewise; `None` if there are none in
/// this org.
pub(crate) fn companions<T: Object>(owner: &RemoteId, mark: &Mark, selection: &Selection<T>) -> Option<String> {
    selection.extras().find_map(|extra| match extra {
        Extra::Companion { object, id, relation } => Some(format!(
            "SELECT Id, {id}, SystemModstamp, IsDeleted FROM {object} WHERE {relation}.OwnerId = {} AND {} \
             ORDER BY SystemModstamp, Id",
            quoted(owner.as_str()),
            since(mark),
        )),
        Extra::Path { .. } => None,
    })
}

fn since(mark: &Mark) -> String {
    format!("SystemModstamp >= {}", instant(mark.since.unwrap_or(mark.asked)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use syncline_core::item::Event;
    use syncline_core::task::Task;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn full() -> Selection<Event> {
        Selection::without(&[])
    }

    fn row(id: &str, stamp: &str) -> Value {
        json!({"Id": id, "SystemModstamp": stamp})
    }

    fn page(records: Vec<Value>, next: Option<&str>, date: Option<&str>) -> QueryPage {
        QueryPage { records, next: next.map(str::to_owned), date: date.map(at) }
    }

    fn answers(records: Vec<Value>, next: Option<&str>, date: Option<&str>) -> Answers {
        Answers { main: Some(page(records, next, date)), companions: None }
    }

    fn shifted(answers: Answers, before: Option<&Mark>) -> (Vec<String>, Mark) {
        let shift = shift(answers, before, &full()).unwrap();
        let (Next::Page(token) | Next::Done(token)) = &shift.page.next;
        let mark = Mark::read(token).unwrap();
        assert_eq!(mark.is_under_way(), matches!(shift.page.next, Next::Page(_)));
        (shift.page.items.iter().map(|item| item.id().to_string()).collect(), mark)
    }

    #[test]
    fn the_next_round_begins_before_this_one_by_the_servers_clock() {
        let stamp = "2031-03-01T09:00:00.000+0000";
        let (_, first) = shifted(answers(vec![row("00U1", stamp)], Some("/n"), Some("2031-03-03T12:00:00Z")), None);
        assert_eq!((first.next.as_deref(), first.since), (Some("/n"), None));
        let (_, last) = shifted(answers(vec![], None, Some("2031-03-03T12:30:00Z")), Some(&first));
        assert_eq!(last.since, Some(at("2031-03-03T11:50:00Z")), "the round's beginning, not its end");
        let soql = changes(&RemoteId::new("005A"), &last, &full());
        assert!(soql.ends_with("SystemModstamp >= 2031-03-03T11:50:00Z ORDER BY SystemModstamp, Id"), "{soql}");
        let (_, undated) = shifted(answers(vec![row("00U1", stamp)], None, None), None);
        assert_eq!(undated.since, Some(at("2031-03-01T08:50:00Z")));
        assert!(shift(answers(vec![], None, None), None, &full()).is_none(), "never this machine's clock");
        assert_eq!(Mark::read("rubbish"), None);
    }

    #[test]
    fn an_idle_poll_shows_nothing_again_and_a_change_shows_through() {
        let stamp = "2031-03-03T09:00:00.000+0000";
        let ask =
            |records: &[Value], date, mark: Option<&Mark>| shifted(answers(records.to_vec(), None, Some(date)), mark);
        let one = row("00U1", stamp);
        let (shown, mark) = ask(std::slice::from_ref(&one), "2031-03-03T09:00:00Z", None);
        assert_eq!(shown, ["00U1"]);
        let (shown, mark) = ask(std::slice::from_ref(&one), "2031-03-03T09:01:00Z", Some(&mark));
        assert_eq!(shown, Vec::<String>::new());
        let mut again = one.clone();
        again["Subject"] = json!("changed within the same second");
        assert_eq!(ask(&[again], "2031-03-03T09:02:00Z", Some(&mark)).0, ["00U1"]);
        let (shown, idle) = ask(&[], "2031-03-03T09:30:00Z", Some(&mark));
        assert_eq!((shown, &idle), (vec![], &mark), "nothing was shown, and the mark stands");
        let (_, kept) = ask(&[], "2031-03-04T09:30:00Z", Some(&mark));
        assert_eq!(kept.asked, at("2031-03-04T09:30:00Z"), "but not for ever");
    }

    #[test]
    fn more_than_can_be_remembered_settles_with_the_overlap() {
        let many: Vec<Value> = (0..500).map(|n| row(&format!("00U{n}"), "2031-03-03T09:00:00.000+0000")).collect();
        let (shown, mark) = shifted(answers(many.clone(), None, Some("2031-03-03T09:00:05Z")), None);
        assert_eq!((shown.len(), mark.shown.len()), (500, 0));
        let (shown, mark) = shifted(answers(many, None, Some("2031-03-03T09:30:00Z")), Some(&mark));
        assert_eq!(shown.len(), 500, "shown again");
        assert!(mark.since.unwrap() > at("2031-03-03T09:00:00Z"), "and never more");
    }

    #[test]
    fn a_companion_shows_the_record_it_belongs_to() {
        let relation = json!({"Id": "0RE1", "EventId": "00U2", "SystemModstamp": "2031-03-03T09:00:00.000+0000"});
        let ask = |mark: Option<&Mark>| {
            let page = |records| Some(page(records, None, Some("2031-03-03T09:05:00Z")));
            shift(Answers { main: page(vec![]), companions: page(vec![relation.clone()]) }, mark, &full()).unwrap()
        };
        let first = ask(None);
        assert_eq!(first.touched, BTreeSet::from([RemoteId::new("00U2")]));
        let Next::Done(token) = first.page.next else { panic!("the round is over") };
        assert_eq!(ask(Mark::read(&token).as_ref()).touched, BTreeSet::new(), "once");
    }

    #[test]
    fn a_round_is_over_when_the_companions_are_too() {
        let relation = |id: &str, event: &str| json!({"Id": id, "EventId": event, "SystemModstamp": "2031-03-03T09:00:00.000+0000"});
        let date = Some("2031-03-03T09:05:00Z");
        let first = Answers {
            main: Some(page(vec![row("00U1", "2031-03-03T09:00:00.000+0000")], None, date)),
            companions: Some(page(vec![relation("0RE1", "00U1"), relation("0RE2", "00U2")], Some("/c"), date)),
        };
        let shift = shift(first, None, &full()).unwrap();
        assert_eq!(shift.touched, BTreeSet::from([RemoteId::new("00U2")]), "the other is on the page");
        let Next::Page(token) = &shift.page.next else { panic!("companions are to come") };
        let mark = Mark::read(token).unwrap();
        assert_eq!((mark.next.as_deref(), mark.next_companions.as_deref()), (None, Some("/c")));
        let rest = page(vec![relation("0RE3", "00U3")], None, Some("2031-03-03T09:06:00Z"));
        let last = super::shift(Answers { main: None, companions: Some(rest) }, Some(&mark), &full()).unwrap();
        assert_eq!(last.touched, BTreeSet::from([RemoteId::new("00U3")]));
        let Next::Done(token) = last.page.next else { panic!("the round is over") };
        assert_eq!(Mark::read(&token).unwrap().since, Some(at("2031-03-03T08:55:00Z")), "the round's beginning");
    }

    #[test]
    fn what_becomes_again_what_it_was_within_a_second_is_shown() {
        let as_it_is = |subject: &str| {
            let mut row = row("00U1", "2031-03-03T09:00:00.000+0000");
            row["Subject"] = json!(subject);
            vec![row]
        };
        let mut mark = None;
        for subject in ["one", "two", "one", "two"] {
            let (shown, next) = shifted(answers(as_it_is(subject), None, Some("2031-03-03T09:00:00Z")), mark.as_ref());
            assert_eq!(shown, ["00U1"], "{subject}");
            mark = Some(next);
        }
    }

    #[test]
    fn a_mark_expires_with_the_recycle_bin() {
        let (_, mark) = shifted(answers(vec![], None, Some("2031-03-03T09:00:00Z")), None);
        for (now, expired) in [("2031-03-17T08:00:00Z", false), ("2031-03-17T10:00:00Z", true)] {
            assert_eq!(mark.is_expired(at(now)), expired, "{now:?}");
        }
    }

    #[test]
    fn d02_the_listing_asks_for_what_touches_the_window() {
        let window = Window { from: at("2031-03-01T12:00:00.5Z"), until: at("2032-04-18T12:00:00.5Z") };
        let soql = listing(&RemoteId::new("005A'"), Some(&window), &full());
        let expected = "OwnerId = '005A\\'' AND IsDeleted = false AND IsChild = false AND StartDateTime < 2032-04-18T12:00:01Z AND \
            (EndDateTime > 2031-03-01T12:00:00Z OR StartDateTime >= 2031-03-01T12:00:00Z OR \
            (IsAllDayEvent = true AND EndDateTime > 2031-02-28T12:00:00Z)) ORDER BY SystemModstamp, Id";
        assert!(soql.ends_with(expected), "{soql}");
        assert!(soql.starts_with("SELECT Id, SystemModstamp, ") && soql.contains(", GroupEventType, "), "{soql}");
        let tasks = listing(&RemoteId::new("005A"), None, &Selection::<Task>::without(&[]));
        let expected = "WHERE OwnerId = '005A' AND IsDeleted = false AND TaskSubtype != 'Email' AND \
            TaskSubtype != 'ListEmail' AND IsRecurrence = false AND (IsClosed = false OR \
            ActivityDate >= LAST_N_DAYS:14 OR SystemModstamp >= LAST_N_DAYS:14) ORDER BY SystemModstamp, Id";
        assert!(tasks.ends_with(expected), "{tasks}");
    }

    #[test]
    fn what_an_org_lacks_is_not_asked_for_and_not_taken_for_empty() {
        use syncline_core::item::{EventField, Fields};
        let at = |name: &str| Event::COLUMNS.iter().position(|column| *column == name).unwrap();
        let lacking = Selection::<Event>::without(&[at("Location"), at(crate::KEY_FIELD), Event::COLUMNS.len()]);
        assert!(!lacking.select().contains("Location") && !lacking.has_key());
        assert_eq!(lacking.hidden(), Fields::from([EventField::Location]));
        assert_eq!(Selection::<Event>::without(&lacking.lacks()), lacking);
        let (_, mark) = shifted(answers(vec![], None, Some("2031-03-03T09:00:00Z")), None);
        assert_eq!(companions(&RemoteId::new("005A"), &mark, &lacking), None);
        let soql = companions(&RemoteId::new("005A"), &mark, &full()).unwrap();
        assert!(soql.contains("FROM EventRelation WHERE Event.OwnerId = '005A' AND SystemModstamp >= "), "{soql}");
    }
}
