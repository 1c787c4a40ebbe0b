//! What may be sent to a switch: described once, for the page and for the check.

use http::Method;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Map, Value, json};

use super::Objection;

/// The body of an action.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// None; what is sent nevertheless is not looked at.
    None,
    /// A JSON object with these fields.
    Fields(&'static [Field]),
    /// Any JSON, described in words.
    Whole(&'static str),
}

/// One field of a body, or one parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it may hold. `null` is as good as leaving it out.
    pub form: Form,
    /// Whether it must be there.
    pub needed: bool,
    /// What it means.
    pub about: &'static str,
}

impl Field {
    /// A field that may be left out.
    pub const fn new(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, form, needed: false, about }
    }

    /// A field that must be there.
    pub const fn needed(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, form, needed: true, about }
    }
}

/// What a field may hold.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Count {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An HTTP method.
    Method,
    /// A time such as `2031-03-03T09:00:00Z`.
    Time,
    /// A span such as `PT30M` or `P2D`; days have 24 hours, months have no length.
    Span,
    /// A JSON object.
    Object,
}

impl Form {
    /// A whole number that a `u32` holds, from 0.
    pub const SMALL: Self = Self::Count { least: 0, most: u32::MAX as u64 };

    pub(super) fn text(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Count { least, most: u64::MAX } => format!("a whole number from {least}"),
            Self::Count { least, most } => format!("a whole number from {least} to {most}"),
            Self::Text => "text".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Method => "an HTTP method such as POST".to_owned(),
            Self::Time => "a time such as 2031-03-03T09:00:00Z".to_owned(),
            Self::Span => "a span such as PT30M or P2D".to_owned(),
            Self::Object => "a JSON object".to_owned(),
        }
    }

    fn holds(self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Flag => value.is_boolean(),
            Self::Count { least, most } => value.as_u64().is_some_and(|count| (least..=most).contains(&count)),
            Self::Text => text.is_some(),
            Self::Choice(words) => text.is_some_and(|text| words.contains(&text)),
            Self::Method => text.is_some_and(|text| !text.is_empty() && text.parse::<Method>().is_ok()),
            Self::Time => text.is_some_and(|text| text.parse::<Timestamp>().is_ok()),
            Self::Span => text.is_some_and(|text| span(text).is_some()),
            Self::Object => value.is_object(),
        }
    }

    /// The value of a query parameter.
    fn read(self, text: &str) -> Value {
        let read = match self {
            Self::Flag => text.parse::<bool>().ok().map(Value::from),
            Self::Count { .. } => text.parse::<u64>().ok().map(Value::from),
            Self::Object => serde_json::from_str(text).ok(),
            Self::Text | Self::Choice(_) | Self::Method | Self::Time | Self::Span => None,
        };
        read.unwrap_or_else(|| text.into())
    }
}

/// Reads a span that is not negative.
pub(super) fn span(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!duration.is_negative()).then_some(duration)
}

impl Body {
    /// The fields of a body, or the whole of it.
    pub(super) fn read(self, bytes: &[u8]) -> Result<(Map<String, Value>, Value), Objection> {
        let blank = bytes.iter().all(u8::is_ascii_whitespace);
        let sent = || {
            serde_json::from_slice::<Value>(bytes).map_err(|error| {
                let what = format!("it is no JSON (line {}, column {})", error.line(), error.column());
                body_objection(what, "send JSON; GET /_sim shows the form")
            })
        };
        match self {
            Self::None => Ok((Map::new(), Value::Null)),
            Self::Whole(about) if blank => Err(body_objection("it is empty".to_owned(), &format!("send {about}"))),
            Self::Whole(_) => Ok((Map::new(), sent()?)),
            Self::Fields(known) => {
                let sent = if blank { json!({}) } else { sent()? };
                let Value::Object(fields) = sent else {
                    let remedy = format!("send an object with {}", names(known));
                    return Err(body_objection("it is no JSON object".to_owned(), &remedy));
                };
                Ok((check("field", known, fields)?, Value::Null))
            }
        }
    }

    pub(super) fn describe(self) -> Option<Value> {
        match self {
            Self::None => None,
            Self::Fields(fields) => Some(describe(fields)),
            Self::Whole(about) => Some(about.into()),
        }
    }
}

/// The parameters of a GET's query.
pub(super) fn query(known: &[Field], sent: &[(String, String)]) -> Result<Map<String, Value>, Objection> {
    let form = |name: &str| known.iter().find(|field| field.name == name).map_or(Form::Text, |field| field.form);
    let fields = sent.iter().map(|(name, text)| (name.clone(), form(name).read(text))).collect();
    check("query parameter", known, fields)
}

fn check(what: &str, known: &[Field], mut sent: Map<String, Value>) -> Result<Map<String, Value>, Objection> {
    let objection = |name: &str, problem: String, remedy: String| Objection {
        what: problem,
        place: format!("{what} '{name}'"),
        remedy,
    };
    sent.retain(|_, value| !value.is_null());
    for (name, value) in &sent {
        let Some(field) = known.iter().find(|field| field.name == name) else {
            let remedy = if known.is_empty() { "leave it out".to_owned() } else { format!("use {}", names(known)) };
            return Err(objection(name, format!("there is no {what} of that name"), remedy));
        };
        if !field.form.holds(value) {
            return Err(objection(name, format!("{value} does not fit"), format!("send {}", field.form.text())));
        }
    }
    match known.iter().find(|field| field.needed && !sent.contains_key(field.name)) {
        None => Ok(sent),
        Some(field) => {
            let remedy = format!("send {}: {}", field.form.text(), field.about);
            Err(objection(field.name, "it is missing".to_owned(), remedy))
        }
    }
}

pub(super) fn describe(fields: &[Field]) -> Value {
    let told = fields.iter().map(|field| {
        let needed = if field.needed { "needed" } else { "optional" };
        (field.name.to_owned(), format!("{needed}, {}: {}", field.form.text(), field.about).into())
    });
    Value::Object(told.collect())
}

fn names(known: &[Field]) -> String {
    known.iter().map(|field| field.name).collect::<Vec<_>>().join(", ")
}

fn body_objection(what: String, remedy: &str) -> Objection {
    Objection { what, place: "the body".to_owned(), remedy: remedy.to_owned() }
}
