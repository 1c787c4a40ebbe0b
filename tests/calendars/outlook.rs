//! A mailbox of the simulator, and how a client loads a calendar into it.

use http::Method;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sim_exchange::Exchange;
use sim_kit::{Context, Courier, Model, Request};
use syncline::ics::{Found, Series};

use crate::Shown;

/// The longest window that Graph shows.
const WINDOW: SignedDuration = SignedDuration::from_hours(24 * 1800);

pub(crate) struct Outlook {
    world: Exchange,
    courier: Courier,
}

impl Outlook {
    pub(crate) fn new() -> Self {
        Self { world: Exchange::northwind(Timestamp::UNIX_EPOCH), courier: Courier::start() }
    }

    fn ask(&mut self, method: Method, target: &str, body: Option<&Value>) -> Result<Value, String> {
        let target = target.strip_prefix("http://graph.example").unwrap_or(target);
        let mut request = Request::new(method, target, "http://graph.example");
        request.headers.insert("authorization", http::HeaderValue::from_static("Bearer test-token"));
        request.body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let context = Context { now: Timestamp::UNIX_EPOCH, courier: &self.courier };
        let reply = self.world.handle(&request, &context);
        if reply.status.is_success() {
            return Ok(if reply.body.is_empty() { Value::Null } else { reply.body_json() });
        }
        Err(format!("{}: {}", reply.status, reply.body_json()["error"]["message"]))
    }

    /// Loads what a file holds; an error says what the mailbox did not take.
    pub(crate) fn load(&mut self, found: &Found) -> Result<(), String> {
        match found {
            Found::Single(appointment) => {
                self.ask(Method::POST, "/v1.0/me/events", Some(&appointment.as_graph())).map(drop)
            }
            Found::Series(series) => self.load_series(series),
            Found::Skipped(why) => Err((*why).to_owned()),
            Found::Unreadable(why) => Err(why.clone()),
        }
    }

    fn load_series(&mut self, series: &Series) -> Result<(), String> {
        let mut masters = Vec::new();
        for master in &series.masters {
            let made = self.ask(Method::POST, "/v1.0/me/events", Some(master))?;
            masters.push(made["id"].as_str().ok_or("no id")?.to_owned());
        }
        for original in &series.called_off {
            if let Some(id) = self.occurrence(&masters, *original)? {
                self.ask(Method::DELETE, &format!("/v1.0/me/events/{id}"), None)?;
            }
        }
        for (original, changed) in &series.changed {
            let changed = changed.as_graph();
            match self.occurrence(&masters, *original)? {
                Some(id) => self.ask(Method::PATCH, &format!("/v1.0/me/events/{id}"), Some(&changed))?,
                // The pattern has no such date: it stands beside it.
                None => self.ask(Method::POST, "/v1.0/me/events", Some(&changed))?,
            };
        }
        for appointment in &series.added {
            self.ask(Method::POST, "/v1.0/me/events", Some(&appointment.as_graph()))?;
        }
        Ok(())
    }

    /// The date of a series that the pattern has begin then.
    fn occurrence(&mut self, masters: &[String], original: Timestamp) -> Result<Option<String>, String> {
        let (from, to) = (original - SignedDuration::from_secs(1), original + SignedDuration::from_hours(24));
        for master in masters {
            let path = format!("/v1.0/me/events/{master}/instances");
            for row in self.rows(&path, from, to)? {
                if instant(&row["start"]) == Some(original) && row["type"] == "occurrence" {
                    return Ok(row["id"].as_str().map(str::to_owned));
                }
            }
        }
        Ok(None)
    }

    fn rows(&mut self, path: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Value>, String> {
        let mut link = format!("{path}?startDateTime={from}&endDateTime={to}&$top=1000");
        let mut rows = Vec::new();
        loop {
            let page = self.ask(Method::GET, &link, None)?;
            rows.extend(page["value"].as_array().cloned().unwrap_or_default());
            match page["@odata.nextLink"].as_str() {
                Some(next) => next.clone_into(&mut link),
                None => return Ok(rows),
            }
        }
    }

    /// What the calendar shows from the day before one day to the day after another.
    pub(crate) fn view(&mut self, from: Date, to: Date) -> Shown {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let (from, to) = (midnight(from.yesterday().unwrap()), midnight(to.tomorrow().unwrap()));
        assert!(to.duration_since(from) < WINDOW);
        let mut shown = Shown::new();
        for row in self.rows("/v1.0/me/calendarView", from, to).unwrap() {
            let at = |name: &str| {
                let at = instant(&row[name]).unwrap();
                if row["isAllDay"] == true { TimeZone::UTC.to_datetime(at).date().to_string() } else { at.to_string() }
            };
            let subject = row["subject"].as_str().unwrap_or_default().to_owned();
            *shown.entry((at("start"), at("end"), subject)).or_default() += 1;
        }
        shown
    }
}

fn instant(time: &Value) -> Option<Timestamp> {
    let local: DateTime = time["dateTime"].as_str()?.parse().ok()?;
    Some(local.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
