//! The switches under `/_sim`, each by its HTTP form, and what they do to the org.

use http::{HeaderValue, Method};
use jiff::Timestamp;
use serde_json::{Value, json};
use sim_kit::{Reply, Request, Shell, SimClock};
use sim_salesforce::{App, Knobs, Salesforce};

use crate::world::{ANNA, BEN, V};

/// The simulator as a program at its address sees it, at a held clock.
struct Outside(Shell<Salesforce>);

impl Outside {
    fn new() -> Self {
        let now: Timestamp = "2031-05-06T09:00:00Z".parse().unwrap();
        Self(Shell::new(Salesforce::northwind(now), SimClock::fixed(now)))
    }

    fn send(&self, method: &str, target: &str, token: &str, body: &Value) -> Reply {
        let mut request = Request::new(method.parse::<Method>().unwrap(), target, "http://sf.test");
        if !token.is_empty() {
            request.headers.insert("authorization", HeaderValue::try_from(format!("Bearer {token}")).unwrap());
        }
        if !body.is_null() {
            request.body = body.to_string().into_bytes();
        }
        self.0.answer(request).reply.expect("an answer")
    }

    fn told(&self, method: &str, switch: &str, body: &Value) -> (u16, Value) {
        let reply = self.send(method, &format!("/_sim/{switch}"), "", body);
        (reply.status.as_u16(), reply.body_json())
    }

    fn set(&self, switch: &str, body: &Value) -> Value {
        let (status, told) = self.told("POST", switch, body);
        assert_eq!(status, 200, "{switch}: {told}");
        told
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let reply = self.send(method, &format!("{V}/{path}"), "test-token", body);
        (reply.status.as_u16(), reply.body_json())
    }

    fn refresh(&self, token: &str) -> (u16, Value) {
        let mut request = Request::new(Method::POST, "/services/oauth2/token", "http://sf.test");
        let form = format!("grant_type=refresh_token&client_id=syncline-client&refresh_token={token}");
        request.body = form.into_bytes();
        let reply = self.0.answer(request).reply.expect("an answer");
        (reply.status.as_u16(), reply.body_json())
    }

    fn session(&self, username: &str) -> String {
        self.refresh(&format!("refresh-{username}")).1["access_token"].as_str().unwrap().to_owned()
    }
}

#[test]
fn the_page_tells_every_switch_and_every_knob_can_be_worked() {
    let outside = Outside::new();
    let page = outside.told("GET", "", &Value::Null).1;
    let switches = page["switches"].as_array().unwrap();
    assert!(switches.iter().any(|switch| switch["name"] == "clock"), "the kit's are there too");
    for switch in switches {
        let name = switch["name"].as_str().unwrap();
        assert_eq!(outside.told("GET", name, &Value::Null).0, 200, "{name}");
    }
    let before = |value: Value| value.as_object().unwrap().clone();
    let (knobs, app) = (json!(Knobs::default()), json!(App::default()));
    for (switch, body) in [
        ("limits", json!({ "daily": 7 })),
        ("unavailable", json!({ "times": 2, "html": true })),
        ("commits", json!({ "delay_seconds": 30, "next_seconds": "30 0" })),
        ("features", json!({ "person_accounts": true, "shared_activities": true, "enhanced_email": false })),
        ("replication", json!({ "most_ids": 5 })),
        ("pages", json!({ "batch_size": 3 })),
        ("queries", json!({ "times": 2, "code": "OPERATION_TOO_LARGE" })),
        ("event-relay", json!({ "url": "http://127.0.0.1:9/", "gaps": true })),
        ("search", json!({ "lag_seconds": 1 })),
        ("events", json!({ "multiday": false })),
        ("api", json!({ "enabled": false, "new_fields_for_all": true })),
        ("duplicate-rules", json!({ "spelled_right": true })),
        ("sign-in", json!({ "deny_consent": true })),
        ("sessions", json!({ "timeout_seconds": 60, "rotate_refresh_tokens": true })),
        (
            "app",
            json!({
                "client_id": "other", "client_secret": "none", "certificate": include_str!("other-certificate.pem"),
                "callbacks": "http://a/cb http://b/cb", "require_pkce": true, "require_secret": true, "runs_as": BEN,
            }),
        ),
    ] {
        let told = outside.set(switch, &body);
        assert_eq!(told, outside.told("GET", switch, &Value::Null).1, "{switch}");
        for (name, value) in
            body.as_object().unwrap().iter().filter(|(name, _)| !matches!(name.as_str(), "callbacks" | "url"))
        {
            assert_eq!(told[name], *value, "{switch} shows {name}");
        }
    }
    let org = outside.0.model();
    for (first, last) in [(knobs, json!(org.knobs)), (app, json!(org.app))] {
        for (name, value) in before(first) {
            assert_ne!(last[&name], value, "no switch works {name}");
        }
    }
}

