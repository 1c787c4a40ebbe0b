//! What the API says of users.

use jiff::Timestamp;
use serde::Serialize;
use syncline_core::ids::RemoteId;
use syncline_core::job::{Stream, Trigger};
use syncline_core::org::{ConnectionState, Provider};
use syncline_core::reason::Reason;
use syncline_core::report::{Effect, Ending, SessionReport};
use syncline_ports::{ParkedRow, UserView};

/// `GET /api/users`.
#[derive(Serialize)]
pub(crate) struct Users<'a> {
    users: Vec<Overview<'a>>,
}

/// `GET /api/users/{id}`.
#[derive(Serialize)]
pub(crate) struct User<'a> {
    #[serde(flatten)]
    overview: Overview<'a>,
    sessions: Vec<SessionDetail<'a>>,
    parked_items: Vec<Parked<'a>>,
}

#[derive(Serialize)]
struct Overview<'a> {
    id: &'a str,
    org: &'a str,
    address: &'a str,
    provider: Provider,
    enabled: bool,
    connections: Connections,
    last_session: Option<Session<'a>>,
    next_session: Option<Timestamp>,
    parked: usize,
    held_deletes: usize,
}

/// The two sign-ins are shown apart (Z-02).
#[derive(Serialize)]
struct Connections {
    mailbox: ConnectionState,
    crm: ConnectionState,
}

#[derive(Serialize)]
struct Session<'a> {
    id: &'a str,
    stream: Stream,
    trigger: Trigger,
    started: Timestamp,
    ended: Timestamp,
    ending: &'a Ending,
    counts: &'a std::collections::BTreeMap<Effect, u32>,
}

#[derive(Serialize)]
struct SessionDetail<'a> {
    #[serde(flatten)]
    session: Session<'a>,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    kind: &'static str,
    mailbox: Option<&'a str>,
    crm: Option<&'a str>,
    effect: Effect,
    reason: Reason,
    text: &'static str,
    detail: &'a str,
}

#[derive(Serialize)]
struct Parked<'a> {
    kind: &'static str,
    side: &'static str,
    id: &'a str,
    reason: Reason,
    text: &'static str,
    detail: &'a str,
    tries: u32,
    since: Timestamp,
    next_try: Option<Timestamp>,
    held: bool,
}

/// All users.
pub(crate) fn users(views: &[UserView]) -> Users<'_> {
    let users = views.iter().map(overview).collect();
    Users { users }
}

/// One user.
pub(crate) fn user(view: &UserView) -> User<'_> {
    User {
        overview: overview(view),
        sessions: view.sessions.iter().map(detail).collect(),
        parked_items: view.parked.iter().map(parked).collect(),
    }
}

/// Whether a parked item is a delete that waits for an administrator (D-11).
pub(crate) fn is_held(row: &ParkedRow) -> bool {
    row.reason == Reason::MassDelete && row.verdict.is_none()
}

fn overview(view: &UserView) -> Overview<'_> {
    let user = &view.user;
    Overview {
        id: user.id.as_str(),
        org: user.org.as_str(),
        address: &user.address,
        provider: user.provider,
        enabled: user.enabled,
        connections: Connections { mailbox: user.mailbox, crm: user.crm },
        last_session: view.sessions.first().map(session),
        next_session: user.next_due,
        parked: view.parked.len(),
        held_deletes: view.parked.iter().filter(|row| is_held(row)).count(),
    }
}

fn session(report: &SessionReport) -> Session<'_> {
    Session {
        id: report.id.as_str(),
        stream: report.stream,
        trigger: report.trigger,
        started: report.started,
        ended: report.ended,
        ending: &report.ending,
        counts: &report.counts,
    }
}

fn detail(report: &SessionReport) -> SessionDetail<'_> {
    let lines = report.lines.iter().map(|line| Line {
        kind: line.kind.name(),
        mailbox: line.mailbox.as_ref().map(RemoteId::as_str),
        crm: line.crm.as_ref().map(RemoteId::as_str),
        effect: line.effect,
        reason: line.reason,
        text: line.reason.text(),
        detail: &line.detail,
    });
    SessionDetail { session: session(report), lines: lines.collect() }
}

fn parked(row: &ParkedRow) -> Parked<'_> {
    Parked {
        kind: row.kind.name(),
        side: row.side.name(),
        id: row.id.as_str(),
        reason: row.reason,
        text: row.reason.text(),
        detail: &row.detail,
        tries: row.tries,
        since: row.since,
        next_try: row.next_try,
        held: is_held(row),
    }
}
