//! The real binary, started and invoked as Lambda does it.

use jiff::Timestamp;
use serde_json::{Value, json};
use syncline_core::ids::{RemoteId, UserId};
use syncline_core::item::{Kind, Side};
use syncline_core::job::{Job, Stream, Trigger};
use syncline_core::reason::Reason;
use syncline_ports::{ParkedRow, StateStore};
use syncline_runtime::standin::{Function, LocalAws, http_event, sha256_hex};

const BINARY: &str = env!("CARGO_BIN_EXE_console");
const TOKEN: &str = "let me in";
const BEARER: (&str, &str) = ("authorization", "Bearer let me in");
const COOKIE: (&str, &str) = ("cookie", "syncline_console=let%20me%20in");
const OURS: (&str, &str) = ("sec-fetch-site", "same-origin");

/// The console over an org with one user.
async fn console(aws: &LocalAws) -> Function {
    aws.seed().await;
    let digest = sha256_hex(TOKEN);
    let mut settings = aws.settings();
    settings.push(("SYNCLINE_CONSOLE_TOKEN_SHA256".to_owned(), digest));
    settings.push(("SYNCLINE_PUBLIC_URL".to_owned(), "https://api.example".to_owned()));
    Function::start(BINARY, &settings).await
}

async fn ask(
    console: &mut Function,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u64, Value, String) {
    let answer = console.invoke(&http_event(method, path, headers, body)).await;
    let answer = answer.expect("an answer");
    let status = answer["statusCode"].as_u64().expect("a status");
    let body = answer["body"].as_str().unwrap_or_default().to_owned();
    (status, answer, body)
}

#[tokio::test]
async fn nobody_learns_anything_without_the_token() {
    let aws = LocalAws::start().await;
    let mut console = console(&aws).await;
    let wrong = ("authorization", "Bearer let me out");
    for headers in [&[][..], &[wrong]] {
        for path in ["/api/users", "/api/users/anna", "/api/users/anna/sync", "/api/nothing"] {
            let (status, answer, body) = ask(&mut console, "GET", path, headers, "").await;
            assert_eq!(status, 401, "{path}");
            assert_eq!(answer["headers"]["content-type"], "application/json");
            assert!(!body.contains("anna"));
        }
        for path in ["/", "/users/anna", "/nothing", "/login"] {
            let (status, answer, body) = ask(&mut console, "GET", path, headers, "").await;
            assert_eq!(status, 401, "{path}");
            assert_eq!(answer["headers"]["content-type"], "text/html; charset=utf-8");
            assert!(body.contains("action=\"/login\"") && !body.contains("anna"));
        }
    }
    ask(&mut console, "POST", "/api/users/anna/sync", &[wrong], "").await;
    assert!(aws.jobs("mirror").await.is_empty());
}

#[tokio::test]
async fn z02_the_api_shows_users_with_both_connections() {
    let aws = LocalAws::start().await;
    let mut console = console(&aws).await;
    let (status, answer, body) = ask(&mut console, "GET", "/api/users", &[BEARER], "").await;
    assert_eq!(status, 200);
    assert_eq!(answer["headers"]["cache-control"], "no-store");
    let users: Value = serde_json::from_str(&body).unwrap();
    let anna = &users["users"][0];
    assert_eq!(anna["id"], "anna");
    assert_eq!(anna["connections"], json!({ "mailbox": "connected", "crm": "connected" }));
    assert_eq!((&anna["last_session"], &anna["parked"]), (&Value::Null, &json!(0)));

    let (status, _, body) = ask(&mut console, "GET", "/api/users/anna", &[BEARER], "").await;
    assert_eq!(status, 200);
    let user: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&user["address"], &user["sessions"]), (&json!("anna@northwind.example"), &json!([])));

    for (method, path, expected) in [
        ("GET", "/api/users/nobody", 404),
        ("POST", "/api/users/nobody/sync", 404),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/users", 405),
        ("GET", "/api/users/anna/sync", 405),
        ("POST", "/", 405),
    ] {
        let (status, _, _) = ask(&mut console, method, path, &[BEARER], "").await;
        assert_eq!(status, expected, "{method} {path}");
    }
}