#[test]
fn what_a_switch_cannot_do_is_refused() {
    let outside = Outside::new();
    let nobody = "nobody@northwind.example";
    for (method, switch, body, place) in [
        ("POST", "app", json!({ "certificate": "x" }), "field 'certificate'"),
        ("POST", "app", json!({ "runs_as": nobody }), "field 'runs_as'"),
        ("POST", "sessions/expire", json!({ "username": nobody }), "field 'username'"),
        ("POST", "sessions/revoke", json!({}), "field 'username'"),
        ("POST", "limits", json!({ "licences": 3 }), "field 'edition'"),
        ("POST", "limits", json!({ "edition": "huge" }), "field 'edition'"),
        ("POST", "locks", json!({ "id": "x" }), "field 'id'"),
        ("POST", "commits", json!({ "delay_seconds": 100_000 }), "field 'delay_seconds'"),
        ("POST", "users", json!({ "username": "x" }), "field 'username'"),
        ("POST", "sharing", json!({ "default": "read" }), "field 'object'"),
        ("POST", "sharing", json!({ "object": "Nope", "default": "read" }), "the body"),
        ("POST", "roles", json!({ "username": nobody, "role": "x" }), "field 'username'"),
        ("POST", "fields", json!({ "whom": BEN, "field": "Contact.LastName", "access": "hidden" }), "the body"),
        ("POST", "permission-sets", json!({ "set": "Nope" }), "the body"),
        ("PUT", "duplicate-rules", json!({ "name": "x" }), "the body"),
        ("POST", "assignment-rules", json!({ "name": "x" }), "the body"),
        ("DELETE", "validation-rules", json!({ "name": "x", "object": "Contact" }), "field 'name'"),
        ("POST", "queues", json!({ "name": "x", "objects": "Lead, Nope" }), "the body"),
        ("PUT", "world", json!({ "seed": 1 }), "the body"),
    ] {
        let (status, told) = outside.told(method, switch, &body);
        let expected = format!("{method} /_sim/{switch}, {place}");
        assert_eq!((status, &told["error"]["where"]), (400, &json!(expected)), "{told}");
    }
}

#[test]
fn limits_and_bad_days_are_switched_from_outside() {
    let outside = Outside::new();
    let told = outside.set("limits", &json!({ "edition": "enterprise", "licences": 3, "used": 102_999 }));
    assert_eq!(told, json!({ "daily": 103_000, "used": 102_999 }));
    assert_eq!(outside.call("GET", "limits", &Value::Null).0, 200);
    let (status, refused) = outside.call("GET", "limits", &Value::Null);
    assert_eq!((status, &refused[0]["errorCode"]), (403, &json!("REQUEST_LIMIT_EXCEEDED")));
    assert_eq!(outside.told("DELETE", "limits", &Value::Null).1, json!({ "daily": 15_000, "used": 0 }));

    outside.set("unavailable", &json!({ "times": 1, "html": true }));
    let reply = outside.send("GET", &format!("{V}/limits"), "test-token", &Value::Null);
    assert_eq!((reply.status.as_u16(), reply.content_type()), (503, "text/html"));
    assert_eq!(outside.told("GET", "unavailable", &Value::Null).1["times"], 0);
}

