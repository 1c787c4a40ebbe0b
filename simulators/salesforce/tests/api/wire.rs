//! What holds for every request: addresses, methods, limits.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::Method;
use serde_json::{Value, json};
use sim_kit::{Context, Courier, Model, Reply, Request};
use sim_salesforce::Edition;

use crate::world::{V, World, refusal};

#[test]
fn every_path_may_end_in_a_slash() {
    let mut world = World::new();
    let id = world.create("Contact", json!({ "LastName": "Slash" }));
    let span = "start=2031-05-06T08:00:00%2B00:00&end=2031-05-06T09:00:00%2B00:00";
    for path in [
        "",
        "sobjects",
        "sobjects/Contact",
        "sobjects/Contact/describe",
        &format!("sobjects/Contact/{id}"),
        &format!("sobjects/Contact/updated?{span}"),
        &format!("sobjects/Contact/deleted?{span}"),
        "query?q=SELECT%20Id%20FROM%20Contact",
        "limits",
        "composite",
        &format!("composite/sobjects/Contact?ids={id}&fields=Id"),
    ] {
        let (bare, query) =
            path.split_once('?').map_or((path, String::new()), |(path, query)| (path, format!("?{query}")));
        let whole = format!("{V}/{bare}");
        let whole = whole.trim_end_matches('/');
        let plain = world.call("GET", &format!("{whole}{query}"), Value::Null);
        let slashed = world.call("GET", &format!("{whole}/{query}"), Value::Null);
        assert_eq!((plain.status, slashed.status), (http::StatusCode::OK, http::StatusCode::OK), "{path}");
    }
    for path in ["/services/data/", "/services/oauth2/userinfo/"] {
        world.get(path);
    }
}

#[test]
fn what_is_too_long_is_refused() {
    let mut world = World::new();
    let uri = |length: usize| format!("{V}/limits?x={}", "a".repeat(length - format!("{V}/limits?x=").len()));
    world.authorization.clear();
    for (length, status) in [(16_384, 401), (16_385, 414), (20_000, 414)] {
        assert_eq!(world.call("GET", &uri(length), Value::Null).status, status, "{length}");
    }
    let mut request = Request::new(Method::GET, &uri(10_000), "http://sf.test");
    request.headers.insert("x-long", "a".repeat(7_000).parse().unwrap());
    assert_eq!(world.send(request).status, 431);
}

#[test]
fn bodies_travel_packed_where_the_client_wants_it() {
    let mut world = World::new();
    let mut send = |method: Method, target: &str, body: &str| {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(body.as_bytes()).unwrap();
        let mut request = Request::new(method, target, "http://sf.test");
        request.headers.insert("content-encoding", "gzip".parse().unwrap());
        request.headers.insert("accept-encoding", "gzip".parse().unwrap());
        request.body = if body.is_empty() { Vec::new() } else { packer.finish().unwrap() };
        let reply = world.send(request);
        let mut text = String::new();
        GzDecoder::new(reply.body.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(reply.headers["content-encoding"], "gzip", "{target}");
        (reply.status.as_u16(), text)
    };
    let created = send(Method::POST, &format!("{V}/sobjects/Contact"), "{\"LastName\":\"Packed\"}");
    assert!(created.0 == 201 && created.1.contains("\"success\":true"), "{created:?}");
    let found = send(Method::GET, &format!("{V}/query?q=SELECT+Id+FROM+Contact+WHERE+LastName='Packed'"), "");
    assert!(found.0 == 200 && found.1.contains("\"totalSize\":1"), "{found:?}");
    let refused = send(Method::POST, &format!("{V}/sobjects/Contact"), "{");
    assert!(refused.0 == 400 && refused.1.contains("JSON_PARSER_ERROR"), "{refused:?}");
    let token = "grant_type=refresh_token&client_id=syncline-client&refresh_token=nope";
    assert_eq!(send(Method::POST, "/services/oauth2/token", token).0, 400);
    let fault = send(Method::POST, "/services/Soap/u/59.0", "<x/>");
    assert!(fault.0 == 500 && fault.1.contains("no SOAP envelope"), "{fault:?}");
}

#[test]
fn unknown_places_methods_and_media_are_refused() {
    let mut world = World::new();
    for (method, path, status, code) in [
        ("GET", "nowhere", 404, "NOT_FOUND"),
        ("GET", "/services/nowhere", 404, "NOT_FOUND"),
        ("GET", "/services/data/v59", 404, "NOT_FOUND"),
        ("GET", "/services/data/x59.0/limits", 404, "NOT_FOUND"),
        ("GET", "sobjects/Nope", 404, "NOT_FOUND"),
        ("GET", "sobjects/Nope/describe", 404, "NOT_FOUND"),
        ("GET", "sobjects/Contact/describe/nowhere", 404, "NOT_FOUND"),
        ("POST", "limits", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "query", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "sobjects/Contact", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "sobjects/Contact/003000000000000AAA", 405, "METHOD_NOT_ALLOWED"),
        ("PATCH", "sobjects/Contact/describe", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "composite", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "composite/batch", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "composite/graph", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "composite/sobjects", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/services/data", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/services/oauth2/userinfo", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "/services/oauth2/authorize", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/services/oauth2/revoke", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/services/oauth2/nowhere", 404, "NOT_FOUND"),
    ] {
        let reply = world.call(method, path, Value::Null);
        assert_eq!(refusal(&reply), (status, code.to_owned(), json!("none")), "{method} {path}");
        assert_eq!(reply.headers.contains_key("allow"), status == 405);
    }
    for (kind, status) in [
        ("application/json", 201),
        ("Application/JSON; charset=UTF-8", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonish", 415),
    ] {
        let mut request = Request::new(Method::POST, &format!("{V}/sobjects/Contact"), "http://sf.test");
        request.headers.insert("content-type", kind.parse().unwrap());
        request.body = br#"{"LastName": "Media"}"#.to_vec();
        assert_eq!(world.send(request).status, status, "{kind}");
    }
}

#[test]
fn a_head_is_a_get_without_a_body() {
    let mut world = World::new();
    for path in ["", "limits", "sobjects/Contact/describe", "/services/data"] {
        let reply = world.call("HEAD", path, Value::Null);
        assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 0), "{path}");
        assert_eq!(reply.headers["content-type"], "application/json;charset=UTF-8");
    }
    let reply = world.call("POST", "sobjects/Contact/003000000000000AAA?_HttpMethod=PATCH", json!({ "LastName": "x" }));
    assert_eq!(reply.status, 404, "a PATCH of a row that is not there");
}

