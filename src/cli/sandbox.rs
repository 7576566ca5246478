//! `orgstream sandbox`: a simulated org, with its address and credentials as the first line.

use orgstream_salesforce_simulator::SimulatorError;
use orgstream_salesforce_simulator::sandbox::{self, Announcement, Options};

use super::args::Sandbox;
use super::exit::{Exit, Failure};
use super::{output, signals};

pub(super) async fn sandbox(arguments: Sandbox) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let options = Options {
        port: arguments.port,
        data: arguments.data,
        objects: arguments.objects,
        records: usize::try_from(arguments.records).unwrap_or(usize::MAX),
        seed: arguments.seed,
        tls: arguments.tls,
        websocket: arguments.websocket,
        key_dir: None,
    };
    let announce = |announcement: &Announcement| match serde_json::to_string(announcement) {
        Ok(text) => {
            if let Err(failure) = output::line(&text) {
                output::error(&failure.error);
            }
            output::note(&announcement.screen());
        }
        Err(error) => output::error(&error.into()),
    };
    match sandbox::run(options, announce, stop).await {
        Ok(()) => Ok(Exit::Done),
        Err(error @ SimulatorError::Objects(_)) => Err(Failure::config(error)),
        Err(error) => Err(Failure::failed(error)),
    }
}
