//! What an app is told of the tokens it has.

use serde_json::{Value, json};

use crate::entry::{APP, form, grant, refresh};
use crate::world::{ANNA, BEN, World};

fn told(world: &mut World, token: &str) -> Value {
    world.authorization.clear();
    let reply = form(world, "introspect", &[&APP[..], &[("token", token)]].concat());
    assert_eq!(reply.status, 200, "{}", reply.body_json());
    reply.body_json()
}

#[test]
fn a_session_is_told_to_be_good_until_it_ends() {
    let mut world = World::new();
    let first = refresh(&mut world, &format!("refresh-{BEN}")).body_json();
    let token = first["access_token"].as_str().unwrap();
    let (begun, lifetime) = (world.now.as_second(), 2 * 3600);
    let expected = json!({
        "active": true, "scope": "refresh_token api", "client_id": "syncline-client", "username": BEN,
        "sub": first["id"], "token_type": "access_token", "iat": begun, "nbf": begun, "exp": begun + lifetime,
    });
    assert_eq!(told(&mut world, token), expected);
    // To ask is not to use it, so it ends as it would have.
    world.advance(7_200);
    assert_eq!(told(&mut world, token), expected);
    world.advance(1);
    assert_eq!(told(&mut world, token), json!({ "active": false }));
}

#[test]
fn every_kind_of_token_is_told_of_and_none_that_opens_nothing() {
    let mut world = World::new();
    let lasting = told(&mut world, &format!("refresh-{BEN}"));
    assert_eq!((&lasting["token_type"], lasting.get("exp")), (&json!("refresh_token"), None));
    assert_eq!(told(&mut world, "test-token")["username"], ANNA);
    let own = grant(&mut world, &[("grant_type", "client_credentials")]).body_json();
    assert_eq!(told(&mut world, own["access_token"].as_str().unwrap())["scope"], "api");
    for token in ["nope", "sim-nobody@northwind.example"] {
        assert_eq!(told(&mut world, token), json!({ "active": false }), "{token}");
    }
    world.org.revoke_refresh_token(BEN);
    assert_eq!(told(&mut world, &format!("refresh-{BEN}")), json!({ "active": false }));
}

#[test]
fn only_the_app_itself_is_told() {
    let mut world = World::new();
    world.authorization.clear();
    for (fields, error) in [
        (&[("client_id", "syncline-client"), ("token", "test-token")][..], "invalid_client"),
        (&[("client_id", "nobody"), ("token", "test-token")], "invalid_client_id"),
        (&APP, "invalid_request"),
    ] {
        let reply = form(&mut world, "introspect", fields);
        assert_eq!((reply.status.as_u16(), &reply.body_json()["error"]), (400, &json!(error)));
    }
    assert_eq!(world.call("GET", "/services/oauth2/introspect", Value::Null).status, 405);
}
