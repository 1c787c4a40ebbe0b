//! The pages.

use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use syncline_core::item::Side;
use syncline_core::org::{ConnectionState, Provider, User};
use syncline_core::report::{Effect, Ending, SessionReport};
use syncline_ports::{ParkedRow, UserView};

use crate::api::is_held;
use crate::place::page_of;
use crate::style::SHEET;

/// How many lines of a session are shown; the API has them all.
const LINES_SHOWN: usize = 200;

/// The login form.
pub(crate) fn login(refused: bool) -> Markup {
    frame(
        "Sign in",
        false,
        &html! {
            form .login method="post" action="/login" {
                h1 { "Sign in to Syncline" }
                @if refused { p .bad role="alert" { "That token was not accepted." } }
                label for="token" { "Console token" }
                input #token name="token" type="password" required autofocus autocomplete="current-password";
                button .main { "Sign in" }
            }
        },
    )
}

/// A page with nothing but a message.
pub(crate) fn message(title: &str, text: &str) -> Markup {
    frame(
        title,
        true,
        &html! {
            h1 { (title) }
            p { (text) }
            p { a href="/" { "All users" } }
        },
    )
}

/// All users.
pub(crate) fn users(views: &[UserView], now: Timestamp) -> Markup {
    frame(
        "Users",
        true,
        &html! {
            h1 { "Users" }
            @if views.is_empty() {
                p { "There are no users yet." }
            } @else {
                div .wide {
                    table {
                        caption { "Users: " (views.len()) ", as of " (instant(now)) }
                        thead { tr {
                            th scope="col" { "User" }
                            th scope="col" { "Mailbox" }
                            th scope="col" { "CRM" }
                            th scope="col" { "Last session" }
                            th scope="col" { "Next session" }
                            th scope="col" { "Parked" }
                            th scope="col" { "Action" }
                        } }
                        tbody { @for view in views { (row(view, now)) } }
                    }
                }
            }
        },
    )
}

/// One user.
pub(crate) fn user(view: &UserView, now: Timestamp) -> Markup {
    let user = &view.user;
    let held: Vec<_> = view.parked.iter().filter(|row| is_held(row)).collect();
    frame(
        &user.address,
        true,
        &html! {
            p { a href="/" { "All users" } }
            h1 { (user.address) }
            dl {
                dt { "Mailbox" } dd { (provider(user.provider)) ", " (connection(user.mailbox)) }
                dt { "CRM" } dd { "Salesforce, " (connection(user.crm)) }
                dt { "Next session" } dd { (next_session(user, now)) }
                dt { "Org" } dd { (user.org) }
            }
            (sync_button(user))
            @if !held.is_empty() { (held_deletes(user, &held)) }
            h2 { "Parked items" }
            @if view.parked.is_empty() {
                p .dim { "Nothing is parked." }
            } @else {
                div .wide { (parked(&view.parked, now)) }
            }
            h2 { "Last sessions" }
            @if view.sessions.is_empty() { p .dim { "There was no session yet." } }
            @for (index, report) in view.sessions.iter().enumerate() {
                details open[index == 0] {
                    summary { (session(report, now)) }
                    (lines(report))
                }
            }
        },
    )
}

fn frame(title: &str, inside: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Syncline" }
                style { (PreEscaped(SHEET)) }
            }
            body {
                @if inside {
                    header {
                        a href="/" { "Syncline" }
                        form method="post" action="/logout" { button { "Sign out" } }
                    }
                }
                main { (body) }
            }
        }
    }
}

fn row(view: &UserView, now: Timestamp) -> Markup {
    let user = &view.user;
    let held = view.parked.iter().filter(|row| is_held(row)).count();
    html! {
        tr {
            th scope="row" {
                a href=(page_of(&user.id)) { (user.address) }
                small { (user.org) }
            }
            td { (connection(user.mailbox)) small { (provider(user.provider)) } }
            td { (connection(user.crm)) small { "Salesforce" } }
            td {
                @match view.sessions.first() {
                    Some(report) => (session(report, now)),
                    None => span .dim { "none yet" },
                }
            }
            td { (next_session(user, now)) }
            td {
                (view.parked.len())
                @if held > 0 { small .bad { "held deletes: " (held) } }
            }
            td { (sync_button(user)) }
        }
    }
}

fn sync_button(user: &User) -> Markup {
    html! {
        form method="post" action={ (page_of(&user.id)) "/sync" } {
            button .main disabled[!user.is_ready()] aria-label={ "Synchronize " (user.address) " now" } {
                "Synchronize now"
            }
        }
    }
}

