//! The story on the terminal: what happens, as it happens, and how long it takes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use syncline_core::ids::UserId;
use syncline_core::job::Stream;
use syncline_core::policy::Policy;
use syncline_core::report::{Effect, Ending, SessionReport};
use syncline_core::time::Window;

use crate::load::{self, Fate, Input};
use crate::seed::{PEOPLE, Person};
use crate::stack::Stack;
use crate::{LocalError, screen};

/// How long something may take to arrive.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a large load may take to settle.
const LONG_PATIENCE: Duration = Duration::from_mins(10);
/// How often a side is looked at for what should arrive.
const LOOK_EVERY: Duration = Duration::from_millis(10);

const OUTLOOK: &str = "Outlook";
const SALESFORCE: &str = "Salesforce";

/// Starts the sessions and tells what happens; whether everything arrived.
pub async fn tell(stack: &Stack, input: Input, policy: &Policy) -> Result<bool, LocalError> {
    screen::headline("Syncline on this machine");
    screen::line("Exchange", &stack.vendors.exchange.url());
    screen::line("Gmail", &stack.vendors.gmail.url());
    screen::line(SALESFORCE, &stack.vendors.salesforce.url());
    screen::line("Console", &stack.console_url());
    screen::line("Console token", &stack.console_token);

    let mut ok = true;
    let loaded = load_input(stack, &input).await?;
    ok &= first_sessions(stack, input.is_empty()).await?;
    // A moment of rest, as between any two things a person does: two sessions of a user keep a distance.
    tokio::time::sleep(Duration::from_secs(policy.insta_sync_spacing_seconds.into())).await;
    ok &= meeting_in_outlook(stack).await?;
    ok &= mail_from_a_stranger(stack, &PEOPLE[1]).await?;
    ok &= mail_from_a_stranger(stack, &PEOPLE[2]).await?;
    ok &= stack.settle(PATIENCE).await;
    if !loaded.is_empty() {
        let window = Window::around(Timestamp::now(), policy.event_days_back, policy.event_days_ahead);
        ok &= files(&load::fates(stack, &loaded, &window).await?);
    }
    ok &= summary(stack).await?;
    stack.save()?;
    Ok(ok)
}

/// Says that it goes on serving, and where.
pub fn serving(stack: &Stack) {
    screen::headline("Serving until Ctrl-C");
    screen::line("Console", &format!("{} (token {})", stack.console_url(), stack.console_token));
}

async fn load_input(stack: &Stack, input: &Input) -> Result<Vec<load::Loaded>, LocalError> {
    if input.is_empty() {
        return Ok(Vec::new());
    }
    screen::headline("Loading your files");
    let bar = screen::progress("Calendars", input.calendar.len());
    let mut loaded = load::calendars(stack, &input.calendar, || bar.inc(1)).await?;
    bar.finish_and_clear();
    let bar = screen::progress("Mails", input.mail.len());
    loaded.extend(load::mails(stack, &input.mail, || bar.inc(1)).await?);
    bar.finish_and_clear();
    screen::line("Calendars", &format!("{} files", input.calendar.len()));
    screen::line("Mails", &format!("{} files", input.mail.len()));
    Ok(loaded)
}

async fn first_sessions(stack: &Stack, quick: bool) -> Result<bool, LocalError> {
    screen::headline("First sessions");
    let begun = Instant::now();
    stack.run().await?;
    let settled = stack.settle(if quick { PATIENCE } else { LONG_PATIENCE }).await;
    for person in PEOPLE {
        for (stream, counts) in done_so_far(stack, &person).await? {
            screen::line(person.name, &format!("{stream:<7} {counts}"));
        }
    }
    if settled {
        screen::arrived("All users", "settled", begun.elapsed());
    } else {
        screen::missing("All users", "a settled state");
    }
    Ok(settled)
}

/// What this run's sessions of each of a user's streams did.
async fn done_so_far(stack: &Stack, person: &Person) -> Result<Vec<(&'static str, String)>, LocalError> {
    let mut streams: BTreeMap<Stream, Vec<SessionReport>> = BTreeMap::new();
    for report in stack.sessions(&UserId::new(person.id)).await? {
        streams.entry(report.stream).or_default().push(report);
    }
    Ok(streams.into_iter().map(|(stream, reports)| (stream.name(), described(&reports))).collect())
}

