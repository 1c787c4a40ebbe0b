//! The binary as people and programs use it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn syncline(arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_syncline")).args(arguments).stdin(Stdio::null()).output();
    run.expect("the binary starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn bad_input_gets_one_clear_line_and_a_status() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().to_str().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no world").unwrap();
    let file = file.to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let free = ["--gmail", "127.0.0.1:0", "--salesforce", "127.0.0.1:0"];
    for (arguments, expected) in [
        (vec!["--nope"], "unexpected argument '--nope'"),
        (vec!["down"], "unrecognized subcommand 'down'"),
        (vec!["up", "--days-back", "9999"], "9999 is not in 0..=1400"),
        (vec!["up", "--calendar", "/no/such/folder"], "/no/such/folder: there is no such file or folder"),
        (vec!["up", "--mail", file], "this is a file, not a folder"),
        (vec!["up", "--mail", empty], "there is no .eml file in this folder"),
        (vec!["up", "--data-dir", file], "this is a file, not a folder"),
        ([&["simulators", "--exchange", &taken], &free[..]].concat(), "the port is taken"),
        (vec!["simulators", "--exchange", "here"], "invalid socket address"),
    ] {
        let output = syncline(&arguments);
        let said = text(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(said.starts_with("error: ") && said.contains(expected), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    }
}

#[test]
fn a_world_that_cannot_be_read_is_named_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let world = folder.path().join("exchange.json");
    std::fs::write(&world, "{}").unwrap();
    let output = syncline(&["up", "--exit-when-settled", "--data-dir", folder.path().to_str().unwrap()]);
    let said = text(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("exchange.json") && said.contains("move it away"), "{said}");
    assert_eq!(std::fs::read_to_string(&world).unwrap(), "{}");
}

#[test]
fn the_simulators_say_in_one_line_of_json_where_they_are() {
    let anywhere = ["--exchange", "127.0.0.1:0", "--gmail", "127.0.0.1:0", "--salesforce", "127.0.0.1:0"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_syncline"));
    let mut running = command.arg("simulators").args(anywhere).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let addresses: serde_json::Value = serde_json::from_str(&line).unwrap();
    for vendor in ["exchange", "gmail", "salesforce"] {
        let address = addresses[vendor].as_str().unwrap();
        assert!(address.starts_with("http://127.0.0.1:") && !address.ends_with(":0"), "{line}");
    }
}

#[test]
fn the_whole_story_ends_well_and_a_second_run_plans_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let calendar = folder.path().join("calendar");
    std::fs::create_dir(&calendar).unwrap();
    let event =
        |lines: &str| format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n");
    let keep = |name: &str, lines: &str| std::fs::write(calendar.join(name), event(lines)).unwrap();
    let tomorrow = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    keep("ahead.ics", &format!("SUMMARY:Ahead\r\nDTSTART:{}\r\n", tomorrow.strftime("%Y%m%dT%H%M%SZ")));
    keep("long_ago.ics", "SUMMARY:Long ago\r\nDTSTART:20010101T090000Z\r\n");
    keep("broken.ics", "SUMMARY:Never\r\n");
    let up = |more: &[&str]| {
        let output = syncline(&[&["up", "--exit-when-settled", "--data-dir", path(&data)], more].concat());
        let story = text(&output.stdout);
        assert!(output.status.success(), "{story}{}", text(&output.stderr));
        story
    };
    let first = up(&["--calendar", path(&calendar)]);
    for line in
        ["mirrored       ahead.ics", "skipped        long_ago.ics: ", "parked         broken.ics: it has no start"]
    {
        assert!(first.contains(line), "{line}: {first}");
    }
    let second = up(&[]);
    let first_sessions = second.split("First sessions").nth(1).and_then(|rest| rest.split("All users").next()).unwrap();
    assert_eq!(first_sessions.lines().filter(|line| line.contains("nothing to do")).count(), 6, "{first_sessions}");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