fn held_deletes(user: &User, held: &[&ParkedRow]) -> Markup {
    html! {
        section .held aria-labelledby="held" {
            h2 #held { "Held deletes: " (held.len()) }
            p {
                "They are more than the org's policy lets through at once. Allow them, and the items below \
                 go on the other side too; deny them, and those stay, no longer linked."
            }
            ul {
                @for row in held {
                    li {
                        (row.kind.name()) " " code { (row.id) } ": gone from the " (side(row.side))
                        ", would go from the " (side(row.side.other()))
                    }
                }
            }
            form .row method="post" action={ (page_of(&user.id)) "/held-deletes" } {
                button name="decision" value="deny" { "Deny: keep them" }
                button name="decision" value="allow" { "Allow: delete them" }
            }
        }
    }
}

fn parked(rows: &[ParkedRow], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Item" }
                th scope="col" { "Changed in" }
                th scope="col" { "Why" }
                th scope="col" { "Tries" }
                th scope="col" { "Since" }
                th scope="col" { "Next try" }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td { (row.kind.name()) " " code { (row.id) } }
                        td { (side(row.side)) }
                        td {
                            (row.reason.text())
                            @if !row.detail.is_empty() { small { (row.detail) } }
                        }
                        td { (row.tries) }
                        td { (ago(row.since, now)) }
                        td {
                            @match (row.verdict, row.next_try) {
                                (Some(true), _) => "allowed, with the next session",
                                (Some(false), _) => "denied, with the next session",
                                (None, Some(next)) => (ago(next, now)),
                                (None, None) => "when it changes, or somebody decides",
                            }
                        }
                    }
                }
            }
        }
    }
}

/// When it was, how it ended and what it did, in a line.
fn session(report: &SessionReport, now: Timestamp) -> Markup {
    html! {
        (report.stream.name()) ", " (ago(report.ended, now)) ": "
        @match &report.ending {
            Ending::Complete => span .good { "complete" },
            Ending::ToBeContinued => "goes on in the next one",
            Ending::Failed { problem } => span .bad { "failed: " (problem) },
        }
        small { (counts(report)) }
    }
}

fn counts(report: &SessionReport) -> String {
    let seen = report.counts.iter().filter(|(_, count)| **count > 0);
    let texts: Vec<_> = seen.map(|(effect, count)| format!("{count} {}", words(*effect))).collect();
    if texts.is_empty() { "nothing to do".to_owned() } else { texts.join(", ") }
}

fn lines(report: &SessionReport) -> Markup {
    html! {
        p .dim {
            "Began " (instant(report.started)) ", asked for by " (report.trigger.name().replace('_', "-"))
            ", session " code { (report.id) }
        }
        @if report.lines.is_empty() {
            p { "No item needed anything." }
        } @else {
            div .wide {
                table {
                    thead { tr {
                        th scope="col" { "Effect" }
                        th scope="col" { "Why" }
                        th scope="col" { "In the mailbox" }
                        th scope="col" { "In the CRM" }
                    } }
                    tbody {
                        @for line in report.lines.iter().take(LINES_SHOWN) {
                            tr {
                                td { (words(line.effect)) small { (line.kind.name()) } }
                                td {
                                    (line.reason.text())
                                    @if !line.detail.is_empty() { small { (line.detail) } }
                                }
                                td { @if let Some(id) = &line.mailbox { code { (id) } } }
                                td { @if let Some(id) = &line.crm { code { (id) } } }
                            }
                        }
                    }
                }
            }
            @if report.lines.len() > LINES_SHOWN {
                p .dim { "Only the first " (LINES_SHOWN) " of " (report.lines.len()) " items are shown." }
            }
        }
    }
}

fn words(effect: Effect) -> String {
    effect.name().replace('_', " ").replace("crm", "CRM")
}

fn connection(state: ConnectionState) -> Markup {
    match state {
        ConnectionState::Connected => html! { span .good { "connected" } },
        ConnectionState::Blocked => html! { span .bad { "blocked: sign in again" } },
        ConnectionState::Missing => html! { span .dim { "not signed in" } },
    }
}

fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::Exchange => "Exchange",
        Provider::Gmail => "Gmail",
    }
}

fn side(side: Side) -> &'static str {
    match side {
        Side::Mailbox => "mailbox",
        Side::Crm => "CRM",
    }
}

fn next_session(user: &User, now: Timestamp) -> Markup {
    match user.next_due {
        _ if !user.enabled => html! { span .dim { "switched off" } },
        _ if !user.is_ready() => html! { span .dim { "when both sides are connected" } },
        Some(due) => ago(due, now),
        None => html! { span .dim { "not planned" } },
    }
}

