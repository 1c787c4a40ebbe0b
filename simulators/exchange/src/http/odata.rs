//! Query options and lists.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::call::Call;
use super::filter::{self, Expr};
use super::filter_text;
use super::mail_view::ATTACHMENT;
use crate::refusal::Refusal;

/// The largest page.
const MAX_TOP: usize = 1000;
/// The types that can be searched.
const SEARCHED: [&str; 1] = ["contact"];
/// What a search cannot be combined with, and the code that says so.
const UNSEARCHABLE: [(&str, &str, &str); 4] = [
    ("$filter", "$filter", "SearchWithFilter"),
    ("$orderby", "$orderBy", "SearchWithOrderBy"),
    ("$skip", "$skip", "SearchWithSkip"),
    ("$count", "$count", "SearchWithCount"),
];
/// Extended properties in an `$expand` and in a filter go by this name.
pub(crate) const EXTENDED: &str = "singleValueExtendedProperties";

/// The properties of a type that may be selected, filtered and ordered by.
#[derive(Clone, Copy)]
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [&'static str],
    /// Whether `$select` always keeps the id.
    pub(crate) keeps_id: bool,
    pub(crate) page: usize,
    /// Mail refuses filters that its index cannot serve in the wanted order.
    pub(crate) strict_order: bool,
}

pub(crate) type Object = Map<String, Value>;

#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) select: Option<Vec<String>>,
    pub(crate) filter: Option<Expr>,
    order: Vec<(Vec<String>, bool)>,
    pub(crate) top: Option<usize>,
    skip: usize,
    count: bool,
    /// Which extended properties to show.
    pub(crate) expand_extended: Option<Expr>,
    pub(crate) expand_attachments: bool,
    /// What to show of the expanded attachments.
    attachment_select: Option<Vec<String>>,
    /// Whether to show the item inside an item attachment.
    pub(crate) expand_item: bool,
    pub(crate) expand_children: bool,
    /// The words of a `$search`.
    pub(crate) search: Option<String>,
    pub(crate) expand_exceptions: bool,
    /// The relations of a task to show with it.
    pub(crate) expanded: Vec<&'static str>,
    page: usize,
    keeps_id: bool,
}

impl Options {
    /// No options given.
    pub(crate) fn for_type(schema: &Schema) -> Self {
        Self { page: schema.page, keeps_id: schema.keeps_id, ..Self::default() }
    }

    pub(crate) fn of(call: &Call<'_>, schema: &Schema) -> Result<Self, Refusal> {
        let request = call.request;
        let mut options = Self::for_type(schema);
        if let Some(text) = request.param("$select") {
            options.select = select(text, schema)?;
        }
        if let Some(text) = request.param("$filter") {
            options.filter = Some(read_filter(text, schema)?);
        }
        if let Some(text) = request.param("$orderby") {
            options.order = order_by(text, schema)?;
        }
        if let Some(text) = request.param("$top") {
            options.top = Some(top(text)?);
        }
        if let Some(text) = request.param("$skip") {
            options.skip = whole("$skip", text)?;
        }
        if let Some(text) = request.param("$expand") {
            options.expand(text, schema)?;
        }
        if let Some(text) = request.param("$search") {
            if schema.name == "message" {
                options.search(call, text)?;
            } else if !SEARCHED.contains(&schema.name) {
                return Err(Refusal::bad_request("The query option '$search' is not supported here."));
            }
        }
        options.count = request.param("$count").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if schema.strict_order {
            options.check_order()?;
        }
        Ok(options)
    }

    /// A search on mail stands alone, and goes on by `$skiptoken`.
    fn search(&mut self, call: &Call<'_>, text: &str) -> Result<(), Refusal> {
        for (name, spelled, code) in UNSEARCHABLE {
            if call.request.param(name).is_some() {
                let message = format!("The query parameter '{spelled}' is not supported with '$search'.");
                return Err(Refusal::new(400, code, message));
            }
        }
        self.search = Some(text.to_owned());
        if let Some(text) = call.request.param("$skiptoken") {
            self.skip = whole("$skiptoken", text)?;
        }
        Ok(())
    }

