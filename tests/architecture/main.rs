//! Which room may name which, held over `cargo metadata`; and what every room says of itself.
//!
//! core <- ports <- engine; core and ports <- adapters; all <- runtime <- functions. The engine names no
//! adapter, adapters name no other, simulators name nothing of ours. Only `simulators/local` and `tests`
//! see everything.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

const ADAPTERS: [&str; 4] = ["syncline-exchange", "syncline-gmail", "syncline-salesforce", "syncline-aws"];
const FUNCTIONS: [&str; 6] = [
    "syncline-timer",
    "syncline-webhook",
    "syncline-mirror",
    "syncline-ingest",
    "syncline-resolve",
    "syncline-console",
];
const VENDORS: [&str; 3] = ["sim-exchange", "sim-gmail", "sim-salesforce"];
const SEE_EVERYTHING: [&str; 2] = ["syncline", "syncline-tests"];

/// One of our crates.
struct Room {
    name: String,
    folder: PathBuf,
    /// The crates it is built from, on any platform, build scripts included.
    names: BTreeSet<String>,
    /// Those its tests use besides.
    tests_name: BTreeSet<String>,
}

fn rooms() -> BTreeMap<String, Room> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(room).map(|room| (room.name.clone(), room)).collect()
}

fn room(package: &Value) -> Room {
    let dependencies = package["dependencies"].as_array().expect("dependencies");
    let of_kind = |is_wanted: fn(Option<&str>) -> bool| {
        let wanted = dependencies.iter().filter(|dependency| is_wanted(dependency["kind"].as_str()));
        wanted.filter_map(|dependency| dependency["name"].as_str()).map(str::to_owned).collect()
    };
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    Room {
        name: package["name"].as_str().expect("a name").to_owned(),
        folder: manifest.parent().expect("a folder").to_owned(),
        names: of_kind(|kind| kind != Some("dev")),
        tests_name: of_kind(|kind| kind == Some("dev")),
    }
}

/// Which of our own crates a room may be built from; `None` for a crate that nobody has placed yet.
fn allowed(room: &str) -> Option<Vec<&'static str>> {
    let core_and_ports = vec!["syncline-core", "syncline-ports"];
    Some(match room {
        "syncline-core" | "sim-kit" => vec![],
        "syncline-ports" => vec!["syncline-core"],
        "syncline-engine" => core_and_ports,
        adapter if ADAPTERS.contains(&adapter) => core_and_ports,
        "syncline-runtime" => [core_and_ports, vec!["syncline-engine"], ADAPTERS.to_vec()].concat(),
        function if FUNCTIONS.contains(&function) => {
            [core_and_ports, vec!["syncline-engine", "syncline-runtime"]].concat()
        }
        vendor if VENDORS.contains(&vendor) => vec!["sim-kit"],
        _ => return None,
    })
}

/// What its tests may name besides.
fn allowed_in_tests(room: &str) -> Vec<&'static str> {
    match room {
        adapter if ADAPTERS.contains(&adapter) => [vec!["sim-kit"], VENDORS.to_vec()].concat(),
        // The stand-in of the Lambda Runtime API, and what a true event is built from.
        function if FUNCTIONS.contains(&function) => vec!["syncline-core", "syncline-ports", "syncline-runtime"],
        _ => vec![],
    }
}

#[test]
fn every_room_names_only_the_rooms_below_it() {
    let rooms = rooms();
    for room in rooms.values().filter(|room| !SEE_EVERYTHING.contains(&room.name.as_str())) {
        let name = room.name.as_str();
        let allowed = allowed(name).unwrap_or_else(|| panic!("{name} is new: say here what it may name"));
        for dependency in room.names.iter().filter(|dependency| rooms.contains_key(*dependency)) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not name {dependency}");
        }
        let in_tests = [allowed, allowed_in_tests(name)].concat();
        // A crate's tests may switch on its own features.
        let others = room.tests_name.iter().filter(|dependency| *dependency != name);
        for dependency in others.filter(|dependency| rooms.contains_key(*dependency)) {
            assert!(in_tests.contains(&dependency.as_str()), "the tests of {name} must not name {dependency}");
        }
    }
}

#[test]
fn the_rooms_are_those_of_the_design() {
    let rooms = rooms();
    let named: BTreeSet<_> = rooms.keys().map(String::as_str).collect();
    let mut expected: BTreeSet<_> =
        [ADAPTERS.as_slice(), &FUNCTIONS, &VENDORS, &SEE_EVERYTHING].concat().into_iter().collect();
    expected.extend(["syncline-core", "syncline-ports", "syncline-engine", "syncline-runtime", "sim-kit"]);
    assert_eq!(named, expected);
    for (name, folder) in [
        ("syncline-core", "shared/core"),
        ("syncline-aws", "shared/aws"),
        ("syncline-console", "functions/console"),
        ("sim-gmail", "simulators/gmail"),
        ("syncline", "simulators/local"),
    ] {
        assert!(rooms[name].folder.ends_with(folder), "{name} is in {}", rooms[name].folder.display());
    }
}

#[test]
fn core_and_engine_know_no_runtime_no_network_and_no_cloud() {
    let rooms = rooms();
    let network = ["tokio", "reqwest", "hyper", "hyper-util", "wiremock", "lambda_runtime", "lambda_http"];
    let is_cloud = |name: &str| name.starts_with("aws") || name.starts_with("lambda");
    for room in ["syncline-core", "syncline-ports", "syncline-engine"] {
        for dependency in &rooms[room].names {
            let name = dependency.as_str();
            assert!(!network.contains(&name) && !is_cloud(name), "{room} must not name {name}");
        }
    }
    for (room, own) in [("syncline-exchange", false), ("syncline-gmail", false), ("syncline-salesforce", false)] {
        let names = &rooms[room].names;
        assert_eq!(names.iter().any(|name| is_cloud(name)), own, "only syncline-aws speaks to the cloud, not {room}");
    }
    // Nor chance, nor an environment: what core knows it is told.
    for dependency in ["getrandom", "rand", "async-trait", "tracing", "futures"] {
        assert!(!rooms["syncline-core"].names.contains(dependency), "syncline-core must not name {dependency}");
    }
}

#[test]
fn every_room_says_what_it_is_for_and_what_holds_in_it() {
    for room in rooms().values() {
        let file = room.folder.join("src/lib.rs");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(text.starts_with("//! "), "{} must begin with what the crate is for", file.display());
        let head: Vec<_> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let mut invariants = head.iter().skip_while(|line| **line != "//! # Invariants").skip(1);
        let first = invariants.next().unwrap_or_else(|| panic!("{} has no section Invariants", file.display()));
        assert!(first.starts_with("//! - "), "{}: the section Invariants lists nothing", file.display());
    }
}
