//! What is wrong with a package.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};
use serde_json::Value;

use super::Package;
use super::elements::{Element, Legal, TYPES, Type};

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

/// The objects of which Syncline wants to hear.
const HEARD_OF: [&str; 6] = ["Account", "Contact", "Event", "EventRelation", "Lead", "Task"];

/// One component: its file, its name, and its values by `element` or `group/element`.
struct Component<'a> {
    path: &'a str,
    kind: &'static Type,
    /// The object, of a field.
    parent: Option<&'a str>,
    name: &'a str,
    values: Vec<(String, String)>,
}

impl Component<'_> {
    fn get<'a>(&'a self, element: &'a str) -> &'a str {
        self.all(element).next().unwrap_or_default()
    }

    fn all<'a>(&'a self, element: &'a str) -> impl Iterator<Item = &'a str> {
        self.values.iter().filter(move |(name, _)| name == element).map(|(_, value)| value.as_str())
    }
}

/// Every problem of the package, each with its file.
pub(crate) fn problems(package: &Package) -> Vec<String> {
    let mut problems = Vec::new();
    let mut components = Vec::new();
    for (path, text) in package.iter().filter(|(path, _)| path.ends_with("-meta.xml") || path.contains("/main/")) {
        match component(path, text, &mut problems) {
            Ok(component) => components.push(component),
            Err(problem) => problems.push(format!("{path}: {problem}")),
        }
    }
    project(package, &mut problems);
    for component in &components {
        itself(component, &mut problems);
    }
    permissions(&components, &mut problems);
    events(&components, &mut problems);
    problems
}

fn component<'a>(path: &'a str, text: &str, problems: &mut Vec<String>) -> Result<Component<'a>, String> {
    let (kind, parent, name) = place(path).ok_or("has no place in a package of source format")?;
    let document = Document::parse(text).map_err(|error| format!("is no XML: {error}"))?;
    let root = document.root_element();
    if root.tag_name().namespace() != Some(NAMESPACE) {
        return Err(format!("its namespace is not {NAMESPACE}"));
    }
    if root.tag_name().name() != kind.name {
        return Err(format!("holds a {} instead of a {}", root.tag_name().name(), kind.name));
    }
    let mut values = Vec::new();
    let mut found = Vec::new();
    holds(root, kind.elements, "", &mut values, &mut found);
    problems.extend(found.into_iter().map(|problem| format!("{path}: {problem}")));
    Ok(Component { path, kind, parent, name, values })
}

/// The type that belongs here, the object of a field, and the component's name.
fn place(path: &str) -> Option<(&'static Type, Option<&str>, &str)> {
    let (_, below) = path.split_once("/main/default/")?;
    let (folder, file) = below.rsplit_once('/')?;
    TYPES.iter().find_map(|kind| {
        let name = file.strip_suffix(kind.suffix)?;
        let parent = match kind.folder.split_once('*') {
            None if folder == kind.folder => None,
            None => return None,
            Some((before, after)) => {
                let object = folder.strip_prefix(before)?.strip_suffix(after)?;
                Some(object).filter(|object| !object.contains('/')).map(Some)?
            }
        };
        Some((kind, parent, name))
    })
}

/// Collects the values below `node`, and what is wrong with them.
fn holds(
    node: Node<'_, '_>,
    known: &[Element],
    group: &str,
    values: &mut Vec<(String, String)>,
    found: &mut Vec<String>,
) {
    let children: Vec<_> = node.children().filter(Node::is_element).collect();
    let mut last = 0;
    let mut seen = BTreeSet::new();
    for child in &children {
        let name = child.tag_name().name();
        let Some(at) = known.iter().position(|element| element.name == name) else {
            found.push(format!("{group}{name} is unknown"));
            continue;
        };
        if at < last {
            found.push(format!("{group}{name} is out of order"));
        }
        last = at;
        let element = &known[at];
        if !seen.insert(name) && !element.repeated {
            found.push(format!("{group}{name} is there twice"));
        }
        if let Legal::Group(inner) = element.legal {
            holds(*child, inner, &format!("{name}/"), values, found);
            continue;
        }
        let text = child.text().unwrap_or_default();
        if text.trim() != text {
            found.push(format!("{group}{name} begins or ends with a blank"));
        }
        if !is_legal(text, element.legal) || child.children().any(|inner| inner.is_element()) {
            found.push(format!("{group}{name} cannot be {text}"));
        }
        values.push((format!("{group}{name}"), text.to_owned()));
    }
    for element in known.iter().filter(|element| element.required && !seen.contains(element.name)) {
        found.push(format!("lacks {group}{}", element.name));
    }
}

