//! The log: one line an event on stderr, so that stdout holds only results.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Which events are shown, such as `debug` or `warn,orgstream=debug`.
const VARIABLE: &str = "RUST_LOG";

/// What is shown otherwise. The libraries below speak of their own business, so only their warnings count.
const DEFAULT: &str = "warn,orgstream=info";

/// Starts the log. Called once, by the program; a program that embeds orgstream has a log of its own.
///
/// # Errors
/// The message says what is wrong with the filter in the environment.
pub fn start() -> Result<(), String> {
    let filter = std::env::var(VARIABLE).unwrap_or_else(|_| DEFAULT.to_owned());
    let filter =
        EnvFilter::try_new(filter).map_err(|error| format!("{VARIABLE} is no log filter: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init()
        .map_err(|error| format!("the log cannot be started: {error}"))
}