fn described(reports: &[SessionReport]) -> String {
    let failed = reports.iter().find_map(|report| match &report.ending {
        Ending::Failed { problem } => Some(format!("failed: {problem}")),
        Ending::Complete | Ending::ToBeContinued => None,
    });
    let mut counts: BTreeMap<Effect, u32> = BTreeMap::new();
    for (effect, count) in reports.iter().flat_map(|report| &report.counts) {
        if *effect != Effect::Unchanged {
            *counts.entry(*effect).or_default() += count;
        }
    }
    let told = counts.into_iter().map(|(effect, count)| format!("{count} {}", effect.name().replace('_', " ")));
    let told: Vec<_> = failed.into_iter().chain(told).collect();
    if told.is_empty() { "nothing to do".to_owned() } else { told.join(", ") }
}

async fn meeting_in_outlook(stack: &Stack) -> Result<bool, LocalError> {
    screen::headline("A meeting, there and back");
    let anna = &PEOPLE[0];
    let subject = format!("Quarterly review {}", Timestamp::now().as_millisecond());
    let Some(outlook_id) = make_meeting(stack, anna, &subject).await? else {
        screen::missing(OUTLOOK, "Anna's meeting: Exchange did not take it");
        return Ok(false);
    };
    screen::line(OUTLOOK, "Anna makes a meeting");
    let begun = Instant::now();
    let query = format!("SELECT Id FROM Event WHERE Subject = '{subject}'");
    let Some(record) = until(async || first_id(&soql(stack, anna, &query).await?)).await? else {
        screen::missing(SALESFORCE, "the meeting");
        return Ok(false);
    };
    screen::arrived(SALESFORCE, "has it, pushed by a notification", begun.elapsed());

    // Anna's session is over before she edits there.
    stack.settle(PATIENCE).await;
    let moved = format!("{subject}, with slides");
    let url = format!("{}/services/data/v59.0/sobjects/Event/{record}", stack.vendors.salesforce.url());
    let patch = stack.http.patch(url).bearer_auth(bearer(anna)).json(&json!({ "Subject": moved }));
    if !patch.send().await?.status().is_success() {
        screen::missing(SALESFORCE, "Anna's edit: Salesforce did not take it");
        return Ok(false);
    }
    screen::line(SALESFORCE, "Anna edits its subject, and presses Synchronize now");
    let begun = Instant::now();
    synchronize_now(stack, anna).await?;
    let arrived = until(async || {
        let url = format!("{}/v1.0/me/events/{outlook_id}", stack.vendors.exchange.url());
        let event: Value = stack.http.get(url).bearer_auth(bearer(anna)).send().await?.json().await?;
        Ok((event.get("subject").and_then(Value::as_str) == Some(moved.as_str())).then_some(()))
    });
    let arrived = arrived.await?.is_some();
    if arrived {
        screen::arrived(OUTLOOK, "has the new subject", begun.elapsed());
    } else {
        screen::missing(OUTLOOK, "the new subject");
    }
    Ok(arrived)
}

async fn make_meeting(stack: &Stack, person: &Person, subject: &str) -> Result<Option<String>, LocalError> {
    let start = Timestamp::now() + SignedDuration::from_hours(24);
    let text = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let meeting = json!({
        "subject": subject,
        "body": { "contentType": "text", "content": "Figures, outlook, next steps." },
        "location": { "displayName": "Room 4" },
        "start": { "dateTime": text(start), "timeZone": "UTC" },
        "end": { "dateTime": text(start + SignedDuration::from_hours(1)), "timeZone": "UTC" },
    });
    let url = format!("{}/v1.0/me/events", stack.vendors.exchange.url());
    let made: Value = stack.http.post(url).bearer_auth(bearer(person)).json(&meeting).send().await?.json().await?;
    Ok(made.get("id").and_then(Value::as_str).map(str::to_owned))
}

async fn mail_from_a_stranger(stack: &Stack, person: &Person) -> Result<bool, LocalError> {
    screen::headline(&format!("A mail from a stranger, to {}", person.name));
    let unique = Timestamp::now().as_millisecond();
    let domain = format!("litware-{unique}.example");
    let address = format!("kim.lee@{domain}");
    let mime = format!(
        "Message-ID: <{unique}@{domain}>\r\nFrom: Kim Lee <{address}>\r\nTo: {} <{}>\r\n\
         Subject: Your offer\r\nDate: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\nCould you send me your prices?\r\n",
        person.name,
        person.address,
        Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000"),
    );
    if let Err(why) = load::deliver(stack, person, mime.as_bytes()).await? {
        screen::missing(person.name, &why);
        return Ok(false);
    }
    let begun = Instant::now();
    if person.provider == syncline_core::org::Provider::Gmail {
        screen::line(person.name, "gets a mail in Gmail, and presses Synchronize now");
        synchronize_now(stack, person).await?;
    } else {
        screen::line(person.name, "gets a mail in Outlook");
    }
    let lead = format!("SELECT Id FROM Lead WHERE Email = '{address}'");
    let Some(lead) = until(async || first_id(&soql(stack, person, &lead).await?)).await? else {
        screen::missing(SALESFORCE, "the Lead");
        return Ok(false);
    };
    screen::arrived(SALESFORCE, "has a Lead, Kim Lee", begun.elapsed());
    let relation = format!("SELECT Id FROM EmailMessageRelation WHERE RelationId = '{lead}'");
    if until(async || first_id(&soql(stack, person, &relation).await?)).await?.is_none() {
        screen::missing(SALESFORCE, "the mail, linked to the Lead");
        return Ok(false);
    }
    screen::arrived(SALESFORCE, "has the mail, linked to the Lead", begun.elapsed());
    Ok(true)
}