fn is_legal(text: &str, legal: Legal) -> bool {
    match legal {
        Legal::Flag => ["true", "false"].contains(&text),
        Legal::Text(longest) => !text.is_empty() && text.chars().count() <= longest,
        Legal::Whole(from, to) => text.parse::<u32>().is_ok_and(|number| (from..=to).contains(&number)),
        Legal::OneOf(values) => values.contains(&text),
        Legal::After(start) => text.len() > start.len() && text.starts_with(start),
        Legal::Name => is_name(text),
        Legal::Group(_) => false,
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !text.contains("__")
        && !text.ends_with('_')
}

/// What one component says of itself.
fn itself(component: &Component<'_>, problems: &mut Vec<String>) {
    let mut problem = |text: String| problems.push(format!("{}: {text}", component.path));
    let short = match component.kind.name {
        "CustomField" => component.name.strip_suffix("__c"),
        "PlatformEventChannel" => component.name.strip_suffix("__chn"),
        _ => Some(component.name),
    };
    if !short.is_some_and(is_name) {
        problem(format!("{} is no name for a {}", component.name, component.kind.name));
    }
    match component.kind.name {
        "CustomField" => {
            if let Some(object @ ("Event" | "Task")) = component.parent {
                problem(format!("a custom field of {object} lies in objects/Activity"));
            }
            if component.get("fullName") != component.name {
                problem(format!("its name is {}", component.get("fullName")));
            }
            let (kind, needed, foreign): (_, &[_], &[_]) = match component.get("type") {
                "Text" => ("Text", &["length", "required", "unique"], &["defaultValue"]),
                "Checkbox" => ("Checkbox", &["defaultValue"], &["caseSensitive", "length", "required", "unique"]),
                _ => return,
            };
            for element in needed.iter().filter(|element| component.get(element).is_empty()) {
                problem(format!("lacks {element}"));
            }
            for element in foreign.iter().filter(|element| !component.get(element).is_empty()) {
                problem(format!("a {kind} has no {element}"));
            }
        }
        "EventRelayConfig" if component.get("state") != "STOP" => {
            problem("a new relay stands still: its state is STOP".to_owned());
        }
        _ => {}
    }
}

/// Every permission is for a field of the package, and every field has one, to read and to edit.
fn permissions(components: &[Component<'_>], problems: &mut Vec<String>) {
    let (mut fields, mut required) = (BTreeSet::new(), BTreeSet::new());
    for field in components.iter().filter(|component| component.kind.name == "CustomField") {
        // What is a field of Activity in the package is one of Task and one of Event everywhere else.
        let objects = match field.parent {
            Some("Activity") => vec!["Task", "Event"],
            object => object.into_iter().collect(),
        };
        let names = objects.into_iter().map(|object| format!("{object}.{}", field.name));
        let of_rights = if field.get("required") == "true" { &mut required } else { &mut fields };
        of_rights.extend(names);
    }
    let mut granted = BTreeSet::new();
    for set in components.iter().filter(|component| component.kind.name == "PermissionSet") {
        let names = set.all("fieldPermissions/field");
        let flags = set.all("fieldPermissions/editable").zip(set.all("fieldPermissions/readable"));
        for (name, flags) in names.zip(flags) {
            // Everybody may edit what is required; the Metadata API refuses to be told so.
            if required.contains(name) {
                problems.push(format!("{}: {name} is required, which takes no permission", set.path));
            } else if !fields.contains(name) {
                problems.push(format!("{}: {name} does not exist", set.path));
            }
            if flags != ("true", "true") {
                problems.push(format!("{}: {name} cannot be edited", set.path));
            }
            if !granted.insert(name) {
                problems.push(format!("{}: {name} is there twice", set.path));
            }
        }
    }
    for field in fields.iter().filter(|field| !granted.contains(field.as_str())) {
        problems.push(format!("no permission names {field}"));
    }
}

/// Every member and every relay names a channel that exists, and is named as the Metadata API wants it.
fn events(components: &[Component<'_>], problems: &mut Vec<String>) {
    let of = |kind: &str| -> BTreeSet<&str> {
        let named = components.iter().filter(|component| component.kind.name == kind);
        named.map(|component| component.name).collect()
    };
    let (channels, credentials) = (of("PlatformEventChannel"), of("NamedCredential"));
    let mut selected = BTreeMap::new();
    for component in components {
        let mut problem = |text: String| problems.push(format!("{}: {text}", component.path));
        let channel = component.get("eventChannel");
        if !channel.is_empty() && !channels.contains(channel) {
            problem(format!("channel {channel} does not exist"));
        }
        let entity = component.get("selectedEntity");
        match component.kind.name {
            "PlatformEventChannelMember" => {
                if !entity.strip_suffix("ChangeEvent").is_some_and(|object| HEARD_OF.contains(&object)) {
                    problem(format!("{entity} is no change event of Syncline's"));
                }
                // Two underscores in a full name would set off a namespace.
                let name = format!("{}_{entity}", channel.replace("__", "_"));
                if component.name != name {
                    problem(format!("its name should be {name}"));
                }
                if let Some(other) = selected.insert((channel, entity), component.path) {
                    problem(format!("{other} selects the same"));
                }
            }
            "EventRelayConfig" => {
                let credential = component.get("destinationResourceName").trim_start_matches("callout:");
                if !credentials.contains(credential) {
                    problem(format!("credential {credential} does not exist"));
                }
            }
            _ => {}
        }
    }
}

/// `sfdx-project.json` names the folders there are, and replaces what is there.
fn project(package: &Package, problems: &mut Vec<String>) {
    let mut problem = |text: String| problems.push(format!("sfdx-project.json: {text}"));
    let Some(text) = package.get("sfdx-project.json") else {
        return problem("is not there".to_owned());
    };
    let project: Value = match serde_json::from_str(text) {
        Ok(project) => project,
        Err(error) => return problem(format!("is no JSON: {error}")),
    };
    let list = |name: &str| project[name].as_array().cloned().unwrap_or_default();
    let folders: Vec<Value> = list("packageDirectories").into_iter().map(|folder| folder["path"].clone()).collect();
    let folders: Vec<&str> = folders.iter().filter_map(Value::as_str).collect();
    let is_in = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    for folder in folders.iter().filter(|folder| !package.keys().any(|path| is_in(path, folder))) {
        problem(format!("the folder {folder} holds nothing"));
    }
    for path in package.keys().filter(|path| path.ends_with("-meta.xml")) {
        if !folders.iter().any(|folder| is_in(path, folder)) {
            problem(format!("{path} is in no folder of the package"));
        }
    }
    let version = project["sourceApiVersion"].as_str().and_then(|version| version.strip_suffix(".0"));
    if version.and_then(|version| version.parse::<u32>().ok()).is_none_or(|version| version < 59) {
        problem("sourceApiVersion must be 59.0 or later".to_owned());
    }
    for replacement in list("replacements") {
        let (file, wanted) = (&replacement["filename"], &replacement["stringToReplace"]);
        let (file, wanted) = (file.as_str().unwrap_or_default(), wanted.as_str().unwrap_or_default());
        if !package.get(file).is_some_and(|text| !wanted.is_empty() && text.contains(wanted)) {
            problem(format!("{file:?} holds no {wanted}"));
        }
    }
}
