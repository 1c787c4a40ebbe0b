//! `$filter`: what a filter says, and its evaluation over JSON.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::model::instant;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Compare(Operand, Relation, Operand),
    /// `path in ('a','b')`.
    In(Operand, Vec<Operand>),
    Text(TextTest, Operand, Operand),
    /// `path/any(v: body)` or `path/all(..)`; without a body: any element at all.
    Each {
        all: bool,
        path: Vec<String>,
        variable: String,
        body: Option<Box<Expr>>,
    },
    /// A boolean property by itself.
    Truth(Operand),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Relation {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TextTest {
    Contains,
    StartsWith,
    EndsWith,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Vec<String>),
    Literal(Value),
}

impl Expr {
    /// Whether an object passes.
    pub(crate) fn matches(&self, object: &Map<String, Value>) -> bool {
        self.holds(object, &[])
    }

    fn holds(&self, object: &Map<String, Value>, variables: &[(&str, &Value)]) -> bool {
        match self {
            Self::And(left, right) => left.holds(object, variables) && right.holds(object, variables),
            Self::Or(left, right) => left.holds(object, variables) || right.holds(object, variables),
            Self::Not(inner) => !inner.holds(object, variables),
            Self::Compare(left, relation, right) => {
                compare(left.value(object, variables), *relation, right.value(object, variables))
            }
            Self::In(left, list) => {
                let left = left.value(object, variables);
                list.iter().any(|right| compare(left, Relation::Eq, right.value(object, variables)))
            }
            Self::Text(test, left, right) => {
                let lower = |operand: &Operand| operand.value(object, variables).as_str().map(str::to_lowercase);
                let (Some(left), Some(right)) = (lower(left), lower(right)) else {
                    return false;
                };
                match test {
                    TextTest::Contains => left.contains(&right),
                    TextTest::StartsWith => left.starts_with(&right),
                    TextTest::EndsWith => left.ends_with(&right),
                }
            }
            Self::Each { all, path, variable, body } => {
                let list = resolve(path, object, variables).as_array().map(Vec::as_slice).unwrap_or_default();
                let Some(body) = body else {
                    return !list.is_empty();
                };
                let passes = |element: &Value| {
                    let mut inner = variables.to_vec();
                    inner.push((variable, element));
                    body.holds(object, &inner)
                };
                if *all { list.iter().all(passes) } else { list.iter().any(passes) }
            }
            Self::Truth(operand) => operand.value(object, variables) == &Value::Bool(true),
        }
    }

    /// The properties that are asked about, in the order they are written.
    pub(crate) fn properties(&self) -> Vec<&[String]> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), &mut found);
        found
    }

    fn collect<'a>(&'a self, variables: &mut Vec<&'a str>, found: &mut Vec<&'a [String]>) {
        let add = |path: &'a [String], variables: &[&str], found: &mut Vec<&'a [String]>| {
            if path.first().is_some_and(|first| !variables.contains(&first.as_str())) {
                found.push(path);
            }
        };
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.collect(variables, found);
                right.collect(variables, found);
            }
            Self::Not(inner) => inner.collect(variables, found),
            Self::Compare(left, _, right) | Self::Text(_, left, right) => {
                for operand in [left, right] {
                    if let Operand::Path(path) = operand {
                        add(path, variables, found);
                    }
                }
            }
            Self::In(left, list) => {
                for operand in std::iter::once(left).chain(list) {
                    if let Operand::Path(path) = operand {
                        add(path, variables, found);
                    }
                }
            }
            Self::Each { path, variable, body, .. } => {
                add(path, variables, found);
                if let Some(body) = body {
                    variables.push(variable);
                    body.collect(variables, found);
                    variables.pop();
                }
            }
            Self::Truth(Operand::Path(path)) => add(path, variables, found),
            Self::Truth(Operand::Literal(_)) => {}
        }
    }
}

impl Operand {
    fn value<'a>(&'a self, object: &'a Map<String, Value>, variables: &[(&str, &'a Value)]) -> &'a Value {
        match self {
            Self::Literal(value) => value,
            Self::Path(path) => resolve(path, object, variables),
        }
    }
}

