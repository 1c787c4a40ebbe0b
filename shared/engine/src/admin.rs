//! What people see and ask for.

use std::time::Duration;

use syncline_core::ids::UserId;
use syncline_core::item::Kind;
use syncline_core::job::Trigger;
use syncline_core::reason::Reason;
use syncline_ports::{ParkedRow, UserView};

use crate::Ports;
use crate::error::EngineError;
use crate::session;
use crate::tick;

/// How many sessions of a user are shown in a list of users, and on the user's own page.
const SESSIONS_IN_LIST: u32 = 4;
const SESSIONS_OF_USER: u32 = 20;

/// All users, org by org.
pub async fn users(ports: &Ports) -> Result<Vec<UserView>, EngineError> {
    let mut views = Vec::new();
    for org in ports.store.orgs().await? {
        for user in ports.store.users(&org.id).await? {
            views.push(view(ports, user, SESSIONS_IN_LIST).await?);
        }
    }
    Ok(views)
}

/// One user.
pub async fn user(ports: &Ports, id: &UserId) -> Result<UserView, EngineError> {
    let (user, _) = session::who(ports, id).await?;
    view(ports, user, SESSIONS_OF_USER).await
}

async fn view(ports: &Ports, user: syncline_core::org::User, sessions: u32) -> Result<UserView, EngineError> {
    let sessions = ports.store.sessions(&user.id, sessions).await?;
    let mut parked = Vec::new();
    for kind in [Kind::Event, Kind::Mail] {
        parked.extend(ports.store.parked(&user.id, kind).await?);
    }
    Ok(UserView { user, sessions, parked })
}

/// Asks for a session of each of the user's streams at once (Z-07); returns how many jobs were sent. A
/// request while one is queued or running is merged with it, never refused (D-07).
pub async fn force(ports: &Ports, id: &UserId) -> Result<u32, EngineError> {
    let (user, _) = session::who(ports, id).await?;
    if !user.is_ready() {
        return Ok(0);
    }
    tick::enqueue(ports, &user, Trigger::Forced, Duration::ZERO).await
}

/// Decides about a user's held deletes (D-11): allowed, they are carried out; denied, both items stay,
/// unlinked. Returns how many there were.
pub async fn decide_deletes(ports: &Ports, id: &UserId, allow: bool) -> Result<u32, EngineError> {
    let (user, _) = session::who(ports, id).await?;
    let parked = ports.store.parked(&user.id, Kind::Event).await?;
    let mut decided = 0;
    for row in parked.into_iter().filter(|row| row.reason == Reason::MassDelete) {
        let row = ParkedRow { verdict: Some(allow), next_try: Some(ports.clock.now()), ..row };
        ports.store.park(&user.id, &row).await?;
        decided += 1;
    }
    if decided > 0 {
        tick::enqueue(ports, &user, Trigger::Forced, Duration::ZERO).await?;
    }
    Ok(decided)
}
