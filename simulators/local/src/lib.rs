//! The whole house in one process: the three simulators, DynamoDB and SQS embedded, the six functions'
//! own handlers, and what Lambda and API Gateway are to them.
//!
//! Entry points: [`stack::Stack::start`] for everything together (the binary and the scenario tests use
//! it), [`vendors::Vendors::start`] for the simulators alone, [`cli`] for the command line.
//!
//! # Invariants
//! - The functions' code is the one that is deployed: only endpoints and the key's place differ.
//! - No hand-written emulator of an AWS service.
//! - Without a data folder a run leaves nothing behind.

pub mod cli;
pub mod embedded;
pub mod front;
pub mod ics;
pub mod load;
pub mod mapping;
pub mod screen;
pub mod seed;
pub mod stack;
pub mod story;
pub mod vendors;

use std::path::PathBuf;

/// Why the house cannot be started, or stops. `Display` is one line for people.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// An embedded service.
    #[error("the embedded {0} failed: {1}")]
    Embedded(&'static str, String),
    /// A file or folder.
    #[error("{}: {}", .0.display(), describe(.1))]
    File(PathBuf, #[source] std::io::Error),
    /// A kept world that cannot be read.
    #[error("{}: this is not a simulator's kept world ({}); move it away to begin anew", .0.display(), .1)]
    World(PathBuf, String),
    /// An address to listen on.
    #[error("cannot listen on {}: {}", .0, describe(.1))]
    Listen(String, #[source] std::io::Error),
    /// The network of this machine.
    #[error("the network of this machine: {0}")]
    Io(#[from] std::io::Error),
    /// Our own state.
    #[error("the state: {0}")]
    Port(#[from] syncline_ports::PortError),
    /// The house itself.
    #[error(transparent)]
    Start(#[from] syncline_runtime::house::StartError),
    /// A request to a simulator or function.
    #[error("a request inside this machine failed: {0}")]
    Http(#[from] reqwest::Error),
    /// An answer that makes no sense.
    #[error("{0}")]
    Unexpected(String),
}

fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::AddrInUse => "the port is taken; choose another".to_owned(),
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
            "this is a file, not a folder".to_owned()
        }
        _ => error.to_string(),
    }
}
