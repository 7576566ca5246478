//! Logs in to the orgs of the file, each once, and binds their names to their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use orgstream_salesforce::{Org, OrgConfig};
use tokio::time::sleep;

use super::options::{RunError, RunOptions};
use crate::config::{Config, Pipeline};
use crate::embedded::Endpoints;
use crate::store::{Database, OrgMismatch, bind_org, refuse_other_org};

/// First pause before an org that does not answer is asked again; doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// The orgs by the names they have in the file.
pub(super) type Orgs = BTreeMap<String, Org>;

/// Logs in to every org that the run needs. An org that cannot be reached is waited for, and `waiting` is told;
/// refused credentials end the run.
pub(super) async fn connect(
    config: &Config,
    options: &RunOptions,
    endpoints: &Endpoints,
    database: &Database,
    waiting: impl Fn(&str),
) -> Result<Orgs, RunError> {
    let mut orgs = Orgs::new();
    for name in needed(config, options) {
        let org_config = endpoints
            .orgs
            .get(&name)
            .expect("the file was checked: every name that a pipeline uses is there");
        let mut pause = FIRST;
        let org = loop {
            match Org::connect(org_config.clone()).await {
                Ok(org) => break org,
                Err(error) if error.is_refused() => return Err(RunError::config(error)),
                Err(error) => {
                    let reason = error.with_causes();
                    tracing::warn!(
                        org = %name, error = %reason,
                        "An org does not answer and is asked again. If that does not pass, check `orgs.{name}.url`."
                    );
                    waiting(&format!(
                        "org {name} does not answer: {reason}; it is asked again. If that does not pass, check \
                         `orgs.{name}.url`, and the network on the way there"
                    ));
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST);
                }
            }
        };
        bind_org(database, &name, org.id().as_str()).await.map_err(mismatch)?;
        refuse_known(&name, &org, &orgs)?;
        orgs.insert(name, org);
    }
    Ok(orgs)
}

/// The orgs of another file than the one whose orgs are `connected`: those that are called as before stay connected. Each of the
/// others is asked once, since whoever wants the file is waiting for the answer. Nothing is remembered of them.
pub(super) async fn reconnect(
    config: &Config,
    options: &RunOptions,
    endpoints: &BTreeMap<String, OrgConfig>,
    database: &Database,
    connected: &BTreeMap<String, (OrgConfig, Org)>,
) -> Result<Orgs, RunError> {
    let mut orgs = Orgs::new();
    for name in needed(config, options) {
        let wanted = &endpoints[&name];
        let org = match connected.get(&name) {
            Some((known, org)) if known == wanted => org.clone(),
            _ => Org::connect(wanted.clone()).await.map_err(|error| {
                if error.is_refused() { RunError::config(error) } else { RunError::failed(error) }
            })?,
        };
        refuse_other_org(database, &name, org.id().as_str()).await.map_err(mismatch)?;
        refuse_known(&name, &org, &orgs)?;
        orgs.insert(name, org);
    }
    Ok(orgs)
}

/// Remembers which orgs the names of the file mean.
pub(super) async fn bind(database: &Database, orgs: &Orgs) -> Result<(), RunError> {
    for (name, org) in orgs {
        bind_org(database, name, org.id().as_str()).await.map_err(mismatch)?;
    }
    Ok(())
}

fn mismatch(error: OrgMismatch) -> RunError {
    match error {
        OrgMismatch::Other { .. } => RunError::config(error),
        OrgMismatch::Store(error) => RunError::failed(error),
    }
}

/// The checks of the file know names only: under two of them one org would be replicated into itself, for ever.
pub(super) fn refuse_known(name: &str, org: &Org, orgs: &Orgs) -> Result<(), RunError> {
    let Some((other, _)) = orgs.iter().find(|(_, known)| known.id() == org.id()) else { return Ok(()) };
    Err(RunError::config(format!(
        "orgs `{other}` and `{name}` are the same org, {}; give it one name, so that a change cannot be written back to where it came from",
        org.id()
    )))
}

/// The orgs that the run needs.
pub(super) fn needed(config: &Config, options: &RunOptions) -> BTreeSet<String> {
    let sources =
        config.pipelines.iter().filter_map(|pipeline| pipeline.source.as_ref()).map(|source| &source.org);
    let sinks = config.pipelines.iter().filter_map(|pipeline| pipeline.sink.as_ref()).map(|sink| &sink.org);
    let matched = config.pipelines.iter().filter_map(Pipeline::matched_org);
    let sources = sources.filter(|_| options.sources()).map(String::as_str);
    let sinks = sinks.map(String::as_str).chain(matched).filter(|_| options.sinks());
    sources.chain(sinks).map(str::to_owned).collect()
}
