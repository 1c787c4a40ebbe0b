//! Switches under `/_sim`: described as data, and worked from the same data.

mod controls;
mod form;
mod page;

use serde_json::{Map, Value, json};

use crate::message::{Reply, Request};
use crate::model::Context;

pub(crate) use controls::{CONTROLS, Controls};
pub use form::{Body, Field, Form};
pub(crate) use page::page;

/// The first segment of every switch's path.
const ROOT: &str = "_sim";

/// One thing about a simulator that can be seen and changed from outside, at `/_sim/<name>`.
#[derive(Debug)]
pub struct Switch<T: 'static> {
    /// The path below `/_sim`.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// How it stands: the answer to a GET.
    pub reading: Reading<T>,
    /// What can be done to it.
    pub actions: &'static [Action<T>],
}

/// How a switch stands.
#[derive(Debug)]
pub struct Reading<T: 'static> {
    /// What the query of a GET may hold.
    pub query: &'static [Field],
    /// The answer to a GET; also that of an action which has none of its own.
    pub read: fn(&T, &Order<'_>) -> Value,
    /// What the page that describes all switches shows of it, where the whole is too much.
    pub glance: Option<fn(&T) -> Value>,
}

/// One way to change a switch.
#[derive(Debug)]
pub struct Action<T: 'static> {
    /// The HTTP method.
    pub method: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// What is sent with it.
    pub body: Body,
    /// Does it. What it returns is the answer; `Null` answers with how the switch stands now.
    pub run: fn(&mut T, &Order<'_>) -> Result<Value, Objection>,
}

/// What is sent to a switch, already checked against its description.
#[derive(Debug)]
pub struct Order<'a> {
    fields: Map<String, Value>,
    whole: Value,
    /// The time, and the courier.
    pub context: &'a Context<'a>,
}

impl Order<'_> {
    /// The field's value, whatever it is; `None` if it was left out or null.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// A [`Form::Flag`].
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name).and_then(Value::as_bool)
    }

    /// A [`Form::Count`].
    pub fn count(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(Value::as_u64)
    }

    /// A [`Form::Count`] whose most is no more than a `u32` holds.
    pub fn small(&self, name: &str) -> Option<u32> {
        self.count(name).and_then(|count| u32::try_from(count).ok())
    }

    /// A [`Form::Text`], [`Form::Choice`], [`Form::Method`], [`Form::Time`] or [`Form::Span`].
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    /// The same for a field that is needed; empty if it is missing nevertheless.
    pub fn needed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    /// A [`Form::Time`].
    pub fn time(&self, name: &str) -> Option<jiff::Timestamp> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    /// A [`Form::Span`].
    pub fn span(&self, name: &str) -> Option<jiff::SignedDuration> {
        self.text(name).and_then(form::span)
    }

    /// A [`Form::Method`].
    pub fn method(&self, name: &str) -> Option<http::Method> {
        self.text(name).and_then(|text| text.to_ascii_uppercase().parse().ok())
    }

    /// The body of a [`Body::Whole`].
    pub fn whole(&self) -> &Value {
        &self.whole
    }
}

/// Why a switch was not worked: answered with 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// What is wrong.
    pub what: String,
    /// Where: a field of the body, or a parameter of the query.
    pub place: String,
    /// What to do instead.
    pub remedy: String,
}

impl Objection {
    /// Something is wrong with a field of the body.
    pub fn field(name: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), place: format!("field '{name}'"), remedy: remedy.into() }
    }
}

/// The switch's path, if the request is for one: empty for the page.
pub(crate) fn wanted(request: &Request) -> Option<String> {
    let segments = request.segments();
    let (first, rest) = segments.split_first()?;
    (first == ROOT).then(|| rest.join("/"))
}

/// Works a switch, if there is one of that name.
pub(crate) fn work<T>(
    switches: &[Switch<T>],
    name: &str,
    target: &mut T,
    request: &Request,
    context: &Context<'_>,
) -> Option<Reply> {
    let switch = switches.iter().find(|switch| switch.name == name)?;
    Some(switch.work(target, request, context).unwrap_or_else(|objection| {
        let place = format!("{} /{ROOT}/{name}, {}", request.method, objection.place);
        refusal(400, &objection.what, &place, &objection.remedy)
    }))
}

impl<T> Switch<T> {
    fn work(&self, target: &mut T, request: &Request, context: &Context<'_>) -> Result<Reply, Objection> {
        let method = request.method.as_str();
        if method == "GET" || method == "HEAD" {
            let order = Order { fields: form::query(self.reading.query, &request.query)?, whole: Value::Null, context };
            return Ok(answer(200, &(self.reading.read)(target, &order)));
        }
        let Some(action) = self.actions.iter().find(|action| action.method == method) else {
            let known: Vec<&str> =
                std::iter::once("GET").chain(self.actions.iter().map(|action| action.method)).collect();
            let what = format!("this switch has no {method}");
            let remedy = format!("use {}; GET /{ROOT} describes them", known.join(" or "));
            return Ok(
                refusal(405, &what, &format!("/{ROOT}/{}", self.name), &remedy).header("allow", &known.join(", "))
            );
        };
        let (fields, whole) = action.body.read(&request.body)?;
        let order = Order { fields, whole, context };
        let told = (action.run)(target, &order)?;
        if !told.is_null() {
            return Ok(answer(200, &told));
        }
        let plain = Order { fields: Map::new(), whole: Value::Null, context };
        let glance = self.reading.glance;
        Ok(answer(200, &glance.map_or_else(|| (self.reading.read)(target, &plain), |glance| glance(target))))
    }
}

/// No switch has that name.
pub(crate) fn unknown(name: &str, known: &[&str]) -> Reply {
    let remedy = format!("use one of {}; GET /{ROOT} describes them", known.join(", "));
    refusal(404, &format!("there is no switch '{name}'"), &format!("/{ROOT}/{name}"), &remedy)
}

pub(crate) fn refusal(status: u16, what: &str, place: &str, remedy: &str) -> Reply {
    answer(status, &json!({"error": {"what": what, "where": place, "do": remedy}}))
}

/// For people too, so in lines.
pub(crate) fn answer(status: u16, value: &Value) -> Reply {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    Reply::text(status, "application/json", text + "\n")
}
