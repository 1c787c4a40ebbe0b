//! Real calendars, loaded into the Exchange simulator the way a client would, show the occurrences that
//! another implementation of RFC 5545 expects.
//!
//! The calendars are no part of the repository; without them the test says so and passes.

mod differences;
mod outlook;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Deserialize;
use syncline::ics::{self, Found};

use crate::differences::DIFFERENCES;
use crate::outlook::Outlook;

/// What another implementation makes of a file.
#[derive(Deserialize)]
struct Expected {
    from: Date,
    to: Date,
    /// UID, start, end, summary.
    occurrences: Vec<(String, String, String, String)>,
}

/// Start, end, subject: what both sides can tell of an occurrence. Whole days are dates.
type Shown = BTreeMap<(String, String, String), usize>;

/// Dates of occurrences, counted; whatever stands on one side only.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    missing: usize,
    unexpected: usize,
}

#[test]
fn v35_real_calendars_show_the_occurrences_that_others_expect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/open/ics");
    let Ok(expected) = std::fs::read(folder.join("expected_occurrences.json")) else {
        eprintln!("skipped: there are no real calendars beside this checkout");
        return;
    };
    let expected: BTreeMap<String, Expected> = serde_json::from_slice(&expected).unwrap();
    let mut agreeing = 0;
    let mut wrong = Vec::new();
    for (file, expected) in &expected {
        let (difference, story) = compare(&folder.join(file), expected);
        let known = DIFFERENCES.iter().find(|(name, ..)| name == file);
        match (difference == Difference::default(), known) {
            (true, None) => agreeing += expected.occurrences.len(),
            (true, Some(_)) => wrong.push(format!("{file}: is listed as different and is not")),
            (false, Some((_, missing, unexpected, _)))
                if (difference.missing, difference.unexpected) == (*missing, *unexpected) =>
            {
                agreeing += expected.occurrences.len() - missing;
            }
            (false, _) => wrong.push(format!("{file}: {difference:?}\n{}", story.join("\n"))),
        }
    }
    assert!(wrong.is_empty(), "{} files differ:\n{}", wrong.len(), wrong.join("\n"));
    let all: usize = expected.values().map(|expected| expected.occurrences.len()).sum();
    println!("{agreeing} of {all} occurrences in {} files agree", expected.len());
    for (file, .., why) in DIFFERENCES {
        println!("{file}: {why}");
    }
}

/// Every other calendar, broken ones too: whatever it holds, something is said about it.
#[test]
fn p10_no_real_calendar_is_too_odd_to_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/open/ics");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: there are no real calendars beside this checkout");
        return;
    };
    let paths = files.map(|file| file.unwrap().path());
    for path in paths.filter(|path| path.extension().is_some_and(|ending| ending == "ics")) {
        let mut outlook = Outlook::new();
        let found = read(&path);
        assert!(!found.is_empty(), "{}", path.display());
        for found in &found {
            let _ = outlook.load(found);
        }
    }
}

fn read(path: &PathBuf) -> Vec<Found> {
    let bytes = std::fs::read(path).unwrap();
    ics::read(&String::from_utf8_lossy(&bytes))
}

fn compare(path: &PathBuf, expected: &Expected) -> (Difference, Vec<String>) {
    let mut outlook = Outlook::new();
    let mut story = Vec::new();
    for found in read(path) {
        if let Err(why) = outlook.load(&found) {
            story.push(format!("  not loaded: {why}"));
        }
    }
    let mut wanted = Shown::new();
    for (_, start, end, summary) in &expected.occurrences {
        let (start, end) = (canonical(start), canonical(end));
        let end = if start.len() == DATE && end == start { day_after(&end) } else { end };
        *wanted.entry((start, end, summary.clone())).or_default() += 1;
    }
    let shown = outlook.view(expected.from, expected.to);
    let [first, last] = [expected.from.tomorrow(), expected.to.yesterday()].map(|day| day.unwrap().to_string());
    let mut difference = Difference::default();
    for (one, count) in &wanted {
        let there = shown.get(one).copied().unwrap_or_default();
        if *count > there {
            if difference.missing < SHOWN {
                story.push(format!("  missing {one:?}"));
            }
            difference.missing += count - there;
        }
    }
    for (one, count) in &shown {
        let there = wanted.get(one).copied().unwrap_or_default();
        // On the first and last day it depends on the zone of the reader what is inside.
        if *count > there && one.0 > first && one.0 < last {
            if difference.unexpected < SHOWN {
                story.push(format!("  unexpected {one:?}"));
            }
            difference.unexpected += count - there;
        }
    }
    (difference, story)
}

/// So many of a file's differences are told.
const SHOWN: usize = 3;

const DATE: usize = "2031-03-05".len();

/// A date, or an instant in UTC; a time without a zone counts as UTC on both sides.
fn canonical(text: &str) -> String {
    if text.len() == DATE {
        return text.to_owned();
    }
    let instant = text.parse::<Timestamp>().ok();
    let instant =
        instant.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()));
    instant.map_or_else(|| text.to_owned(), |at| at.to_string())
}

fn day_after(date: &str) -> String {
    date.parse::<Date>()
        .ok()
        .and_then(|date| date.tomorrow().ok())
        .map_or_else(|| date.to_owned(), |date| date.to_string())
}
