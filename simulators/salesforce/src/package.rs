//! Packages in source format, as admins deploy them: what of them shapes an org.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};
use serde::{Deserialize, Serialize};

use crate::model::custom::{CustomField, CustomKind, CustomObject, Customization};

include!(concat!(env!("OUT_DIR"), "/package.rs"));

/// A package: custom objects and fields, permission sets, and channels of change events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Package {
    pub(crate) customization: Customization,
    pub(crate) permission_sets: BTreeMap<String, PermissionSet>,
    /// The change events that channels carry, such as `ContactChangeEvent`.
    pub(crate) change_events: Vec<String>,
}

/// What a permission set allows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PermissionSet {
    pub label: String,
    /// By `Object.Field`: to read it, and to edit it.
    pub fields: BTreeMap<String, (bool, bool)>,
}

/// Why a package cannot be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenPackage {
    /// The file's path in the package.
    pub path: String,
    /// What is wrong with it, and what to do.
    pub problem: String,
}

impl std::fmt::Display for BrokenPackage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.path, self.problem)
    }
}

impl std::error::Error for BrokenPackage {}

impl Package {
    /// Syncline's own package, as it lies in `infra/salesforce`.
    ///
    /// # Errors
    /// If a file of it cannot be understood.
    pub fn syncline() -> Result<Self, BrokenPackage> {
        Self::read(SYNCLINE.iter().copied())
    }

    /// Reads the files of a package: paths with `/` between folders, and texts. Kinds of metadata that
    /// shape nothing in an org of the simulator are passed over.
    ///
    /// # Errors
    /// Names the first file that cannot be understood.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BrokenPackage> {
        let mut package = Self::default();
        for (path, text) in files {
            let broken = |problem: String| BrokenPackage { path: path.to_owned(), problem };
            let Some(kind) =
                path.strip_suffix("-meta.xml").and_then(|path| path.rsplit_once('.')).map(|(_, kind)| kind)
            else {
                continue;
            };
            let document = Document::parse(text).map_err(|error| broken(format!("is no well-formed XML: {error}")))?;
            let root = document.root_element();
            match kind {
                "field" => {
                    let object = folder_of(path, "fields")
                        .ok_or_else(|| broken("a field lies in objects/<Object>/fields; move it there".to_owned()))?;
                    package.customization.fields.push(custom_field(object, root).map_err(broken)?);
                }
                "object" => package.customization.objects.extend(custom_object(path, root).map_err(broken)?),
                "permissionset" => {
                    let name = file_name(path);
                    package.permission_sets.insert(name.to_owned(), permission_set(root));
                }
                "platformEventChannelMember" => {
                    package.change_events.extend(text_of(root, "selectedEntity").map(str::to_owned));
                }
                _ => {}
            }
        }
        package.change_events.sort();
        package.change_events.dedup();
        Ok(package)
    }
}

/// The folder above one of that name: the object of `objects/Contact/fields/X__c.field-meta.xml`.
fn folder_of<'a>(path: &'a str, below: &str) -> Option<&'a str> {
    let folders: Vec<&str> = path.split('/').collect();
    let place = folders.iter().rposition(|folder| *folder == below)?;
    folders.get(place.checked_sub(1)?).copied()
}

/// The file's name without its kind.
fn file_name(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split('.').next().unwrap_or(name)
}

fn child<'a, 'b>(node: Node<'a, 'b>, name: &str) -> Option<Node<'a, 'b>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn text_of<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    child(node, name).and_then(|child| child.text()).map(str::trim).filter(|text| !text.is_empty())
}

fn flag(node: Node<'_, '_>, name: &str) -> bool {
    text_of(node, name) == Some("true")
}

fn number<T: std::str::FromStr>(node: Node<'_, '_>, name: &str) -> Result<T, String> {
    let text = text_of(node, name).ok_or_else(|| format!("<{name}> is missing"))?;
    text.parse().map_err(|_| format!("<{name}> is no number: {text}"))
}

fn custom_field(object: &str, root: Node<'_, '_>) -> Result<CustomField, String> {
    let name = text_of(root, "fullName").filter(|name| name.ends_with("__c"));
    let name = name.ok_or("<fullName> of a custom field ends with __c")?;
    if matches!(object, "Event" | "Task") {
        return Err(format!("custom fields of {object} are made of Activity; move it to objects/Activity/fields"));
    }
    let kind = text_of(root, "type").ok_or("<type> is missing")?;
    let kind = match kind {
        "Text" => CustomKind::Text(number(root, "length")?),
        "TextArea" => CustomKind::Area(255),
        "LongTextArea" | "Html" => CustomKind::Area(number(root, "length")?),
        "Checkbox" => CustomKind::Checkbox(flag(root, "defaultValue")),
        "Number" | "Percent" => CustomKind::Number(number(root, "precision")?, number(root, "scale")?),
        "Currency" => CustomKind::Currency,
        "Date" => CustomKind::Date,
        "DateTime" => CustomKind::DateTime,
        "Email" => CustomKind::Email,
        "Phone" => CustomKind::Phone,
        "Url" => CustomKind::Url,
        "Picklist" => picklist(root),
        "Lookup" | "MasterDetail" => CustomKind::Reference {
            target: text_of(root, "referenceTo").ok_or("<referenceTo> is missing")?.to_owned(),
            children: text_of(root, "relationshipName").map(str::to_owned),
            master: kind == "MasterDetail",
        },
        "AutoNumber" => CustomKind::AutoNumber,
        other => return Err(format!("fields of type {other} are not simulated; leave it out or choose another type")),
    };
    // Custom fields of tasks and events are made once, on what both are.
    let objects =
        if object == "Activity" { vec!["Event".to_owned(), "Task".to_owned()] } else { vec![object.to_owned()] };
    Ok(CustomField {
        objects,
        name: name.to_owned(),
        label: text_of(root, "label").unwrap_or(name).to_owned(),
        help: text_of(root, "inlineHelpText").map(str::to_owned),
        kind,
        required: flag(root, "required"),
        unique: flag(root, "unique"),
        external_id: flag(root, "externalId"),
        case_sensitive: flag(root, "caseSensitive"),
    })
}