    pub(crate) fn expand(&mut self, text: &str, schema: &Schema) -> Result<(), Refusal> {
        for part in split(text, ',') {
            let (name, inner) = match part.split_once('(') {
                Some((name, inner)) => (name.trim(), inner.strip_suffix(')').unwrap_or(inner)),
                None => (part.trim(), ""),
            };
            if name.eq_ignore_ascii_case(EXTENDED) {
                let filter = split(inner, ';').into_iter().find_map(|option| {
                    let (key, value) = option.split_once('=')?;
                    key.trim().eq_ignore_ascii_case("$filter").then(|| value.trim().to_owned())
                });
                let filter = filter.ok_or_else(|| {
                    Refusal::bad_request("The $expand of extended properties needs a $filter on their id.")
                })?;
                let filter = filter_text::parse(&filter).map_err(|why| invalid_filter(&why))?;
                self.expand_extended = Some(filter);
            } else if name.eq_ignore_ascii_case("attachments") && schema.name == "message" {
                self.expand_attachments = true;
                let chosen = split(inner, ';').into_iter().find_map(|option| {
                    let (key, value) = option.split_once('=')?;
                    key.trim().eq_ignore_ascii_case("$select").then(|| value.trim().to_owned())
                });
                self.attachment_select = chosen.map(|text| select(&text, &ATTACHMENT)).transpose()?.flatten();
            } else if name.to_ascii_lowercase().ends_with("itemattachment/item") && schema.name == "attachment" {
                self.expand_item = true;
            } else if name.eq_ignore_ascii_case("childFolders") && schema.name == "mailFolder" {
                self.expand_children = true;
            } else if name.eq_ignore_ascii_case("exceptionOccurrences") && schema.name == "event" {
                self.expand_exceptions = true;
            } else if let Some(relation) = relation(name, schema) {
                self.expanded.push(relation);
            } else {
                return Err(unknown_property(name, schema));
            }
        }
        Ok(())
    }

    /// The fields of `$orderby` must lead `$filter`, in the same order.
    fn check_order(&self) -> Result<(), Refusal> {
        let Some(filter) = &self.filter else {
            return Ok(());
        };
        let mut asked: Vec<&str> = Vec::new();
        for path in filter.properties() {
            let name = path.first().map_or("", String::as_str);
            if !asked.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                asked.push(name);
            }
        }
        let leads = self.order.iter().enumerate().all(|(at, (path, _))| {
            let name = path.first().map_or("", String::as_str);
            asked.get(at).is_some_and(|asked| asked.eq_ignore_ascii_case(name))
        });
        if leads {
            return Ok(());
        }
        let message = "The restriction or sort order is too complex for this operation.";
        Err(Refusal::new(400, "InefficientFilter", message))
    }

    /// Leaves what was selected; annotations stay, the id too where the type keeps it.
    pub(crate) fn cut(&self, mut object: Object) -> Object {
        if let Some(select) = &self.select {
            object.retain(|name, _| {
                name.starts_with('@')
                    || (self.keeps_id && name == "id")
                    || self.expanded.iter().any(|relation| name.split('@').next() == Some(relation))
                    || name == EXTENDED
                    || (name == "attachments" && self.expand_attachments)
                    || (name == "item" && self.expand_item)
                    || (name == "childFolders" && self.expand_children)
                    || (name == "exceptionOccurrences" && self.expand_exceptions)
                    || select.iter().any(|wanted| wanted.eq_ignore_ascii_case(name))
            });
        }
        object
    }

    /// What is shown of an attachment that is expanded with its message.
    pub(crate) fn for_attachments(&self) -> Self {
        Self { select: self.attachment_select.clone(), keeps_id: true, ..Self::default() }
    }

    /// How many of the keys pass the filter.
    pub(crate) fn tally<K: Copy>(&self, keys: &[K], full: impl Fn(K) -> Object) -> usize {
        keys.iter().filter(|key| self.filter.as_ref().is_none_or(|filter| filter.matches(&full(**key)))).count()
    }

    pub(crate) fn selects(&self, name: &str) -> bool {
        self.select.as_ref().is_some_and(|list| list.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
    }

    /// Adds the extended properties that `$expand` asks for.
    pub(crate) fn add_extended(&self, object: &mut Object, all: Vec<Value>) {
        let Some(filter) = &self.expand_extended else {
            return;
        };
        let wanted = all.into_iter().filter(|property| property.as_object().is_some_and(|map| filter.matches(map)));
        let wanted: Vec<Value> = wanted.collect();
        if !wanted.is_empty() {
            object.insert(EXTENDED.into(), wanted.into());
        }
    }

    /// One page of a list: filters and orders by `full`, shows by `shown`.
    pub(crate) fn list<K: Copy>(
        &self,
        call: &Call<'_>,
        context: &str,
        keys: Vec<K>,
        full: impl Fn(K) -> Object,
        shown: impl Fn(K) -> Object,
    ) -> Value {
        let mut keys = keys;
        if let Some(filter) = &self.filter {
            keys.retain(|key| filter.matches(&full(*key)));
        }
        if !self.order.is_empty() {
            let mut rows: Vec<(Object, K)> = keys.into_iter().map(|key| (full(key), key)).collect();
            rows.sort_by(|(left, _), (right, _)| self.compare(left, right));
            keys = rows.into_iter().map(|(_, key)| key).collect();
        }
        let total = keys.len();
        let size = self.top.or(call.prefer.page_size).unwrap_or(self.page).min(call.page_limit);
        let page = keys.into_iter().skip(self.skip).take(size);
        let value: Vec<Value> = page.map(|key| Value::Object(self.cut(shown(key)))).collect();
        let mut body = Object::new();
        let context = match &self.select {
            Some(select) => format!("{context}({})", select.join(",")),
            None => context.to_owned(),
        };
        body.insert("@odata.context".into(), call.context_url(&context).into());
        if self.count {
            body.insert("@odata.count".into(), total.into());
        }
        let next = self.skip.saturating_add(value.len());
        if next < total && !value.is_empty() {
            let name = if self.search.is_some() { "$skiptoken" } else { "$skip" };
            body.insert("@odata.nextLink".into(), call.link(name, &next.to_string()).into());
        }
        body.insert("value".into(), value.into());
        Value::Object(body)
    }

    fn compare(&self, left: &Object, right: &Object) -> Ordering {
        for (path, descending) in &self.order {
            let (left, right) = (filter::resolve(path, left, &[]), filter::resolve(path, right, &[]));
            let order = filter::order(left, right).unwrap_or_else(|| left.is_null().cmp(&right.is_null()).reverse());
            let order = if *descending { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

/// A relation of tasks by its name.
fn relation(name: &str, schema: &Schema) -> Option<&'static str> {
    const OF_TASKS: [&str; 3] = ["linkedResources", "checklistItems", "attachments"];
    let relations = OF_TASKS.iter().filter(|_| schema.name == "todoTask");
    relations.copied().find(|relation| relation.eq_ignore_ascii_case(name))
}

/// The names of a `$select`; `None` for all of them.
pub(crate) fn select(text: &str, schema: &Schema) -> Result<Option<Vec<String>>, Refusal> {
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name == "*" {
            return Ok(None);
        }
        // `microsoft.graph.fileAttachment/contentBytes` names a property of a more special type.
        let special = name.to_ascii_lowercase().starts_with("microsoft.graph.");
        let name = if special { name.split_once('/').map_or(name, |(_, property)| property) } else { name };
        let root = name.split('/').next().unwrap_or(name);
        if !special {
            check_property(root, schema)?;
        }
        names.push(root.to_owned());
    }
    Ok((!names.is_empty()).then_some(names))
}

pub(crate) fn read_filter(text: &str, schema: &Schema) -> Result<Expr, Refusal> {
    let expr = filter_text::parse(text).map_err(|why| invalid_filter(&why))?;
    for path in expr.properties() {
        check_property(path.first().map_or("", String::as_str), schema)?;
    }
    Ok(expr)
}

fn order_by(text: &str, schema: &Schema) -> Result<Vec<(Vec<String>, bool)>, Refusal> {
    let mut order = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, direction) = part.split_once(' ').unwrap_or((part, "asc"));
        let path: Vec<String> = name.split('/').map(str::to_owned).collect();
        check_property(path.first().map_or("", String::as_str), schema)?;
        let descending = match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            _ => {
                return Err(Refusal::bad_request(format!("Invalid $orderby clause: '{part}'.")));
            }
        };
        order.push((path, descending));
    }
    Ok(order)
}

