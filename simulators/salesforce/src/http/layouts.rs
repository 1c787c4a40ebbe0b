//! How the vendor's own client shows an object: one layout with all fields, as none is made by anybody.

use serde_json::{Value, json};

use crate::model::id;
use crate::model::refusal::Refusal;
use crate::model::schema::{Field, Object};

use super::describe::{self, MASTER};
use super::{Answer, Call, ok};

/// What follows `describe/` in the path.
pub(super) fn answer(call: &Call<'_>, object: &'static Object, rest: &[&str]) -> Answer {
    match rest {
        ["layouts"] => Ok(ok(&json!({
            "layouts": [layout(object)],
            "recordTypeMappings": [mapping(call, object)],
            "recordTypeSelectorRequired": [false],
        }))),
        ["layouts", record_type] if id::canonical(record_type).as_deref() == Some(MASTER) => Ok(ok(&layout(object))),
        ["compactLayouts"] => Ok(ok(&compact(call, object))),
        ["approvalLayouts"] => Ok(ok(&json!({ "approvalLayouts": [] }))),
        _ => Err(Refusal::not_found().into()),
    }
}

fn layout_id(object: &Object) -> String {
    id::mint("00h", format!("{:0<12}", object.name).as_bytes())
}

fn layout(object: &Object) -> Value {
    let section = |used_for: &dyn Fn(&Field) -> bool| {
        let fields = object.fields().filter(|field| field.name != "Id" && used_for(field));
        let rows: Vec<Value> =
            fields.map(|field| json!({ "layoutItems": [item(object, field)], "numItems": 1 })).collect();
        json!([{
            "collapsed": false, "columns": 1, "heading": format!("{} Information", object.label),
            "layoutRows": rows, "layoutSectionId": null, "parentLayoutId": layout_id(object), "rows": rows.len(),
            "tabOrder": "TopToBottom", "useCollapsibleSection": false, "useHeading": true,
        }])
    };
    json!({
        "buttonLayoutSection": { "detailButtons": [] }, "detailLayoutSections": section(&|_| true),
        "editLayoutSections": section(&|field| field.createable || field.updateable), "feedView": null,
        "highlightsPanelLayout": null, "id": layout_id(object), "multirowEditLayoutSections": [],
        "offlineLinks": [], "quickActionList": { "quickActionListItems": [] }, "relatedContent": null,
        "relatedLists": [], "saveOptions": [],
    })
}

fn item(object: &Object, field: &Field) -> Value {
    let component = json!({
        "details": describe::field(object, field), "displayLines": 1, "tabOrder": 1, "type": "Field",
        "value": field.name,
    });
    json!({
        "editableForNew": field.createable, "editableForUpdate": field.updateable, "label": field.label,
        "layoutComponents": [component], "placeholder": false,
        "required": field.createable && !field.nillable && !field.defaulted,
    })
}

fn mapping(call: &Call<'_>, object: &Object) -> Value {
    let picklists = object.fields().filter_map(|field| {
        let values = describe::picklist(field);
        (!values.is_empty()).then(|| json!({ "picklistName": field.name, "picklistValues": values }))
    });
    json!({
        "active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master",
        "layoutId": layout_id(object), "master": true, "name": "Master",
        "picklistsForRecordType": picklists.collect::<Value>(), "recordTypeId": MASTER,
        "urls": { "layout": describe::layout_of(call, object) },
    })
}

fn compact(call: &Call<'_>, object: &Object) -> Value {
    let names: Value = object.fields().filter(|field| field.is_name).map(|field| item(object, field)).collect();
    let primary = format!("{}/sobjects/{}/describe/compactLayouts/primary/{MASTER}", call.base(), object.name);
    json!({
        "compactLayouts": [{
            "actions": [], "fieldItems": names, "id": null, "imageItems": [], "label": "System Default",
            "name": "SYSTEM", "objectType": object.name,
        }],
        "defaultCompactLayoutId": null,
        "recordTypeCompactLayoutMappings": [{
            "available": true, "compactLayoutId": null, "compactLayoutName": "SYSTEM", "recordTypeId": MASTER,
            "recordTypeName": "Master", "urls": { "compactLayout": primary },
        }],
        "urls": { "primary": primary },
    })
}
