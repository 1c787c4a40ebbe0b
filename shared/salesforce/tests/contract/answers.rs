//! Answers that are not what the API promises: of machines in front of it, cut off, or too long.

use syncline_core::cursor::{Next, Position};
use syncline_ports::{ErrorKind, LossKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that says what it was taught, and remembers what it was asked.
struct Parrot {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Parrot {
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// `lesson` gives head and body of the answer to a request, of which it is told how many came before.
async fn parrot(lesson: impl Fn(&str, usize) -> (String, Vec<u8>) + Send + 'static) -> Parrot {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 4096]);
            while !is_whole(&request) {
                let read = stream.read(&mut part).await.unwrap_or(0);
                if read == 0 {
                    break;
                }
                request.extend_from_slice(&part[..read]);
            }
            let request = String::from_utf8_lossy(&request).into_owned();
            let before = all.lock().unwrap().len();
            let (head, body) = lesson(&request, before);
            all.lock().unwrap().push(request);
            let head = format!("{head}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
            // Who has heard enough may hang up.
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(&body).await;
        }
    });
    Parrot { url, heard: requests }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// Anna's way to the parrot instead of her org, with what is known of the org.
fn way(world: &World, parrot: &Parrot) -> Salesforce {
    let grant = Grant { instance_url: Some(parrot.url.clone()), ..world.vault.grant() };
    let settings = Settings { login_url: world.org.url(), ..Settings::new(CLIENT_ID, CLIENT_SECRET) };
    let http = http();
    let account = Account { user: world.anna.clone(), username: ANNA.to_owned() };
    let clock = Arc::new(WorldClock(world.org.clock().clone()));
    Salesforce::new(settings, http, Arc::new(Vault(Mutex::new((grant, 0)))), clock, world.shared.clone(), account)
}

async fn settled(world: &World) -> Position {
    world.made("known", &meeting()).await;
    let page = world.events().changes(&window(), &Position::Start).await.unwrap();
    let Next::Done(token) = page.next else { panic!("one page") };
    Position::Delta(token)
}

/// What a poll of events is answered if there is no news.
fn idle() -> String {
    let page = json!({"done": true, "totalSize": 0, "records": []});
    let part = |name: &str| json!({"referenceId": name, "httpStatusCode": 200, "body": page});
    json!({"compositeResponse": [part("page"), part("companions")]}).to_string()
}

#[tokio::test]
async fn what_makes_no_sense_is_for_later_and_a_write_it_answers_is_unknown() {
    let world = world().await;
    let position = settled(&world).await;
    let html = b"<html>Down for maintenance: mia@fabrikam.example</html>".to_vec();
    let mut too_long = vec![b' '; 64 << 20];
    too_long.extend(idle().into_bytes());
    for (head, body, of_write) in [
        ("HTTP/1.1 200 OK\r\nContent-Type: text/html", html.clone(), Some(Outcome::Unknown)),
        ("HTTP/1.1 200 OK", b"{\"compositeResponse\": ".to_vec(), Some(Outcome::Unknown)),
        ("HTTP/1.1 200 OK", b"{}".to_vec(), Some(Outcome::Unknown)),
        ("HTTP/1.1 200 OK", b"{\"compositeResponse\": [{}, 7, null]}".to_vec(), Some(Outcome::Unknown)),
        ("HTTP/1.1 200 OK", too_long, Some(Outcome::Unknown)),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html", html.clone(), Some(Outcome::Unknown)),
        ("HTTP/1.1 502 Bad Gateway", Vec::new(), Some(Outcome::Unknown)),
        // The org has moved: nothing was done, and nothing is told to whoever is named.
        ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere", Vec::new(), None),
        ("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/elsewhere", Vec::new(), None),
    ] {
        let parrot = parrot(move |_, _| (head.to_owned(), body.clone())).await;
        let crm = way(&world, &parrot);
        let error = crm.events().changes(&window(), &position).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient, "{head}");
        assert!(!format!("{error:?}").contains("fabrikam"), "no content in errors");
        let write = crm.events().write(&[create("new", &meeting())]).await;
        match of_write {
            Some(outcome) => assert_eq!(write.unwrap(), [outcome], "{head}"),
            None => assert_eq!(write.unwrap_err().kind, ErrorKind::Transient, "{head}"),
        }
        assert_eq!(parrot.heard().len(), 2, "each once: {head}");
    }
}

#[tokio::test]
async fn an_answer_that_tells_no_time_is_understood_by_its_stamps_and_by_what_was_before() {
    let world = world().await;
    let position = settled(&world).await;
    let body = idle();
    let parrot = parrot(move |_, _| ("HTTP/1.1 200 OK".to_owned(), body.clone().into_bytes())).await;
    let crm = way(&world, &parrot);
    let page = crm.events().changes(&window(), &position).await.unwrap();
    let Next::Done(token) = page.next else { panic!("the round is over") };
    assert_eq!((page.items.len(), Position::Delta(token)), (0, position.clone()), "the mark stands");
    world.later(15 * 24 * 3600);
    let error = crm.events().changes(&window(), &position).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::CursorExpired, "by our own clock, if there is no other");
}

#[tokio::test]
async fn a_text_too_long_for_a_field_that_was_shortened_is_cut_again_and_not_refused() {
    let world = world().await;
    settled(&world).await;
    let mut describe = world.by_hand(Method::GET, "sobjects/Event/describe", &Value::Null);
    for field in describe["fields"].as_array_mut().unwrap() {
        if field["name"] == "Subject" {
            field["length"] = json!(4);
        }
    }
    let relations = world.by_hand(Method::GET, "sobjects/EventRelation/describe", &Value::Null);
    let answer = |creates: Value, created: Value| {
        let part = |name: &str, body: Value| json!({"referenceId": name, "httpStatusCode": 200, "body": body});
        json!({"compositeResponse": [part("creates", creates), part("created", created)]})
    };
    let error = json!({"statusCode": "STRING_TOO_LONG", "message": "m", "fields": ["Subject"]});
    let none = json!({"done": true, "records": []});
    let refused = answer(json!([{"success": false, "errors": [error]}]), none);
    let id = "00U000000000001AAA";
    let row = json!({"Id": id, "SystemModstamp": "2031-03-03T09:00:00.000+0000"});
    let done = answer(
        json!([{"id": id, "success": true, "errors": [], "created": true}]),
        json!({"done": true, "records": [row]}),
    );
    let parrot = parrot(move |request, before| {
        let body = match request.split(' ').nth(1).unwrap() {
            path if path.ends_with("/Event/describe") => &describe,
            path if path.ends_with("/EventRelation/describe") => &relations,
            _ if before == 0 => &refused,
            _ => &done,
        };
        ("HTTP/1.1 200 OK".to_owned(), body.to_string().into_bytes())
    })
    .await;
    let outcome = way(&world, &parrot).events().write(&[create("new", &meeting())]).await.unwrap().remove(0);
    let losses: Vec<_> = done_losses(outcome);
    assert_eq!(losses, [("Subject".to_owned(), LossKind::Cut)]);
    let heard = parrot.heard();
    assert!(heard.first().unwrap().contains(r#""Subject":"Review""#));
    assert!(heard.last().unwrap().contains(r#""Subject":"Revi""#));
}

fn done_losses(outcome: Outcome) -> Vec<(String, LossKind)> {
    done(outcome).losses.into_iter().map(|loss| (loss.field, loss.kind)).collect()
}
