//! The simulated orgs of a file, each kept under its name in the state directory.

use std::collections::BTreeMap;
use std::path::Path;

use orgstream_salesforce::OrgConfig;
use orgstream_salesforce_simulator::{Org as SimulatedOrg, SimulatorError};
use url::Url;

use super::announcement::{Announcement, EmbeddedOrg};
use super::parts::EmbeddedError;
use super::ports::port_to_ask_for;
use crate::config::{Config, Org, Sandbox};
use crate::state_dir::StateDir;

/// Simulated orgs that run inside this process, by their names in the file.
#[derive(Debug)]
pub struct SimulatedOrgs {
    orgs: BTreeMap<String, SimulatedOrg>,
}

impl SimulatedOrgs {
    /// Starts every org that `config` gives as a sandbox. `last` says which ports they had.
    pub(super) async fn start(
        config: &Config,
        state: &StateDir,
        last: &Announcement,
    ) -> Result<Self, EmbeddedError> {
        let dir = state.path().join("orgs");
        let mut orgs = BTreeMap::new();
        for (name, org) in &config.orgs {
            let Org::Sandbox(sandbox) = org else { continue };
            let made = std::fs::create_dir_all(&dir);
            made.map_err(|source| EmbeddedError::State { path: dir.clone(), source })?;
            let port = port_to_ask_for(last.orgs.get(name).and_then(|org| org.login_url.port()));
            let started = start(name, sandbox, port, &dir).await;
            let org = started.map_err(|source| EmbeddedError::Org { name: name.clone(), source })?;
            orgs.insert(name.clone(), org);
        }
        Ok(Self { orgs })
    }

    /// As they were left when the last process on `state` ended, for a command that only looks at them.
    pub async fn open(config: &Config, state: &StateDir) -> Result<Self, EmbeddedError> {
        let last = Announcement::read(state.path()).unwrap_or_default();
        Self::start(config, state, &last).await
    }

    /// The org of that name.
    pub fn org(&self, name: &str) -> Option<&SimulatedOrg> {
        self.orgs.get(name)
    }

    /// How to log in to each.
    pub fn logins(&self) -> BTreeMap<String, EmbeddedOrg> {
        self.orgs.iter().map(|(name, org)| (name.clone(), login(org))).collect()
    }

    /// Stops them.
    pub async fn stop(self) {
        for org in self.orgs.into_values() {
            org.stop().await;
        }
    }
}

/// Where the orgs of `config` are and how to log in, when its simulated ones are where `logins` says. One that is
/// not there is left out.
pub fn org_configs(config: &Config, logins: &BTreeMap<String, EmbeddedOrg>) -> BTreeMap<String, OrgConfig> {
    let orgs = config.orgs.iter().filter_map(|(name, org)| {
        let org = match org {
            Org::Salesforce(config) => config.clone(),
            Org::Sandbox(_) => logins.get(name)?.config(name),
        };
        Some((name.clone(), org))
    });
    orgs.collect()
}

async fn start(name: &str, sandbox: &Sandbox, port: u16, dir: &Path) -> Result<SimulatedOrg, SimulatorError> {
    let data = dir.join(format!("{name}.data"));
    let records = usize::try_from(sandbox.records).unwrap_or(usize::MAX);
    let mut builder = SimulatedOrg::builder().name(name).port(port).data_file(&data).records(records);
    if let Some(objects) = &sandbox.objects {
        builder = builder.objects(objects);
    }
    builder.start().await
}

fn login(org: &SimulatedOrg) -> EmbeddedOrg {
    let credentials = org.credentials().clone();
    EmbeddedOrg {
        login_url: Url::parse(&credentials.login_url).expect("a simulated org's address is a URL"),
        client_id: credentials.client_id,
        client_secret: credentials.client_secret,
        username: credentials.username,
        password: credentials.password,
        security_token: credentials.security_token,
    }
}