/// The value at a path; null if there is none.
pub(crate) fn resolve<'a>(
    path: &[String],
    object: &'a Map<String, Value>,
    variables: &[(&str, &'a Value)],
) -> &'a Value {
    let Some((first, rest)) = path.split_first() else {
        return &Value::Null;
    };
    let root = match variables.iter().rev().find(|(name, _)| name == first) {
        Some((_, value)) => value,
        None => property(object, first),
    };
    rest.iter().fold(root, |value, name| value.as_object().map_or(&Value::Null, |object| property(object, name)))
}

fn property<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    let found = object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    found.unwrap_or(&Value::Null)
}

fn compare(left: &Value, relation: Relation, right: &Value) -> bool {
    let order = order(left, right);
    match relation {
        Relation::Eq => order == Some(Ordering::Equal),
        Relation::Ne => order != Some(Ordering::Equal),
        Relation::Gt => order == Some(Ordering::Greater),
        Relation::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Relation::Lt => order == Some(Ordering::Less),
        Relation::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
    }
}

/// Orders two values of one type: times as instants, text without case as Exchange's index does.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => match (instant(left), instant(right)) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => Some(left.to_lowercase().cmp(&right.to_lowercase())),
        },
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::filter_text::parse;
    use serde_json::json;

    #[test]
    fn filters_are_evaluated() {
        let event = json!({
            "subject": "Don't panic", "isAllDay": false, "size": 7, "seriesMasterId": null,
            "start": {"dateTime": "2026-10-06T01:00:00.0000000", "timeZone": "UTC"},
            "categories": ["Red", "Salesforce"],
            "singleValueExtendedProperties": [{"id": "String {A} Name CrmId", "value": "00U1"}],
        });
        let cases = [
            ("subject eq 'don''t panic'", true),
            ("start/dateTime ge '2026-10-06T01:00:00'", true),
            ("start/dateTime ge '2026-10-06T01:00:00Z' and start/dateTime lt 2026-10-06T01:00:00Z", false),
            ("categories/any(c:c eq 'Salesforce')", true),
            ("categories/all(c: c eq 'Red')", false),
            ("categories/any()", true),
            ("singleValueExtendedProperties/Any(ep: ep/id eq 'String {a} Name CrmId' and ep/value eq '00U1')", true),
            ("singleValueExtendedProperties/Any(ep: ep/id eq 'String {a} Name CrmId' and ep/value eq '00U2')", false),
            ("not (isAllDay eq true) and (size gt 6 or size lt 1)", true),
            ("isAllDay or size eq 7", true),
            ("startswith(subject,'DON') and contains(subject,'pan') and endswith(subject, 'ic')", true),
            ("seriesMasterId eq null and subject ne null", true),
            ("nothing/below eq 'x'", false),
            ("subject in ('x', 'Don''t panic')", true),
            ("size in (1,2)", false),
            ("not startswith(subject,'x') and startswith(subject,'don') eq true", true),
            ("contains(subject,'pan') eq false or endswith(subject,'ic') ne false", true),
            ("true eq startswith(subject,'x')", false),
            ("categories/any(c:startswith(c,'sales')) and not(categories/any(c:c in ('Blue','Green')))", true),
            ("Start/DateTime GE 2026-10-06T01:00:00+00:00 AND subject NE 'x'", true),
        ];
        let event = event.as_object().unwrap();
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().matches(event), expected, "{text}");
        }
    }

    #[test]
    fn properties_are_named_in_order_and_variables_are_none() {
        let expr = parse(
            "receivedDateTime ge 2026-01-01T00:00:00Z and categories/any(c:c eq 'X') and from/emailAddress/address eq 'a'",
        );
        let expr = expr.unwrap();
        let names: Vec<&str> = expr.properties().iter().map(|path| path[0].as_str()).collect();
        assert_eq!(names, ["receivedDateTime", "categories", "from"]);
    }
}