fn check_property(name: &str, schema: &Schema) -> Result<(), Refusal> {
    let known = name.eq_ignore_ascii_case(EXTENDED)
        || schema.properties.iter().any(|property| property.eq_ignore_ascii_case(name));
    if known { Ok(()) } else { Err(unknown_property(name, schema)) }
}

fn unknown_property(name: &str, schema: &Schema) -> Refusal {
    let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.{}'.", schema.name);
    Refusal::new(400, "RequestBroker--ParseUri", message)
}

fn invalid_filter(why: &str) -> Refusal {
    Refusal::bad_request(format!("Invalid filter clause: {why}."))
}

fn whole(name: &str, text: &str) -> Result<usize, Refusal> {
    text.trim().parse().map_err(|_| {
        Refusal::bad_request(format!(
            "Invalid value '{text}' for {name} query option found. The {name} query option requires a non-negative integer value."
        ))
    })
}

fn top(text: &str) -> Result<usize, Refusal> {
    let top = whole("$top", text)?;
    if top > MAX_TOP {
        let message = format!(
            "The limit of '{MAX_TOP}' for Top query has been exceeded. The value from the incoming request is '{top}'."
        );
        return Err(Refusal::bad_request(message));
    }
    Ok(top)
}

/// Splits outside of parentheses and string literals.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut depth, mut quoted) = (vec![String::new()], 0_u32, false);
    for letter in text.chars() {
        match letter {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ if letter == separator && !quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).collect()
}
