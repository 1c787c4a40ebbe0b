//! Tokens and who one is.

use http::Method;
use serde_json::{Value, json};
use sim_kit::{Reply, Request};

use crate::world::{ANNA, BEN, World};

pub(crate) fn form(world: &mut World, endpoint: &str, fields: &[(&str, &str)]) -> Reply {
    let mut request = Request::new(Method::POST, &format!("/services/oauth2/{endpoint}"), "http://sf.test");
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", crate::world::encoded(value))).collect();
    request.body = fields.join("&").into_bytes();
    world.send(request)
}

pub(crate) const APP: [(&str, &str); 2] = [("client_id", "syncline-client"), ("client_secret", "syncline-secret")];

pub(crate) fn grant(world: &mut World, fields: &[(&str, &str)]) -> Reply {
    world.authorization.clear();
    form(world, "token", &[&APP[..], fields].concat())
}

pub(crate) fn refresh(world: &mut World, token: &str) -> Reply {
    grant(world, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn username(world: &mut World, token: &str) -> Value {
    world.authorization = format!("Bearer {token}");
    world.get("/services/oauth2/userinfo")["preferred_username"].clone()
}

#[test]
fn known_tokens_open_and_others_get_the_vendors_401() {
    let mut world = World::new();
    for (token, name) in [("test-token", ANNA), (&*format!("sim-{BEN}"), BEN)] {
        assert_eq!(username(&mut world, token), name);
    }
    for authorization in ["", "Bearer bad", "Bearer sim-nobody@northwind.example", "Basic eA=="] {
        world.authorization = authorization.to_owned();
        let reply = world.call("GET", "sobjects", Value::Null);
        assert_eq!(reply.status, 401);
        let body = json!([{ "message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID" }]);
        assert_eq!(reply.body_json(), body, "{authorization}");
        assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8");
    }
    world.authorization.clear();
    let versions = world.get("/services/data");
    let entry = json!({ "label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0" });
    assert!(versions.as_array().unwrap().contains(&entry));
}

#[test]
fn a_refresh_token_opens_sessions_until_it_is_taken_back() {
    let mut world = World::new();
    let token = format!("refresh-{BEN}");
    let first = refresh(&mut world, &token).body_json();
    assert_eq!((&first["token_type"], &first["instance_url"]), (&json!("Bearer"), &json!("http://sf.test")));
    assert_eq!((first.get("refresh_token"), first.get("expires_in")), (None, None));
    let access = first["access_token"].as_str().unwrap().to_owned();
    assert_eq!(username(&mut world, &access), BEN);

    // A session slides: it lives two hours after its last use.
    world.advance(7000);
    world.get("limits");
    world.advance(7000);
    world.get("limits");
    world.advance(7201);
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);

    let access = refresh(&mut world, &token).body_json()["access_token"].as_str().unwrap().to_owned();
    world.org.expire_sessions();
    world.authorization = format!("Bearer {access}");
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);

    let access = refresh(&mut world, &token).body_json()["access_token"].as_str().unwrap().to_owned();
    world.org.revoke_refresh_token(BEN);
    world.authorization = format!("Bearer {access}");
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);
    let refused = refresh(&mut world, &token);
    let expected = json!({ "error": "invalid_grant", "error_description": "expired access/refresh token" });
    assert_eq!((refused.status.as_u16(), refused.body_json()), (400, expected));
    assert_eq!(refresh(&mut world, &format!("refresh-{ANNA}")).status, 200);
}

