//! Knowing a record without our key: by what it is, in an org that has not installed the package.

use jiff::Timestamp;
use serde_json::{Map, Value};
use syncline_core::ids::{RemoteId, Version};
use syncline_ports::PortError;

use crate::client::Client;
use crate::object::Object;
use crate::records::{Op, op};
use crate::row::Row;
use crate::shape::Shape;
use crate::soql::{encoded, quoted};

/// Only what this user made lately can be what a lost attempt left behind; the first session after it looks.
const LATELY: &str = "LAST_N_DAYS:1";
/// How long the conditions of one question may be, percent-encoded (an address has 16,384 bytes in all).
const CONDITION_BYTES: usize = 8_000;

/// For each record the one that is there and the same in all that tells it, or none; no two are answered with
/// the same one.
pub(crate) async fn look<T: Object>(
    client: &Client,
    owner: &RemoteId,
    shape: &Shape,
    records: &[&Map<String, Value>],
) -> Result<Vec<Option<(RemoteId, Version)>>, PortError> {
    let columns: Vec<&'static str> = T::NATURAL.iter().copied().filter(|name| shape.has(name)).collect();
    if columns.is_empty() || records.is_empty() {
        return Ok(records.iter().map(|_| None).collect());
    }
    let mut rows = Vec::new();
    for conditions in conditions(shape, &columns, records) {
        let owner = quoted(owner.as_str());
        let soql = format!(
            "SELECT Id, SystemModstamp, {} FROM {} WHERE OwnerId = {owner} AND CreatedById = {owner} \
             AND IsDeleted = false AND CreatedDate >= {LATELY} AND ({conditions}) ORDER BY CreatedDate, Id",
            columns.join(", "),
            T::NAME,
        );
        rows.extend(client.all_rows(op::<T>(Op::Write), soql).await?);
    }
    let mut free: Vec<&Value> = rows.iter().collect();
    let found = records.iter().map(|record| {
        let is_same = |row: &&Value| columns.iter().all(|name| same(record.get(*name), row.get(*name)));
        let at = free.iter().position(is_same)?;
        let row = Row(free.remove(at));
        Some((row.id(), row.version().ok()?))
    });
    Ok(found.collect())
}

/// The records' conditions, in as many texts as are needed.
fn conditions(shape: &Shape, columns: &[&'static str], records: &[&Map<String, Value>]) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut bytes = 0;
    for record in records {
        let of_column = |name: &&str| {
            let field = shape.field(name).filter(|field| field.filterable)?;
            Some(format!("{name} = {}", literal(&field.kind, record.get(*name))))
        };
        let condition = format!("({})", columns.iter().filter_map(of_column).collect::<Vec<_>>().join(" AND "));
        if condition == "()" {
            continue;
        }
        let cost = encoded(&condition).len() + 4;
        match texts.last_mut() {
            Some(text) if bytes + cost <= CONDITION_BYTES => {
                text.push_str(" OR ");
                text.push_str(&condition);
                bytes += cost;
            }
            _ => {
                texts.push(condition);
                bytes = cost;
            }
        }
    }
    texts
}

fn literal(kind: &str, value: Option<&Value>) -> String {
    match (kind, value) {
        (_, None | Some(Value::Null)) => "null".to_owned(),
        ("date" | "datetime", Some(Value::String(text))) => text.clone(),
        (_, Some(Value::String(text))) => quoted(text),
        (_, Some(other)) => other.to_string(),
    }
}

/// Whether what was to be written is what stands there: times may be spelled otherwise, and what is nothing
/// may be missing.
fn same(wanted: Option<&Value>, there: Option<&Value>) -> bool {
    let nothing = |value: Option<&Value>| matches!(value, None | Some(Value::Null | Value::Bool(false)));
    match (wanted, there) {
        (Some(Value::String(one)), Some(Value::String(other))) => {
            let time = |text: &str| text.parse::<Timestamp>().ok();
            one == other || time(one).is_some() && time(one) == time(other)
        }
        (one, other) => one == other || nothing(one) && nothing(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::tests::shape;
    use serde_json::json;

    #[test]
    fn conditions_say_what_a_record_is_and_fit_into_an_address() {
        let shape =
            shape(&[("Subject", "string", 255), ("StartDateTime", "datetime", 0), ("IsAllDayEvent", "boolean", 0)]);
        let columns = ["Subject", "StartDateTime", "IsAllDayEvent"];
        let record = |subject: Value| {
            let Value::Object(record) =
                json!({"Subject": subject, "StartDateTime": "2031-03-03T09:00:00Z", "IsAllDayEvent": false})
            else {
                panic!("an object")
            };
            record
        };
        let (one, other) = (record(json!("It's")), record(Value::Null));
        let expected = "(Subject = 'It\\'s' AND StartDateTime = 2031-03-03T09:00:00Z AND IsAllDayEvent = false) OR \
            (Subject = null AND StartDateTime = 2031-03-03T09:00:00Z AND IsAllDayEvent = false)";
        assert_eq!(conditions(&shape, &columns, &[&one, &other]), [expected]);
        let many = vec![&one; 200];
        let texts = conditions(&shape, &columns, &many);
        assert!(texts.len() > 1 && texts.iter().all(|text| encoded(text).len() <= CONDITION_BYTES));
    }

    #[test]
    fn times_are_the_same_however_they_are_spelled() {
        for (wanted, there, expected) in [
            (json!("2031-03-03T09:00:00Z"), json!("2031-03-03T09:00:00.000+0000"), true),
            (json!("Review"), json!("review"), false),
            (json!(null), json!(null), true),
            (json!(false), json!(null), true),
            (json!(null), json!("x"), false),
            (json!(true), json!(true), true),
        ] {
            assert_eq!(same(Some(&wanted), Some(&there)), expected, "{wanted} {there}");
        }
    }
}
