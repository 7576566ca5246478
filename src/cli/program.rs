//! From the command line to the exit code.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use super::args::{Arguments, Command};
use super::exit::{Exit, Failure};
use super::{
    apply, broker, change, check, config, connect, dev, gaps, ids, offsets, output, prepare, run, sandbox,
    schema, schema_store, snapshot, status, trace, verify,
};
use crate::control::Change;
use crate::telemetry::{self, Format, LogOptions};

/// How long threads that still work for nobody may hold up the end.
const LEFTOVERS: Duration = Duration::from_millis(200);

/// Runs the command that the process was started with.
pub fn program() -> ExitCode {
    // Wrong usage ends here with exit code 2, and `--help` with 0.
    let arguments = Arguments::parse();
    let result = start(arguments.command, arguments.log_format.map(Format::from));
    let exit = result.unwrap_or_else(|failure| {
        output::error(&failure.error);
        failure.exit
    });
    exit.into()
}

fn start(command: Command, format: Option<Format>) -> Result<Exit, Failure> {
    match &command {
        // The live view draws where the log would be written.
        Command::Dev(arguments) if !arguments.once => {}
        // Its file says how it logs.
        Command::Run(_) => {}
        _ => telemetry::start(LogOptions { format, level: None }).map_err(Failure::usage)?,
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)?;
    let ended = runtime.block_on(async {
        match command {
            // Large enough to be kept apart from the other commands.
            Command::Dev(arguments) => Box::pin(dev::dev(arguments)).await,
            Command::Run(arguments) => Box::pin(run::run(arguments, format)).await,
            Command::Apply(arguments) => apply::apply(arguments).await,
            Command::Pause(arguments) => change::change(arguments, Change::Pause).await,
            Command::Stop(arguments) => change::change(arguments, Change::Stop).await,
            Command::Resume(arguments) => change::change(arguments, Change::Resume).await,
            Command::Restart(arguments) => {
                change::change(arguments, Change::Restart { only_failed: false }).await
            }
            Command::Snapshot(arguments) => snapshot::snapshot(arguments).await,
            Command::Gaps(arguments) => gaps::gaps(arguments).await,
            Command::Ids(arguments) => ids::ids(arguments).await,
            Command::Offsets(arguments) => Box::pin(offsets::offsets(arguments)).await,
            Command::Trace(arguments) => Box::pin(trace::trace(arguments)).await,
            Command::Status(arguments) => status::status(arguments).await,
            Command::Check(arguments) => Box::pin(check::check(&arguments)).await,
            Command::Import(arguments) => connect::import(&arguments),
            Command::ConnectStandalone(arguments) => Box::pin(connect::standalone(arguments)).await,
            Command::Config(arguments) => config::config(&arguments),
            Command::Prepare(arguments) => prepare::prepare(arguments).await,
            Command::Schema(arguments) => schema::schema(&arguments),
            Command::Verify(arguments) => verify::verify(arguments).await,
            Command::Broker(arguments) => broker::broker(arguments).await,
            Command::Sandbox(arguments) => sandbox::sandbox(arguments).await,
            Command::SchemaStore(arguments) => schema_store::schema_store(arguments).await,
        }
    });
    // A question to brokers whose asker is gone would hold the end up until it times out.
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}
