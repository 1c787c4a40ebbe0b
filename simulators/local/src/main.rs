//! The binary `syncline`.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline::cli::main()
}
