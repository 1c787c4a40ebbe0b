//! What there is: versions, and the resources of one.

use serde_json::{Map, Value, json};

use crate::model::Salesforce;

use super::Call;

/// The newest version of the API; older and newer ones are answered too.
pub(super) const NEWEST: &str = "67.0";

/// The oldest one that is still listed.
const OLDEST: u32 = 31;

/// The resources of a version.
const RESOURCES: [&str; 8] =
    ["sobjects", "query", "queryAll", "search", "parameterizedSearch", "limits", "composite", "recent"];

pub(super) fn is_version(number: &str) -> bool {
    number.strip_suffix(".0").is_some_and(|whole| !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The version that a segment `vNN.0` of an address names.
pub(super) fn version_in(segment: &str) -> Option<&str> {
    segment.strip_prefix('v').filter(|number| is_version(number))
}

pub(super) fn versions() -> Value {
    let newest = NEWEST.strip_suffix(".0").and_then(|number| number.parse().ok()).unwrap_or(OLDEST);
    let versions = (OLDEST..=newest).map(|number: u32| {
        // Three releases a year; v31.0 was that of summer 2014.
        let (year, season) = (14 + (number - 30) / 3, ["Spring", "Summer", "Winter"][((number - 30) % 3) as usize]);
        let year = if season == "Winter" { year + 1 } else { year };
        json!({
            "label": format!("{season} '{year}"),
            "url": format!("/services/data/v{number}.0"),
            "version": format!("{number}.0"),
        })
    });
    versions.collect()
}

pub(super) fn resources(org: &Salesforce, call: &Call<'_>) -> Value {
    let base = call.base();
    let mut resources: Map<String, Value> =
        RESOURCES.into_iter().map(|name| (name.to_owned(), json!(format!("{base}/{name}")))).collect();
    let identity = format!("{}/id/{}/{}", call.request.origin, org.org_id(), call.caller.user);
    resources.insert("identity".to_owned(), json!(identity));
    Value::Object(resources)
}

/// What can be done with several calls or rows at once.
pub(super) fn of_composite(call: &Call<'_>) -> Value {
    let base = call.base();
    ["batch", "graph", "sobjects", "tree"].into_iter().map(|name| (name, format!("{base}/composite/{name}"))).collect()
}
