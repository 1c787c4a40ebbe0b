//! Input that no client means: it is refused with a code, changes nothing, and breaks nothing.

use http::Method;
use serde_json::{Value, json};
use sim_kit::Request;
use sim_salesforce::{Feature, Salesforce};

use crate::world::{V, World};

/// Values that fit few fields.
fn values() -> Vec<Value> {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0.1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("x"),
        json!("𝔘nicode \u{0} \u{1b} \u{fffd}"),
        json!("9999-12-31T23:59:59Z"),
        json!("-009999-01-01T00:00:00Z"),
        json!("2031-05-06"),
        json!("003000000000000AAA"),
        json!("0030000000000\u{e9}"),
        json!("x".repeat(5000)),
        json!([]),
        json!(["x", 1, null]),
        json!({ "attributes": {}, "Id": null }),
        json!({}),
        deep,
    ]
}

/// An answer that a client can make something of.
fn sound(target: &str, body: &Value, reply: &sim_kit::Reply) {
    let status = reply.status.as_u16();
    let told = reply.body_json();
    let shown = body.to_string().chars().take(120).collect::<String>();
    if status < 300 {
        return;
    }
    let code = told[0]["errorCode"].as_str().unwrap_or_default();
    assert!(matches!(status, 300..=499) && !code.is_empty(), "{target} {shown}: {status} {told}");
    assert!(told[0]["message"].is_string(), "{target} {shown}: {told}");
}

#[test]
fn no_value_of_any_field_breaks_anything() {
    let mut world = World::new();
    world.org.set_feature(Feature::SharedActivities, true, world.now);
    let described = world.get("sobjects");
    let names = described["sobjects"].as_array().unwrap().iter().map(|object| object["name"].as_str().unwrap());
    for name in names {
        let fields = world.get(&format!("sobjects/{name}/describe"))["fields"].clone();
        let known = world.org.rows(name).next().map(|row| row.id().to_owned());
        for (place, field) in fields.as_array().unwrap().iter().enumerate() {
            let field_name = field["name"].as_str().unwrap();
            // Every seventh value for each field, another one first for the next.
            for value in values().into_iter().skip(place % 7).step_by(7) {
                let body = json!({ field_name: value });
                let mut targets = vec![("POST", format!("sobjects/{name}"))];
                if let Some(id) = known.as_ref().filter(|_| !matches!(name, "User" | "Profile" | "Organization")) {
                    targets.push(("PATCH", format!("sobjects/{name}/{id}")));
                }
                for (method, target) in targets {
                    let reply = world.call(method, &target, body.clone());
                    sound(&format!("{method} {target}"), &body, &reply);
                }
            }
        }
        let saved = world.org.snapshot();
        world.org = Salesforce::restore(saved.clone()).unwrap();
        assert_eq!(world.org.snapshot(), saved, "{name}");
        assert_eq!(
            world
                .call("GET", &format!("query?q=SELECT+FIELDS(ALL)+FROM+{name}+LIMIT+200"), Value::Null)
                .status
                .as_u16()
                / 100,
            if name == "ContentDocumentLink" { 4 } else { 2 },
            "{name}"
        );
    }
}

#[test]
fn no_path_breaks_anything() {
    let mut world = World::new();
    let long = "x".repeat(9000);
    for segment in
        ["%00", "%F0%9F%92%A9", "%ff%fe", "..", "%2F%2F", "'", "null", "003", "0030000000000000", "{ID}", &long]
    {
        for target in [
            format!("sobjects/{segment}"),
            format!("sobjects/Contact/{segment}"),
            format!("sobjects/Contact/{segment}/x"),
            format!("sobjects/Contact/Syncline_Key__c/{segment}"),
            format!("sobjects/Contact/Id/{segment}"),
            format!("sobjects/Contact/{segment}/{segment}/{segment}"),
            format!("sobjects/Contact/updated?start={segment}&end={segment}"),
            format!("sobjects/Contact/deleted?start=2031-05-06T09:00:00Z&end={segment}"),
            format!("query/{segment}"),
            format!("/services/data/v{segment}/sobjects"),
            format!("/services/data/v{segment}.0/sobjects"),
        ] {
            for method in ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS", "TRACE"] {
                let body = json!({ "Title": "x" });
                let mut reply = world.call(method, &target, body.clone());
                if method == "HEAD" {
                    reply.body = json!([{ "errorCode": "x", "message": "x" }]).to_string().into_bytes();
                }
                sound(&format!("{method} {target}"), &body, &reply);
            }
        }
    }
}

#[test]
fn no_body_breaks_anything() {
    let mut world = World::new();
    let deep = "[".repeat(5000);
    let wide = format!("{{{}\"x\":1}}", "\"LastName\":\"x\",".repeat(2000));
    for body in [
        "",
        " ",
        "null",
        "\u{feff}{}",
        "{\"LastName\":\"x\"",
        "{}{}",
        "{\"LastName\":\"\\ud800\"}",
        "{1:2}",
        &deep,
        &wide,
    ] {
        for method in [Method::POST, Method::PATCH] {
            for target in [
                "sobjects/Contact",
                "sobjects/Contact/003000000000000AAA",
                "sobjects/Contact/Syncline_Key__c/1",
                "composite",
                "composite/batch",
                "composite/graph",
                "composite/sobjects",
                "composite/sobjects/Contact/Syncline_Key__c",
            ] {
                let mut request = Request::new(method.clone(), &format!("{V}/{target}"), "http://sf.test");
                request.body = body.as_bytes().to_vec();
                let reply = world.send(request);
                sound(&format!("{method} {target}"), &json!(body), &reply);
            }
        }
    }
}
