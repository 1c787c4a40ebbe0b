//! Notifications, against a receiver on the loopback interface.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};
use sim_exchange::{LifecycleEvent, WellKnown};

use crate::desk::{ANNA, BEN, Desk, code, text};

/// Answers handshakes on every path but `/deaf` and keeps what else is posted.
struct Endpoint {
    url: String,
    letters: Receiver<(String, Value)>,
}

impl Endpoint {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, letters) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream, &sender));
            }
        });
        Self { url, letters }
    }

    /// The next letter's path and notifications.
    fn next(&self) -> (String, Vec<Value>) {
        let (path, body) = self.letters.recv_timeout(Duration::from_secs(10)).expect("a notification");
        (path, body["value"].as_array().unwrap().clone())
    }
}

fn serve(mut stream: TcpStream, sender: &Sender<(String, Value)>) {
    loop {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read(&mut byte).unwrap_or(0) == 0 {
                return;
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").and_then(|text| text.parse().ok()));
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        let target = head.split(' ').nth(1).unwrap_or_default();
        let answer = match target.split_once("validationToken=") {
            Some((path, token)) if !path.starts_with("/deaf") => {
                percent_encoding::percent_decode_str(token).decode_utf8_lossy().into_owned()
            }
            Some(_) => "no".to_owned(),
            None => {
                sender.send((target.to_owned(), serde_json::from_slice(&body).unwrap())).unwrap();
                String::new()
            }
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", answer.len());
        stream.write_all((head + &answer).as_bytes()).unwrap();
    }
}

fn asked(endpoint: &Endpoint, resource: &str, more: &Value) -> Value {
    let mut body = json!({
        "changeType": "created,updated,deleted", "notificationUrl": format!("{}/hook?tenant=1", endpoint.url),
        "resource": resource, "expirationDateTime": "2026-10-03T09:00:00.123456Z", "clientState": "secret",
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn a_change_is_told_with_all_that_a_receiver_needs() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    desk.prefer = Some("IdType=\"ImmutableId\"");
    let (status, made) = desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({})));
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["includeResourceData"], text(&made, "/latestSupportedTlsVersion")), (&Value::Null, "v1_2"));
    let event = desk.meeting("Told", "2026-10-06T09:00:00Z");
    let id = text(&event, "/id");
    desk.patch(&format!("/me/events/{id}"), &json!({"subject": "Told again"}));
    desk.delete(&format!("/me/events/{id}"));
    let user = text(&desk.get("/me").1, "/id").to_owned();
    let mut kinds: Vec<String> = (0..3)
        .map(|_| {
            let (path, notices) = endpoint.next();
            assert_eq!(path, "/hook?tenant=1");
            let notice = &notices[0];
            assert_eq!(notice["subscriptionId"], made["id"]);
            assert_eq!((text(notice, "/clientState"), text(notice, "/tenantId")), ("secret", desk.world.tenant_id()));
            assert_eq!(text(notice, "/resource"), format!("Users/{user}/Events/{id}"));
            assert_eq!(text(notice, "/resourceData/@odata.type"), "#Microsoft.Graph.Event");
            text(notice, "/changeType").to_owned()
        })
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["created", "deleted", "updated"]);
}

#[test]
fn both_addresses_must_pass_the_handshake() {
    let endpoint = Endpoint::open();
    let deaf = format!("{}/deaf", endpoint.url);
    let cases = [
        (json!({"notificationUrl": deaf}), "ValidationError"),
        (json!({"lifecycleNotificationUrl": deaf}), "ValidationError"),
        (json!({"notificationUrl": "ftp://x/"}), "InvalidRequest"),
        (json!({"changeType": "moved"}), "InvalidRequest"),
        (json!({"resource": "me/drive"}), "InvalidRequest"),
        (json!({"resource": "me/events?$filter=nothing eq 1"}), "RequestBroker--ParseUri"),
        (json!({"clientState": "x".repeat(129)}), "InvalidRequest"),
        (json!({"expirationDateTime": "2026-10-08T08:51:00Z"}), "ExtensionError"),
        (json!({"expirationDateTime": "2026-09-08T09:00:00Z"}), "ExtensionError"),
        (json!({"expirationDateTime": "soon"}), "InvalidRequest"),
    ];
    for (wrong, expected) in cases {
        let mut desk = Desk::new();
        assert_eq!(
            code(&desk.post("/subscriptions", &asked(&endpoint, "me/events", &wrong))),
            (400, expected),
            "{wrong}"
        );
        assert_eq!(desk.world.active_subscriptions(desk.now), 0);
    }
    let mut desk = Desk::new();
    desk.world.switches.allow_http = false;
    assert_eq!(desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({}))).0, 400);
}

#[test]
fn a_subscription_is_renewed_reauthorized_deleted_or_lapses() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let short = json!({"expirationDateTime": "2026-10-01T09:05:00Z"});
    let made = desk.post("/subscriptions", &asked(&endpoint, "/me/mailFolders('inbox')/messages", &short)).1;
    assert_eq!(text(&made, "/expirationDateTime"), "2026-10-01T09:45:00Z");
    let target = format!("/subscriptions/{}", text(&made, "/id"));
    let (status, renewed) = desk.patch(&target, &json!({"expirationDateTime": "2026-10-08T08:50:00Z"}));
    assert_eq!((status, text(&renewed, "/expirationDateTime")), (200, "2026-10-08T08:50:00Z"));
    assert_eq!(desk.post(&format!("{target}/reauthorize"), &json!({})).0, 204);
    assert_eq!(desk.get("/subscriptions").1["value"].as_array().unwrap().len(), 1);
    desk.token = format!("sim-{BEN}");
    assert_eq!(code(&desk.get(&target)), (404, "ResourceNotFound"));
    desk.token = format!("sim-{ANNA}");
    desk.pass(Duration::from_hours(7 * 24));
    assert_eq!(code(&desk.patch(&target, &json!({}))), (404, "ResourceNotFound"));
    let made = desk
        .post(
            "/subscriptions",
            &asked(&endpoint, "me/contacts", &json!({"expirationDateTime": "2026-10-09T09:00:00Z"})),
        )
        .1;
    let target = format!("/subscriptions/{}", text(&made, "/id"));
    assert_eq!((desk.delete(&target).0, desk.delete(&target).0), (204, 404));
}

