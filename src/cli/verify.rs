//! `orgstream verify`: compares the orgs of a file's pipelines.

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use super::reached::Reached;
use crate::config;
use crate::runtime::process::database_path;
use crate::store::LinkReader;
use crate::verify::{VerifyError, verify as compare};

pub(super) async fn verify(arguments: args::Verify) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let state = arguments.state.as_deref().unwrap_or(&config.state);
    let orgs = Reached::of(&config, state).await?;
    let links = LinkReader::open(&database_path(state)).map_err(Failure::failed)?;
    let report = compare(&config, &orgs.configs, links.as_ref()).await;
    orgs.leave().await;
    let report = report.map_err(failure)?;
    if arguments.json {
        output::json(&report)?;
    } else {
        output::line(&report.to_string())?;
    }
    if report.pipelines.is_empty() {
        return Err(Failure::config(anyhow::anyhow!("there is no pipeline whose orgs can be compared")));
    }
    Ok(if report.difference_count() == 0 { Exit::Done } else { Exit::Failed })
}

fn failure(error: VerifyError) -> Failure {
    match &error {
        VerifyError::Org(refused) if refused.is_refused() => Failure::config(error),
        VerifyError::Another(_) => Failure::config(error),
        _ => Failure::failed(error),
    }
}
