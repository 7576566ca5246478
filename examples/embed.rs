//! Runs a file from a program of your own until everything has arrived, or until Ctrl-C.
//!
//! `cargo run --example embed examples/org-to-org.yaml`

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use orgstream::config;
use orgstream::runtime::{Finished, RunOptions, Runtime};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args_os().nth(1).map(PathBuf::from).context("usage: embed FILE")?;
    let config = config::load(&file)?;
    let options = RunOptions { until_synced: Some(Duration::from_secs(5)), ..RunOptions::default() };

    // Whoever cancels this token stops the run in order: everything settled is committed.
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });

    let finished = Runtime::open(config, options).await?.run(stop).await?;
    let rejected = match finished {
        Finished::Synced { rejected, .. } => rejected,
        Finished::Stopped => anyhow::bail!("stopped before everything had arrived"),
    };
    anyhow::ensure!(rejected.is_empty(), "records were rejected: {rejected:?}");
    Ok(())
}
