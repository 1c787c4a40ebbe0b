//! A record as the API sends it, field by field. Problems name the field and never its value.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value;
use syncline_core::ids::{RemoteId, SyncKey, Version};

use crate::KEY_FIELD;

/// What is wrong with a record, without content.
pub(crate) type Problem = String;

/// One record of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a>(pub(crate) &'a Value);

impl<'a> Row<'a> {
    /// Its id; if even that is missing, the one in its address, else `?`.
    pub(crate) fn id(self) -> RemoteId {
        let from_url = || {
            let url = self.0.get("attributes")?.get("url")?.as_str()?;
            url.rsplit('/').next()
        };
        RemoteId::new(self.0.get("Id").and_then(Value::as_str).or_else(from_url).unwrap_or("?"))
    }

    /// A text; `None` if it is null or was not asked for.
    pub(crate) fn text(self, field: &str) -> Result<Option<&'a str>, Problem> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{field} is no text")),
        }
    }

    /// A boolean; one that was not asked for is false, but it is never null.
    pub(crate) fn flag(self, field: &str) -> Result<bool, Problem> {
        match self.0.get(field) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(format!("{field} is no boolean")),
        }
    }

    /// A date and time.
    pub(crate) fn instant(self, field: &str) -> Result<Option<Timestamp>, Problem> {
        let parsed = self.text(field)?.map(str::parse).transpose();
        parsed.map_err(|_| format!("{field} is no date and time"))
    }

    /// A date and time that every record has.
    pub(crate) fn known_instant(self, field: &str) -> Result<Timestamp, Problem> {
        self.instant(field)?.ok_or_else(|| format!("{field} is missing"))
    }

    /// A day.
    pub(crate) fn day(self, field: &str) -> Result<Option<Date>, Problem> {
        let parsed = self.text(field)?.map(str::parse).transpose();
        parsed.map_err(|_| format!("{field} is no date"))
    }

    /// A whole number.
    pub(crate) fn number(self, field: &str) -> Result<Option<i64>, Problem> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| format!("{field} is no whole number")),
        }
    }

    /// The key that Syncline gave it, if it did.
    pub(crate) fn key(self) -> Result<Option<SyncKey>, Problem> {
        Ok(self.text(KEY_FIELD)?.filter(|key| !key.is_empty()).map(SyncKey::from_text))
    }

    /// The record's version: its `SystemModstamp`, in one spelling.
    pub(crate) fn version(self) -> Result<Version, Problem> {
        Ok(Version::new(self.known_instant("SystemModstamp")?.to_string()))
    }
}

/// Salesforce keeps no empty texts: they are null.
pub(crate) fn text(text: String) -> Value {
    if text.is_empty() { Value::Null } else { Value::String(text) }
}

/// Whether two ids are the same record's: the last three of 18 characters are only a checksum.
pub(crate) fn same_id(one: &str, other: &str) -> bool {
    let stem = |id: &str| id.get(..15).map(str::to_owned);
    one == other || (one.len().min(other.len()) == 15 && stem(one) == stem(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_are_read_or_the_problem_names_them() {
        let value = json!({
            "Id": "00U1", "Subject": "s", "Location": null, "IsPrivate": true, "ActivityDate": "2031-03-03",
            "SystemModstamp": "2031-03-03T09:00:00.000+0000", "DurationInMinutes": 30,
            "StartDateTime": "secret", "IsAllDayEvent": null, "Description": 7,
        });
        let row = Row(&value);
        assert_eq!(row.id(), RemoteId::new("00U1"));
        assert_eq!(row.text("Subject"), Ok(Some("s")));
        assert_eq!((row.text("Location"), row.text("Absent")), (Ok(None), Ok(None)));
        assert_eq!((row.flag("IsPrivate"), row.flag("Absent")), (Ok(true), Ok(false)));
        assert_eq!(row.day("ActivityDate"), Ok(Some("2031-03-03".parse().unwrap())));
        assert_eq!(row.number("DurationInMinutes"), Ok(Some(30)));
        assert_eq!(row.version(), Ok(Version::new("2031-03-03T09:00:00Z")));
        assert_eq!(row.instant("StartDateTime"), Err("StartDateTime is no date and time".into()));
        assert_eq!(row.flag("IsAllDayEvent"), Err("IsAllDayEvent is no boolean".into()));
        assert_eq!(row.text("Description"), Err("Description is no text".into()));
        assert_eq!(row.known_instant("CreatedDate"), Err("CreatedDate is missing".into()));
    }

    #[test]
    fn a_record_without_an_id_is_known_by_its_address() {
        let value = json!({"attributes": {"type": "Event", "url": "/services/data/v59.0/sobjects/Event/00U2"}});
        assert_eq!(Row(&value).id(), RemoteId::new("00U2"));
        assert_eq!(Row(&Value::Null).id(), RemoteId::new("?"));
    }

    #[test]
    fn ids_of_15_and_18_characters_are_the_same() {
        assert!(same_id("00U000000000001", "00U000000000001AAA"));
        assert!(same_id("00U1", "00U1"));
        assert!(!same_id("00U000000000001AAA", "00U000000000002AAA"));
        assert!(!same_id("00U1", "00U2"));
    }
}
