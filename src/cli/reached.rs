//! The orgs of a file for a command that runs beside its process or without one.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_salesforce::OrgConfig;

use super::exit::Failure;
use crate::config::{Config, Org};
use crate::control::{Answer, ask};
use crate::embedded::{Announcement, SimulatedOrgs, org_configs};
use crate::state_dir::StateDir;

/// The orgs of a file, wherever they are.
pub(super) struct Reached {
    /// How to log in to each, by name.
    pub(super) configs: BTreeMap<String, OrgConfig>,
    /// Simulated orgs that no other process runs, and the state directory that keeps others from them.
    own: Option<(SimulatedOrgs, StateDir)>,
}

impl Reached {
    /// Simulated orgs are those of the process that runs on `state`; when none runs, they are started for this look.
    pub(super) async fn of(config: &Config, state: &Path) -> Result<Self, Failure> {
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

    /// Stops what was started for this look.
    pub(super) async fn leave(self) {
        if let Some((orgs, _state)) = self.own {
            orgs.stop().await;
        }
    }
}
