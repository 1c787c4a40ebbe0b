//! What a field takes: from JSON to the stored form, or why not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::Date;
use serde_json::{Number, Value};

use super::id;
use super::refusal::Refusal;
use super::schema::{Field, Kind, Schema};
use super::stamp;

/// The years of the service's calendar.
const CALENDAR: std::ops::RangeInclusive<i16> = 1700..=4000;

/// How many digits an amount of money has before the point.
const CURRENCY_DIGITS: u32 = 16;

/// The value in the form in which it is stored; `Null` clears. References are checked for shape only.
///
/// # Errors
/// `JSON_PARSER_ERROR` where the whole request cannot be read, other codes where one field is wrong.
pub(crate) fn accept(schema: &Schema, field: &Field, value: &Value) -> Result<Value, Refusal> {
    match (field.kind, value) {
        (Kind::Boolean, Value::Null) => Ok(Value::Bool(false)),
        (_, Value::Null) => Ok(Value::Null),
        (Kind::IdList(_), Value::Array(items)) => id_list(schema, field, items),
        (Kind::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Int | Kind::Double(..) | Kind::Currency, Value::Number(number)) => number_of(field, number),
        (_, Value::String(text)) => from_text(schema, field, text),
        _ => Err(unreadable(field, value)),
    }
}

