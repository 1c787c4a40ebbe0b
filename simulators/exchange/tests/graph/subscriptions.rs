//! Notifications, against a receiver on the loopback interface.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sim_exchange::{LifecycleEvent, WellKnown};

use crate::desk::{ANNA, BEN, Desk, code, text};

/// Answers handshakes on every path but `/deaf` and keeps what else is posted. What comes to `/broken`
/// is answered with 500.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    pub(crate) letters: Receiver<(String, Value)>,
}

impl Endpoint {
    pub(crate) fn open() -> Self {
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
    pub(crate) fn next(&self) -> (String, Vec<Value>) {
        let (path, body) = self.letters.recv_timeout(Duration::from_secs(10)).expect("a notification");
        (path, body["value"].as_array().unwrap().clone())
    }

    /// The next letter as a whole; lets simulated time pass step by step until there is one.
    fn wait(&self, desk: &mut Desk, step: Duration) -> (String, Value) {
        for _ in 0..1000 {
            if let Ok(letter) = self.letters.recv_timeout(Duration::from_millis(20)) {
                return letter;
            }
            desk.pass(step);
            desk.wake();
        }
        panic!("no letter came");
    }

    fn is_quiet(&self) -> bool {
        self.letters.recv_timeout(Duration::from_millis(50)).is_err()
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
        let status = if target.starts_with("/broken") && body.len() > 1 { "500 No" } else { "200 OK" };
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", answer.len());
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
        (json!({"notificationUrl": "ftp://x/"}), "ValidationError"),
        (json!({"notificationUrl": "https:///x"}), "ValidationError"),
        (json!({"notificationUrl": null}), "ValidationError"),
        (json!({"changeType": "moved"}), "ValidationError"),
        (json!({"changeType": "created,"}), "ValidationError"),
        (json!({"changes": "created"}), "InvalidRequest"),
        (json!({"resource": 7}), "InvalidRequest"),
        (json!({"resource": "me/drive"}), "ExtensionError"),
        (json!({"resource": "me/mailFolders/inbox/rules/x/messages"}), "ExtensionError"),
        (json!({"latestSupportedTlsVersion": "v9"}), "ValidationError"),
        (json!({"resource": "me/events?$filter=nothing eq 1"}), "RequestBroker--ParseUri"),
        (json!({"clientState": "x".repeat(129)}), "ValidationError"),
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

#[test]
fn every_kind_of_item_can_be_followed_where_it_lies() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let calendar = text(&desk.get("/me/calendars").1, "/value/0/id").to_owned();
    let list = text(&desk.get("/me/todo/lists").1, "/value/0/id").to_owned();
    let inbox = text(&desk.get("/me/mailFolders/inbox").1, "/id").to_owned();
    let resources = [
        "me/events".to_owned(),
        "/me/calendar/events".to_owned(),
        format!("/me/calendars/{calendar}/events"),
        format!("Users/{ANNA}/calendars('{calendar}')/events?$filter=subject eq 'x'"),
        "me/messages".to_owned(),
        "me/mailFolders('inbox')/messages".to_owned(),
        format!("me/mailFolders/msgfolderroot/childFolders/{inbox}/messages"),
        "me/contacts".to_owned(),
        format!("me/todo/lists/{list}/tasks"),
    ];
    for resource in resources {
        let (status, made) = desk.post("/subscriptions", &asked(&endpoint, &resource, &json!({})));
        assert_eq!((status, &made["resource"]), (201, &json!(resource)), "{made}");
    }
    let long = json!({"expirationDateTime": "2026-10-04T09:00:00Z"});
    let told = desk.post("/subscriptions", &asked(&endpoint, &format!("me/todo/lists/{list}/tasks"), &long));
    assert_eq!(told.1["error"]["message"], "Subscription expiration can only be 4230 minutes in the future.");
    let nobody = desk.post("/subscriptions", &asked(&endpoint, &format!("users/{BEN}/events"), &json!({})));
    assert_eq!(code(&nobody), (403, "ExtensionError"));
    assert_eq!(
        nobody.1["error"]["message"],
        "Operation: Create; Exception: [Status Code: Forbidden; Reason: Access is denied. Check credentials and try again.]"
    );
    let first = desk.get("/subscriptions?$top=5").1;
    let second = desk.get(text(&first, "/@odata.nextLink")).1;
    assert_eq!((first["value"].as_array().unwrap().len(), second["value"].as_array().unwrap().len()), (5, 4));
}

#[test]
fn a_change_of_a_subscription_is_checked_like_a_new_one() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let made = desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({}))).1;
    let target = format!("/subscriptions/{}", text(&made, "/id"));
    let deaf = json!({"notificationUrl": format!("{}/deaf", endpoint.url)});
    assert_eq!(code(&desk.patch(&target, &deaf)), (400, "ValidationError"));
    let life = json!({"lifecycleNotificationUrl": format!("{}/life", endpoint.url)});
    assert_eq!(code(&desk.patch(&target, &life)), (400, "ValidationError"));
    desk.world.switches.handshake_failures = 1;
    let other = json!({"notificationUrl": format!("{}/other", endpoint.url), "resource": "me/events"});
    assert_eq!(code(&desk.patch(&target, &other)), (400, "ValidationError"));
    let (status, changed) = desk.patch(&target, &other);
    assert_eq!((status, &changed["notificationUrl"]), (200, &other["notificationUrl"]));
    desk.meeting("x", "2026-10-06T09:00:00Z");
    assert_eq!(endpoint.next().0, "/other");
}