#[test]
fn rotation_kills_the_old_refresh_token_at_once() {
    let mut world = World::new();
    world.org.knobs.rotate_refresh_tokens = true;
    let old = format!("refresh-{ANNA}");
    let new = refresh(&mut world, &old).body_json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(refresh(&mut world, &old).status, 400);
    assert_eq!(refresh(&mut world, &new).status, 200);

    // Who is not let in keeps the old one.
    let old = format!("refresh-{BEN}");
    let access = refresh(&mut world, &old).body_json();
    let (new, access) =
        (access["refresh_token"].as_str().unwrap().to_owned(), access["access_token"].as_str().unwrap().to_owned());
    let active = |world: &mut World, active: bool| {
        world.authorization = "Bearer test-token".to_owned();
        let ben = world.column(&format!("SELECT Id FROM User WHERE Username = '{BEN}'"), "Id").remove(0);
        assert_eq!(world.patch("User", ben.as_str().unwrap(), json!({ "IsActive": active })).status, 204);
    };
    active(&mut world, false);
    assert_eq!(refresh(&mut world, &new).body_json()["error"], "inactive_user");
    active(&mut world, true);
    let newest = refresh(&mut world, &new).body_json()["refresh_token"].as_str().unwrap().to_owned();

    // Sessions belong to the token that took the place of theirs.
    world.authorization = format!("Bearer {access}");
    assert_eq!(world.call("GET", "limits", Value::Null).status, 200);
    assert_eq!(form(&mut world, "revoke", &[("token", &newest)]).status, 200);
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);
}

#[test]
fn a_revoked_token_is_dead_with_its_sessions() {
    let mut world = World::new();
    let token = format!("refresh-{ANNA}");
    let access = refresh(&mut world, &token).body_json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(form(&mut world, "revoke", &[("token", &token)]).status, 200);
    assert_eq!(form(&mut world, "revoke", &[("token", &token)]).status, 400);
    world.authorization = format!("Bearer {access}");
    assert_eq!(world.call("GET", "limits", Value::Null).status, 401);
}

#[test]
fn a_code_is_redeemed_once_by_who_knows_the_verifier() {
    let mut world = World::new();
    world.authorization.clear();
    // The pair of RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let target = format!(
        "/services/oauth2/authorize?response_type=code&client_id=syncline-client&redirect_uri=http%3A%2F%2Fapp%2Fcb\
         &state=a%20b&code_challenge={challenge}&code_challenge_method=S256&login_hint={BEN}"
    );
    let redirect = world.call("GET", &target, Value::Null);
    assert_eq!(redirect.status, 302);
    let location = redirect.headers["location"].to_str().unwrap().to_owned();
    let back = Request::new(Method::GET, location.trim_start_matches("http://app"), "http://app");
    assert_eq!(back.param("state"), Some("a b"));
    let code = back.param("code").unwrap().to_owned();
    let redeem = |world: &mut World, verifier: &str, uri: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
        ];
        let reply = grant(world, &fields);
        (reply.body_json()["error_description"].as_str().unwrap_or_default().to_owned(), reply.body_json())
    };
    assert_eq!(redeem(&mut world, "wrong", "http://app/cb").0, "invalid code verifier");
    assert_eq!(redeem(&mut world, verifier, "http://else").1["error"], "redirect_uri_mismatch");
    let (error, body) = redeem(&mut world, verifier, "http://app/cb");
    assert_eq!(error, "");
    assert_eq!(redeem(&mut world, verifier, "http://app/cb").0, "invalid authorization code");
    let token = body["refresh_token"].as_str().unwrap().to_owned();
    let access = refresh(&mut world, &token).body_json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(username(&mut world, &access), BEN);
}