fn from_text(schema: &Schema, field: &Field, text: &str) -> Result<Value, Refusal> {
    if text.is_empty() && field.kind != Kind::Boolean {
        return Ok(Value::Null);
    }
    let unreadable = || unreadable(field, &Value::String(text.to_owned()));
    match field.kind {
        Kind::Boolean => text.to_lowercase().parse().map(Value::Bool).map_err(|_| unreadable()),
        Kind::Int | Kind::Double(..) | Kind::Currency => {
            let number = text.parse::<f64>().ok().and_then(Number::from_f64).ok_or_else(unreadable)?;
            number_of(field, &number)
        }
        Kind::Date => {
            // A date-time is taken for the date it is in UTC.
            let date = stamp::read_date(text).or_else(|| stamp::read(text).map(stamp::date_of));
            let date = date.ok_or_else(unreadable)?;
            in_calendar(field, date, text)?;
            Ok(Value::String(date.to_string()))
        }
        Kind::DateTime => {
            let at = stamp::read(text).or_else(|| stamp::read_date(text).and_then(stamp::midnight));
            let at = at.ok_or_else(unreadable)?;
            in_calendar(field, stamp::date_of(at), text)?;
            Ok(Value::String(stamp::write(at)))
        }
        Kind::Id | Kind::Reference(_) => reference(schema, field, text).map(Value::String),
        Kind::Picklist(values) => {
            if field.restricted && !values.iter().any(|(value, _)| *value == text) {
                let message = format!("{}: bad value for restricted picklist field: {text}", field.label);
                return Err(Refusal::write("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message).on(field.name));
            }
            limited(field, text)
        }
        Kind::Email(_) if !email(text) => {
            let message = format!("{}: invalid email address: {text}", field.label);
            Err(Refusal::write("INVALID_EMAIL_ADDRESS", message).on(field.name))
        }
        Kind::Base64 => match STANDARD.decode(text) {
            Ok(_) => Ok(Value::String(text.to_owned())),
            Err(_) => Err(unreadable()),
        },
        Kind::Address(_) | Kind::IdList(_) | Kind::AutoNumber => Err(unreadable()),
        Kind::Text(_) | Kind::Combo(_) | Kind::Area(_) | Kind::Email(_) | Kind::Phone(_) | Kind::Url(_) => {
            limited(field, text)
        }
    }
}

fn limited(field: &Field, text: &str) -> Result<Value, Refusal> {
    match field.length() {
        Some(length) if text.chars().count() > length => {
            let message = format!("{}: data value too large: {text} (max length={length})", field.label);
            Err(Refusal::write("STRING_TOO_LONG", message).on(field.name))
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}

/// Refuses a day that the service's calendar does not have.
fn in_calendar(field: &Field, date: Date, text: &str) -> Result<(), Refusal> {
    if CALENDAR.contains(&date.year()) {
        return Ok(());
    }
    Err(Refusal::integrity(field.name, format!("{}: invalid date: {text}", field.label)))
}

/// An id that may stand in this field: its prefix is that of one of the objects that the field leads to.
fn reference(schema: &Schema, field: &Field, text: &str) -> Result<String, Refusal> {
    let wrong = || {
        let message = format!("{}: id value of incorrect type: {text}", field.label);
        Refusal::write("MALFORMED_ID", message).on(field.name)
    };
    let id = id::canonical(text).ok_or_else(wrong)?;
    let targets = field.holds();
    let known = targets.iter().filter_map(|target| schema.object(target));
    let mut prefixes = known.map(|object| object.prefix).peekable();
    // Targets outside this table (profiles, queues) cannot be told by prefix.
    if prefixes.peek().is_none() || prefixes.any(|prefix| id.starts_with(prefix)) { Ok(id) } else { Err(wrong()) }
}

/// The ids of a list, each once.
fn id_list(schema: &Schema, field: &Field, items: &[Value]) -> Result<Value, Refusal> {
    let mut ids = Vec::new();
    for item in items {
        let text = item.as_str().ok_or_else(|| unreadable(field, item))?;
        let id = Value::String(reference(schema, field, text)?);
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(if ids.is_empty() { Value::Null } else { Value::Array(ids) })
}

fn number_of(field: &Field, number: &Number) -> Result<Value, Refusal> {
    let unreadable = || unreadable(field, &Value::Number(number.clone()));
    match field.kind {
        Kind::Int => {
            // Whole numbers come as `30` and as `30.0`.
            let text = number.to_string();
            let whole = text.strip_suffix(".0").unwrap_or(&text);
            whole.parse::<i32>().map(Value::from).map_err(|_| unreadable())
        }
        kind => {
            let value = number.as_f64().ok_or_else(unreadable)?;
            // Digits behind the point are kept, however many; those before it must fit.
            let digits =
                if let Kind::Double(all, behind) = kind { all.saturating_sub(behind) } else { CURRENCY_DIGITS };
            if value.abs() >= 10_f64.powi(i32::try_from(digits).unwrap_or(i32::MAX)) {
                let message = format!("{}: value outside of valid range on numeric field: {value}", field.label);
                return Err(Refusal::write("NUMBER_OUTSIDE_VALID_RANGE", message).on(field.name));
            }
            Number::from_f64(value).map(Value::Number).ok_or_else(unreadable)
        }
    }
}

/// The answer to a value of the wrong JSON type, or a text that is no value of the field's type.
fn unreadable(field: &Field, value: &Value) -> Refusal {
    let kind = if let Kind::Combo(_) = field.kind { "string" } else { field.type_name() };
    let found = match value {
        Value::Array(_) => "START_ARRAY".to_owned(),
        Value::Object(_) => "START_OBJECT".to_owned(),
        Value::Bool(flag) => format!("VALUE_{} value {flag}", flag.to_string().to_uppercase()),
        Value::Number(number) if number.is_f64() => format!("VALUE_NUMBER_FLOAT value {number}"),
        Value::Number(number) => format!("VALUE_NUMBER_INT value {number}"),
        Value::String(text) => format!("VALUE_STRING value {text}"),
        Value::Null => "VALUE_NULL".to_owned(),
    };
    let message =
        format!("Cannot deserialize instance of {kind} from {found} or request may be missing a required field");
    Refusal::json(message)
}

/// Whether Salesforce takes this for an e-mail address: plain ASCII, one `@`, a domain with a dot.
fn email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let dotted = |part: &str| !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
    let local_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*/=?^_+-`{|}~.".contains(&byte);
    let label = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    !local.is_empty()
        && dotted(local)
        && local.bytes().all(local_letter)
        && domain.contains('.')
        && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn contact(field: &str) -> &'static Field {
        Schema::standard().object("contact").unwrap().field(field).unwrap()
    }

    #[test]
    fn fields_take_what_the_vendor_takes() {
        let field = |object, name| Schema::standard().object(object).unwrap().field(name).unwrap();
        let (event, deal) = (|name| field("Event", name), |name| field("Opportunity", name));
        let mail = |name| field("EmailMessage", name);
        let table = [
            (contact("LastName"), json!("Larsen"), Ok(json!("Larsen"))),
            (contact("LastName"), json!(""), Ok(json!(null))),
            (contact("LastName"), json!(5), Err("JSON_PARSER_ERROR")),
            (contact("LastName"), json!("x".repeat(81)), Err("STRING_TOO_LONG")),
            (contact("Email"), json!("mia.larsen@fabrikam.example"), Ok(json!("mia.larsen@fabrikam.example"))),
            (contact("Email"), json!("mia@fabrikam"), Err("INVALID_EMAIL_ADDRESS")),
            (contact("Email"), json!("a@b@c.example"), Err("INVALID_EMAIL_ADDRESS")),
            (contact("AccountId"), json!("bogus"), Err("MALFORMED_ID")),
            (contact("AccountId"), json!("001A0000006Vm9r"), Ok(json!("001A0000006Vm9rIAC"))),
            (contact("AccountId"), json!("003A0000006Vm9r"), Err("MALFORMED_ID")),
            (contact("Birthdate"), json!("1980-02-30"), Err("JSON_PARSER_ERROR")),
            (contact("DoNotCall"), json!(null), Ok(json!(false))),
            (contact("DoNotCall"), json!("maybe"), Err("JSON_PARSER_ERROR")),
            (contact("LeadSource"), json!("Fair"), Ok(json!("Fair"))),
            (contact("Birthdate"), json!("1699-12-31"), Err("FIELD_INTEGRITY_EXCEPTION")),
            (contact("Birthdate"), json!("2031-05-06T23:59:59Z"), Ok(json!("2031-05-06"))),
            (deal("Amount"), json!(-9_999_999_999_999_998.0), Ok(json!(-9_999_999_999_999_998.0))),
            (deal("Amount"), json!(1e16), Err("NUMBER_OUTSIDE_VALID_RANGE")),
            (deal("Amount"), json!("12.345"), Ok(json!(12.345))),
            (deal("Amount"), json!("much"), Err("JSON_PARSER_ERROR")),
            (deal("Probability"), json!(1000), Err("NUMBER_OUTSIDE_VALID_RANGE")),
            (event("StartDateTime"), json!("4001-01-01T00:00:00Z"), Err("FIELD_INTEGRITY_EXCEPTION")),
            (event("DurationInMinutes"), json!(30.5), Err("JSON_PARSER_ERROR")),
            (event("DurationInMinutes"), json!(3_000_000_000_u64), Err("JSON_PARSER_ERROR")),
            (mail("ToIds"), json!(["003A0000006Vm9r", "003A0000006Vm9r"]), Ok(json!(["003A0000006Vm9rIAC"]))),
            (mail("ToIds"), json!(["001A0000006Vm9r"]), Err("MALFORMED_ID")),
            (mail("ToIds"), json!("003A0000006Vm9r"), Err("JSON_PARSER_ERROR")),
            (event("DurationInMinutes"), json!(30.0), Ok(json!(30))),
            (event("EventSubtype"), json!("Party"), Err("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")),
            (event("StartDateTime"), json!("2031-05-06T11:00:00+02:00"), Ok(json!("2031-05-06T09:00:00.000+0000"))),
        ];
        for (field, value, expected) in table {
            let got = accept(Schema::standard(), field, &value).map_err(|refusal| refusal.code);
            assert_eq!(got, expected, "{} {value}", field.name);
        }
    }
}
