//! Categories: the list that the user chooses from, and the names that items carry.

use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use syncline_core::ids::RemoteId;
use syncline_ports::{Categories, Category, Color, ErrorKind, Marked, PortError};

use crate::Exchange;
use crate::batch::{BATCH_LIMIT, Part, PartAnswer};
use crate::client::encoded;
use crate::contacts;
use crate::event;
use crate::failure::Purpose;
use crate::row::{Problem, Row};
use crate::task::Place;
use crate::tasks;

/// How often an item is marked when others change it at the same time.
const TRIES: usize = 2;

const LIST: &str = "/me/outlook/masterCategories";

#[async_trait]
impl Categories for Exchange {
    async fn list(&self) -> Result<Vec<Category>, PortError> {
        const OP: &str = "graph.list_categories";
        let mut categories = Vec::new();
        for row in &self.client.all(OP, LIST).await? {
            match category(row) {
                Ok(category) => categories.push(category),
                Err(Problem(problem)) => tracing::warn!(op = OP, problem, "unreadable"),
            }
        }
        Ok(categories)
    }

    async fn create(&self, name: &str, color: Color) -> Result<Category, PortError> {
        const OP: &str = "graph.create_category";
        if let Some(there) = self.category_named(name).await? {
            return Ok(there);
        }
        let body = json!({ "displayName": name, "color": color_name(color) });
        let error = match self.client.send(OP, Purpose::Write, Method::POST, LIST, Some(&body)).await {
            Ok(made) => match category(&made) {
                Ok(made) => return Ok(made),
                Err(Problem(problem)) => PortError::new(ErrorKind::Unknown, OP).because(problem),
            },
            Err(error) => error,
        };
        // Somebody else was faster, or the answer was lost: then it is there now.
        match error.kind {
            ErrorKind::Rejected | ErrorKind::Conflict | ErrorKind::Unknown => {
                self.category_named(name).await?.ok_or(error)
            }
            _ => Err(error),
        }
    }