fn instant(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

/// How far from now, with the exact time behind it.
fn ago(at: Timestamp, now: Timestamp) -> Markup {
    let exact = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    html! { time datetime=(at) title=(exact) { (distance(at.duration_since(now))) } }
}

fn distance(span: SignedDuration) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let size = match seconds {
        0..10 => return "now".to_owned(),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    if span.is_negative() { format!("{size} ago") } else { format!("in {size}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syncline_core::ids::{OrgId, RemoteId, SessionId, UserId};
    use syncline_core::item::Kind;
    use syncline_core::job::{Stream, Trigger};
    use syncline_core::reason::Reason;
    use syncline_core::report::Line;

    fn now() -> Timestamp {
        "2031-03-03T09:00:00Z".parse().unwrap()
    }

    fn before(minutes: i64) -> Timestamp {
        now() - SignedDuration::from_mins(minutes)
    }

    fn view() -> UserView {
        let id = UserId::new("anna/1");
        let user = User {
            id: id.clone(),
            org: OrgId::new("northwind"),
            address: "<anna>@northwind.example".to_owned(),
            provider: Provider::Exchange,
            crm_user: RemoteId::new("005"),
            enabled: true,
            mailbox: ConnectionState::Connected,
            crm: ConnectionState::Blocked,
            activated: before(9_000),
            next_due: Some(before(-12)),
        };
        let session = SessionId::new("s1");
        let mut report = SessionReport::begin(session, id, Stream::Mirror, Trigger::FollowUp, before(5));
        report.add(Line {
            kind: Kind::Event,
            mailbox: Some(RemoteId::new("AAMk")),
            crm: None,
            effect: Effect::CreatedInCrm,
            reason: Reason::NewInMailbox,
            detail: "<b>detail</b>".to_owned(),
        });
        report.ending = Ending::Failed { problem: "crm: salesforce.query: not allowed".to_owned() };
        let parked = ParkedRow {
            kind: Kind::Event,
            side: Side::Mailbox,
            id: RemoteId::new("gone-1"),
            reason: Reason::MassDelete,
            detail: String::new(),
            tries: 2,
            next_try: None,
            since: before(180),
            verdict: None,
        };
        UserView { user, sessions: vec![report], parked: vec![parked] }
    }

    fn has(page: &str, expected: &[&str]) {
        for text in expected {
            assert!(page.contains(text), "{text:?} is missing in {page}");
        }
    }

    #[test]
    fn z02_the_list_shows_both_connections_apart() {
        let page = users(&[view()], now()).into_string();
        has(&page, &["connected</span><small>Exchange", "blocked: sign in again</span><small>Salesforce"]);
        has(&page, &["mirror, ", "5 min ago", "failed: crm: salesforce.query: not allowed", "1 created in CRM"]);
        has(&page, &["held deletes: 1", "when both sides are connected"]);
        let mut view = view();
        view.user.crm = ConnectionState::Connected;
        has(&users(&[view], now()).into_string(), &["in 12 min", "Synchronize now"]);
    }

    #[test]
    fn z07_the_button_posts_to_the_user_and_is_off_while_nothing_can_run() {
        let mut view = view();
        has(&users(&[view.clone()], now()).into_string(), &["action=\"/users/anna%2F1/sync\"", "disabled"]);
        view.user.crm = ConnectionState::Connected;
        assert!(!users(&[view], now()).into_string().contains("disabled"));
    }

    #[test]
    fn d11_held_deletes_say_what_would_go_until_somebody_decided() {
        let mut view = view();
        let page = user(&view, now()).into_string();
        has(&page, &["Held deletes: 1", "gone-1", "gone from the mailbox, would go from the CRM"]);
        has(&page, &["action=\"/users/anna%2F1/held-deletes\"", "value=\"allow\"", "value=\"deny\""]);
        view.parked[0].verdict = Some(true);
        let page = user(&view, now()).into_string();
        has(&page, &["allowed, with the next session"]);
        assert!(!page.contains("value=\"allow\""));
    }

    #[test]
    fn every_line_shows_effect_reason_and_detail_and_nothing_is_markup() {
        let page = user(&view(), now()).into_string();
        has(&page, &["created in CRM", Reason::NewInMailbox.text(), "AAMk", "follow-up"]);
        has(&page, &["&lt;b&gt;detail&lt;/b&gt;", "&lt;anna&gt;@northwind.example"]);
        assert!(!page.contains("<b>") && !page.contains("<script") && !page.contains("style="));
    }

    #[test]
    fn distances_are_told_in_one_unit() {
        for (seconds, text) in [
            (0, "now"),
            (-9, "now"),
            (10, "in 10 s"),
            (-119, "119 s ago"),
            (-120, "2 min ago"),
            (7_200, "in 2 h"),
            (-172_800, "2 days ago"),
        ] {
            assert_eq!(distance(SignedDuration::from_secs(seconds)), text);
        }
    }
}
