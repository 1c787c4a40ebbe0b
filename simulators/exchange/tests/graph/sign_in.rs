//! Tokens and what they open.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use serde_json::Value;
use sim_exchange::GrantHurdle;
use sim_kit::{Reply, Request};

use crate::desk::{ANNA, BEN, Desk, ORIGIN, code};

fn token(desk: &mut Desk, tenant: &str, form: &str) -> (u16, Value) {
    let mut request = Request::new(Method::POST, &format!("/{tenant}/oauth2/v2.0/token"), ORIGIN);
    request.body = form.as_bytes().to_vec();
    let reply = desk.hand_in(&request);
    (reply.status.as_u16(), reply.body_json())
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Signs in at the page with that scope and redeems the code.
fn sign_in(desk: &mut Desk, scope: &str) -> Value {
    let query =
        format!("redirect_uri=http%3A%2F%2Fapp%2Fcb&nonce=n1&login_hint={BEN}&scope={}", scope.replace(' ', "+"));
    let location = authorize(desk, &query).headers["location"].to_str().unwrap().to_owned();
    let code = location.split(['=', '&']).nth(1).unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id=syncline-client&code={code}&redirect_uri=http%3A%2F%2Fapp%2Fcb"
    );
    token(desk, "organizations", &form).1
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

#[test]
fn a_scope_decides_what_comes_and_what_it_opens() {
    let mut desk = Desk::new();
    let granted = sign_in(&mut desk, "openid profile email Mail.Read https://graph.microsoft.com/User.Read");
    assert!(granted.get("refresh_token").is_none(), "{granted}");
    assert_eq!(text(&granted, "scope"), "openid profile email Mail.Read User.Read");
    let id = claims(text(&granted, "id_token"));
    assert_eq!((text(&id, "aud"), text(&id, "preferred_username"), text(&id, "nonce")), ("syncline-client", BEN, "n1"));
    assert_eq!(text(&id, "email"), BEN);
    assert_eq!(text(&claims(text(&granted, "access_token")), "scp"), "openid profile email Mail.Read User.Read");
    desk.token = text(&granted, "access_token").to_owned();
    assert_eq!((desk.get("/me/messages").0, desk.get("/me").0), (200, 200));
    assert_eq!(code(&desk.get("/me/events")), (403, "ErrorAccessDenied"));
    assert_eq!(code(&desk.patch("/me/messages/x", &serde_json::json!({}))), (403, "ErrorAccessDenied"));
    let info = desk.hand_in(&{
        let mut request = Request::new(Method::GET, "/oidc/userinfo", ORIGIN);
        request.headers.insert("authorization", format!("Bearer {}", desk.token).parse().unwrap());
        request
    });
    assert_eq!((info.body_json()["sub"].clone(), info.body_json()["email"].clone()), (id["sub"].clone(), BEN.into()));
    let plain = sign_in(&mut desk, "Mail.Read offline_access");
    assert!(plain.get("id_token").is_none() && plain.get("refresh_token").is_some());
}

#[test]
fn a_refresh_reaches_what_was_consented_to_and_no_more() {
    let mut desk = Desk::new();
    let refresh = text(&sign_in(&mut desk, "Mail.Read offline_access"), "refresh_token").to_owned();
    let (status, refused) = token(&mut desk, "common", &format!("{REFRESH}{refresh}&scope=Calendars.Read"));
    assert_eq!(
        (status, &refused["error_codes"][0], text(&refused, "suberror")),
        (400, &65001.into(), "consent_required")
    );
    sign_in(&mut desk, "Calendars.Read");
    let (status, granted) =
        token(&mut desk, "common", &format!("{REFRESH}{refresh}&scope=Calendars.Read&client_info=1"));
    assert_eq!((status, text(&granted, "scope")), (200, "Calendars.Read"));
    assert!(granted["client_info"].is_string());
}

#[test]
fn whatever_stands_between_a_user_and_a_token_has_its_number() {
    let cases = [
        (GrantHurdle::Expired, 70008, None),
        (GrantHurdle::Idle, 700_082, None),
        (GrantHurdle::Revoked, 50173, None),
        (GrantHurdle::ConsentMissing, 65001, Some("consent_required")),
        (GrantHurdle::SecondFactor, 50076, Some("basic_action")),
    ];
    let mut desk = Desk::new();
    for (hurdle, number, suberror) in cases {
        desk.world.hinder_grants(ANNA, Some(hurdle));
        let (status, refused) = token(&mut desk, "common", &format!("{REFRESH}refresh-{ANNA}"));
        assert_eq!((status, refused["error_codes"][0].as_i64()), (400, Some(number)), "{hurdle:?}");
        assert_eq!((text(&refused, "error"), refused["suberror"].as_str()), ("invalid_grant", suberror));
    }
    desk.world.hinder_grants(ANNA, None);
    assert_eq!(token(&mut desk, "common", &format!("{REFRESH}refresh-{ANNA}")).0, 200);
    desk.world.expire_client_secret(true);
    let (status, refused) = token(&mut desk, "common", &format!("{REFRESH}refresh-{ANNA}"));
    assert_eq!((status, refused["error_codes"][0].as_i64()), (401, Some(7_000_222)));
}

#[test]
fn another_device_is_signed_in_with_a_code() {
    let mut desk = Desk::new();
    let ask = |desk: &mut Desk| {
        let mut request = Request::new(Method::POST, "/organizations/oauth2/v2.0/devicecode", ORIGIN);
        request.body = b"client_id=syncline-client&scope=Calendars.Read+offline_access".to_vec();
        desk.hand_in(&request).body_json()
    };
    let poll = |desk: &mut Desk, asked: &Value| {
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=syncline-client&device_code={}",
            text(asked, "device_code")
        );
        let (status, told) = token(desk, "organizations", &form);
        (status, told["error"].as_str().unwrap_or("none").to_owned(), told)
    };
    let asked = ask(&mut desk);
    assert_eq!((asked["expires_in"].as_i64(), asked["interval"].as_i64()), (Some(900), Some(5)));
    assert!(text(&asked, "message").contains(text(&asked, "user_code")));
    assert_eq!(poll(&mut desk, &asked).1, "authorization_pending");
    assert_eq!(poll(&mut desk, &asked).1, "slow_down");
    desk.pass(Duration::from_secs(5));
    assert_eq!(poll(&mut desk, &asked).1, "authorization_pending");
    let mut page = Request::new(Method::POST, "/devicelogin", ORIGIN);
    page.body = format!("otc={}&action=approve&login_hint={BEN}", text(&asked, "user_code")).into_bytes();
    assert_eq!((desk.hand_in(&page).status.as_u16(), desk.hand_in(&page).status.as_u16()), (200, 400));
    let (status, _, granted) = poll(&mut desk, &asked);
    assert_eq!((status, granted["refresh_token"].is_string()), (200, true));
    desk.token = text(&granted, "access_token").to_owned();
    assert_eq!(desk.get("/me").1["mail"], BEN);
    assert_eq!(poll(&mut desk, &asked).1, "bad_verification_code");
    let declined = ask(&mut desk);
    assert!(desk.world.decline_device(text(&declined, "user_code"), desk.now));
    assert_eq!(poll(&mut desk, &declined).1, "authorization_declined");
    let late = ask(&mut desk);
    desk.pass(Duration::from_mins(15));
    assert_eq!(poll(&mut desk, &late).1, "expired_token");
    assert!(!desk.world.approve_device(text(&late, "user_code"), ANNA, desk.now));
}