#[test]
fn a_letter_that_is_refused_comes_again_until_it_is_missed() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let urls = json!({
        "notificationUrl": format!("{}/broken", endpoint.url),
        "lifecycleNotificationUrl": format!("{}/life", endpoint.url),
    });
    desk.post("/subscriptions", &asked(&endpoint, "me/events", &urls));
    let event = desk.meeting("x", "2026-10-06T09:00:00Z");
    let (mut tries, begun) = (0, desk.now);
    let missed = loop {
        let (path, letter) = endpoint.wait(&mut desk, Duration::from_mins(5));
        if path == "/life" {
            break letter;
        }
        assert_eq!(letter["value"][0]["resourceData"]["id"], event["id"]);
        tries += 1;
    };
    assert!((10..30).contains(&tries), "{tries}");
    assert!(desk.now.duration_since(begun).as_hours() >= 4);
    assert_eq!(text(&missed, "/value/0/lifecycleEvent"), "missed");
}

#[test]
fn notifications_can_be_late_out_of_order_or_more_than_one_expects() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({})));
    desk.world.switches.notification_delay_seconds = 60;
    let late = desk.meeting("Late", "2026-10-06T09:00:00Z");
    desk.pass(Duration::from_secs(59));
    desk.wake();
    assert!(endpoint.is_quiet() && desk.world.waiting_notifications() == 1);
    desk.pass(Duration::from_secs(1));
    desk.wake();
    assert_eq!(endpoint.next().1[0]["resourceData"]["id"], late["id"]);
    desk.world.switches.notification_delay_seconds = 0;
    desk.world.switches.notification_drops = 1;
    desk.meeting("Dropped", "2026-10-06T09:00:00Z");
    desk.world.switches.notification_disorder = 2;
    let first = desk.meeting("First", "2026-10-06T09:00:00Z");
    assert!(endpoint.is_quiet());
    let second = desk.meeting("Second", "2026-10-06T09:00:00Z");
    for event in [&second, &first] {
        assert_eq!(endpoint.next().1[0]["resourceData"]["id"], event["id"]);
    }
    desk.meeting("Held", "2026-10-06T09:00:00Z");
    desk.world.switches.notification_disorder = 0;
    desk.world.switches.create_echoes = 2;
    desk.wake();
    assert_eq!(endpoint.next().1.len(), 1);
    desk.meeting("Echoed", "2026-10-06T09:00:00Z");
    let notices = endpoint.next().1;
    let kinds: Vec<&str> = notices.iter().map(|notice| text(notice, "/changeType")).collect();
    assert_eq!(kinds, ["created", "updated", "updated"]);
}

