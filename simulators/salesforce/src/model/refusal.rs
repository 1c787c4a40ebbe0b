//! Why Salesforce says no.

use serde_json::Value;

/// One error of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status where the answer is this error alone.
    pub status: u16,
    /// `errorCode`, or `statusCode` in collections.
    pub code: &'static str,
    /// The text for people.
    pub message: String,
    /// The fields concerned, `None` where the vendor leaves the list away.
    pub fields: Option<Vec<String>>,
    /// What else is told where the answer is this error alone, under its name.
    pub result: Option<Box<(&'static str, Value)>>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), fields: None, result: None }
    }

    /// A refused write: 400 with a list of fields, empty at first.
    pub(crate) fn write(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: 400, code, message: message.into(), fields: Some(Vec::new()), result: None }
    }

    pub(crate) fn on(mut self, field: &str) -> Self {
        self.fields.get_or_insert_default().push(field.to_owned());
        self
    }

    pub(crate) fn with(mut self, name: &'static str, result: Value) -> Self {
        self.result = Some(Box::new((name, result)));
        self
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "The requested resource does not exist")
    }

    /// Neither an id nor a field that a row can be found by.
    pub(crate) fn no_such_key(name: &str) -> Self {
        let message = format!("Provided external ID field does not exist or is not accessible: {name}");
        Self::new(404, "NOT_FOUND", message)
    }

    pub(crate) fn deleted() -> Self {
        Self { status: 404, ..Self::write("ENTITY_IS_DELETED", "entity is deleted") }
    }

    pub(crate) fn read_only() -> Self {
        let message = "insufficient access rights on object id";
        Self { status: 403, ..Self::write("INSUFFICIENT_ACCESS_OR_READONLY", message) }
    }

    pub(crate) fn integrity(field: &str, message: impl Into<String>) -> Self {
        Self::write("FIELD_INTEGRITY_EXCEPTION", message).on(field)
    }

    pub(crate) fn missing(fields: &[&str]) -> Self {
        let mut refusal =
            Self::write("REQUIRED_FIELD_MISSING", format!("Required fields are missing: [{}]", fields.join(", ")));
        refusal.fields = Some(fields.iter().map(|field| (*field).to_owned()).collect());
        refusal
    }

    /// A unique value that another row has.
    pub(crate) fn taken(field: &str, other: &str) -> Self {
        let other = other.get(..15).unwrap_or(other);
        let message = format!("duplicate value found: {field} duplicates value on record with id: {other}");
        Self::write("DUPLICATE_VALUE", message)
    }

    pub(crate) fn json(message: impl Into<String>) -> Self {
        Self::new(400, "JSON_PARSER_ERROR", message)
    }
}

impl From<Refusal> for Vec<Refusal> {
    fn from(refusal: Refusal) -> Self {
        vec![refusal]
    }
}
