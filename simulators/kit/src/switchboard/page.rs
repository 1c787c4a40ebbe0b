//! The page that describes the switches: `GET /_sim`.

use serde_json::{Map, Value, json};

use super::{Order, ROOT, Switch, form};
use crate::model::Context;

/// Describes the switches of one table and says how each stands.
pub(crate) fn page<T>(switches: &[Switch<T>], target: &T, context: &Context<'_>) -> Vec<Value> {
    switches.iter().map(|switch| switch.describe(target, context)).collect()
}

impl<T> Switch<T> {
    fn describe(&self, target: &T, context: &Context<'_>) -> Value {
        let path = format!("/{ROOT}/{}", self.name);
        let mut get = json!({"method": "GET", "does": "Tells how it stands."});
        if !self.reading.query.is_empty() {
            get["query"] = form::describe(self.reading.query);
        }
        let calls = self.actions.iter().map(|action| {
            let mut call = json!({"method": action.method, "does": action.about});
            if let Some(body) = action.body.describe() {
                call["body"] = body;
            }
            call
        });
        let value = match self.reading.glance {
            Some(glance) => glance(target),
            None => (self.reading.read)(target, &Order { fields: Map::new(), whole: Value::Null, context }),
        };
        json!({
            "name": self.name,
            "path": path,
            "about": self.about,
            "calls": std::iter::once(get).chain(calls).collect::<Vec<_>>(),
            "value": value,
        })
    }
}
