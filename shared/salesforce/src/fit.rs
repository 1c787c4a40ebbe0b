//! Making a record fit the org: what has no place is left out, what is too long is cut, and both are told.

use serde_json::{Map, Value};
use syncline_ports::{Loss, LossKind};

use crate::shape::{Field, Shape};

/// What is done with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writing {
    /// It is made.
    Create,
    /// It is changed.
    Update,
}

/// The record as the org can take it, and what that cost.
pub(crate) fn fit(shape: &Shape, writing: Writing, record: Map<String, Value>) -> (Map<String, Value>, Vec<Loss>) {
    let (mut fitting, mut losses) = (Map::new(), Vec::new());
    for (name, value) in record {
        let mut lost = |kind| losses.push(Loss { field: name.clone(), kind });
        // What is not there need not be emptied.
        let is_nothing = value.is_null() || value == Value::Bool(false);
        let Some(field) = shape.field(&name) else {
            if !is_nothing {
                lost(LossKind::NoField);
            }
            continue;
        };
        let may = match writing {
            Writing::Create => field.createable,
            Writing::Update => field.updateable,
        };
        if !may {
            if writing == Writing::Update || !is_nothing {
                lost(LossKind::NoField);
            }
            continue;
        }
        match value {
            Value::String(text) => match text_for(field, &text) {
                Ok(cut) => {
                    if cut.len() < text.len() {
                        lost(LossKind::Cut);
                    }
                    fitting.insert(name, Value::String(cut.to_owned()));
                }
                Err(kind) => lost(kind),
            },
            other => {
                fitting.insert(name, other);
            }
        }
    }
    (fitting, losses)
}

/// What of a text the field takes. Half an address is somebody else's.
fn text_for<'a>(field: &Field, text: &'a str) -> Result<&'a str, LossKind> {
    let cut = if field.length == 0 { text } else { first(text, field.length) };
    let fits = cut.len() == text.len();
    match field.kind.as_str() {
        "string" | "textarea" | "phone" | "combobox" | "encryptedstring" if !fits => Ok(cut.trim_end()),
        "picklist" if field.only.as_ref().is_some_and(|only| !only.contains(text)) => Err(LossKind::NoSuchValue),
        "email" | "url" | "reference" | "id" | "picklist" if !fits => Err(LossKind::TooLong),
        _ => Ok(text),
    }
}

/// The first so many characters.
pub(crate) fn first(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::tests::shape;
    use serde_json::json;

    fn fitted(writing: Writing, record: Value) -> (Value, Vec<(String, LossKind)>) {
        let mut describe = json!({"fields": [
            {"name": "Status", "type": "picklist", "length": 255, "createable": true, "updateable": true,
             "restrictedPicklist": true, "picklistValues": [{"value": "Open", "active": true}]},
            {"name": "Once", "type": "string", "length": 9, "createable": true, "updateable": false},
        ]});
        let Value::Array(more) = json!([
            {"name": "Subject", "type": "string", "length": 5, "createable": true, "updateable": true},
            {"name": "Email", "type": "email", "length": 9, "createable": true, "updateable": true},
            {"name": "IsPrivate", "type": "boolean", "length": 0, "createable": true, "updateable": true},
        ]) else {
            panic!("a list")
        };
        describe["fields"].as_array_mut().unwrap().extend(more);
        let Value::Object(record) = record else { panic!("an object") };
        let (record, losses) = fit(&Shape::read(&describe).unwrap(), writing, record);
        (Value::Object(record), losses.into_iter().map(|loss| (loss.field, loss.kind)).collect())
    }

    #[test]
    fn what_does_not_fit_is_cut_or_left_out_and_told() {
        use LossKind::{Cut, NoField, NoSuchValue, TooLong};
        use Writing::{Create, Update};
        let lost = |field: &str, kind| vec![(field.to_owned(), kind)];
        for (writing, record, expected, losses) in [
            (
                Create,
                json!({"Subject": "12345", "IsPrivate": true}),
                json!({"Subject": "12345", "IsPrivate": true}),
                vec![],
            ),
            (Create, json!({"Subject": "äöü€𝄞 and more"}), json!({"Subject": "äöü€𝄞"}), lost("Subject", Cut)),
            (Update, json!({"Subject": "1234 67"}), json!({"Subject": "1234"}), lost("Subject", Cut)),
            (Create, json!({"Email": "a@b.example"}), json!({}), lost("Email", TooLong)),
            (Create, json!({"Location": "Room 1"}), json!({}), lost("Location", NoField)),
            (Create, json!({"Location": null, "IsX": false}), json!({}), vec![]),
            (Update, json!({"Location": null}), json!({}), vec![]),
            (Create, json!({"Once": "x"}), json!({"Once": "x"}), vec![]),
            (Update, json!({"Once": null}), json!({}), lost("Once", NoField)),
            (Create, json!({"Status": "Open"}), json!({"Status": "Open"}), vec![]),
            (Create, json!({"Status": "Shut"}), json!({}), lost("Status", NoSuchValue)),
            (Update, json!({"Subject": null}), json!({"Subject": null}), vec![]),
        ] {
            assert_eq!(fitted(writing, record.clone()), (expected, losses), "{record}");
        }
    }

    #[test]
    fn a_shape_without_lengths_cuts_nothing() {
        let shape = shape(&[("Subject", "string", 0)]);
        let record = Map::from_iter([("Subject".to_owned(), json!("x".repeat(1_000)))]);
        assert_eq!(fit(&shape, Writing::Create, record.clone()), (record, vec![]));
    }
}
