//! How values are compared and put in order: texts as for a user of an English locale.

use std::cmp::Ordering;

use serde_json::Value;

use crate::model::schema::Kind;

use super::bind::Column;

/// A text without its case: in capitals, in whose order texts are sorted. A letter stays one letter.
pub(super) fn folded(text: &str) -> String {
    text.chars().map(capital).collect()
}

fn capital(letter: char) -> char {
    let mut capitals = letter.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) if capital.to_lowercase().eq([letter]) => capital,
        _ => letter,
    }
}

impl Column {
    /// How a text of this column is compared: ids, times and what minds its case as they stand, others without
    /// case.
    pub(super) fn comparable(&self, text: &str) -> String {
        match self.kind() {
            // The year of a birth is not asked for.
            Kind::Date if self.leaf.name == "Birthdate" => text.get(5..).unwrap_or(text).to_owned(),
            Kind::Id | Kind::Reference(_) | Kind::Date | Kind::DateTime => text.to_owned(),
            _ if self.leaf.case_sensitive => text.to_owned(),
            _ => folded(text),
        }
    }

    /// The order of two values of this column that are not null. A picklist's are in the order of the list, and
    /// behind them what is not in it.
    pub(super) fn order(&self, left: &Value, right: &Value) -> Ordering {
        match (left, right, self.kind()) {
            (
                Value::String(left),
                Value::String(right),
                Kind::Id | Kind::Reference(_) | Kind::Date | Kind::DateTime,
            ) => left.cmp(right),
            (Value::String(left), Value::String(right), Kind::Picklist(values)) => {
                let place = |text: &str| values.iter().position(|(value, _)| *value == text).unwrap_or(values.len());
                place(left).cmp(&place(right)).then_with(|| folded(left).cmp(&folded(right)))
            }
            _ => plainly(left, right),
        }
    }
}

/// The order of values whatever they are of.
pub(super) fn plainly(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::String(left), Value::String(right)) => folded(left).cmp(&folded(right)),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// Puts null where it belongs; `order` decides between two that are not.
pub(super) fn with_nulls(nulls_last: bool, left: &Value, right: &Value, order: impl Fn() -> Ordering) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (false, false) => order(),
        (left, right) if nulls_last => left.cmp(&right),
        (left, right) => right.cmp(&left),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_in_the_order_of_their_capitals() {
        let mut texts = ["a_b", "AAB", "aza", "[x", "Zoë", "ZOÉ", "ß", "ss"];
        texts.sort_by_key(|text| folded(text));
        assert_eq!(texts, ["AAB", "aza", "a_b", "ss", "ZOÉ", "Zoë", "[x", "ß"]);
        assert_eq!((folded("straße ı ſ µ"), folded("É")), ("STRAßE ı ſ µ".to_owned(), folded("é")));
    }
}
