//! Outbound messages and change events, against a receiver on the loopback interface.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sim_salesforce::{EventRelay, OutboundMessage, RelayState};

use crate::world::World;

const ACK: &str = "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>\
                   <notificationsResponse xmlns=\"http://soap.sforce.com/2005/09/outbound\"><Ack>true</Ack>\
                   </notificationsResponse></soapenv:Body></soapenv:Envelope>";

/// Keeps what is posted; answers with what it was told to, and acknowledges after that.
pub(crate) struct Hook {
    pub(crate) url: String,
    letters: Receiver<String>,
    answers: Arc<Mutex<VecDeque<(u16, String)>>>,
}

impl Hook {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, letters) = channel();
        let answers = Arc::new(Mutex::new(VecDeque::<(u16, String)>::new()));
        let planned = Arc::clone(&answers);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (sender, planned) = (sender.clone(), Arc::clone(&planned));
                std::thread::spawn(move || {
                    while let Some(body) = read(&mut stream) {
                        let answer = planned.lock().unwrap().pop_front().unwrap_or((200, ACK.to_owned()));
                        let head = format!("HTTP/1.1 {} x\r\ncontent-type: text/xml\r\n", answer.0);
                        let length = format!("content-length: {}\r\n\r\n", answer.1.len());
                        stream.write_all([head, length, answer.1].concat().as_bytes()).unwrap();
                        let _ = sender.send(body);
                    }
                });
            }
        });
        Self { url, letters, answers }
    }

    fn will_answer(&self, status: u16, body: &str) {
        self.answers.lock().unwrap().push_back((status, body.to_owned()));
    }

    /// The next letter; what became of it is heard by the org before this returns.
    pub(crate) fn next(&self, world: &mut World) -> String {
        world.wake();
        let letter = self.letters.recv_timeout(Duration::from_secs(10)).expect("a letter");
        world.settle();
        letter
    }

    pub(crate) fn is_quiet(&self, world: &mut World) -> bool {
        world.wake();
        self.letters.recv_timeout(Duration::from_millis(50)).is_err()
    }
}

fn read(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    Some(String::from_utf8_lossy(&body).into_owned())
}

fn contacts(world: &mut World, receiver: &Hook) -> String {
    world.org.send_outbound_message(OutboundMessage {
        name: "Contacts".into(),
        object: "Contact".into(),
        url: receiver.url.clone(),
        fields: vec!["LastName".into(), "Email".into(), "DoNotCall".into(), "SystemModstamp".into()],
        on_update: true,
    })
}

/// The text between these tags, and what follows.
fn between<'a>(text: &'a str, tag: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("<{tag}>")).unwrap_or_default();
    rest.split_once(&format!("</{tag}>")).unwrap_or_default().0
}

