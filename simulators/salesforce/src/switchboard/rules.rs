//! What admins add to the vendor's checks: validation, duplicate and assignment rules.

use serde_json::{Value, json};
use sim_kit::{Action, Body, Field, Form, Objection, Reading, Switch};

use super::rights::objection;
use super::set;
use crate::model::{AssignmentRule, DuplicateAction, DuplicateRule, Salesforce, Unfit, ValidationRule};

pub(super) const VALIDATION: Switch<Salesforce> = Switch {
    name: "validation-rules",
    about: "Rules that refuse rows with FIELD_CUSTOM_VALIDATION_EXCEPTION.",
    reading: Reading { query: &[], read: |org, _| json!(org.validation_rules()), glance: None },
    actions: &[
        Action {
            method: "POST",
            about: "Sets up a rule, in place of one of the same name.",
            body: Body::Fields(&[
                Field::needed("name", Form::Text, "the rule's name"),
                Field::needed("object", Form::Text, "the object, such as Contact"),
                Field::needed(
                    "condition",
                    Form::Text,
                    "when a row is refused, as it may stand behind WHERE in a query: Title = null",
                ),
                Field::needed("message", Form::Text, "what is told then"),
                Field::new("field", Form::Text, "the field it is told about"),
            ]),
            run: |org, order| {
                let text = |name: &str| order.needed(name).to_owned();
                let rule = ValidationRule {
                    name: text("name"),
                    object: text("object"),
                    condition: text("condition"),
                    message: text("message"),
                    field: order.text("field").map(str::to_owned),
                };
                org.set_validation_rule(rule, order.context.now).map_err(|unfit| objection(&unfit))?;
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Takes a rule away.",
            body: Body::Fields(&[
                Field::needed("name", Form::Text, "the rule's name"),
                Field::needed("object", Form::Text, "its object"),
            ]),
            run: |org, order| {
                if org.remove_validation_rule(order.needed("object"), order.needed("name")) {
                    return Ok(Value::Null);
                }
                Err(Objection::field("name", "there is no such rule", "GET this switch for those there are"))
            },
        },
    ],
};

pub(super) const DUPLICATES: Switch<Salesforce> = Switch {
    name: "duplicate-rules",
    about: "Rules that warn of rows like others (alert) or refuse them (block) with DUPLICATES_DETECTED. None at the \
            start.",
    reading: Reading {
        query: &[],
        read: |org, _| json!({"rules": org.duplicate_rules(), "spelled_right": org.knobs.duplicate_result_spelled_right}),
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets up the rule that orgs have from the start for an object: by e-mail, or name and company, or \
                    for accounts name and website; contacts and leads are compared with each other too.",
            body: Body::Fields(&[
                Field::new("object", Form::Choice(&["Account", "Contact", "Lead"]), "the object whose rows it checks"),
                Field::new("action", Form::Choice(&["alert", "block"]), "alert if left out"),
                Field::new("message", Form::Text, "what is told; a question of the vendor's if left out"),
                Field::new(
                    "spelled_right",
                    Form::Flag,
                    "true: refusals have 'duplicateResult'; false: 'duplicateResut', as the vendor's",
                ),
            ]),
            run: |org, order| {
                set(&mut org.knobs.duplicate_result_spelled_right, order.flag("spelled_right"));
                let action =
                    if order.text("action") == Some("block") { DuplicateAction::Block } else { DuplicateAction::Alert };
                if let Some(mut rule) = order.text("object").and_then(|object| DuplicateRule::standard(object, action))
                {
                    set(&mut rule.message, order.text("message").map(str::to_owned));
                    org.set_duplicate_rule(rule).map_err(|unfit| objection(&unfit))?;
                }
                Ok(Value::Null)
            },
        },
        Action {
            method: "PUT",
            about: "Sets up a rule of one's own, in place of one of the same name.",
            body: Body::Whole("a rule in the form in which a GET tells it"),
            run: |org, order| {
                let rule = read::<DuplicateRule>(order.whole())?;
                org.set_duplicate_rule(rule).map_err(|unfit| objection(&unfit))?;
                Ok(Value::Null)
            },
        },
        Action {
            method: "DELETE",
            about: "Takes all rules away.",
            body: Body::None,
            run: |org, _| {
                org.clear_duplicate_rules();
                Ok(Value::Null)
            },
        },
    ],
};

pub(super) const ASSIGNMENT: Switch<Salesforce> = Switch {
    name: "assignment-rules",
    about: "Rules that give leads and cases their owner; the active one is used unless a request says otherwise.",
    reading: Reading {
        query: &[],
        read: |org, _| {
            let told = org.rows("AssignmentRule").map(|rule| {
                json!({
                    "id": rule.id(), "name": rule.get("Name"), "object": rule.get("SobjectType"),
                    "active": rule.get("Active"),
                })
            });
            told.collect()
        },
        glance: None,
    },
    actions: &[
        Action {
            method: "POST",
            about: "Sets up a rule, in place of one of the same name. 'id' is its id.",
            body: Body::Whole(
                "a rule: {\"name\", \"object\": Lead or Case, \"active\", \"entries\": [{\"condition\": as behind WHERE \
                 in a query, \"owner\": a user name or a queue's name}]}",
            ),
            run: |org, order| {
                let rule = read::<AssignmentRule>(order.whole())?;
                let id = org.set_assignment_rule(rule, order.context.now);
                Ok(json!({"id": id.map_err(|unfit| objection(&unfit))?}))
            },
        },
        Action {
            method: "DELETE",
            about: "Makes all of them inactive.",
            body: Body::None,
            run: |org, order| {
                for object in ["Case", "Lead"] {
                    org.stop_assignment(object, order.context.now);
                }
                Ok(Value::Null)
            },
        },
    ],
};

fn read<T: serde::de::DeserializeOwned>(body: &Value) -> Result<T, Objection> {
    serde_json::from_value(body.clone()).map_err(|error| objection(&Unfit(format!("it is no rule: {error}"))))
}
