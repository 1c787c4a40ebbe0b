//! Master categories: the names a user gives colours to.

use serde_json::{Value, json};
use sim_kit::Reply;

use crate::http::call::{Call, json as reply_json};
use crate::http::odata::{Object, Options, Schema};
use crate::http::{below, entity};
use crate::model::{Exchange, read_text, unknown_property, unreadable};
use crate::refusal::Refusal;

const CATEGORY: Schema = Schema {
    name: "outlookCategory",
    properties: &["id", "displayName", "color"],
    keeps_id: true,
    page: 1000,
    strict_order: false,
};

/// The longest name.
const MAX_NAME: usize = 255;
/// The highest number of a preset colour.
const LAST_PRESET: u8 = 24;

impl Exchange {
    /// From `masterCategories` on.
    pub(super) fn category_routes(
        &mut self,
        call: &Call<'_>,
        names: &[&str],
        raw: &[String],
        index: usize,
    ) -> Result<Reply, Refusal> {
        match (names, call.request.method.as_str()) {
            ([], "GET") => self.list_categories(call, index),
            ([], "POST") => self.create_category(call, index),
            ([_], "GET") => {
                let at = self.category_at(index, &raw[0])?;
                self.category_reply(call, index, at, 200)
            }
            ([_], "PATCH") => self.patch_category(call, index, &raw[0]),
            ([_], "DELETE") => {
                let at = self.category_at(index, &raw[0])?;
                self.mailboxes[index].categories.remove(at);
                Ok(Reply::empty(204))
            }
            ([] | [_], _) => Err(Refusal::method_not_allowed()),
            _ => Err(Refusal::unknown_segment(raw.get(1).map_or("", String::as_str))),
        }
    }

    fn category_at(&self, index: usize, id: &str) -> Result<usize, Refusal> {
        let known = |category: &Value| {
            category.get("id").and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(id))
        };
        self.mailboxes[index].categories.iter().position(known).ok_or_else(Refusal::item_not_found)
    }

    fn list_categories(&self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CATEGORY)?;
        let mailbox = &self.mailboxes[index];
        let show = |category: &Value| category.as_object().cloned().unwrap_or_default();
        let categories: Vec<&Value> = mailbox.categories.iter().collect();
        let context = below(mailbox, "outlook/masterCategories");
        Ok(reply_json(200, &options.list(call, &context, categories, show, show)))
    }

    fn category_reply(&self, call: &Call<'_>, index: usize, at: usize, status: u16) -> Result<Reply, Refusal> {
        let options = Options::of(call, &CATEGORY)?;
        let mailbox = &self.mailboxes[index];
        let category = mailbox.categories.get(at).and_then(Value::as_object).cloned();
        let category: Object = category.ok_or_else(Refusal::item_not_found)?;
        Ok(entity(call, status, &below(mailbox, "outlook/masterCategories/$entity"), options.cut(category)))
    }

    fn create_category(&mut self, call: &Call<'_>, index: usize) -> Result<Reply, Refusal> {
        let body = call.body()?;
        let (mut name, mut color) = (None, "none".to_owned());
        for (property, value) in &body {
            match property.as_str() {
                "displayName" => name = read_text(property, value)?,
                "color" if !value.is_null() => color = read_color(value)?,
                "color" | "id" => {}
                property if property.contains('@') => {}
                property => return Err(unknown_property(property, "Microsoft.OutlookServices.OutlookCategory")),
            }
        }
        let name = name.filter(|name| !name.trim().is_empty() && name.chars().count() <= MAX_NAME);
        let name = name.ok_or_else(|| unreadable("displayName"))?;
        let taken = self.mailboxes[index].categories.iter().any(|category| {
            let other = category.get("displayName").and_then(Value::as_str).unwrap_or_default();
            other.to_lowercase() == name.to_lowercase()
        });
        if taken {
            let message = "A category with the specified name already exists.";
            return Err(Refusal::new(409, "ErrorDuplicateCategory", message));
        }
        let id = self.next_guid("category");
        let categories = &mut self.mailboxes[index].categories;
        categories.push(json!({"id": id, "displayName": name, "color": color}));
        let at = categories.len() - 1;
        self.category_reply(call, index, at, 201)
    }

    /// Only the colour may change: items know a category by its name.
    fn patch_category(&mut self, call: &Call<'_>, index: usize, id: &str) -> Result<Reply, Refusal> {
        let at = self.category_at(index, id)?;
        let body = call.body()?;
        let mut color = None;
        for (property, value) in &body {
            match property.as_str() {
                "color" => color = Some(read_color(value)?),
                "displayName" if self.mailboxes[index].categories[at].get("displayName") == Some(value) => {}
                "displayName" => {
                    let message = "The property 'DisplayName' is read-only and cannot be set.";
                    return Err(Refusal::new(400, "ErrorInvalidPropertySet", message));
                }
                "id" => {}
                property if property.contains('@') => {}
                property => return Err(unknown_property(property, "Microsoft.OutlookServices.OutlookCategory")),
            }
        }
        let category = self.mailboxes[index].categories.get_mut(at).and_then(Value::as_object_mut);
        if let (Some(category), Some(color)) = (category, color) {
            category.insert("color".into(), color.into());
        }
        self.category_reply(call, index, at, 200)
    }
}

fn read_color(color: &Value) -> Result<String, Refusal> {
    let text = color.as_str().ok_or_else(|| unreadable("color"))?.to_ascii_lowercase();
    let number = text.strip_prefix("preset").filter(|number| !number.starts_with(['+', '0']) || *number == "0");
    let preset = number.and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| number <= LAST_PRESET);
    if preset || text == "none" {
        return Ok(text);
    }
    Err(Refusal::unreadable(format!("Requested value '{text}' was not found.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_none_or_one_of_twenty_five_presets() {
        let cases = [
            ("none", true),
            ("Preset0", true),
            ("preset24", true),
            ("preset25", false),
            ("preset00", false),
            ("red", false),
            ("", false),
        ];
        for (color, known) in cases {
            assert_eq!(read_color(&json!(color)).is_ok(), known, "{color}");
        }
    }
}