#[test]
fn locks_pages_and_commits_are_switched_from_outside() {
    let outside = Outside::new();
    let (_, made) = outside.call("POST", "sobjects/Contact", &json!({ "LastName": "Lock" }));
    let id = made["id"].as_str().unwrap();
    assert_eq!(outside.set("locks", &json!({ "id": id[..15], "times": 2 })), json!({ id: 2 }));
    let path = format!("sobjects/Contact/{id}");
    let change = json!({ "Title": "x" });
    assert_eq!(outside.call("PATCH", &path, &change).1[0]["errorCode"], "UNABLE_TO_LOCK_ROW");
    assert_eq!(outside.told("GET", "locks", &Value::Null).1, json!({ id: 1 }));
    assert_eq!(outside.told("DELETE", "locks", &Value::Null).1, json!({}));
    assert_eq!(outside.call("PATCH", &path, &change).0, 204);

    outside.set("pages", &json!({ "batch_size": 1 }));
    let page = outside.call("GET", "query?q=SELECT+Id+FROM+Contact", &Value::Null).1;
    assert_eq!((page["records"].as_array().unwrap().len(), &page["done"]), (1, &json!(false)));

    outside.set("commits", &json!({ "delay_seconds": 90 }));
    outside.call("PATCH", &path, &json!({ "Title": "late" }));
    assert_eq!(outside.call("GET", &path, &Value::Null).1["Title"], "x");
    outside.set("clock", &json!({ "advance": "PT90S" }));
    assert_eq!(outside.call("GET", &path, &Value::Null).1["Title"], "late");
}

#[test]
fn sessions_and_approvals_are_switched_from_outside() {
    let outside = Outside::new();
    let open = |token: &str| outside.send("GET", &format!("{V}/limits"), token, &Value::Null).status.as_u16();
    let (anna, ben) = (outside.session(ANNA), outside.session(BEN));
    assert_eq!(outside.set("sessions/expire", &json!({ "username": BEN })), json!({ "open": 1 }));
    assert_eq!((open(&anna), open(&ben)), (200, 401));
    assert_eq!(outside.set("sessions/expire", &json!({}))["open"], 0);
    assert_eq!((open(&anna), open("test-token")), (401, 200));
    let anna = outside.session(ANNA);
    outside.set("sessions/revoke", &json!({ "username": ANNA }));
    assert_eq!((open(&anna), outside.refresh(&format!("refresh-{ANNA}")).0), (401, 400));

    outside.set("sessions", &json!({ "rotate_refresh_tokens": true, "timeout_seconds": 10 }));
    let (_, pass) = outside.refresh(&format!("refresh-{BEN}"));
    assert!(pass["refresh_token"].is_string());
    let token = pass["access_token"].as_str().unwrap();
    outside.set("clock", &json!({ "advance": "PT11S" }));
    assert_eq!((open(token), outside.refresh(&format!("refresh-{BEN}")).0), (401, 400));
}

#[test]
fn users_and_worlds_come_from_outside() {
    let outside = Outside::new();
    let first = outside.told("GET", "world", &Value::Null).1;
    let added = outside.set("users", &json!({ "username": "eva@northwind.example", "name": "Eva Falk" }));
    assert_eq!(outside.set("users", &json!({ "username": "eva@northwind.example" })), added);
    let users = outside.told("GET", "users", &Value::Null).1;
    let eva = json!({ "id": added["id"], "username": "eva@northwind.example", "name": "Eva Falk", "active": true });
    assert_eq!((users.as_array().unwrap().len(), &users[4]), (5, &eva));
    assert_eq!(outside.told("PUT", "world", &first).0, 200);
    assert_eq!(outside.told("GET", "world", &Value::Null).1, first);
    outside.set("pages", &json!({ "batch_size": 1 }));
    outside.set("world/reset", &json!({}));
    assert_eq!(outside.told("GET", "pages", &Value::Null).1["batch_size"], 0);
}

