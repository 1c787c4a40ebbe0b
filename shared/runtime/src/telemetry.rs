//! Logs: one JSON object a line where deployed, plain lines elsewhere.

use std::error::Error;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How much our own crates tell: `off`, `error`, `warn`, `info` (as without it), `debug` or `trace`.
pub const LEVEL: &str = "SYNCLINE_LOG";

/// Starts logging, once per process; a second call changes nothing.
pub fn init() {
    let asked = std::env::var(LEVEL).ok();
    let deployed = std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some();
    let level = asked.as_deref().and_then(|level| level.parse().ok());
    let filter = filter(level.unwrap_or(LevelFilter::INFO));
    let lines = if deployed {
        fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
    } else {
        fmt::layer().with_writer(std::io::stderr).boxed()
    };
    let started = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    if started.is_err() {
        return;
    }
    if deployed {
        // A panic's message may quote what it stumbled over.
        std::panic::set_hook(Box::new(|panic| {
            let at = panic.location().map(ToString::to_string);
            tracing::error!(at, "panicked");
        }));
    }
    if asked.is_some() && level.is_none() {
        tracing::warn!(name = LEVEL, "config.not_a_log_level");
    }
}

/// Other crates log headers and bodies in their details; ours do not.
fn filter(level: LevelFilter) -> Targets {
    Targets::new().with_default(LevelFilter::WARN.min(level)).with_target("syncline", level)
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(": ");
        line.push_str(&inner.to_string());
        cause = inner.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn other_crates_never_tell_more_than_warnings() {
        let filter = filter(LevelFilter::TRACE);
        assert!(filter.would_enable("syncline_engine::mirror", &Level::TRACE));
        assert!(filter.would_enable("aws_sdk_dynamodb", &Level::WARN));
        assert!(!filter.would_enable("aws_sdk_dynamodb", &Level::INFO));
        assert!(!filter.would_enable("lambda_runtime", &Level::TRACE));
    }

    #[test]
    fn a_line_names_every_cause() {
        let inner = std::io::Error::other("line cut");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "line cut");
        let error = syncline_ports::PortError::new(syncline_ports::ErrorKind::Transient, "op").because("line cut");
        assert_eq!(chain(&error), "op: failed for now: line cut");
    }
}