fn bearer(person: &Person) -> String {
    format!("sim-{}", person.address)
}

async fn synchronize_now(stack: &Stack, person: &Person) -> Result<(), LocalError> {
    let url = format!("{}api/users/{}/sync", stack.console_url(), person.id);
    let answer = stack.http.post(url).bearer_auth(&stack.console_token).send().await?;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(LocalError::Unexpected(format!("the console answered {} to Synchronize now", answer.status())))
}

async fn soql(stack: &Stack, person: &Person, query: &str) -> Result<Value, LocalError> {
    let url = format!("{}/services/data/v59.0/query", stack.vendors.salesforce.url());
    let request = stack.http.get(url).query(&[("q", query)]).bearer_auth(bearer(person));
    Ok(request.send().await?.json().await?)
}

// A result, so that it can stand at the end of a look.
#[allow(clippy::unnecessary_wraps)]
fn first_id(answer: &Value) -> Result<Option<String>, LocalError> {
    Ok(answer.pointer("/records/0/Id").and_then(Value::as_str).map(str::to_owned))
}

/// Looks again and again until there is something to see, or patience ends.
async fn until<T>(look: impl AsyncFn() -> Result<Option<T>, LocalError>) -> Result<Option<T>, LocalError> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(seen) = look().await? {
            return Ok(Some(seen));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// What became of the files, and whether all of it is known.
fn files(fates: &[(String, Fate)]) -> bool {
    screen::headline("Your files");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (file, fate) in fates {
        let (word, why) = match fate {
            Fate::Mirrored => ("mirrored", ""),
            Fate::Ingested => ("ingested", ""),
            Fate::Skipped(why) => ("skipped", why.as_str()),
            Fate::Parked(why) => ("parked", why.as_str()),
            Fate::Lost => ("lost", "no session saw it"),
        };
        *counts.entry(word).or_default() += 1;
        if !why.is_empty() {
            *reasons.entry((word, why)).or_default() += 1;
        }
        screen::line(word, &if why.is_empty() { file.clone() } else { format!("{file}: {why}") });
    }
    screen::headline("Why items were left out");
    let mut rows = vec![vec!["reason".to_owned(), "items".to_owned()]];
    rows.extend(reasons.iter().map(|((word, why), count)| vec![format!("{word}: {why}"), count.to_string()]));
    screen::table(&rows);
    screen::headline("Items of your files");
    let mut rows = vec![vec!["fate".to_owned(), "items".to_owned()]];
    for word in ["mirrored", "ingested", "skipped", "parked", "lost"] {
        rows.push(vec![word.to_owned(), counts.get(word).copied().unwrap_or_default().to_string()]);
    }
    screen::table(&rows);
    !counts.contains_key("lost")
}

async fn summary(stack: &Stack) -> Result<bool, LocalError> {
    screen::headline("Summary");
    let head =
        ["user", "sessions", "created", "updated", "deleted", "linked", "ingested", "skipped", "parked", "failed"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let mut failed_in_all = 0;
    for person in PEOPLE {
        let reports = stack.sessions(&UserId::new(person.id)).await?;
        let count = |effects: &[Effect]| -> String {
            let of_report = |report: &SessionReport| effects.iter().map(|effect| report.count(*effect)).sum::<u32>();
            reports.iter().map(of_report).sum::<u32>().to_string()
        };
        let failed = reports.iter().filter(|report| matches!(report.ending, Ending::Failed { .. })).count();
        failed_in_all += failed;
        rows.push(vec![
            person.name.to_owned(),
            reports.len().to_string(),
            count(&[Effect::CreatedInCrm, Effect::CreatedInMailbox]),
            count(&[Effect::UpdatedInCrm, Effect::UpdatedInMailbox]),
            count(&[Effect::DeletedFromCrm, Effect::DeletedFromMailbox]),
            count(&[Effect::Linked]),
            count(&[Effect::Ingested, Effect::Related]),
            count(&[Effect::Skipped]),
            count(&[Effect::Parked]),
            failed.to_string(),
        ]);
    }
    screen::table(&rows);
    Ok(failed_in_all == 0)
}