fn picklist(root: Node<'_, '_>) -> CustomKind {
    let set = child(root, "valueSet");
    let definition = set.and_then(|set| child(set, "valueSetDefinition"));
    let values = definition.into_iter().flat_map(|definition| definition.children());
    let values = values.filter(|value| value.tag_name().name() == "value");
    let mut defaulted = false;
    let mut pairs = Vec::new();
    for value in values {
        let Some(name) = text_of(value, "fullName") else { continue };
        let pair = (name.to_owned(), text_of(value, "label").unwrap_or(name).to_owned());
        if flag(value, "default") {
            defaulted = true;
            pairs.insert(0, pair);
        } else {
            pairs.push(pair);
        }
    }
    CustomKind::Picklist { values: pairs, restricted: set.is_some_and(|set| flag(set, "restricted")), defaulted }
}

/// A custom object; the file of a standard object makes none.
fn custom_object(path: &str, root: Node<'_, '_>) -> Result<Option<CustomObject>, String> {
    let name = file_name(path);
    if !name.ends_with("__c") {
        return Ok(None);
    }
    let label = text_of(root, "label").ok_or("<label> is missing")?;
    let name_field = child(root, "nameField").ok_or("<nameField> is missing")?;
    Ok(Some(CustomObject {
        name: name.to_owned(),
        label: label.to_owned(),
        plural: text_of(root, "pluralLabel").unwrap_or(label).to_owned(),
        name_label: text_of(name_field, "label").unwrap_or("Name").to_owned(),
        numbered: text_of(name_field, "type") == Some("AutoNumber"),
    }))
}

fn permission_set(root: Node<'_, '_>) -> PermissionSet {
    let permissions = root.children().filter(|child| child.tag_name().name() == "fieldPermissions");
    let fields = permissions.filter_map(|permission| {
        let field = text_of(permission, "field")?;
        Some((field.to_owned(), (flag(permission, "readable"), flag(permission, "editable"))))
    });
    PermissionSet { label: text_of(root, "label").unwrap_or_default().to_owned(), fields: fields.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Result<Package, BrokenPackage> {
        Package::read([(path, text)])
    }

    #[test]
    fn fields_of_activities_are_fields_of_tasks_and_events() {
        let text = "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>X__c</fullName>\
                    <externalId>true</externalId><label>X</label><length>80</length><type>Text</type>\
                    <unique>true</unique></CustomField>";
        let package = one("main/default/objects/Activity/fields/X__c.field-meta.xml", text).unwrap();
        let field = &package.customization.fields[0];
        assert_eq!(field.objects, ["Event", "Task"]);
        assert_eq!((&field.kind, field.unique, field.external_id), (&CustomKind::Text(80), true, true));
    }

    #[test]
    fn what_cannot_be_understood_is_named() {
        let table = [
            ("objects/Contact/fields/X__c.field-meta.xml", "<CustomField>", "well-formed"),
            ("objects/Contact/fields/X__c.field-meta.xml", "<CustomField><fullName>X</fullName></CustomField>", "__c"),
            (
                "objects/Contact/fields/X__c.field-meta.xml",
                "<CustomField><fullName>X__c</fullName><type>Text</type></CustomField>",
                "<length> is missing",
            ),
            (
                "objects/Contact/fields/X__c.field-meta.xml",
                "<CustomField><fullName>X__c</fullName><type>Location</type></CustomField>",
                "not simulated",
            ),
            (
                "objects/Task/fields/X__c.field-meta.xml",
                "<CustomField><fullName>X__c</fullName></CustomField>",
                "Activity",
            ),
            ("X__c.field-meta.xml", "<CustomField/>", "objects/<Object>/fields"),
            ("objects/A__c/A__c.object-meta.xml", "<CustomObject/>", "<label> is missing"),
        ];
        for (path, text, expected) in table {
            let broken = one(path, text).unwrap_err();
            assert!(broken.problem.contains(expected), "{path}: {broken}");
            assert_eq!(broken.path, path);
        }
        assert!(one("README.md", "no XML").is_ok(), "other files are passed over");
    }

    #[test]
    fn the_projects_own_package_is_understood() {
        let package = Package::syncline().unwrap();
        assert!(package.customization.fields.iter().any(|field| field.external_id), "it brings an external id");
        assert!(!package.permission_sets.is_empty());
        assert!(!package.change_events.is_empty());
    }
}