#[test]
fn who_is_told_of_changes_is_set_from_outside() {
    let org = Outside::new();
    let message =
        json!({"name": "People", "object": "contact", "url": "http://127.0.0.1:9/", "fields": "email Lastname"});
    assert!(org.set("outbound-messages", &message)["action_id"].as_str().unwrap().starts_with("04k"));
    let (_, told) = org.told("GET", "outbound-messages", &Value::Null);
    assert_eq!(told["messages"][0]["object"], "Contact");
    assert_eq!(told["messages"][0]["fields"], json!(["Email", "LastName"]));
    org.call("POST", "sobjects/Contact", &json!({ "LastName": "x" }));
    assert_eq!(org.told("GET", "outbound-messages", &Value::Null).1["waiting"], 1);
    for (body, field) in [
        (json!({"name": "x", "object": "Nope", "url": "http://h/"}), "object"),
        (json!({"name": "x", "object": "Lead", "url": "http://h/", "fields": "Nope"}), "fields"),
        (json!({"name": "x", "object": "Lead", "url": "ftp://h/"}), "url"),
        (json!({"name": "x", "object": "Lead", "url": "http://h/", "fields": "Address"}), "fields"),
    ] {
        let (status, told) = org.told("POST", "outbound-messages", &body);
        assert_eq!(status, 400, "{told}");
        assert!(told.to_string().contains(&format!("field '{field}'")), "{told}");
    }
    assert_eq!(org.told("DELETE", "outbound-messages", &json!({"name": "People"})).1["waiting"], 0);
    assert_eq!(org.told("DELETE", "outbound-messages", &json!({"name": "People"})).0, 400);

    let told = org.set("event-relay", &json!({"url": "http://127.0.0.1:9/", "state": "pause"}));
    assert_eq!(told["relay"]["state"], "pause");
    assert_eq!(told["relay"]["events"], told["channels"]);
    assert!(told["channels"].as_array().unwrap().contains(&json!("ContactChangeEvent")), "{told}");
    let told = org.set("event-relay", &json!({"events": "AccountChangeEvent"}));
    assert_eq!((&told["relay"]["state"], &told["relay"]["events"]), (&json!("pause"), &json!(["AccountChangeEvent"])));
    org.call("POST", "sobjects/Account", &json!({ "Name": "x" }));
    assert_eq!(org.told("GET", "event-relay", &Value::Null).1["waiting"], 1);
    assert_eq!(org.told("DELETE", "event-relay", &Value::Null).1["relay"], Value::Null);
}

#[test]
fn packages_are_deployed_from_outside() {
    let org = Outside::new();
    org.set("api", &json!({ "new_fields_for_all": true }));
    let text = "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fullName>Size__c</fullName>\
                <label>Size</label><type>Text</type><length>5</length></CustomField>";
    let told = org.set("packages", &json!({ "objects/Account/fields/Size__c.field-meta.xml": text }));
    assert!(told.as_array().unwrap().contains(&json!("Account.Size__c")), "{told}");
    assert_eq!(org.call("POST", "sobjects/Account", &json!({ "Name": "x", "Size__c": "big" })).0, 201);
    let (status, told) = org.told("POST", "packages", &json!({ "objects/Account/fields/X__c.field-meta.xml": "<" }));
    assert_eq!(status, 400, "{told}");
    assert!(told.to_string().contains("objects/Account/fields/X__c.field-meta.xml"), "{told}");
}

#[test]
fn who_may_do_what_is_switched_from_outside() {
    let outside = Outside::new();
    let as_ben = |target: &str| {
        let reply = outside.send("GET", &format!("{V}/{target}"), &format!("sim-{BEN}"), &Value::Null);
        (reply.status.as_u16(), reply.body_json())
    };
    let accounts = "query?q=SELECT+Id+FROM+Account";
    let titles = "query?q=SELECT+Title+FROM+Contact";
    let keys = "query?q=SELECT+Syncline_Key__c+FROM+Contact";
    assert_eq!(as_ben(accounts).1["totalSize"], 2);
    outside.set("sharing", &json!({ "default": "private" }));
    assert_eq!(as_ben(accounts).1["totalSize"], 0);
    outside.set("roles", &json!({ "username": BEN, "role": "Head" }));
    outside.set("roles", &json!({ "username": ANNA, "role": "Sales", "above": "Head" }));
    assert_eq!(as_ben(accounts).1["totalSize"], 2, "Anna's are seen from above");
    let told = outside.set("sharing", &json!({ "object": "Account", "default": "read_write" }));
    assert_eq!((&told["Account"], &told["Contact"]), (&json!("read_write"), &json!("private")));
    assert_eq!(outside.told("DELETE", "sharing", &Value::Null).1, json!({}));

    let hidden =
        outside.set("fields", &json!({ "whom": "Standard User", "field": "Contact.Title", "access": "hidden" }));
    assert_eq!(hidden, json!({ "Standard User": { "Contact.Title": "hidden" } }));
    assert_eq!(as_ben(titles).0, 400);
    outside.set("fields", &json!({ "whom": "Standard User", "field": "Contact.Title", "access": "default" }));
    assert_eq!(as_ben(titles).0, 200);
    let left = outside.set("permission-sets", &json!({ "set": "Syncline", "username": BEN, "given": false }));
    assert_eq!(left["Syncline"].as_array().unwrap().len(), 3);
    assert_eq!(as_ben(keys).0, 400);
    outside.set("permission-sets", &json!({ "set": "Syncline" }));
    assert_eq!(as_ben(keys).0, 200);
    outside.set("profiles", &json!({ "profile": "Standard User", "permission": "ApiEnabled", "given": false }));
    assert_eq!(as_ben(keys).1[0]["errorCode"], "API_CURRENTLY_DISABLED");
    let queue = outside.set("queues", &json!({ "name": "Inbound", "objects": "Lead,Case", "members": BEN }));
    assert_eq!(outside.told("GET", "queues", &Value::Null).1["Inbound"], queue["id"]);
}

