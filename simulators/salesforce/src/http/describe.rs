//! What the schema says of itself.

use serde_json::{Map, Value, json};
use sim_kit::Reply;

use crate::model::schema::{Field, Kind, Object};
use crate::model::stamp;
use crate::model::{Salesforce, is_mergeable};

use super::{Call, ok};

/// The record type that every object has.
pub(super) const MASTER: &str = "012000000000000AAA";

/// Every object, briefly. 304 if the client has seen the schema as it is.
pub(super) fn all(org: &Salesforce, call: &Call<'_>) -> Reply {
    unless_known(org, call, || {
        let objects: Vec<Value> =
            call.schema.objects().iter().map(|object| Value::Object(summary(object, call))).collect();
        json!({ "encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects })
    })
}

/// One object, briefly, with the rows last seen by the user, of which none are kept.
pub(super) fn brief(object: &Object, call: &Call<'_>) -> Reply {
    ok(&json!({ "objectDescribe": summary(object, call), "recentItems": [] }))
}

/// One object with fields and relationships. 304 if the client has seen the schema as it is.
pub(super) fn full(org: &Salesforce, object: &'static Object, call: &Call<'_>) -> Reply {
    unless_known(org, call, || {
        let mut described = summary(object, call);
        // A list of ids can be written and asked for, but is described nowhere.
        let fields = object.fields().filter(|field| !matches!(field.kind, Kind::IdList(_)));
        described.insert("fields".to_owned(), fields.map(|field| self::field(object, field)).collect());
        let children = call.schema.children(object).map(|(child, field)| {
            json!({
                "cascadeDelete": field.cascade, "childSObject": child.name, "deprecatedAndHidden": false,
                "field": field.name, "junctionIdListNames": [], "junctionReferenceTo": [],
                "relationshipName": field.children, "restrictedDelete": false,
            })
        });
        described.insert("childRelationships".to_owned(), children.collect());
        let master = json!({
            "active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master",
            "master": true, "name": "Master", "recordTypeId": MASTER, "urls": { "layout": layout_of(call, object) },
        });
        described.insert("recordTypeInfos".to_owned(), json!([master]));
        described.insert(
            "supportedScopes".to_owned(),
            json!([
                { "label": format!("All {}", object.plural), "name": "everything" },
                { "label": format!("My {}", object.plural), "name": "mine" },
            ]),
        );
        // What no object of this schema has.
        let same = json!({
            "actionOverrides": [], "compactLayoutable": true, "defaultImplementation": null, "extendedBy": null,
            "extendsInterfaces": null, "implementedBy": null, "implementsInterfaces": null, "listviewable": null,
            "lookupLayoutable": null, "namedLayoutInfos": [], "networkScopeFieldName": null,
            "searchLayoutable": object.searchable, "sobjectDescribeOption": "FULL",
        });
        described.extend(same.as_object().cloned().unwrap_or_default());
        Value::Object(described)
    })
}

/// The layout of the record type that every object has.
pub(super) fn layout_of(call: &Call<'_>, object: &Object) -> String {
    format!("{}/sobjects/{}/describe/layouts/{MASTER}", call.base(), object.name)
}

fn unless_known(org: &Salesforce, call: &Call<'_>, body: impl FnOnce() -> Value) -> Reply {
    let changed = org.schema_changed();
    let since = call.request.header("if-modified-since").and_then(stamp::read_http_date);
    let reply = if since.is_some_and(|since| changed <= since) { Reply::empty(304) } else { ok(&body()) };
    reply.header("last-modified", &stamp::http_date(changed))
}

fn summary(object: &Object, call: &Call<'_>) -> Map<String, Value> {
    let here = format!("{}/sobjects/{}", call.base(), object.name);
    let summary = json!({
        "activateable": false, "associateEntityType": null, "associateParentEntity": null,
        "createable": object.createable, "custom": object.custom(), "customSetting": false,
        "deepCloneable": false, "deletable": object.deletable, "deprecatedAndHidden": false, "feedEnabled": false,
        "hasSubtypes": false, "isInterface": false, "isSubtype": false, "keyPrefix": object.prefix,
        "label": object.label, "labelPlural": object.plural, "layoutable": true, "mergeable": is_mergeable(object.name),
        "mruEnabled": true, "name": object.name, "queryable": true, "replicateable": true, "retrieveable": true,
        "searchable": object.searchable, "triggerable": true, "undeletable": object.deletable, "updateable": object.updateable,
        "urls": {
            "sobject": here, "describe": format!("{here}/describe"), "rowTemplate": format!("{here}/{{ID}}"),
            "layouts": format!("{here}/describe/layouts"),
            "compactLayouts": format!("{here}/describe/compactLayouts"),
            "approvalLayouts": format!("{here}/describe/approvalLayouts"),
        },
    });
    summary.as_object().cloned().unwrap_or_default()
}

pub(super) fn picklist(field: &Field) -> Vec<Value> {
    let (Kind::Picklist(values) | Kind::Combo(values)) = field.kind else {
        return Vec::new();
    };
    let described = values.iter().enumerate().map(|(place, (value, label))| {
        json!({
            "active": true, "defaultValue": field.defaulted && place == field.default_place, "label": label, "validFor": null,
            "value": value,
        })
    });
    described.collect()
}

pub(super) fn field(object: &Object, field: &Field) -> Value {
    let length = field.length().unwrap_or(0);
    let (digits, precision, scale) = match field.kind {
        Kind::Int => (8, 0, 0),
        Kind::Double(precision, scale) => (0, precision, scale),
        Kind::Currency => (0, 18, 2),
        _ => (0, 0, 0),
    };
    let long_text = matches!(field.kind, Kind::Area(length) if length > 255);
    let default = match field.kind {
        Kind::Boolean => json!(field.checked),
        _ => Value::Null,
    };
    let compound = object.fields().find_map(|whole| match whole.kind {
        Kind::Address(prefix) if field.name != whole.name => {
            let part = field.name.strip_prefix(prefix)?;
            ["Street", "City", "State", "PostalCode", "Country"].contains(&part).then_some(whole.name)
        }
        _ => None,
    });
    let own = json!({
        "aggregatable": field.aggregatable(), "autoNumber": field.kind == Kind::AutoNumber, "byteLength": length * 3,
        "calculated": field.calculated, "caseSensitive": field.case_sensitive, "cascadeDelete": field.cascade, "compoundFieldName": compound,
        "createable": field.createable, "custom": field.custom(), "defaultValue": default,
        "defaultedOnCreate": field.defaulted, "digits": digits, "externalId": field.external_id,
        "extraTypeInfo": long_text.then_some("plaintextarea"),
        "filterable": field.filterable() && !matches!(field.kind, Kind::Address(_)),
        "groupable": field.groupable(), "idLookup": field.id_lookup, "inlineHelpText": field.help,
        "label": field.label, "length": length, "name": field.name, "nameField": field.is_name,
        "namePointing": field.polymorphic(), "nillable": field.nillable,
        "permissionable": field.permissionable(object), "picklistValues": picklist(field),
        "polymorphicForeignKey": field.polymorphic(), "precision": precision, "referenceTo": field.targets(),
        "relationshipName": field.relationship, "restrictedPicklist": field.restricted, "scale": scale,
        "searchPrefilterable": matches!(field.kind, Kind::Reference(_)), "soapType": soap_type(field),
        "sortable": field.sortable(), "type": field.type_name(), "unique": field.unique,
        "updateable": field.updateable,
    });
    // What no field of this schema has.
    let same = json!({
        "aiPredictionField": false, "calculatedFormula": null, "controllerName": null,
        "defaultValueFormula": null, "dependentPicklist": false, "deprecatedAndHidden": false,
        "displayLocationInDecimal": false, "encrypted": false, "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": false, "highScaleNumber": false, "htmlFormatted": false,
        "mask": null, "maskType": null, "queryByDistance": false,
        "referenceTargetField": null, "relationshipOrder": null, "restrictedDelete": false,
        "writeRequiresMasterRead": false,
    });
    [own, same].iter().filter_map(Value::as_object).flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn soap_type(field: &Field) -> &'static str {
    match field.kind {
        Kind::Id | Kind::Reference(_) => "tns:ID",
        Kind::Boolean => "xsd:boolean",
        Kind::Int => "xsd:int",
        Kind::Double(..) | Kind::Currency => "xsd:double",
        Kind::Date => "xsd:date",
        Kind::DateTime => "xsd:dateTime",
        Kind::Address(_) => "urn:address",
        Kind::IdList(_) => "urn:JunctionIdListNames",
        Kind::Base64 => "xsd:base64Binary",
        _ => "xsd:string",
    }
}