#[test]
fn a_mail_tells_only_those_who_follow_its_folder() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    for (path, resource) in [
        ("inbox", "me/mailFolders/inbox/messages"),
        ("sent", "me/mailFolders('sentitems')/messages"),
        ("any", "me/messages?$filter=isRead eq true"),
    ] {
        let url = json!({"notificationUrl": format!("{}/{path}", endpoint.url)});
        assert_eq!(desk.post("/subscriptions", &asked(&endpoint, resource, &url)).0, 201);
    }
    let mime = b"Subject: x\r\n\r\ny";
    let id = desk.with(|world, context| world.deliver(ANNA, WellKnown::Inbox, mime, context)).unwrap();
    let (path, notices) = endpoint.next();
    assert_eq!((path.as_str(), text(&notices[0], "/changeType")), ("/inbox", "created"));
    // Reading it brings it into the filter.
    desk.patch(&format!("/me/messages/{id}"), &json!({"isRead": true}));
    let mut told: Vec<(String, String)> = (0..2)
        .map(|_| endpoint.next())
        .map(|(path, notices)| (path, text(&notices[0], "/changeType").to_owned()))
        .collect();
    told.sort();
    assert_eq!(told, [("/any".to_owned(), "created".to_owned()), ("/inbox".to_owned(), "updated".to_owned())]);
}

#[test]
fn notifications_may_be_lost_doubled_or_echoed() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({})));
    desk.world.switches.notification_copies = 0;
    desk.meeting("Lost", "2026-10-06T09:00:00Z");
    desk.world.switches.notification_copies = 2;
    let event = desk.meeting("Doubled", "2026-10-06T09:00:00Z");
    for _ in 0..2 {
        assert_eq!(endpoint.next().1[0]["resourceData"]["id"], event["id"]);
    }
    desk.world.switches.notification_copies = 1;
    desk.world.switches.bump_change_key = true;
    desk.meeting("Echoed", "2026-10-06T09:00:00Z");
    let notices = endpoint.next().1;
    let kinds: Vec<&str> = notices.iter().map(|notice| text(notice, "/changeType")).collect();
    assert_eq!(kinds, ["created", "updated"]);
}

#[test]
fn lifecycle_events_go_to_their_own_address() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let url = json!({"lifecycleNotificationUrl": format!("{}/life", endpoint.url)});
    let made = desk.post("/subscriptions", &asked(&endpoint, "me/events", &url)).1;
    for (event, name) in [
        (LifecycleEvent::Missed, "missed"),
        (LifecycleEvent::ReauthorizationRequired, "reauthorizationRequired"),
        (LifecycleEvent::SubscriptionRemoved, "subscriptionRemoved"),
    ] {
        assert_eq!(desk.with(|world, context| world.send_lifecycle(ANNA, event, context)), 1);
        let (path, notices) = endpoint.next();
        assert_eq!((path.as_str(), text(&notices[0], "/lifecycleEvent")), ("/life", name));
        assert_eq!((&notices[0]["subscriptionId"], text(&notices[0], "/clientState")), (&made["id"], "secret"));
    }
    assert_eq!(desk.world.active_subscriptions(desk.now), 0);
}

#[test]
fn tasks_of_a_list_and_contacts_of_a_folder_are_told() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let list = desk.get("/me/todo/lists/Tasks").1;
    let folder = desk.post("/me/contactFolders", &json!({"displayName": "Customers"})).1;
    let (list, folder) = (text(&list, "/id"), text(&folder, "/id"));
    let resources = [format!("me/todo/lists/{list}/tasks"), format!("me/contactFolders/{folder}/contacts")];
    for resource in &resources {
        assert_eq!(desk.post("/subscriptions", &asked(&endpoint, resource, &json!({}))).0, 201, "{resource}");
    }
    assert_eq!(desk.post("/subscriptions", &asked(&endpoint, "me/todo/lists/x/tasks", &json!({}))).0, 400);
    desk.post("/me/contacts", &json!({"givenName": "Elsewhere"}));
    let task = desk.post(&format!("/{}", resources[0]), &json!({"title": "A"})).1;
    let notice = &endpoint.next().1[0];
    assert_eq!((text(notice, "/changeType"), &notice["resourceData"]["id"]), ("created", &task["id"]));
    assert_eq!(text(notice, "/resourceData/@odata.type"), "#Microsoft.Graph.TodoTask");
    let below = format!("/todo/lists/{list}/tasks/{}", text(&task, "/id"));
    assert!(text(notice, "/resource").ends_with(&below), "{notice}");
    desk.post(&format!("/me{below}/checklistItems"), &json!({"displayName": "Step"}));
    assert_eq!(text(&endpoint.next().1[0], "/changeType"), "updated");
    desk.delete(&format!("/me{below}"));
    assert_eq!(text(&endpoint.next().1[0], "/changeType"), "deleted");
    let contact = desk.post(&format!("/{}", resources[1]), &json!({"givenName": "Inside"})).1;
    assert_eq!(endpoint.next().1[0]["resourceData"]["id"], contact["id"]);
}
