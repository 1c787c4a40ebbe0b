//! Who is asking, and from where.

use lambda_http::Request;
use lambda_http::http::uri::Authority;
use lambda_http::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use syncline_runtime::access::ConsoleAuth;
use url::Url;

/// The cookie of somebody who logged in. It carries the token itself: there is no session to keep.
pub(crate) const COOKIE: &str = "syncline_console";

/// How somebody showed the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// Not at all, or a wrong one.
    None,
    /// In the `Authorization` header, which no other site can make a browser send.
    Bearer,
    /// In the cookie, which the browser sends by itself.
    Cookie,
}

/// What the headers prove.
pub(crate) fn credential(lock: &ConsoleAuth, headers: &HeaderMap) -> Credential {
    let texts = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let bearer = texts(header::AUTHORIZATION).filter_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    if bearer.into_iter().any(|token| lock.admits(token)) {
        return Credential::Bearer;
    }
    let cookies = texts(header::COOKIE).flat_map(|value| value.split(';'));
    let mut tokens = cookies.filter_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        let value = percent_decode_str(value).decode_utf8().ok()?;
        (name == COOKIE).then_some(value)
    });
    if tokens.any(|token| lock.admits(&token)) { Credential::Cookie } else { Credential::None }
}

/// Whether the browser says that a form was sent from one of our own pages. One that says nothing is too
/// old to be trusted with a cookie.
pub(crate) fn is_from_our_page(request: &Request) -> bool {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = text("host").or_else(|| request.uri().authority().map(Authority::as_str));
    let origin = text("origin").and_then(|origin| Url::parse(origin).ok());
    match (origin, host) {
        (Some(origin), Some(host)) => authority(&origin).eq_ignore_ascii_case(host),
        _ => false,
    }
}

fn authority(origin: &Url) -> String {
    let host = origin.host_str().unwrap_or_default();
    match origin.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_runtime::access;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut request = Request::default();
        for (name, value) in headers {
            let name = header::HeaderName::try_from(*name).unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn the_token_opens_in_the_header_or_in_the_cookie() {
        let lock = ConsoleAuth::new(Some(access::hash("to ken")), true);
        for (name, value, expected) in [
            ("authorization", "Bearer to ken", Credential::Bearer),
            ("authorization", "bearer to ken", Credential::Bearer),
            ("authorization", "Bearer wrong", Credential::None),
            ("authorization", "Basic to ken", Credential::None),
            ("authorization", "to ken", Credential::None),
            ("authorization", "", Credential::None),
            ("cookie", "a=b; syncline_console=to%20ken", Credential::Cookie),
            ("cookie", "syncline_console=old; syncline_console=to%20ken", Credential::Cookie),
            ("cookie", "syncline_console=wrong", Credential::None),
            ("cookie", "other=to%20ken", Credential::None),
            ("cookie", "syncline_console", Credential::None),
            ("cookie", "syncline_console=", Credential::None),
        ] {
            let request = request(&[(name, value)]);
            assert_eq!(credential(&lock, request.headers()), expected, "{name}: {value}");
        }
    }

    #[test]
    fn without_a_configured_token_nothing_opens() {
        let request = request(&[("authorization", "Bearer ")]);
        assert_eq!(credential(&ConsoleAuth::default(), request.headers()), Credential::None);
    }

    #[test]
    fn a_form_counts_only_from_our_own_page() {
        for (headers, expected) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://c.example"), ("host", "c.example")], false),
            (&[("origin", "https://c.example"), ("host", "c.example")], true),
            (&[("origin", "http://127.0.0.1:7000"), ("host", "127.0.0.1:7000")], true),
            (&[("origin", "http://127.0.0.1:7001"), ("host", "127.0.0.1:7000")], false),
            (&[("origin", "https://evil.example"), ("host", "c.example")], false),
            (&[("origin", "null"), ("host", "c.example")], false),
            (&[("host", "c.example")], false),
            (&[], false),
        ] {
            assert_eq!(is_from_our_page(&request(headers)), expected, "{headers:?}");
        }
    }
}