#[test]
fn versions_and_resources_are_told() {
    let mut world = World::new();
    let resources = world.get("");
    for name in ["sobjects", "query", "queryAll", "search", "parameterizedSearch", "limits", "composite"] {
        assert_eq!(resources[name], format!("{V}/{name}"));
    }
    assert!(resources["identity"].as_str().unwrap().starts_with("http://sf.test/id/00D"));
    assert_eq!(world.get("composite")["graph"], format!("{V}/composite/graph"));
    for version in ["20.0", "31.0", "50.0", "59.0", "67.0", "99.0"] {
        world.get(&format!("/services/data/v{version}/limits"));
        let base = format!("/services/data/v{version}");
        let row = &world.get(&format!("{base}/query?q=SELECT+Id+FROM+Contact+LIMIT+1"))["records"][0].clone();
        let id = row["Id"].as_str().unwrap();
        assert_eq!(row["attributes"]["url"], format!("{base}/sobjects/Contact/{id}"));
    }
    for version in ["59", "v59", "59.1", "x.0", ".0", "5a.0"] {
        assert_eq!(world.call("GET", &format!("/services/data/v{version}/limits"), Value::Null).status, 404);
    }
}

#[test]
fn every_family_of_limits_is_told_and_the_calls_are_counted() {
    let mut world = World::new();
    let limits = world.get("limits");
    for (name, limit) in limits.as_object().unwrap() {
        let (max, left) = (limit["Max"].as_u64().unwrap(), limit["Remaining"].as_u64().unwrap());
        assert!(left <= max, "{name}");
    }
    for name in ["DataStorageMB", "DailyBulkApiBatches", "HourlyTimeBasedWorkflow", "SingleEmail", "PermissionSets"] {
        assert!(limits.get(name).is_some(), "{name}");
    }
    assert_eq!(limits["DailyApiRequests"], json!({ "Max": 15_000, "Remaining": 14_999 }));
    for (method, path) in [("GET", "nowhere"), ("GET", "query?q=x"), ("DELETE", "sobjects/Contact/x")] {
        let before = world.get("limits")["DailyApiRequests"]["Remaining"].as_u64().unwrap();
        let reply = world.call(method, path, Value::Null);
        assert_eq!(reply.headers["sforce-limit-info"], format!("api-usage={}/15000", 15_000 - before + 1), "{path}");
    }
    let info = world.get("/services/oauth2/userinfo");
    assert!(info.get("sub").is_some());
    assert_eq!(world.get("limits")["DailyApiRequests"]["Remaining"], 14_999 - 7, "signing in costs nothing");
}