#[test]
fn an_outbound_message_tells_the_row_as_it_is_when_it_leaves() {
    let (mut world, receiver) = (World::new(), Hook::open());
    let action = contacts(&mut world, &receiver);
    let id = world.create("Contact", json!({ "LastName": "Ä & <b>", "Email": "new@fabrikam.example" }));
    let letter = receiver.next(&mut world);
    for (tag, expected) in [
        ("ActionId", action.as_str()),
        ("sf:Id", id.as_str()),
        ("sf:LastName", "Ä &amp; &lt;b&gt;"),
        ("sf:Email", "new@fabrikam.example"),
        ("sf:DoNotCall", "false"),
        ("sf:SystemModstamp", "2031-05-06T09:00:00.000Z"),
    ] {
        assert_eq!(between(&letter, tag), expected, "{tag}: {letter}");
    }
    let org = between(&letter, "OrganizationId");
    assert!(org.starts_with("00D") && org.len() == 18, "{letter}");
    let partner = format!("/services/Soap/u/67.0/{}", &org[..15]);
    assert!(between(&letter, "PartnerUrl").ends_with(&partner), "{letter}");
    assert!(letter.contains("<SessionId xsi:nil=\"true\"/>"), "{letter}");
    assert!(letter.contains("<sObject xsi:type=\"sf:Contact\" xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">"));
    assert!(receiver.is_quiet(&mut world), "it was taken");

    world.call("DELETE", &format!("sobjects/Contact/{id}"), Value::Null);
    world.create("Lead", json!({ "LastName": "x", "Company": "y" }));
    assert!(receiver.is_quiet(&mut world), "deletions and other objects are not told");
    world.soap("undelete", &format!("<urn:ids>{id}</urn:ids>"));
    assert!(receiver.is_quiet(&mut world), "nor is what comes back from the bin");
    world.create("Contact", json!({ "LastName": "a\u{1}b\rc\"" }));
    let letter = receiver.next(&mut world);
    assert_eq!(between(&letter, "sf:LastName"), "ab&#13;c&quot;", "what XML cannot say is left out");
}

#[test]
fn what_was_on_its_way_when_the_world_was_saved_leaves_again() {
    let (mut world, receiver) = (World::new(), Hook::open());
    contacts(&mut world, &receiver);
    world.create("Contact", json!({ "LastName": "Kept" }));
    let saved = world.org.snapshot();
    assert_eq!(saved["outbox"]["notices"].as_array().unwrap().len(), 1);
    world.org = sim_salesforce::Salesforce::restore(saved.clone()).unwrap();
    assert_eq!(world.org.snapshot(), saved);
    // It was on its way when the world was saved: it leaves again.
    let letters = [receiver.next(&mut world), receiver.next(&mut world)];
    assert!(letters.iter().all(|letter| between(letter, "sf:LastName") == "Kept"));
    assert_eq!(world.org.waiting_to_leave().0, 0);
}

#[test]
fn an_outbound_message_comes_again_for_a_day_until_it_is_taken() {
    let (mut world, receiver) = (World::new(), Hook::open());
    contacts(&mut world, &receiver);
    receiver.will_answer(202, ACK);
    receiver.will_answer(200, "thank you");
    receiver.will_answer(200, &ACK.replace("true", "false"));
    let id = world.create("Contact", json!({ "LastName": "First" }));
    let first = receiver.next(&mut world);
    assert!(receiver.is_quiet(&mut world), "not at once");
    world.advance(15);
    world.call("PATCH", &format!("sobjects/Contact/{id}"), json!({ "LastName": "Second" }));
    let mut ids = vec![between(&first, "Id").to_owned()];
    for pause in [0, 30, 60] {
        world.advance(pause);
        let letter = receiver.next(&mut world);
        assert_eq!(between(&letter, "sf:LastName"), "Second");
        ids.extend(letter.match_indices("<Id>").map(|(at, _)| letter[at + 4..at + 22].to_owned()));
    }
    assert_eq!(ids.iter().filter(|id| **id == ids[0]).count(), 4, "the same notification four times: {ids:?}");
    assert_eq!(world.org.waiting_to_leave(), (0, 0, 0));

    (0..100).for_each(|_| receiver.will_answer(503, ""));
    world.create("Contact", json!({ "LastName": "Never" }));
    for _ in 0..60 {
        world.wake();
        while receiver.letters.recv_timeout(Duration::from_millis(20)).is_ok() {}
        world.settle();
        world.advance(3600);
    }
    assert_eq!(world.org.waiting_to_leave(), (0, 0, 1), "after a day it is given up");
}

#[test]
fn a_hundred_notifications_travel_together() {
    let (mut world, receiver) = (World::new(), Hook::open());
    contacts(&mut world, &receiver);
    let records: Vec<Value> = (0..150)
        .map(|number| json!({ "attributes": { "type": "Contact" }, "LastName": format!("N{number}") }))
        .collect();
    world.call("POST", "composite/sobjects", json!({ "records": records }));
    let mut sizes: Vec<usize> = (0..2).map(|_| receiver.next(&mut world).matches("<Notification>").count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 100]);
}

#[test]
fn a_paused_relay_keeps_events_and_a_stopped_one_does_not() {
    for (state, expected) in [(RelayState::Pause, 1), (RelayState::Stop, 0)] {
        let (mut world, receiver) = (World::new(), Hook::open());
        world.org.relay_changes_to(&receiver.url);
        let running = world.org.event_relay().cloned().unwrap();
        world.org.set_event_relay(Some(EventRelay { state, ..running.clone() }));
        world.create("Contact", json!({ "LastName": "New" }));
        assert!(receiver.is_quiet(&mut world));
        world.org.set_event_relay(Some(running.clone()));
        let came = (0..expected).map(|_| receiver.next(&mut world)).count();
        assert!(receiver.is_quiet(&mut world), "{came} and no more");

        world.org.set_event_relay(Some(EventRelay { state: RelayState::Pause, ..running.clone() }));
        world.create("Contact", json!({ "LastName": "Old" }));
        world.advance(73 * 3600);
        world.org.set_event_relay(Some(running));
        assert!(receiver.is_quiet(&mut world), "after 72 hours an event is gone");
    }
}

#[test]
fn what_is_not_committed_is_not_told() {
    let (mut world, receiver) = (World::new(), Hook::open());
    contacts(&mut world, &receiver);
    world.org.relay_changes_to(&receiver.url);
    world.org.knobs.commit_delay = Duration::from_secs(20);
    world.create("Contact", json!({ "LastName": "Late" }));
    assert!(receiver.is_quiet(&mut world));
    world.advance(20);
    assert_eq!([receiver.next(&mut world), receiver.next(&mut world)].len(), 2);
}
