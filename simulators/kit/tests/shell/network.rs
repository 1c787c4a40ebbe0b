//! The shell behind its server.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;
use sim_kit::{Fault, FaultRule, SimClock, Simulator};

use crate::counter::Counter;

/// Sends a request on a connection of its own; what comes back until it is closed.
fn send(simulator: &Simulator<Counter>, method: &str, target: &str, headers: &str, body: &str) -> String {
    let address = simulator.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let length = body.len();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn first_line(answer: &str) -> &str {
    answer.lines().next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn faults_befall_requests_and_a_dropped_connection_has_no_answer() {
    let simulator = Simulator::start_anywhere(Counter::default(), SimClock::system()).await;
    simulator.faults().add(FaultRule::on_request(1, Fault::FailBefore(503)));
    simulator.faults().add(FaultRule::on_request(2, Fault::FailAfter(504)));
    simulator.faults().add(FaultRule::on_request(3, Fault::Drop));
    simulator.faults().add(FaultRule::on_request(4, Fault::DropAfter));
    let told: Vec<String> = (0..5).map(|_| first_line(&send(&simulator, "POST", "/say", "", "x")).to_owned()).collect();
    assert_eq!(told, ["HTTP/1.1 503 Service Unavailable", "HTTP/1.1 504 Gateway Timeout", "", "", "HTTP/1.1 200 OK"]);
    assert_eq!(simulator.model().asked, 3);
    let statuses: Vec<u16> = simulator.journal().entries().map(|entry| entry.status).collect();
    assert_eq!(statuses, [503, 504, 0, 0, 200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn switches_and_links_are_the_same_over_the_network() {
    let simulator = Simulator::start_anywhere(Counter::default(), SimClock::system()).await;
    let body = json!({"now": "2031-03-03T09:00:00Z"}).to_string();
    assert!(send(&simulator, "POST", "/_sim/clock", "", &body).ends_with("\"now\": \"2031-03-03T09:00:00Z\"\n}\n"));
    let answer = send(&simulator, "GET", "/", "", "");
    assert!(answer.to_lowercase().contains("date: mon, 03 mar 2031 09:00:00 gmt") && answer.ends_with("1 http://h "));
    assert!(send(&simulator, "GET", "/", "X-Forwarded-Proto: https\r\n", "").ends_with("2 https://h "));
    simulator.trim().await;
    assert!(send(&simulator, "GET", "/", "", "").ends_with("3 http://h "));
}
