//! The switches that every simulator has.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Action, Body, Field, Form, Objection, Order, Reading, Switch};
use crate::clock::SimClock;
use crate::faults::{Fault, FaultPlan, FaultRule};
use crate::journal::{Entry, Journal};
use crate::latency::{Latency, LatencyRule};

/// What lies around a model. Clones are the same controls.
#[derive(Clone, Debug)]
pub(crate) struct Controls {
    pub(crate) clock: SimClock,
    faults: Arc<Mutex<FaultPlan>>,
    latency: Arc<Mutex<Latency>>,
    journal: Arc<Mutex<Journal>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Controls {
    pub(crate) fn new(clock: SimClock) -> Self {
        Self { clock, faults: Arc::default(), latency: Arc::default(), journal: Arc::default() }
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, FaultPlan> {
        lock(&self.faults)
    }

    pub(crate) fn latency(&self) -> MutexGuard<'_, Latency> {
        lock(&self.latency)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }
}

const METHOD: Field = Field::new("method", Form::Method, "only requests of this method; any if left out");
const PATH: Field =
    Field::new("path", Form::Text, "only requests whose path and query, as sent, contain this text; all if left out");
const TIMES: Field =
    Field::new("times", Form::Count { least: 1, most: u32::MAX as u64 }, "how many requests in a row; 1 if left out");
const RETRY_AFTER: Form = Form::Count { least: 0, most: u32::MAX as u64 };
const MILLISECONDS: Form = Form::Count { least: 0, most: 3_600_000 };
/// Entries that a GET of the journal tells unless it asks for another number.
const ENTRIES: u64 = 100;
/// The latest time that the clock may be moved to; a model adds to it.
const END_OF_TIME: &str = "3000-01-01T00:00:00Z";

/// The kit's switches.
pub(crate) static CONTROLS: &[Switch<Controls>] = &[
    Switch {
        name: "clock",
        about: "The simulator's time. Simulators that were started together share one clock.",
        reading: Reading { query: &[], read: |controls, _| clock(&controls.clock), glance: None },
        actions: &[Action {
            method: "POST",
            about: "Moves the time forward. 'now' holds the clock there unless 'held' is false; the other two leave \
                    it flowing or held as it is.",
            body: Body::Fields(&[
                Field::new("now", Form::Time, "the time to go to, not before the present one"),
                Field::new("advance_seconds", Form::SMALL, "seconds to go forward"),
                Field::new("advance", Form::Span, "a span to go forward"),
                Field::new("held", Form::Flag, "true: stands still until moved; false: flows with the machine's"),
            ]),
            run: |controls, order| move_clock(&controls.clock, order),
        }],
    },
    Switch {
        name: "faults",
        about: "Failures of coming requests. The first rule that strikes wins; a rule that is spent is gone.",
        reading: Reading { query: &[], read: |controls, _| faults(&controls.faults(), |_| true), glance: None },
        actions: &[
            Action {
                method: "POST",
                about: "Adds a rule; its count starts now.",
                body: Body::Fields(&[
                    METHOD,
                    PATH,
                    Field::new("nth", TIMES.form, "the first matching request it befalls; 1 if left out"),
                    TIMES,
                    Field::needed(
                        "kind",
                        Form::Choice(&["fail", "fail_after", "throttle", "timeout", "latency", "drop", "drop_after"]),
                        "fail: answered with 'status' and not carried out; fail_after: carried out, then answered with \
                         'status'; throttle: refused as the vendor throttles; timeout and latency: carried out and \
                         answered after 'ms'; drop: not carried out, connection closed; drop_after: carried out, \
                         connection closed",
                    ),
                    Field::new(
                        "status",
                        Form::Count { least: 400, most: 599 },
                        "of fail (503 if left out) and fail_after (504 if left out)",
                    ),
                    Field::new(
                        "retry_after",
                        RETRY_AFTER,
                        "seconds in Retry-After, of throttle (1 if left out) and fail",
                    ),
                    Field::new("ms", MILLISECONDS, "milliseconds of machine time, of timeout and latency"),
                ]),
                run: add_fault,
            },
            Action {
                method: "DELETE",
                about: "Drops all rules.",
                body: Body::None,
                run: |controls, _| {
                    controls.faults().clear();
                    Ok(Value::Null)
                },
            },
        ],
    },
    Switch {
        name: "throttle",
        about: "The next requests are refused as the vendor throttles. It is the fault of that kind by a shorter way.",
        reading: Reading { query: &[], read: |controls, _| faults(&controls.faults(), is_throttle), glance: None },
        actions: &[
            Action {
                method: "POST",
                about: "Refuses the next 'times' requests.",
                body: Body::Fields(&[
                    METHOD,
                    PATH,
                    TIMES,
                    Field::new("retry_after", RETRY_AFTER, "seconds in Retry-After; 1 if left out"),
                ]),
                run: |controls, order| {
                    let fault = Fault::Throttle { retry_after: order.small("retry_after").unwrap_or(1) };
                    controls.faults().add(rule(order, fault));
                    Ok(Value::Null)
                },
            },
            Action {
                method: "DELETE",
                about: "Refuses no more.",
                body: Body::None,
                run: |controls, _| {
                    controls.faults().remove(is_throttle);
                    Ok(Value::Null)
                },
            },
        ],
    },
    Switch {
        name: "latency",
        about: "How long answers take, in machine time. Requests overlap while their answers are on the way. What is \
                refused with 429 is refused at once.",
        reading: Reading { query: &[], read: |controls, _| latency(&controls.latency()), glance: None },
        actions: &[
            Action {
                method: "POST",
                about: "Sets the latency of some requests, in place of one set for the same; of several that match a \
                        request the last one set counts.",
                body: Body::Fields(&[
                    METHOD,
                    PATH,
                    Field::needed("ms", MILLISECONDS, "milliseconds; 0 takes the rule away"),
                ]),
                run: |controls, order| {
                    controls.latency().set(LatencyRule {
                        method: order.method("method"),
                        target_contains: order.needed("path").to_owned(),
                        time: Duration::from_millis(order.count("ms").unwrap_or_default()),
                    });
                    Ok(Value::Null)
                },
            },
            Action {
                method: "DELETE",
                about: "Answers at once again.",
                body: Body::None,
                run: |controls, _| {
                    controls.latency().clear();
                    Ok(Value::Null)
                },
            },
        ],
    },
    Switch {
        name: "journal",
        about: "What was asked of this simulator and how it was answered, oldest first, without bodies and tokens. \
                Requests for /_sim are not in it.",
        reading: Reading {
            query: &[
                METHOD,
                PATH,
                Field::new("status", Form::Count { least: 0, most: 999 }, "only answers of this status; 0: closed"),
                Field::new("faulted", Form::Flag, "only requests that a fault befell, or only the others"),
                Field::new("since", Form::Time, "only requests from this time on"),
                Field::new("limit", Form::SMALL, "no more than so many, the latest; 100 if left out"),
            ],
            read: |controls, order| journal(&controls.journal(), order),
            glance: Some(|controls| json!({"total": controls.journal().total()})),
        },
        actions: &[Action {
            method: "DELETE",
            about: "Forgets the entries and counts anew.",
            body: Body::None,
            run: |controls, _| {
                controls.journal().clear();
                Ok(Value::Null)
            },
        }],
    },
];

fn clock(clock: &SimClock) -> Value {
    json!({"now": clock.now().to_string(), "held": clock.is_held()})
}

fn move_clock(clock: &SimClock, order: &Order<'_>) -> Result<Value, Objection> {
    let seconds = order.count("advance_seconds").and_then(|seconds| i64::try_from(seconds).ok());
    let seconds = seconds.map(SignedDuration::from_secs);
    let (time, held) = (order.time("now"), order.flag("held"));
    let (name, by) = match (time, seconds, order.span("advance")) {
        (Some(time), None, None) => ("now", time.duration_since(order.context.now)),
        (None, Some(by), None) => ("advance_seconds", by),
        (None, None, Some(by)) => ("advance", by),
        (None, None, None) if held.is_some() => ("held", SignedDuration::ZERO),
        (None, None, None) => {
            return Err(Objection::field("now", "nothing says where to go", "send now, advance_seconds or advance"));
        }
        _ => return Err(Objection::field("now", "there is more than one way to go", "send only one of them")),
    };
    if by.is_negative() {
        let present = order.context.now;
        return Err(Objection::field(
            name,
            format!("time does not go back, and it is {present}"),
            "send a later time, or start a new simulator",
        ));
    }
    let reachable = order
        .context
        .now
        .checked_add(by)
        .ok()
        .filter(|time| END_OF_TIME.parse::<Timestamp>().is_ok_and(|end| *time < end));
    if reachable.is_none() {
        return Err(Objection::field(name, format!("the clock ends at {END_OF_TIME}"), "go less far"));
    }
    match time {
        Some(time) => clock.set(time),
        None => clock.advance(by.unsigned_abs()),
    }
    match held {
        Some(true) => clock.set(clock.now()),
        Some(false) => clock.flow(),
        None => {}
    }
    Ok(Value::Null)
}

fn rule(order: &Order<'_>, fault: Fault) -> FaultRule {
    FaultRule {
        method: order.method("method"),
        target_contains: order.needed("path").to_owned(),
        nth: order.small("nth").unwrap_or(1),
        times: order.small("times").unwrap_or(1),
        fault,
    }
}

fn add_fault(controls: &mut Controls, order: &Order<'_>) -> Result<Value, Objection> {
    let status = order.count("status").and_then(|status| u16::try_from(status).ok());
    let retry_after = order.small("retry_after");
    let time = order.count("ms").map(Duration::from_millis);
    let kind = order.needed("kind");
    // Which of the fields the kind has, besides those of every rule.
    let takes: &[&str] = match kind {
        "fail" => &["status", "retry_after"],
        "fail_after" => &["status"],
        "throttle" => &["retry_after"],
        "timeout" | "latency" => &["ms"],
        _ => &[],
    };
    let stray =
        ["status", "retry_after", "ms"].into_iter().find(|name| order.value(name).is_some() && !takes.contains(name));
    if let Some(name) = stray {
        let remedy = format!(
            "leave it out; the kind takes {}",
            if takes.is_empty() { "none".into() } else { takes.join(" and ") }
        );
        return Err(Objection::field(name, format!("a fault of the kind '{kind}' has none"), remedy));
    }
    let needed = || Objection::field("ms", "it is missing", format!("say how many milliseconds the {kind} takes"));
    let fault = match kind {
        "fail" => match retry_after {
            Some(retry_after) => Fault::Refuse { status: status.unwrap_or(503), retry_after },
            None => Fault::FailBefore(status.unwrap_or(503)),
        },
        "fail_after" => Fault::FailAfter(status.unwrap_or(504)),
        "throttle" => Fault::Throttle { retry_after: retry_after.unwrap_or(1) },
        "timeout" => Fault::Timeout(time.ok_or_else(needed)?),
        "latency" => Fault::Latency(time.ok_or_else(needed)?),
        "drop" => Fault::Drop,
        _ => Fault::DropAfter,
    };
    controls.faults().add(rule(order, fault));
    Ok(Value::Null)
}

fn is_throttle(fault: &Fault) -> bool {
    matches!(fault, Fault::Throttle { .. })
}

fn faults(plan: &FaultPlan, wanted: impl Fn(&Fault) -> bool) -> Value {
    let told = plan.rules().filter(|(rule, _)| wanted(&rule.fault)).map(|(rule, seen)| {
        let mut told = told(&rule.fault);
        told.extend(target(rule.method.as_ref(), &rule.target_contains));
        told.extend([
            ("nth".to_owned(), rule.nth.into()),
            ("times".to_owned(), rule.times.into()),
            ("matched".to_owned(), seen.into()),
        ]);
        Value::Object(told)
    });
    Value::Array(told.collect())
}

/// A fault in the words of the switch that adds it.
fn told(fault: &Fault) -> Map<String, Value> {
    let told = match fault {
        Fault::FailBefore(status) => json!({"kind": "fail", "status": status}),
        Fault::Refuse { status, retry_after } => {
            json!({"kind": "fail", "status": status, "retry_after": retry_after})
        }
        Fault::FailAfter(status) => json!({"kind": "fail_after", "status": status}),
        Fault::Throttle { retry_after } => json!({"kind": "throttle", "retry_after": retry_after}),
        Fault::Timeout(time) => json!({"kind": "timeout", "ms": milliseconds(*time)}),
        Fault::Latency(time) => json!({"kind": "latency", "ms": milliseconds(*time)}),
        Fault::Drop => json!({"kind": "drop"}),
        Fault::DropAfter => json!({"kind": "drop_after"}),
    };
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

fn latency(latency: &Latency) -> Value {
    let told = latency.rules().iter().map(|rule| {
        let mut told = target(rule.method.as_ref(), &rule.target_contains).collect::<Map<_, _>>();
        told.insert("ms".to_owned(), milliseconds(rule.time).into());
        Value::Object(told)
    });
    Value::Array(told.collect())
}

/// Which requests a rule is for; what it does not limit is left out.
fn target(method: Option<&http::Method>, contains: &str) -> impl Iterator<Item = (String, Value)> {
    let method = method.map(|method| ("method".to_owned(), method.as_str().into()));
    let path = (!contains.is_empty()).then(|| ("path".to_owned(), contains.into()));
    method.into_iter().chain(path)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn journal(journal: &Journal, order: &Order<'_>) -> Value {
    let method = order.method("method");
    let path = order.needed("path");
    let wanted = |entry: &&Entry| {
        method.as_ref().is_none_or(|method| entry.method == method.as_str())
            && entry.target().contains(path)
            && order.count("status").is_none_or(|status| u64::from(entry.status) == status)
            && order.flag("faulted").is_none_or(|faulted| entry.faulted == faulted)
            && order.time("since").is_none_or(|since| entry.at >= since)
    };
    let limit = usize::try_from(order.count("limit").unwrap_or(ENTRIES)).unwrap_or(usize::MAX);
    let mut entries: Vec<Value> = journal.entries().rev().filter(wanted).take(limit).map(entry).collect();
    entries.reverse();
    json!({"total": journal.total(), "entries": entries})
}

fn entry(entry: &Entry) -> Value {
    json!({
        "at": entry.at.to_string(),
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "authorization": entry.authorization,
        "status": entry.status,
        "faulted": entry.faulted,
    })
}
