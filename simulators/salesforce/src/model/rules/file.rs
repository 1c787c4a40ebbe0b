//! Files: the first version makes the document and its links, later ones take their turn.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::{Caller, Changes, Refusal, Salesforce, Values, hush, pointing, put, text, ticked, touch};

/// What the service calls files of these extensions; others of its names are the extension in capitals.
const TYPES: [(&str, &str); 20] = [
    ("txt", "TEXT"),
    ("log", "TEXT"),
    ("htm", "HTML"),
    ("html", "HTML"),
    ("doc", "WORD"),
    ("docx", "WORD_X"),
    ("xls", "EXCEL"),
    ("xlsx", "EXCEL_X"),
    ("ppt", "POWER_POINT"),
    ("pptx", "POWER_POINT_X"),
    ("jpg", "JPG"),
    ("jpeg", "JPEG"),
    ("png", "PNG"),
    ("gif", "GIF"),
    ("pdf", "PDF"),
    ("csv", "CSV"),
    ("xml", "XML"),
    ("zip", "ZIP"),
    ("mp4", "MP4"),
    ("rtf", "RTF"),
];

/// The extension of a path, and its name without it.
fn name_and_extension(path: &str) -> (&str, Option<&str>) {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && !extension.is_empty() => (stem, Some(extension)),
        _ => (name, None),
    }
}

pub(super) fn before_version(
    org: &Salesforce,
    values: &mut Values,
    changes: &Changes,
    old: Option<&Values>,
) -> Result<(), Refusal> {
    if old.is_some() {
        return Ok(());
    }
    let link = values.contains_key("ContentUrl");
    let path = text(values, "PathOnClient").map(str::to_owned);
    let Some(path) = path else {
        if link {
            put(values, "PathOnClient", values.get("ContentUrl").cloned().unwrap_or_default());
            put(values, "ContentLocation", json!("E"));
            put(values, "FileType", json!("LINK"));
            put(values, "ContentSize", json!(0));
            return Ok(());
        }
        return Err(Refusal::missing(&["PathOnClient"]));
    };
    let Some(data) = text(values, "VersionData").and_then(|data| STANDARD.decode(data).ok()) else {
        return Err(Refusal::missing(&["VersionData"]));
    };
    let (name, extension) = name_and_extension(&path);
    if !values.contains_key("Title") {
        put(values, "Title", json!(name.chars().take(255).collect::<String>()));
    }
    let kind = extension.map(str::to_lowercase).and_then(|lower| TYPES.iter().find(|(known, _)| *known == lower));
    put(values, "FileType", json!(kind.map_or("UNKNOWN", |(_, kind)| *kind)));
    put(values, "FileExtension", extension.map(|text| text.chars().take(40).collect::<String>()).into());
    put(values, "ContentSize", json!(data.len()));
    put(values, "Checksum", json!(format!("{:032x}", u128::from_be_bytes(Md5::digest(&data).into()))));
    put(values, "IsLatest", json!(true));
    let document = changes.get("ContentDocumentId").and_then(Value::as_str);
    let before = document.map_or(0, |document| pointing(org, "ContentVersion", "ContentDocumentId", document).len());
    put(values, "VersionNumber", json!((before + 1).to_string()));
    if let Some(document) = document.and_then(|document| org.store.row(document))
        && !changes.contains_key("Title")
    {
        put(values, "Title", document.get("Title").clone());
    }
    Ok(())
}

