//! Tokens and what they open.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use sim_kit::{Reply, Request};

use crate::desk::{ANNA, BEN, Desk, ORIGIN, code};

fn token(desk: &mut Desk, tenant: &str, form: &str) -> (u16, Value) {
    let mut request = Request::new(Method::POST, &format!("/{tenant}/oauth2/v2.0/token"), ORIGIN);
    request.body = form.as_bytes().to_vec();
    let reply = desk.hand_in(&request);
    (reply.status.as_u16(), reply.body_json())
}

fn authorize(desk: &mut Desk, query: &str) -> Reply {
    let target = format!("/common/oauth2/v2.0/authorize?client_id=syncline-client&response_type=code&{query}");
    desk.hand_in(&Request::new(Method::GET, &target, ORIGIN))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}"))
}

const REFRESH: &str = "grant_type=refresh_token&client_id=syncline-client&client_secret=syncline-secret&refresh_token=";

#[test]
fn a_code_is_redeemed_once_with_its_verifier() {
    let mut desk = Desk::new();
    // RFC 7636, appendix B.
    let query = format!(
        "redirect_uri=http%3A%2F%2Fapp%2Fcb&state=a%20b&scope=Mail.Read+offline_access&login_hint={BEN}\
         &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    );
    let reply = authorize(&mut desk, &query);
    let location = reply.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(reply.status, 302);
    assert!(location.starts_with("http://app/cb?code=") && location.ends_with("&state=a%20b"), "{location}");
    let code = location.split(['=', '&']).nth(1).unwrap().to_owned();
    let form = |verifier: &str| {
        format!(
            "grant_type=authorization_code&client_id=syncline-client&client_secret=syncline-secret&code={code}\
             &redirect_uri=http%3A%2F%2Fapp%2Fcb&code_verifier={verifier}"
        )
    };
    let (status, wrong) = token(&mut desk, "common", &form("wrong"));
    assert_eq!((status, &wrong["error_codes"][0]), (400, &Value::from(501_481)));
    let good = form("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    let (status, granted) = token(&mut desk, "common", &good);
    assert_eq!((status, text(&granted, "scope"), granted["expires_in"].as_i64()), (200, "Mail.Read", Some(3599)));
    assert!(text(&granted, "access_token").starts_with("eyJ"));
    assert!(text(&granted, "refresh_token").starts_with("0.AX"));
    desk.token = text(&granted, "access_token").to_owned();
    assert_eq!(desk.get("/me").1["mail"], BEN);
    let (status, again) = token(&mut desk, "common", &good);
    assert_eq!((status, &again["error_codes"][0]), (400, &Value::from(54005)));
}

#[test]
fn a_refused_consent_and_an_old_code_are_told() {
    let mut desk = Desk::new();
    let reply = authorize(&mut desk, "redirect_uri=http%3A%2F%2Fapp%2Fcb&state=s");
    let location = reply.headers["location"].to_str().unwrap().to_owned();
    let code = location.split(['=', '&']).nth(1).unwrap().to_owned();
    desk.pass(Duration::from_secs(601));
    let form = format!(
        "grant_type=authorization_code&client_id=syncline-client&code={code}&redirect_uri=http%3A%2F%2Fapp%2Fcb"
    );
    assert_eq!(token(&mut desk, "common", &form).1["error_codes"][0], 70008);
    desk.world.switches.deny_consent = true;
    let reply = authorize(&mut desk, "redirect_uri=http%3A%2F%2Fapp%2Fcb&state=s");
    let location = reply.headers["location"].to_str().unwrap();
    assert!(location.starts_with("http://app/cb?error=access%5Fdenied&error_description=AADSTS65004"), "{location}");
}

#[test]
fn every_refresh_gives_a_new_refresh_token_until_revoked_or_idle() {
    let mut desk = Desk::new();
    let (status, first) = token(&mut desk, "common", &format!("{REFRESH}refresh-{ANNA}"));
    assert_eq!(status, 200, "{first}");
    let (_, second) = token(&mut desk, "common", &format!("{REFRESH}{}", text(&first, "refresh_token")));
    let (_, third) = token(&mut desk, "common", &format!("{REFRESH}{}", text(&second, "refresh_token")));
    assert_ne!(text(&second, "refresh_token"), text(&third, "refresh_token"));
    desk.world.revoke_refresh_token(ANNA);
    for refresh in [format!("refresh-{ANNA}"), text(&third, "refresh_token").to_owned()] {
        let (status, refused) = token(&mut desk, "common", &format!("{REFRESH}{refresh}"));
        assert_eq!((status, text(&refused, "error")), (400, "invalid_grant"));
        assert!(text(&refused, "error_description").starts_with("AADSTS50173: "));
    }
    let (_, bens) = token(&mut desk, "common", &format!("{REFRESH}refresh-{BEN}"));
    desk.pass(Duration::from_hours(91 * 24));
    let (_, idle) = token(&mut desk, "common", &format!("{REFRESH}{}", text(&bens, "refresh_token")));
    assert_eq!(idle["error_codes"][0], 700_082);
}

#[test]
fn the_token_endpoint_refuses_by_number() {
    let cases = [
        ("common", "grant_type=refresh_token&client_id=nobody&refresh_token=x", 400, "unauthorized_client", 700_016),
        (
            "common",
            "grant_type=refresh_token&client_id=syncline-client&client_secret=x&refresh_token=x",
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            "common",
            "grant_type=refresh_token&client_id=syncline-client&refresh_token=x",
            400,
            "invalid_grant",
            9_002_313,
        ),
        ("common", "grant_type=refresh_token&client_id=syncline-client", 400, "invalid_request", 900_144),
        ("common", "grant_type=password&client_id=syncline-client", 400, "unsupported_grant_type", 70003),
        ("elsewhere", "grant_type=refresh_token&client_id=syncline-client", 400, "invalid_request", 90002),
        (
            "northwind.example",
            "grant_type=client_credentials&client_id=syncline-client&client_secret=syncline-secret&scope=Mail.Read",
            400,
            "invalid_scope",
            1_002_012,
        ),
    ];
    for (tenant, form, status, error, number) in cases {
        let told = token(&mut Desk::new(), tenant, form);
        assert_eq!((told.0, text(&told.1, "error"), told.1["error_codes"][0].as_i64()), (status, error, Some(number)));
        assert!(text(&told.1, "error_uri").ends_with(&format!("?code={number}")), "{form}");
    }
}

#[test]
fn an_application_has_users_but_no_me() {
    let mut desk = Desk::new();
    let form = "grant_type=client_credentials&client_id=syncline-client&client_secret=syncline-secret\
                &scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let (status, granted) = token(&mut desk, "northwind.example", form);
    assert_eq!(status, 200, "{granted}");
    assert!(granted.get("refresh_token").is_none() && granted.get("scope").is_none());
    desk.token = text(&granted, "access_token").to_owned();
    let me = desk.get("/me/events");
    assert_eq!(code(&me), (400, "BadRequest"));
    assert_eq!(me.1["error"]["message"], "/me request is only valid with delegated authentication flow.");
    let id = desk.get(&format!("/users/{}", BEN.to_uppercase())).1["id"].as_str().unwrap().to_owned();
    for name in [id.as_str(), BEN] {
        assert_eq!(desk.get(&format!("/users/{name}/events")).0, 200, "{name}");
    }
    assert_eq!(code(&desk.get("/users/nobody@northwind.example/events")), (404, "ErrorInvalidUser"));
    assert_eq!(code(&desk.get("/users/nobody@northwind.example")), (404, "Request_ResourceNotFound"));
}

#[test]
fn a_401_has_the_envelope_and_the_challenge() {
    let mut desk = Desk::new();
    desk.token = "garbage".to_owned();
    let reply = desk.send("GET", "/me", &["client-request-id: 12"], None);
    assert_eq!(code(&(reply.status.as_u16(), reply.body_json())), (401, "InvalidAuthenticationToken"));
    assert_eq!(
        reply.headers["www-authenticate"],
        "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         client_id=\"00000003-0000-0000-c000-000000000000\""
    );
    let inner = &reply.body_json()["error"]["innerError"];
    assert_eq!((&inner["date"], &inner["client-request-id"]), (&"2026-10-01T09:00:00".into(), &"12".into()));
    assert_eq!(reply.headers["client-request-id"], "12");
    let none = desk.hand_in(&Request::new(Method::GET, "/v1.0/me", ORIGIN)).body_json();
    assert_eq!(none["error"]["message"], "Access token is empty.");
}

#[test]
fn an_access_token_expires_with_time_and_on_demand() {
    let mut desk = Desk::new();
    for expire in [false, true] {
        let (_, granted) = token(&mut desk, "common", &format!("{REFRESH}refresh-{ANNA}"));
        desk.token = text(&granted, "access_token").to_owned();
        assert_eq!(desk.get("/me").0, 200);
        if expire {
            desk.world.expire_access_tokens();
        } else {
            desk.pass(Duration::from_secs(3599));
        }
        let told = desk.get("/me");
        assert_eq!(told.1["error"]["message"], "Lifetime validation failed, the token is expired.");
    }
}

#[test]
fn a_user_reaches_only_the_own_mailbox() {
    let mut desk = Desk::new();
    desk.token = format!("sim-{ANNA}");
    assert_eq!(desk.get("/me").1["userPrincipalName"], ANNA);
    assert_eq!(desk.get(&format!("/users/{ANNA}/events")).0, 200);
    assert_eq!(code(&desk.get(&format!("/users/{BEN}/events"))), (403, "ErrorAccessDenied"));
    desk.token = "sim-nobody@northwind.example".to_owned();
    assert_eq!(desk.get("/me").0, 401);
}
