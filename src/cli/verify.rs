//! `orgstream verify`: compares the orgs of a file's pipelines.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_salesforce::OrgConfig;

use super::args;
use super::exit::{Exit, Failure};
use super::output;
use crate::config::{self, Config, Org};
use crate::control::{Answer, ask};
use crate::embedded::{Announcement, SimulatedOrgs, org_configs};
use crate::runtime::process::database_path;
use crate::state_dir::StateDir;
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

/// The orgs of a file, wherever they are.
struct Reached {
    configs: BTreeMap<String, OrgConfig>,
    /// Simulated orgs that no other process runs, and the state directory that keeps others from them.
    own: Option<(SimulatedOrgs, StateDir)>,
}

impl Reached {
    /// Simulated orgs are those of the process that runs on `state`; when none runs, they are started for this look.
    async fn of(config: &Config, state: &Path) -> Result<Self, Failure> {
        let simulated = config.orgs.values().any(|org| matches!(org, Org::Sandbox(_)));
        if !simulated {
            return Ok(Self { configs: org_configs(config, &BTreeMap::new()), own: None });
        }
        if let Answer::Running(_) = ask(state).await.map_err(Failure::failed)? {
            let announced = Announcement::read(state).unwrap_or_default();
            return Ok(Self { configs: org_configs(config, &announced.orgs), own: None });
        }
        let state = StateDir::open(state).map_err(Failure::failed)?;
        let orgs = SimulatedOrgs::open(config, &state).await.map_err(Failure::failed)?;
        Ok(Self { configs: org_configs(config, &orgs.logins()), own: Some((orgs, state)) })
    }

    async fn leave(self) {
        if let Some((orgs, _state)) = self.own {
            orgs.stop().await;
        }
    }
}

fn failure(error: VerifyError) -> Failure {
    match &error {
        VerifyError::Org(refused) if refused.is_refused() => Failure::config(error),
        _ => Failure::failed(error),
    }
}