#[test]
fn a_subscription_asks_once_for_a_renewal_and_goes_with_its_users_sessions() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let life = json!({"lifecycleNotificationUrl": format!("{}/life", endpoint.url)});
    let short = json!({"expirationDateTime": "2026-10-01T11:00:00Z"});
    let mut body = asked(&endpoint, "me/events", &life);
    body["expirationDateTime"] = short["expirationDateTime"].clone();
    let made = desk.post("/subscriptions", &body).1;
    desk.pass(Duration::from_mins(104));
    desk.wake();
    assert!(endpoint.is_quiet());
    desk.pass(Duration::from_mins(1));
    desk.wake();
    let (path, notices) = endpoint.next();
    assert_eq!((path.as_str(), text(&notices[0], "/lifecycleEvent")), ("/life", "reauthorizationRequired"));
    desk.wake();
    assert!(endpoint.is_quiet());
    let target = format!("/subscriptions/{}", text(&made, "/id"));
    assert_eq!(desk.patch(&target, &json!({"expirationDateTime": "2026-10-02T09:00:00Z"})).0, 200);
    desk.world.revoke_refresh_token(ANNA);
    desk.wake();
    assert_eq!(text(&endpoint.next().1[0], "/lifecycleEvent"), "subscriptionRemoved");
    assert_eq!(desk.world.active_subscriptions(desk.now), 0);
}

#[test]
fn items_travel_sealed_for_who_asked_for_them() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let rich = |certificate: &str| {
        json!({
            "includeResourceData": true, "encryptionCertificate": certificate, "encryptionCertificateId": "mine",
            "expirationDateTime": "2026-10-02T09:00:00Z",
        })
    };
    let resource = "me/events?$select=subject";
    let cases = [
        (rich("bm90aGluZw=="), "ValidationError"),
        (json!({"includeResourceData": true}), "ValidationError"),
        (json!({"includeResourceData": "yes"}), "InvalidRequest"),
    ];
    for (wrong, expected) in cases {
        assert_eq!(code(&desk.post("/subscriptions", &asked(&endpoint, resource, &wrong))), (400, expected), "{wrong}");
    }
    let mut long = rich(CERTIFICATE);
    long["expirationDateTime"] = "2026-10-02T09:01:00Z".into();
    let told = desk.post("/subscriptions", &asked(&endpoint, resource, &long));
    assert_eq!(told.1["error"]["message"], "Subscription expiration can only be 1440 minutes in the future.");
    let (status, made) = desk.post("/subscriptions", &asked(&endpoint, resource, &rich(CERTIFICATE)));
    assert_eq!(
        (status, &made["includeResourceData"], text(&made, "/encryptionCertificateId")),
        (201, &json!(true), "mine")
    );
    let event = desk.meeting("Secret", "2026-10-06T09:00:00Z");
    let (_, letter) = endpoint.wait(&mut desk, Duration::ZERO);
    let content = &letter["value"][0]["encryptedContent"];
    assert_eq!(content["encryptionCertificateId"], "mine");
    assert_eq!(text(content, "/encryptionCertificateThumbprint").len(), 40);
    assert!(!letter.to_string().contains("Secret"));
    for part in ["data", "dataKey", "dataSignature"] {
        assert!(STANDARD.decode(content[part].as_str().unwrap()).is_ok(), "{part}");
    }
    assert_eq!(letter["validationTokens"].as_array().map(Vec::len), Some(1));
    desk.delete(&format!("/me/events/{}", text(&event, "/id")));
    let (_, letter) = endpoint.wait(&mut desk, Duration::ZERO);
    assert!(letter["value"][0].get("encryptedContent").is_none() && letter.get("validationTokens").is_none());
}