/// The document of a version: made for the first, led by the newest.
pub(super) fn after_version(org: &mut Salesforce, version: &str, caller: &Caller, now: Timestamp) {
    let Some(values) = org.store.row(version).and_then(|row| row.latest()).map(|version| version.values.clone()) else {
        return;
    };
    let mut shown = vec![("LatestPublishedVersionId", json!(version))];
    for field in ["Title", "FileType", "FileExtension", "ContentSize"] {
        shown.push((field, values.get(field).cloned().unwrap_or_default()));
    }
    if let Some(document) = text(&values, "ContentDocumentId") {
        for other in pointing(org, "ContentVersion", "ContentDocumentId", document) {
            if other != version && ticked(org, &other, "IsLatest") {
                touch(org, &other, &[("IsLatest", json!(false))], now);
            }
        }
        touch(org, document, &shown, now);
        return;
    }
    let Some(object) = org.schema().object("ContentDocument") else { return };
    let mut document = Values::new();
    for (field, value) in shown {
        put(&mut document, field, value);
    }
    let owner = values.get("OwnerId").cloned().unwrap_or_default();
    put(&mut document, "OwnerId", owner.clone());
    put(&mut document, "Description", values.get("Description").cloned().unwrap_or_default());
    let document = org.insert_own(object, document, caller, now);
    hush(org, version, &[("ContentDocumentId", json!(document))], now);
    let place = values.get("FirstPublishLocationId").cloned().unwrap_or_else(|| owner.clone());
    link(org, &document, &owner, "I", caller, now);
    if place != owner {
        link(org, &document, &place, "V", caller, now);
    }
}

fn link(org: &mut Salesforce, document: &str, entity: &Value, share: &str, caller: &Caller, now: Timestamp) {
    let Some(object) = org.schema().object("ContentDocumentLink") else { return };
    let mut values = Values::new();
    put(&mut values, "ContentDocumentId", json!(document));
    put(&mut values, "LinkedEntityId", entity.clone());
    put(&mut values, "ShareType", json!(share));
    let id = org.insert_own(object, values, caller, now);
    after_link(org, &id, now);
}

/// A document bears the title of its newest version.
pub(super) fn after_version_change(org: &mut Salesforce, version: &str, now: Timestamp) {
    let Some(row) = org.store.row(version).filter(|row| row.get("IsLatest") == &json!(true)) else { return };
    let shown = ["Title", "Description"].map(|field| (field, row.get(field).clone()));
    let document = row.text("ContentDocumentId").to_owned();
    same(org, &document, &shown, now);
}

pub(super) fn after_document_change(org: &mut Salesforce, document: &str, now: Timestamp) {
    let Some(row) = org.store.row(document) else { return };
    let shown = ["Title", "Description"].map(|field| (field, row.get(field).clone()));
    let version = row.text("LatestPublishedVersionId").to_owned();
    same(org, &version, &shown, now);
}

fn same(org: &mut Salesforce, id: &str, shown: &[(&str, Value)], now: Timestamp) {
    let differs = org.store.row(id).is_some_and(|row| shown.iter().any(|(field, value)| row.get(field) != value));
    if differs {
        touch(org, id, shown, now);
    }
}

pub(super) fn before_link(org: &Salesforce, values: &Values, old: Option<&Values>) -> Result<(), Refusal> {
    let (Some(document), Some(entity)) = (text(values, "ContentDocumentId"), text(values, "LinkedEntityId")) else {
        return Ok(());
    };
    let of_user = org.schema().of_id(entity).is_some_and(|object| object.name == "User");
    let inferred = text(values, "ShareType") == Some("I");
    if of_user && inferred && old.is_none_or(|old| text(old, "ShareType") != Some("I")) {
        return Err(Refusal::integrity(
            "ShareType",
            "Share Type: a file is shared with a user for viewing (V) or editing (C)",
        ));
    }
    if old.is_some() {
        return Ok(());
    }
    let linked = pointing(org, "ContentDocumentLink", "ContentDocumentId", document)
        .iter()
        .any(|link| org.store.row(link).is_some_and(|link| link.text("LinkedEntityId") == entity));
    if linked {
        let message = format!("Document with ID: {document} is already linked with the entity with ID: {entity}");
        return Err(Refusal::write("DUPLICATE_VALUE", message).on("LinkedEntityId"));
    }
    Ok(())
}

/// A mail with a file has an attachment.
pub(super) fn after_link(org: &mut Salesforce, link: &str, now: Timestamp) {
    let entity = org.store.row(link).map(|row| row.text("LinkedEntityId").to_owned()).unwrap_or_default();
    let of_mail = org.schema().of_id(&entity).is_some_and(|object| object.name == "EmailMessage");
    if of_mail && !ticked(org, &entity, "HasAttachment") {
        touch(org, &entity, &[("HasAttachment", json!(true))], now);
    }
}
