//! The HTTP skin: which call a request is, who makes it, and how the answer looks on the wire.

mod batch;
mod call;
mod error;
mod fields;
mod labels;
mod mailbox;
mod messages;
mod multipart;
mod oauth;
mod parameters;
mod threads;
mod upload;

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use sim_kit::{Reply, Request};

use crate::model::Gmail;
use call::Call;
use error::ApiError;
use fields::Selection;

/// The content type of every JSON answer.
const JSON: &str = "application/json; charset=UTF-8";

/// What a call that succeeded answers.
pub(crate) enum Answer {
    /// 200.
    Json(Value),
    /// 204: methods without a response type.
    NoContent,
}

/// A call's end.
pub(crate) type Outcome = Result<Answer, ApiError>;

/// Answers one request, alone or from a batch.
pub(crate) fn answer(model: &mut Gmail, request: &Request, now: Timestamp) -> Reply {
    let request = overridden(request);
    let request = request.as_ref();
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&request.method, segments.as_slice()) {
        (&Method::POST, ["token"]) => return oauth::token(model, request, now),
        (&Method::POST, ["revoke"]) => return oauth::revoke(model, request),
        (&Method::POST, ["batch"] | ["batch", "gmail", "v1"]) => {
            return batch::answer(model, request, now);
        }
        _ => {}
    }
    let Some((user, call)) = Call::of(&request.method, &segments) else {
        return error::unknown_path(&request.path);
    };
    match perform(model, user, &call, request, now) {
        Ok(reply) => reply,
        Err(error) => error.reply(),
    }
}

fn perform(
    model: &mut Gmail,
    user: &str,
    call: &Call<'_>,
    request: &Request,
    now: Timestamp,
) -> Result<Reply, ApiError> {
    let token = request.bearer().or_else(|| request.param("access_token")).ok_or_else(ApiError::login_required)?;
    let caller = model.caller(token, now).ok_or_else(ApiError::unauthenticated)?;
    if user != "me" && !user.eq_ignore_ascii_case(&caller) {
        return Err(ApiError::delegation_denied(user));
    }
    // Before anything is done: a bad selection must not have an effect.
    let selection = match request.param("fields") {
        Some(text) => Selection::parse(text).map_err(|part| ApiError::fields(&part))?,
        None => Selection::default(),
    };
    let (mailbox, mint) = model.mailbox_mut(&caller).ok_or_else(ApiError::unauthenticated)?;
    let value = match call.perform(mailbox, mint, request, now)? {
        Answer::NoContent => return Ok(Reply::empty(204)),
        Answer::Json(value) => selection.cut(value),
    };
    let compact = request.param("prettyPrint").is_some_and(|value| value == "false" || value == "0");
    let body =
        if compact { value.to_string() } else { serde_json::to_string_pretty(&value).unwrap_or_default() + "\n" };
    Ok(Reply::text(200, JSON, body))
}

/// How Google says "too many requests".
pub(crate) fn throttled(retry_after: u32) -> Reply {
    ApiError::of_status(429).reply().header("retry-after", &retry_after.to_string())
}

/// How Google says that it failed itself.
pub(crate) fn failing(status: u16) -> Reply {
    ApiError::of_status(status).reply()
}

/// A `POST` that stands for another method: clients send long queries as its form body.
fn overridden(request: &Request) -> Cow<'_, Request> {
    let wanted = request.header("x-http-method-override").and_then(|name| name.parse::<Method>().ok());
    let Some(method) = wanted.filter(|_| request.method == Method::POST) else {
        return Cow::Borrowed(request);
    };
    let mut request = request.clone();
    request.method = method;
    let is_form =
        request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let form = request.form();
        request.query.extend(form);
        request.body.clear();
    }
    Cow::Owned(request)
}

const ENCODE: GeneralPurpose = base64::engine::general_purpose::URL_SAFE;
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const DECODE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Bytes as Google writes them: base64url with padding.
fn base64url(bytes: &[u8]) -> String {
    ENCODE.encode(bytes)
}

/// Bytes as Google reads them: either alphabet, with padding or without.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    DECODE.decode(text.replace('+', "-").replace('/', "_")).ok()
}