/// An X.509 certificate with an RSA key of 2048 bits.
const CERTIFICATE: &str = "MIIDDTCCAfWgAwIBAgIUSvKxB0lGOr1Ev4MtnCUlKaKjmDowDQYJKoZIhvcNAQELBQAwFTETMBEGA1UEAwwKc3Vic2NyaWJlcjAg\
         Fw0yNjExMjIwNjE1MTJaGA8yMTI2MTAyOTA2MTUxMlowFTETMBEGA1UEAwwKc3Vic2NyaWJlcjCCASIwDQYJKoZIhvcNAQEBBQAD\
         ggEPADCCAQoCggEBALfSM0dD9ywBwj60hDbBP1yAZ4+IXQMZDNdyU9fk3r6RoZDnK2h9FjpHK0ywjqfgv0ROV6wKBMN5U4F8z49o\
         E1gZ6s+X1+8IL8TEmoAoU8PQuMHc5OSDaOzPbUQElo6WvOOjyCEIdRmpmJ3GnZ7N6XpABE/C93eJdCCsF+tasfbOVeybREuT26Wu\
         NvrOvqe4JehyIkWnuLxIy/P+SNsFxo+XJkB/rMQFuW0+q9QlznBWZA9soq/6QLlZJPAciGN4/0YP+00FP9mtKRdH1BF86dFCoYpx\
         HEhQPwgii0px7uU29YYy4e88TcEC0dC9y6oRUkaqKAgK3nKMHvKBoFQ5jS0CAwEAAaNTMFEwHQYDVR0OBBYEFObAM0NEB0WsIKmm\
         wuxMgCkZmkk0MB8GA1UdIwQYMBaAFObAM0NEB0WsIKmmwuxMgCkZmkk0MA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQAD\
         ggEBAHhoMMyp0Lu2zMYxa94RNx6VwDvbR34ugJwIamv2dPNBOB8ebwupgE4Pcj09k2D55dsh+sKvbXW6XekJMrZ9Lv1Uzbs+YtH7\
         9DRElpJa7VqcxgZQKEPdxA7kYXoANOoAoxMjsG9PSdEp0eI1fY0St6uVcMSfPhvX2jcae3KEvxzlUvV8r1VJR7LUk5icBu3Rfhkq\
         nqV1Lg2cAvXxNga7mP6iN+w59S34wgKw44P1/eb+ARAPUb2+hWotZW/a4mps0ZbTyNzVsF8bpua9vzrQhzc6C3zlAN6YM4nwMOvU\
         NP/MxG5cLKgA2IsLOp52c3d6iHeXSCIFkBhBnJpyLznPW9A=";

#[test]
fn an_occurrence_is_told_with_its_series() {
    let (mut desk, endpoint) = (Desk::new(), Endpoint::open());
    let recurrence = json!({
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-10-06", "numberOfOccurrences": 3},
    });
    let master = desk.meeting_with("Series", "2026-10-06T09:00:00Z", &json!({"recurrence": recurrence}));
    let window = "startDateTime=2026-10-07T00:00:00Z&endDateTime=2026-10-08T00:00:00Z";
    let occurrence = desk.get(&format!("/me/calendarView?{window}")).1["value"][0].clone();
    assert_eq!(desk.post("/subscriptions", &asked(&endpoint, "me/events", &json!({}))).0, 201);
    let target = format!("/me/events/{}", text(&occurrence, "/id"));
    let told =
        |what: &str| vec![(what.to_owned(), occurrence["id"].clone()), ("updated".to_owned(), master["id"].clone())];
    let next = |endpoint: &Endpoint| {
        let notices = endpoint.next().1;
        let told = |notice: &Value| (text(notice, "/changeType").to_owned(), notice["resourceData"]["id"].clone());
        notices.iter().map(told).collect::<Vec<_>>()
    };
    desk.patch(&target, &json!({"subject": "Other"}));
    assert_eq!(next(&endpoint), told("updated"));
    desk.delete(&target);
    assert_eq!(next(&endpoint), told("deleted"));
}
