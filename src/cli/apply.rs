//! `orgstream apply`: has the process that runs do what a file says.

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use crate::config;
use crate::control::{Applied, Became, apply as ask};

pub(super) async fn apply(arguments: args::Apply) -> Result<Exit, Failure> {
    let args::Apply { file, state, json } = arguments;
    let place = match state {
        Some(state) => state,
        None => match config::load(&file) {
            Ok(config) => config.state,
            Err(faults) if json => {
                output::json(&faults)?;
                return Ok(Exit::Config);
            }
            Err(faults) => return Err(faults.into()),
        },
    };
    // The process has another working directory.
    let absolute = std::path::absolute(&file).map_err(Failure::failed)?;
    match ask(&place, &absolute).await.map_err(Failure::failed)? {
        Became::Applied(applied) => {
            if json {
                output::json(&applied)?;
            } else {
                output::line(&text(&applied))?;
            }
            Ok(if applied.failed.is_empty() { Exit::Done } else { Exit::Failed })
        }
        Became::Faulty(_, faults) if json => {
            output::json(&faults)?;
            Ok(Exit::Config)
        }
        Became::Faulty(text, _) => Err(Failure::config(anyhow::anyhow!(text))),
        Became::Refused(why) => {
            Err(Failure::failed(anyhow::anyhow!("not applied, everything goes on as before: {why}")))
        }
        Became::Ends(why) => Err(Failure::failed(anyhow::anyhow!(
            "{why}, so nothing more of the file is done now; its log says why. `orgstream run {}` starts what the file says",
            file.display()
        ))),
        Became::NotRunning => Err(Failure::not_running(&place, &file)),
    }
}

fn text(applied: &Applied) -> String {
    let Applied { started, restarted, stopped, unchanged, failed, waiting } = applied;
    let rows = [
        ("started", started),
        ("restarted", restarted),
        ("stopped", stopped),
        ("unchanged", unchanged),
        ("still to begin", waiting),
    ];
    let rows = rows.iter().filter(|(_, names)| !names.is_empty());
    let rows = rows.map(|(word, names)| format!("{word}: {}", names.join(", ")));
    let failed = failed.iter().map(|(half, why)| format!("failed: {half}: {why}"));
    rows.chain(failed).collect::<Vec<_>>().join("\n")
}
