//! Answers, each with the same security headers.

use lambda_http::http::{HeaderName, HeaderValue, StatusCode, header};
use lambda_http::{Body, Response};
use maud::Markup;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use syncline_runtime::access::ConsoleAuth;

use crate::gate::COOKIE;
use crate::style;

/// A page.
pub(crate) fn page(status: StatusCode, page: Markup) -> Response<Body> {
    answer(status, "text/html; charset=utf-8", page.into_string())
}

/// A value of the API.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_string(value) {
        Ok(text) => answer(status, "application/json", text),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written as JSON"),
    }
}

/// What is wrong, for programs.
pub(crate) fn problem(status: StatusCode, text: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": text }).to_string();
    let mut response = answer(status, "application/json", body);
    if status == StatusCode::UNAUTHORIZED {
        set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
    }
    response
}

/// The place is there, but not for this method.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response<Body> {
    let text = format!("only {allowed} is answered here");
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, &text);
    set(&mut response, header::ALLOW, allowed);
    response
}

/// Go there, with GET.
pub(crate) fn redirect(path: &str) -> Response<Body> {
    let mut response = answer(StatusCode::SEE_OTHER, "text/plain", String::new());
    set(&mut response, header::LOCATION, path);
    response
}

/// In, with the cookie.
pub(crate) fn log_in(lock: &ConsoleAuth, token: &str) -> Response<Body> {
    let token = utf8_percent_encode(token, NON_ALPHANUMERIC);
    with_cookie(lock, &format!("{COOKIE}={token}"))
}

/// Out, without it.
pub(crate) fn log_out(lock: &ConsoleAuth) -> Response<Body> {
    with_cookie(lock, &format!("{COOKIE}=; Max-Age=0"))
}

fn with_cookie(lock: &ConsoleAuth, cookie: &str) -> Response<Body> {
    let secure = if lock.secure() { "; Secure" } else { "" };
    let cookie = format!("{cookie}; Path=/; HttpOnly; SameSite=Strict{secure}");
    let mut response = redirect("/");
    set(&mut response, header::SET_COOKIE, &cookie);
    response
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, style::policy()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        // Not "no-referrer": with it browsers hide the origin of our own forms too.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        set(&mut response, name, value);
    }
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    // Addresses and tokens are percent-encoded, all else is our own text: it always fits.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(response: &Response<Body>) -> &str {
        response.headers()[header::SET_COOKIE].to_str().unwrap()
    }

    #[test]
    fn every_answer_carries_the_security_headers() {
        let lock = ConsoleAuth::default();
        for response in [
            problem(StatusCode::NOT_FOUND, "x"),
            page(StatusCode::OK, maud::html! {}),
            json(StatusCode::OK, &1),
            method_not_allowed("GET"),
            redirect("/"),
            log_in(&lock, "t"),
            log_out(&lock),
        ] {
            let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
            let policy = header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"));
            assert_eq!(header("x-content-type-options"), Some("nosniff"));
            assert_eq!(header("cache-control"), Some("no-store"));
            assert_eq!(header("referrer-policy"), Some("same-origin"));
        }
    }

    #[test]
    fn the_cookie_is_for_this_site_alone_and_for_no_script() {
        let local = log_in(&ConsoleAuth::default(), "a;b\r\nc");
        assert_eq!(cookie(&local), "syncline_console=a%3Bb%0D%0Ac; Path=/; HttpOnly; SameSite=Strict");
        let deployed = log_out(&ConsoleAuth::new(None, true));
        assert!(cookie(&deployed).contains("Max-Age=0"));
        assert!(cookie(&deployed).ends_with("SameSite=Strict; Secure"));
    }
}
