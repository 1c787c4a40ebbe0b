//! Pieces of SOQL text, and how much of it fits into one address.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

/// How many values one `IN` list may have.
pub(crate) const LIST_VALUES: usize = 200;
/// How long one `IN` list may be, percent-encoded. An address may have 16,384 bytes in all (REST API
/// guide, 414), and a query holds at most two such lists.
pub(crate) const LIST_BYTES: usize = 7_000;

/// A string literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for character in text.chars() {
        match character {
            '\'' => literal.push_str("\\'"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// `('a','b')`. Of no values it would be wrong SOQL: callers ask nothing then.
pub(crate) fn list<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let literals: Vec<String> = values.into_iter().map(quoted).collect();
    format!("({})", literals.join(","))
}

/// A pattern for LIKE: the text as it is between what may stand around it.
pub(crate) fn like(before: &str, text: &str, after: &str) -> String {
    let plain = quoted(text);
    let plain = plain.trim_start_matches('\'').strip_suffix('\'').unwrap_or_default().to_owned();
    format!("'{before}{}{after}'", plain.replace('%', "\\%").replace('_', "\\_"))
}

/// A `dateTime` literal, in whole seconds as Salesforce keeps them, within the years it knows.
pub(crate) fn instant(at: Timestamp) -> String {
    const FIRST: Timestamp = Timestamp::constant(-8_520_336_000, 0); // 1700-01-01
    const LAST: Timestamp = Timestamp::constant(64_092_211_200, 0); // 4001-01-01
    at.clamp(FIRST, LAST).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Midnight UTC of a day, as a `dateTime` literal.
pub(crate) fn midnight(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The earliest whole second not before this instant.
pub(crate) fn up_to_second(at: Timestamp) -> Timestamp {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    if whole < at { whole.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at) } else { whole }
}

/// The latest whole second not after this instant.
pub(crate) fn down_to_second(at: Timestamp) -> Timestamp {
    let up = up_to_second(at);
    if up > at { up.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(at) } else { up }
}

/// Text as it stands in a query string.
pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Splits values into lists that fit; `texts` gives the literals a value brings.
pub(crate) fn chunks<'a, T, I>(values: &'a [T], texts: impl Fn(&'a T) -> I) -> Vec<&'a [T]>
where
    I: IntoIterator<Item = &'a str>,
{
    let mut chunks = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (at, value) in values.iter().enumerate() {
        let cost: usize = texts(value).into_iter().map(|text| encoded(&quoted(text)).len() + 3).sum();
        if at > from && (at - from >= LIST_VALUES || bytes + cost > LIST_BYTES) {
            chunks.push(&values[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += cost;
    }
    if from < values.len() {
        chunks.push(&values[from..]);
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_cannot_be_broken_out_of() {
        for (text, literal) in [
            ("mia@fabrikam.example", "'mia@fabrikam.example'"),
            ("o'neil@x.example", r"'o\'neil@x.example'"),
            (r"back\slash", r"'back\\slash'"),
            ("a\nb", r"'a\nb'"),
        ] {
            assert_eq!(quoted(text), literal);
        }
        assert_eq!(list(["a", "b"]), "('a','b')");
        assert_eq!(like("%", "50%_o'neil", ""), r"'%50\%\_o\'neil'");
    }

    #[test]
    fn instants_have_whole_seconds_and_four_digit_years() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(instant(at("2031-03-03T09:00:00.75Z")), "2031-03-03T09:00:00Z");
        assert_eq!(instant(Timestamp::MIN), "1700-01-01T00:00:00Z");
        assert_eq!(instant(Timestamp::MAX), "4001-01-01T00:00:00Z");
        for (given, down, up) in [
            ("2031-03-03T09:00:00.75Z", "2031-03-03T09:00:00Z", "2031-03-03T09:00:01Z"),
            ("2031-03-03T09:00:00Z", "2031-03-03T09:00:00Z", "2031-03-03T09:00:00Z"),
            ("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:58Z", "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!((down_to_second(at(given)), up_to_second(at(given))), (at(down), at(up)));
        }
    }

    #[test]
    fn lists_fit_into_an_address() {
        let short: Vec<String> = (0..450).map(|n| format!("{n:03}")).collect();
        let sizes = |values: &[String]| -> Vec<usize> {
            chunks(values, |value| [value.as_str()]).iter().map(|chunk| chunk.len()).collect()
        };
        assert_eq!(sizes(&short), [200, 200, 50]);
        let long: Vec<String> = (0..5).map(|n| format!("{n}{}", "ü".repeat(500))).collect();
        assert_eq!(sizes(&long), [2, 2, 1]);
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&["ü".repeat(2_000)]), [1]);
    }
}