#[test]
fn calls_are_limited_in_a_day_that_rolls() {
    let mut world = World::new();
    world.org.knobs.daily_limit = 3;
    world.advance(1_799);
    for spent in 1..=3 {
        assert_eq!(
            world.call("GET", "limits", Value::Null).headers["sforce-limit-info"],
            format!("api-usage={spent}/3")
        );
        world.advance(60);
    }
    let refused = |world: &mut World| refusal(&world.call("GET", "limits", Value::Null));
    assert_eq!(refused(&mut world), (403, "REQUEST_LIMIT_EXCEEDED".to_owned(), json!("none")));
    world.advance(24 * 3_600 - 180 - 1);
    assert_eq!(refused(&mut world).0, 403, "a second before the first call is a day old");
    world.advance(1);
    assert_eq!(world.call("GET", "limits", Value::Null).status, 200);
    assert_eq!(refused(&mut world).0, 403, "only one call became free");
}

#[test]
fn the_daily_limit_follows_from_edition_and_licences() {
    for (edition, licences, calls) in [
        (Edition::Developer, 2, 15_000),
        (Edition::Professional, 10, 110_000),
        (Edition::Enterprise, 0, 100_000),
        (Edition::Enterprise, 25, 125_000),
        (Edition::Unlimited, 25, 225_000),
        (Edition::Performance, 1, 105_000),
        (Edition::Sandbox, 9, 5_000_000),
    ] {
        let mut world = World::new();
        world.org.license(edition, licences);
        assert_eq!(world.get("limits")["DailyApiRequests"]["Max"], calls, "{edition:?} {licences}");
    }
}

#[test]
fn failures_on_order_are_the_vendors() {
    let mut world = World::new();
    let courier = Courier::start();
    let failing = |world: &World, status: u16| -> Reply {
        world.org.failing(status, &Context { now: world.now, courier: &courier })
    };
    for (status, code) in [(503, "SERVER_UNAVAILABLE"), (500, "UNKNOWN_EXCEPTION"), (401, "INVALID_SESSION_ID")] {
        assert_eq!(refusal(&failing(&world, status)), (status, code.to_owned(), json!("none")));
    }
    world.org.knobs.html_errors = true;
    let page = failing(&world, 503);
    assert_eq!((page.content_type(), page.body_json()), ("text/html", Value::Null));
    world.org.knobs.unavailable = 2;
    let statuses: Vec<u16> = (0..3).map(|_| world.call("GET", "limits", Value::Null).status.as_u16()).collect();
    assert_eq!(statuses, [503, 503, 200]);
}

#[test]
fn a_body_that_cannot_be_read_is_told_where() {
    let mut world = World::new();
    let deep = format!("{{\"LastName\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    for (body, message) in [
        ("", "The HTTP entity body is required, but this request has no entity body."),
        (" \n", "The HTTP entity body is required, but this request has no entity body."),
        ("[]", "Unexpected value: a JSON object is expected at [line:1, column:1]"),
        ("null", "Unexpected value: a JSON object is expected at [line:1, column:1]"),
        ("{", "EOF while parsing an object at [line:1, column:1]"),
        ("{\"LastName\":\n\"x\"} x", "trailing characters at [line:2, column:6]"),
        ("{\"LastName\":\"\\ud800\"}", "unexpected end of hex escape at [line:1, column:20]"),
        ("\u{feff}{}", "expected value at [line:1, column:1]"),
        (&deep, "recursion limit exceeded at [line:1, column:139]"),
    ] {
        for (method, path) in [("POST", "sobjects/Contact"), ("POST", "composite"), ("PATCH", "composite/sobjects")] {
            let mut request = Request::new(method.parse().unwrap(), &format!("{V}/{path}"), "http://sf.test");
            request.body = body.as_bytes().to_vec();
            let reply = world.send(request);
            let error = json!([{ "errorCode": "JSON_PARSER_ERROR", "message": message }]);
            assert_eq!((reply.status.as_u16(), reply.body_json()), (400, error), "{method} {path} {body:.40}");
        }
    }
}

#[test]
fn a_world_that_was_put_away_goes_on_where_it_was() {
    let mut world = World::new();
    world.org.knobs.batch_size = Some(1);
    let page = world.soql("query", "SELECT LastName FROM Contact ORDER BY LastName").body_json();
    let target = "/services/oauth2/authorize?response_type=code&client_id=syncline-client&redirect_uri=http%3A%2F%2Fa";
    let location = world.call("GET", target, Value::Null).headers["location"].to_str().unwrap().to_owned();
    let text = world.org.snapshot().to_string();
    world.org = sim_salesforce::Salesforce::restore(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(world.org.snapshot().to_string(), text);

    let reply = world.call("GET", page["nextRecordsUrl"].as_str().unwrap(), Value::Null);
    assert_eq!(reply.headers["sforce-limit-info"], "api-usage=2/15000");
    assert_eq!(reply.body_json()["records"][0]["LastName"], "Okafor");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", location.split_once("code=").unwrap().1),
        ("redirect_uri", "http://a"),
    ];
    assert_eq!(crate::entry::grant(&mut world, &fields).status, 200);
}