#[test]
fn rules_of_admins_are_switched_from_outside() {
    let outside = Outside::new();
    let lead = |company: &str| json!({ "LastName": "x", "Company": company });
    let code = |(_, told): (u16, Value)| told[0]["errorCode"].as_str().unwrap_or("none").to_owned();
    let rule = json!({ "name": "No", "object": "Lead", "condition": "Company = 'No'", "message": "No." });
    assert_eq!(outside.set("validation-rules", &rule)[0]["name"], "No");
    assert_eq!(code(outside.call("POST", "sobjects/Lead", &lead("No"))), "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(outside.told("DELETE", "validation-rules", &json!({ "name": "No", "object": "Lead" })).0, 200);
    assert_eq!(code(outside.call("POST", "sobjects/Lead", &lead("No"))), "none");
    let told = outside.set("duplicate-rules", &json!({ "object": "Lead", "action": "block" }));
    assert_eq!(code(outside.call("POST", "sobjects/Lead", &lead("no"))), "DUPLICATES_DETECTED");
    assert_eq!(outside.told("DELETE", "duplicate-rules", &Value::Null).0, 200);
    assert_eq!(outside.told("PUT", "duplicate-rules", &told["rules"][0]).1["rules"], told["rules"]);
    let rule = json!({ "name": "All", "object": "Lead", "active": true, "entries": [{ "owner": BEN }] });
    outside.set("assignment-rules", &rule);
    let id = outside.call("POST", "sobjects/Lead", &lead("New")).1["id"].as_str().unwrap().to_owned();
    let owner = outside.call("GET", &format!("sobjects/Lead/{id}"), &Value::Null).1["OwnerId"].clone();
    assert_ne!(owner, outside.call("GET", &format!("sobjects/Lead/{id}"), &Value::Null).1["CreatedById"]);
    let left = outside.told("DELETE", "assignment-rules", &Value::Null).1;
    assert_eq!(left[0]["active"], json!(false));
}

#[test]
fn a_series_is_made_from_outside() {
    let outside = Outside::new();
    let order = |starts: &str| {
        json!({
            "username": BEN, "event": { "Subject": "Daily", "DurationInMinutes": 30 }, "pattern": "RRULE:FREQ=DAILY",
            "starts": starts,
        })
    };
    let ids = outside.set("series", &order("2031-05-07T09:00:00Z 2031-05-08T09:00:00Z"))["ids"].clone();
    assert_eq!(
        outside.call("GET", &format!("sobjects/Event/{}", ids[1].as_str().unwrap()), &Value::Null).1["Subject"],
        "Daily"
    );
    assert_eq!(outside.told("POST", "series", &order("soon")).0, 400);
    let refused = json!({ "username": BEN, "event": {}, "pattern": "x", "starts": "2031-05-07T09:00:00Z" });
    assert_eq!(outside.told("POST", "series", &refused).0, 400);
    assert_eq!(outside.told("POST", "commits", &json!({ "next_seconds": "soon" })).0, 400);
}