#[test]
fn the_sign_in_service_tells_where_everything_is() {
    let mut desk = Desk::new();
    let get = |desk: &mut Desk, target: &str| {
        let reply = desk.hand_in(&Request::new(Method::GET, target, ORIGIN));
        (reply.status.as_u16(), reply.body_json())
    };
    let (status, told) = get(&mut desk, "/northwind.example/v2.0/.well-known/openid-configuration");
    assert_eq!(status, 200);
    assert_eq!(told["token_endpoint"], format!("{ORIGIN}/northwind.example/oauth2/v2.0/token"));
    let issuer = format!("https://login.microsoftonline.com/{}/v2.0", desk.world.tenant_id());
    assert_eq!(told["issuer"], issuer);
    let granted = sign_in(&mut desk, "openid");
    assert_eq!(claims(text(&granted, "id_token"))["iss"], issuer);
    let keys = get(&mut desk, "/common/discovery/v2.0/keys").1;
    assert_eq!((text(&keys["keys"][0], "kty"), text(&keys["keys"][0], "e")), ("RSA", "AQAB"));
    let endpoint = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize";
    let instance = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint={endpoint}");
    let told = get(&mut desk, &instance).1;
    assert_eq!(told["tenant_discovery_endpoint"], format!("{ORIGIN}/common/v2.0/.well-known/openid-configuration"));
    let wrong = get(&mut desk, "/common/discovery/instance?authorization_endpoint=https://evil.example/common");
    assert_eq!((wrong.0, text(&wrong.1, "error")), (400, "invalid_instance"));
    let nobody = get(&mut desk, "/elsewhere.example/v2.0/.well-known/openid-configuration");
    assert_eq!(
        (nobody.0, text(&nobody.1, "error"), &nobody.1["error_codes"][0]),
        (400, "invalid_tenant", &90002.into())
    );
}

#[test]
fn the_answer_comes_back_as_the_application_wants_it() {
    let mut desk = Desk::new();
    let fragment = authorize(&mut desk, "redirect_uri=http://app/cb&response_mode=fragment&state=s");
    assert!(fragment.headers["location"].to_str().unwrap().starts_with("http://app/cb#code="));
    let posted = authorize(&mut desk, "redirect_uri=http://app/cb&response_mode=form_post&state=%22s");
    assert!(String::from_utf8_lossy(&posted.body).contains("value=\"&quot;s\""));
    let target =
        "/common/oauth2/v2.0/authorize?client_id=syncline-client&response_type=token&redirect_uri=http://app/cb";
    let reply = desk.hand_in(&Request::new(Method::GET, target, ORIGIN));
    assert!(reply.headers["location"].to_str().unwrap().contains("error=unsupported%5Fresponse%5Ftype"));
    let by_id = authorize(&mut desk, &format!("redirect_uri=http://app/cb&client_id=x&login_hint={BEN}"));
    assert_eq!(by_id.status, 302, "the first client_id counts");
}
