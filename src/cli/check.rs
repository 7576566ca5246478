//! `orgstream check`: all faults of a file at once, without asking any org or broker.

use serde_json::json;

use super::args::Check;
use super::exit::{Exit, Failure};
use super::output;
use crate::config;

pub(super) fn check(arguments: &Check) -> Result<Exit, Failure> {
    match config::load(&arguments.file) {
        Ok(config) => {
            let warnings = config::warnings(&config);
            if arguments.json {
                output::json(&json!({ "file": arguments.file, "faults": [], "warnings": warnings }))?;
            } else {
                for warning in warnings {
                    output::note(&format!("{}: warning: {warning}", arguments.file.display()));
                }
                output::line(&format!(
                    "{}: no faults; {} org(s), {} pipeline(s)",
                    arguments.file.display(),
                    config.orgs.len(),
                    config.pipelines.len()
                ))?;
            }
            Ok(Exit::Done)
        }
        Err(faults) if arguments.json => {
            output::json(&faults)?;
            Ok(Exit::Config)
        }
        Err(faults) => Err(faults.into()),
    }
}