#[test]
fn grants_are_refused_with_the_vendors_words() {
    let mut world = World::new();
    world.authorization.clear();
    let id = ("client_id", "syncline-client");
    let table: [(&[(&str, &str)], &str); 12] = [
        (&[id], "unsupported_grant_type"),
        (&[id, ("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer")], "unsupported_grant_type"),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_client_id"),
        (&[id, ("grant_type", "authorization_code"), ("redirect_uri", "x")], "invalid_request"),
        (&[id, ("grant_type", "authorization_code"), ("code", "x")], "invalid_request"),
        (&[id, ("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
        (&[("client_id", "x"), ("grant_type", "refresh_token")], "invalid_client_id"),
        (&[id, ("client_secret", "x"), ("grant_type", "refresh_token")], "invalid_client"),
        (&[id, ("grant_type", "client_credentials")], "invalid_client"),
        (&[id, ("grant_type", "refresh_token")], "invalid_request"),
        (&[id, ("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "x")], "invalid_grant"),
        (&[id, APP[1], ("grant_type", "password"), ("username", ANNA), ("password", "x")], "invalid_grant"),
    ];
    for (fields, error) in table {
        let reply = form(&mut world, "token", fields);
        assert_eq!((reply.status.as_u16(), reply.body_json()["error"].as_str().unwrap()), (400, error), "{fields:?}");
    }
    let app = grant(&mut world, &[("grant_type", "client_credentials")]).body_json();
    assert_eq!((&app["api_instance_url"], app.get("refresh_token")), (&json!("http://sf.test"), None));
    let fields = [("grant_type", "password"), ("username", BEN), ("password", "syncline-passwordsyncline-token")];
    assert_eq!(grant(&mut world, &fields).status, 200);
}

#[test]
fn the_identity_is_at_the_address_that_the_token_names() {
    let mut world = World::new();
    let pass = refresh(&mut world, &format!("refresh-{BEN}")).body_json();
    let path = pass["id"].as_str().unwrap().trim_start_matches("http://sf.test").to_owned();
    let token = crate::world::encoded(pass["access_token"].as_str().unwrap());
    let body = world.get(&format!("{path}?format=json&oauth_token={token}"));
    assert_eq!((&body["username"], &body["id"]), (&json!(BEN), &pass["id"]));
    let bad = world.call("GET", &format!("{path}?oauth_token=bad"), Value::Null);
    assert_eq!((bad.status.as_u16(), &*bad.body), (403, &b"Bad_OAuth_Token"[..]));
    world.authorization = "Bearer test-token".to_owned();
    assert_eq!(world.get("")["identity"].as_str().unwrap().split('/').nth(3), Some("id"));
}

#[test]
fn the_app_signs_in_as_itself_at_its_own_domain_only() {
    let mut world = World::new();
    world.authorization.clear();
    let kind = ("grant_type", "client_credentials");
    let basic = "c3luY2xpbmUtY2xpZW50OnN5bmNsaW5lLXNlY3JldA==";
    let mut ask = |origin: &str, fields: &[(&str, &str)], authorization: &str| {
        let mut request = Request::new(Method::POST, "/services/oauth2/token", origin);
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.body = fields.join("&").into_bytes();
        if !authorization.is_empty() {
            request.headers.insert("authorization", authorization.parse().unwrap());
        }
        let body = world.send(request).body_json();
        (body["error_description"].as_str().unwrap_or_default().to_owned(), body["api_instance_url"].clone())
    };
    let whole = [APP[0], APP[1], kind];
    assert_eq!(
        ask("https://own.my.salesforce.com", &whole, ""),
        (String::new(), json!("https://own.my.salesforce.com"))
    );
    assert_eq!(ask("http://sf.test", &[kind], &format!("Basic {basic}")).0, "");
    assert_eq!(ask("http://sf.test", &[kind], &format!("basic {basic}")).0, "");
    assert_eq!(ask("http://sf.test", &[kind], "Basic c3luY2xpbmUtY2xpZW50Ong=").0, "invalid client credentials");
    for shared in ["https://login.salesforce.com", "https://test.salesforce.com", "http://login.salesforce.com:80"] {
        assert_eq!(ask(shared, &whole, "").0, "request not supported on this domain", "{shared}");
    }
    // At a shared address one is told where the org is.
    let mut request = Request::new(Method::POST, "/services/oauth2/token", "https://login.salesforce.com");
    let form = format!("grant_type=refresh_token&client_id=syncline-client&refresh_token=refresh-{BEN}");
    request.body = form.into_bytes();
    assert_eq!(world.send(request).body_json()["instance_url"], "http://sf.test");

    world.org.app.runs_as = Some(BEN.to_owned());
    let token = grant(&mut world, &[kind]).body_json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(username(&mut world, &token), BEN);
    world.org.app.runs_as = Some("nobody@northwind.example".to_owned());
    assert_eq!(grant(&mut world, &[kind]).body_json()["error_description"], "no client credentials user enabled");
}

#[test]
fn a_token_is_given_back_once() {
    let mut world = World::new();
    let open = |world: &mut World, token: &str| {
        world.authorization = format!("Bearer {token}");
        world.call("GET", "limits", Value::Null).status.as_u16()
    };
    let pass = |world: &mut World| {
        refresh(world, &format!("refresh-{BEN}")).body_json()["access_token"].as_str().unwrap().to_owned()
    };
    let (first, second) = (pass(&mut world), pass(&mut world));
    assert_eq!(form(&mut world, "revoke", &[("token", &first)]).status, 200);
    assert_eq!((open(&mut world, &first), open(&mut world, &second)), (401, 200));
    let target = format!("/services/oauth2/revoke?token=refresh-{BEN}");
    assert_eq!(world.call("GET", &target, Value::Null).status, 200);
    assert_eq!(open(&mut world, &second), 401);
    assert_eq!(refresh(&mut world, &format!("refresh-{BEN}")).status, 400);
    for fixed in ["test-token", &format!("sim-{BEN}")] {
        assert_eq!(form(&mut world, "revoke", &[("token", fixed)]).status, 200, "clients log out with it");
        assert_eq!(open(&mut world, fixed), 200);
    }
    for (fields, error) in [(vec![("token", "bad")], "invalid_token"), (vec![], "invalid_request")] {
        let reply = form(&mut world, "revoke", &fields);
        assert_eq!((reply.status.as_u16(), &reply.body_json()["error"]), (400, &json!(error)));
    }
    assert_eq!(world.call("GET", "/services/oauth2/token", Value::Null).body_json()["error"], "invalid_request");
}

#[test]
fn userinfo_tells_all_of_who_one_is() {
    let mut world = World::new();
    world.authorization = format!("Bearer sim-{BEN}");
    let told = world.get("/services/oauth2/userinfo");
    for key in [
        "sub",
        "user_id",
        "organization_id",
        "preferred_username",
        "nickname",
        "name",
        "email",
        "email_verified",
        "given_name",
        "family_name",
        "zoneinfo",
        "urls",
        "active",
        "user_type",
        "language",
        "locale",
        "utcOffset",
        "updated_at",
    ] {
        assert!(!told[key].is_null(), "{key}");
    }
    assert_eq!((&told["given_name"], &told["family_name"]), (&json!("Ben"), &json!("Carter")));
    for (url, path) in [
        ("enterprise", "/services/Soap/c/{version}/00D"),
        ("metadata", "/services/Soap/m/{version}/00D"),
        ("partner", "/services/Soap/u/{version}/00D"),
        ("rest", "/services/data/v{version}/"),
        ("sobjects", "/services/data/v{version}/sobjects/"),
        ("search", "/services/data/v{version}/search/"),
        ("query", "/services/data/v{version}/query/"),
    ] {
        assert!(told["urls"][url].as_str().unwrap().starts_with(&format!("http://sf.test{path}")), "{url}");
    }
    assert_eq!(world.call("POST", "/services/oauth2/userinfo", Value::Null).body_json(), told);
    for (authorization, why) in [("Bearer bad", "Bad_OAuth_Token"), ("", "Missing_OAuth_Token")] {
        world.authorization = authorization.to_owned();
        let reply = world.call("GET", "/services/oauth2/userinfo", Value::Null);
        assert_eq!((reply.status.as_u16(), &*reply.body), (403, why.as_bytes()));
    }
}
