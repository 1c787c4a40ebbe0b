//! Query parameters and JSON bodies, checked as Google's front end checks them.

use serde_json::{Map, Value, json};
use sim_kit::Request;

use super::error::ApiError;

/// The default length of a page.
const PAGE: usize = 100;
/// The longest page.
const LONGEST_PAGE: usize = 500;

/// `maxResults`: 100 if absent or 0, never more than 500.
pub(crate) fn page_length(request: &Request) -> Result<usize, ApiError> {
    let Some(text) = request.param("maxResults") else {
        return Ok(PAGE);
    };
    let length: u32 = text.parse().map_err(|_| ApiError::wrong_type("max_results", "TYPE_UINT32", &json!(text)))?;
    Ok(if length == 0 { PAGE } else { (length as usize).min(LONGEST_PAGE) })
}

/// A boolean parameter, false if absent.
pub(crate) fn flag(request: &Request, name: &str, field: &str) -> Result<bool, ApiError> {
    match request.param(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1" | "") => Ok(true),
        Some(other) => Err(ApiError::wrong_type(field, "TYPE_BOOL", &json!(other))),
    }
}

/// The JSON object of the body (none is an empty one), with no other fields than these.
pub(crate) fn body(request: &Request, known: &[&str]) -> Result<Map<String, Value>, ApiError> {
    object(&request.body, known)
}

/// The same from bytes.
pub(crate) fn object(bytes: &[u8], known: &[&str]) -> Result<Map<String, Value>, ApiError> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let Ok(Value::Object(mut object)) = serde_json::from_slice(bytes) else {
        return Err(ApiError::not_json());
    };
    object.retain(|_, value| !value.is_null());
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(ApiError::unknown_field(key)),
        None => Ok(object),
    }
}

/// A text field.
pub(crate) fn text(object: &Map<String, Value>, key: &str, field: &str) -> Result<Option<String>, ApiError> {
    match object.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ApiError::wrong_type(field, "TYPE_STRING", other)),
    }
}

/// A field that is a list of texts, empty if absent.
pub(crate) fn texts(object: &Map<String, Value>, key: &str, field: &str) -> Result<Vec<String>, ApiError> {
    let wrong = |value: &Value| ApiError::wrong_type(field, "TYPE_STRING", value);
    match object.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item))).collect()
        }
        Some(other) => Err(wrong(other)),
    }
}