    async fn delete(&self, id: &RemoteId) -> Result<(), PortError> {
        let path = format!("{LIST}/{}", encoded(id.as_str()));
        match self.client.send("graph.delete_category", Purpose::Write, Method::DELETE, &path, None).await {
            Err(error) if error.kind != ErrorKind::Gone => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// All that can be marked is marked before a failure is told; marking again what is marked writes
    /// nothing. To Do minds no `If-Match`: what changes the categories of a task between the read and the
    /// write of the same chunk is lost.
    async fn mark(&self, items: &[(Marked, RemoteId)], add: &[&str], remove: &[&str]) -> Result<Vec<bool>, PortError> {
        const OP: &str = "graph.mark";
        let mut marked = vec![false; items.len()];
        let mut failure = None;
        for (chunk, marked) in items.chunks(BATCH_LIMIT).zip(marked.chunks_mut(BATCH_LIMIT)) {
            let mut open: Vec<usize> = (0..chunk.len()).collect();
            for _ in 0..TRIES {
                let (left, refusals) = self.mark_once(OP, chunk, &open, (add, remove), marked).await?;
                failure = failure.or(refusals.into_iter().next());
                open = left;
            }
            if !open.is_empty() {
                failure = failure.or(Some(PortError::new(ErrorKind::Conflict, OP)));
            }
        }
        failure.map_or(Ok(marked), Err)
    }
}

impl Exchange {
    async fn category_named(&self, name: &str) -> Result<Option<Category>, PortError> {
        let name = name.to_lowercase();
        Ok(Categories::list(self).await?.into_iter().find(|category| category.name.to_lowercase() == name))
    }

    /// Reads and writes the open items of a chunk once; gives back those that somebody changed meanwhile,
    /// and what else went wrong.
    async fn mark_once(
        &self,
        op: &'static str,
        chunk: &[(Marked, RemoteId)],
        open: &[usize],
        (add, remove): (&[&str], &[&str]),
        marked: &mut [bool],
    ) -> Result<(Vec<usize>, Vec<PortError>), PortError> {
        let paths: Vec<(usize, String)> = open.iter().filter_map(|at| Some((*at, path(chunk.get(*at)?)?))).collect();
        let reads: Vec<Part> = paths.iter().map(|(_, path)| Part::get(format!("{path}?$select=categories"))).collect();
        let mut failures = Vec::new();
        let mut writes = Vec::new();
        for ((at, path), answer) in paths.into_iter().zip(self.parts(op, Purpose::Read, &reads).await?) {
            let present = match answer {
                Ok(present) => present,
                Err(part) if part.kind(Purpose::Read) == ErrorKind::Gone => continue,
                Err(part) => {
                    failures.push(part.into_error(Purpose::Read, op));
                    continue;
                }
            };
            match change(&present, add, remove) {
                Ok(None) => set(marked, at),
                Ok(Some((body, if_match))) => {
                    writes.push((at, Part { method: Method::PATCH, path, if_match, body: Some(body) }));
                }
                Err(Problem(problem)) => failures.push(PortError::new(ErrorKind::Rejected, op).because(problem)),
            }
        }
        let (places, parts): (Vec<usize>, Vec<Part>) = writes.into_iter().unzip();
        let mut stale = Vec::new();
        for (at, answer) in places.into_iter().zip(self.parts(op, Purpose::Write, &parts).await?) {
            match answer {
                Ok(_) => set(marked, at),
                Err(part) => match part.kind(Purpose::Write) {
                    ErrorKind::Gone => {}
                    ErrorKind::Conflict => stale.push(at),
                    _ => failures.push(part.into_error(Purpose::Write, op)),
                },
            }
        }
        Ok((stale, failures))
    }

    /// A batch, unless there is nothing to send.
    async fn parts(&self, op: &'static str, purpose: Purpose, parts: &[Part]) -> Result<Vec<PartAnswer>, PortError> {
        if parts.is_empty() { Ok(Vec::new()) } else { self.client.batch(op, purpose, parts).await }
    }
}

fn set(marked: &mut [bool], at: usize) {
    if let Some(place) = marked.get_mut(at) {
        *place = true;
    }
}

/// Where an item is; `None` for an id that no such item can have.
fn path((kind, id): &(Marked, RemoteId)) -> Option<String> {
    match kind {
        Marked::Mail => Some(format!("/me/messages/{}", encoded(id.as_str()))),
        Marked::Event => Some(format!("/me/events/{}", encoded(id.as_str()))),
        Marked::Contact => Some(contacts::path(id)),
        Marked::Task => Place::of(id).map(tasks::task_path),
    }
}

/// The write that puts and takes names, and its precondition; `None` if nothing has to be written.
fn change(present: &Value, add: &[&str], remove: &[&str]) -> Result<Option<(Value, Option<String>)>, Problem> {
    let row = Row::of(present)?;
    let names: Vec<&str> = row.list("categories")?.iter().filter_map(Value::as_str).collect();
    let is_in = |list: &[&str], name: &str| list.iter().any(|other| other.to_lowercase() == name.to_lowercase());
    let mut wanted: Vec<&str> = names.iter().copied().filter(|name| !is_in(remove, name)).collect();
    for name in add {
        if !is_in(&wanted, name) {
            wanted.push(name);
        }
    }
    if wanted == names {
        return Ok(None);
    }
    let if_match = event::version(row).ok().map(|version| version.as_str().to_owned());
    Ok(Some((json!({ "categories": wanted }), if_match)))
}

fn category(value: &Value) -> Result<Category, Problem> {
    let row = Row::of(value)?;
    let id = row.text("id")?.filter(|id| !id.is_empty()).ok_or_else(|| Problem::missing("id"))?;
    let color = match row.text("color")?.unwrap_or("none").to_ascii_lowercase().as_str() {
        "none" => Color::None,
        "preset0" => Color::Red,
        "preset4" => Color::Green,
        "preset7" => Color::Blue,
        _ => Color::Other,
    };
    Ok(Category { id: RemoteId::new(id), name: row.string("displayName")?, color })
}

/// Outlook's presets.
fn color_name(color: Color) -> &'static str {
    match color {
        Color::None => "none",
        Color::Red => "preset0",
        Color::Blue => "preset7",
        Color::Green => "preset4",
        // Purple: none of those above, and well told apart from them.
        Color::Other => "preset8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_round_trip() {
        for color in [Color::None, Color::Red, Color::Blue, Color::Green, Color::Other] {
            let value = json!({"id": "1", "displayName": "Salesforce", "color": color_name(color)});
            assert_eq!(category(&value).unwrap().color, color);
        }
        for (name, color) in [("preset24", Color::Other), ("PRESET7", Color::Blue), ("None", Color::None)] {
            assert_eq!(category(&json!({"id": "1", "color": name})).unwrap().color, color, "{name}");
        }
        assert_eq!(category(&json!({"displayName": "x"})), Err(Problem::missing("id")));
    }

    #[test]
    fn d22_marking_leaves_other_categories_alone() {
        let item = |names: Value| json!({"@odata.etag": "W/\"k\"", "categories": names});
        for (names, add, remove, expected) in [
            (json!(["Red", "Family"]), &["Salesforce"][..], &[][..], Some(json!(["Red", "Family", "Salesforce"]))),
            (json!(["Red", "SALESFORCE"]), &["Salesforce"], &[], None),
            (json!(["Red", "salesforce", "Blue"]), &[], &["Salesforce"], Some(json!(["Red", "Blue"]))),
            (json!(["Sync Error"]), &["Salesforce"], &["Sync Error"], Some(json!(["Salesforce"]))),
            (json!(["Red"]), &[], &["Salesforce"], None),
            (json!(null), &["Salesforce", "salesforce"], &[], Some(json!(["Salesforce"]))),
            (json!([]), &[], &[], None),
        ] {
            let change = change(&item(names.clone()), add, remove).unwrap();
            let expected = expected.map(|list| (json!({"categories": list}), Some("W/\"k\"".to_owned())));
            assert_eq!(change, expected, "{names}");
        }
        assert_eq!(change(&json!({"categories": "secret"}), &[], &[]), Err(Problem("categories is no list".into())));
    }
}