#[tokio::test]
async fn z07_a_forced_session_is_queued_once_for_each_stream() {
    let aws = LocalAws::start().await;
    let mut console = console(&aws).await;
    let path = "/api/users/anna/sync";
    let (status, _, body) = ask(&mut console, "POST", path, &[BEARER], "").await;
    assert_eq!((status, body.as_str()), (202, r#"{"jobs":2}"#));
    let (status, _, body) = ask(&mut console, "POST", path, &[BEARER], "").await;
    assert_eq!((status, body.as_str()), (202, r#"{"jobs":0}"#), "one is queued already");
    for (queue, stream) in [("mirror", Stream::Mirror), ("ingest", Stream::Ingest)] {
        let job = Job::Session { user: UserId::new("anna"), stream, trigger: Trigger::Forced };
        assert_eq!(aws.jobs(queue).await, [job]);
    }
}

#[tokio::test]
async fn z07_somebody_who_logged_in_synchronizes_from_our_page_only() {
    let aws = LocalAws::start().await;
    let mut console = console(&aws).await;
    let (status, _, body) = ask(&mut console, "POST", "/login", &[OURS], "token=wrong").await;
    assert!(status == 401 && body.contains("not accepted"));
    let elsewhere = ("sec-fetch-site", "cross-site");
    let (status, _, _) = ask(&mut console, "POST", "/login", &[elsewhere], "token=let+me+in").await;
    assert_eq!(status, 403);
    let (status, answer, _) = ask(&mut console, "POST", "/login", &[OURS], "token=let+me+in").await;
    assert_eq!((status, &answer["headers"]["location"]), (303, &json!("/")));
    assert_eq!(answer["cookies"], json!(["syncline_console=let%20me%20in; Path=/; HttpOnly; SameSite=Strict; Secure"]));

    let (status, answer, body) = ask(&mut console, "GET", "/", &[COOKIE], "").await;
    assert!(status == 200 && body.contains("anna@northwind.example"));
    let policy = answer["headers"]["content-security-policy"].as_str().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");

    let path = "/users/anna/sync";
    for headers in [&[COOKIE][..], &[COOKIE, elsewhere]] {
        let (status, _, _) = ask(&mut console, "POST", path, headers, "").await;
        assert_eq!(status, 403);
    }
    assert!(aws.jobs("mirror").await.is_empty());
    let (status, answer, _) = ask(&mut console, "POST", path, &[COOKIE, OURS], "").await;
    assert_eq!((status, &answer["headers"]["location"]), (303, &json!("/users/anna")));
    assert_eq!(aws.jobs("mirror").await.len(), 1);
    assert!(!console.end().contains(TOKEN));
}

#[tokio::test]
async fn d11_held_deletes_are_shown_and_decided() {
    let aws = LocalAws::start().await;
    let mut console = console(&aws).await;
    let anna = UserId::new("anna");
    let row = ParkedRow {
        kind: Kind::Event,
        side: Side::Mailbox,
        id: RemoteId::new("gone-1"),
        reason: Reason::MassDelete,
        detail: String::new(),
        tries: 0,
        next_try: None,
        since: Timestamp::now(),
        verdict: None,
    };
    aws.store().park(&anna, &row).await.unwrap();

    let (_, _, body) = ask(&mut console, "GET", "/api/users/anna", &[BEARER], "").await;
    let user: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&user["held_deletes"], &user["parked_items"][0]["held"]), (&json!(1), &json!(true)));
    let (_, _, body) = ask(&mut console, "GET", "/users/anna", &[COOKIE], "").await;
    assert!(body.contains("gone-1") && body.contains("value=\"allow\""));

    let path = "/api/users/anna/held-deletes";
    for wrong in ["", "{}", r#"{"decision":"maybe"}"#] {
        let (status, _, _) = ask(&mut console, "POST", path, &[BEARER], wrong).await;
        assert_eq!(status, 400, "{wrong}");
    }
    let deny = r#"{"decision":"deny"}"#;
    let (status, _, body) = ask(&mut console, "POST", path, &[BEARER], deny).await;
    assert_eq!((status, body.as_str()), (202, r#"{"items":1}"#));
    let parked = aws.store().parked(&anna, Kind::Event).await.unwrap();
    assert_eq!(parked[0].verdict, Some(false));
    assert_eq!(aws.jobs("mirror").await.len(), 1);

    let (status, _, _) = ask(&mut console, "POST", "/users/anna/held-deletes", &[COOKIE, OURS], "decision=allow").await;
    assert_eq!(status, 303);
    let parked = aws.store().parked(&anna, Kind::Event).await.unwrap();
    assert_eq!(parked[0].verdict, Some(true));
}
