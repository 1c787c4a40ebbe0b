//! The command line.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use serde_json::json;
use sim_kit::SimClock;
use syncline_core::policy::{ExistingEvents, Policy, ResolveMode};

use crate::stack::{Options, Stack};
use crate::vendors::{Listeners, Vendors};
use crate::{LocalError, load, screen, story};

/// Graph's longest calendar window is 1825 days; 400 of them lie ahead.
const MOST_DAYS_BACK: u16 = 1_400;

#[derive(Debug, Parser)]
#[command(name = "syncline", about = "Syncline on this machine: mailboxes and CRM, kept the same", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything against the simulators and tell what happens (the default)
    Up(Up),
    /// Run the three simulators alone
    Simulators(Simulators),
}

#[derive(Debug, Default, Args)]
struct Up {
    /// End when everything has settled: status 0 if all of it arrived
    #[arg(long)]
    exit_when_settled: bool,
    /// Keep the table and the simulators' worlds in this folder; without it nothing is left behind
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Load the .ics files of this folder into a simulated calendar before the first session
    #[arg(long, value_name = "DIR")]
    calendar: Option<PathBuf>,
    /// Load the .eml files of this folder into a simulated inbox before the first session
    #[arg(long, value_name = "DIR")]
    mail: Option<PathBuf>,
    /// How many days back the calendar is mirrored
    #[arg(long, value_name = "DAYS", default_value_t = 14, value_parser = clap::value_parser!(u16).range(0..=i64::from(MOST_DAYS_BACK)))]
    days_back: u16,
}

#[derive(Debug, Args)]
struct Simulators {
    /// Where Exchange listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7001")]
    exchange: SocketAddr,
    /// Where Gmail listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7002")]
    gmail: SocketAddr,
    /// Where Salesforce listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7003")]
    salesforce: SocketAddr,
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command.unwrap_or_else(|| Command::Up(Up { days_back: 14, ..Up::default() })),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            print!("{error}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or("the arguments make no sense");
            screen::failure(&format!("{} (see syncline --help)", first.trim_start_matches("error: ")));
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            screen::failure(&format!("this machine gives no threads: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match command {
            Command::Up(up) => self::up(up).await,
            Command::Simulators(simulators) => self::simulators(simulators).await,
        }
    });
    runtime.shutdown_background();
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            screen::failure(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn up(up: Up) -> Result<bool, LocalError> {
    if std::env::var_os(syncline_runtime::telemetry::LEVEL).is_some() {
        syncline_runtime::telemetry::init();
    }
    let calendar = up.calendar.as_deref().map(|folder| load::files(folder, "ics")).transpose()?;
    let mail = up.mail.as_deref().map(|folder| load::files(folder, "eml")).transpose()?;
    let policy = Policy {
        resolve_mode: ResolveMode::Lead,
        // The owner of the files asked for them: they are older than the activation.
        existing_events: if calendar.is_some() { ExistingEvents::All } else { ExistingEvents::Marked },
        event_days_back: up.days_back,
        ..Policy::default()
    };
    let stack = Stack::start(Options { data: up.data_dir, policy: policy.clone(), ..Options::default() }).await?;
    let input = load::Input { calendar: calendar.unwrap_or_default(), mail: mail.unwrap_or_default() };
    let told = tokio::select! {
        told = story::tell(&stack, input, &policy) => Some(told?),
        () = interrupted() => None,
    };
    let ok = match told {
        Some(ok) if up.exit_when_settled => ok,
        Some(_) => {
            story::serving(&stack);
            interrupted().await;
            true
        }
        None => true,
    };
    stack.stop()?;
    Ok(ok)
}

async fn simulators(simulators: Simulators) -> Result<bool, LocalError> {
    let listen = |address: SocketAddr| {
        TcpListener::bind(address).map_err(|error| LocalError::Listen(address.to_string(), error))
    };
    let listeners = Listeners {
        exchange: Some(listen(simulators.exchange)?),
        gmail: Some(listen(simulators.gmail)?),
        salesforce: Some(listen(simulators.salesforce)?),
    };
    let vendors = Vendors::start(&SimClock::system(), None, listeners).await?;
    let addresses = json!({
        "exchange": vendors.exchange.url(),
        "gmail": vendors.gmail.url(),
        "salesforce": vendors.salesforce.url(),
    });
    println!("{addresses}");
    screen::hint("GET /_sim at each address describes its switches: clock, faults, latency, journal and more.");
    interrupted().await;
    Ok(true)
}

/// Waits for Ctrl-C, or for a polite request to end.
async fn interrupted() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
