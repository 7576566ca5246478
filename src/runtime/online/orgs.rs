//! The orgs: whether they let the user in, which org they are, what is left of what they allow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures_util::future::join_all;
use orgstream_api::with_causes;
use orgstream_salesforce::{Allowance, METERED, Org, OrgConfig};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{ANSWER, Findings, ORGS, objects};
use crate::config::Config;
use crate::embedded::{Announcement, org_configs};
use crate::runtime::options::RunOptions;
use crate::runtime::orgs::{Orgs, needed, refuse_known};
use crate::runtime::process::database_path;
use crate::store::{LinkReader, OrgMismatch};

/// How many clients may listen to an org's streams at once; a source is one.
const STREAMS: &str = "DurableStreamingApiConcurrentClients";

/// Looks at the orgs, and then at the pipelines' objects in them. `place` is the state directory.
pub(super) async fn look(config: &Config, place: &Path, running: Option<&Announcement>, findings: &Findings) {
    let simulated = running.map(|running| running.orgs.clone()).unwrap_or_default();
    let configs = org_configs(config, &simulated);
    let known = known(place, findings).await;
    let names: BTreeSet<String> = needed(config, &RunOptions::default());
    let reached = join_all(names.iter().map(|name| async {
        let Some(org_config) = configs.get(name) else {
            findings.unseen(
                &place_of(name),
                "login",
                "an org that the process simulates, which does not run now".to_owned(),
            );
            return None;
        };
        let org = login(name, org_config, known.get(name).cloned(), findings).await?;
        allowances(name, &org, org_config, findings).await;
        Some((name.clone(), org))
    }))
    .await;
    let mut orgs = Orgs::new();
    for (name, org) in reached.into_iter().flatten() {
        if let Err(error) = refuse_known(&name, &org, &orgs) {
            findings.failed(&place_of(&name), "login", error.to_string());
        }
        orgs.insert(name, org);
    }
    objects::look(config, &orgs, findings).await;
}

/// Which orgs the names meant when the state was made. A directory that was never used knows none.
async fn known(place: &Path, findings: &Findings) -> BTreeMap<String, String> {
    let path = database_path(place);
    let opened =
        spawn_blocking(move || LinkReader::look(&path)).await.expect("opening a file does not panic");
    let read = match opened {
        Ok(Some(reader)) => reader.orgs().await,
        Ok(None) => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    };
    read.unwrap_or_else(|error| {
        findings.failed(ORGS, "state directory", with_causes(&error));
        BTreeMap::new()
    })
}

async fn login(
    name: &str,
    org_config: &OrgConfig,
    known: Option<String>,
    findings: &Findings,
) -> Option<Org> {
    let place = place_of(name);
    let org = match timeout(ANSWER, Org::connect(org_config.clone())).await {
        Ok(Ok(org)) => org,
        Ok(Err(error)) if error.is_refused() => {
            findings.failed(&place, "login", with_causes(&error));
            return None;
        }
        Ok(Err(error)) => {
            let advice = format!("check `orgs.{name}.url`, and the network on the way there");
            findings.away(&place, "login", format!("{}; {advice}", with_causes(&error)));
            return None;
        }
        Err(_) => {
            findings.away(
                &place,
                "login",
                format!(
                    "no answer within {} s; check `orgs.{name}.url`, and the network on the way there",
                    ANSWER.as_secs()
                ),
            );
            return None;
        }
    };
    if let Err(error) = OrgMismatch::refuse(name, known, org.id().as_str()) {
        findings.failed(&place, "login", error.to_string());
    } else {
        findings.passed(&place, "login", format!("org {} lets the user in", org.id()));
    }
    version(&place, &org, findings).await;
    Some(org)
}

async fn version(place: &str, org: &Org, findings: &Findings) {
    let wanted = org.api_version();
    match timeout(ANSWER, org.versions()).await {
        Ok(Ok(versions)) => {
            let newest = versions.last().map_or("none", String::as_str);
            if versions.iter().any(|version| version == wanted) {
                findings.passed(place, "API version", format!("{wanted}; the newest there is {newest}"));
            } else {
                findings.failed(
                    place,
                    "API version",
                    format!(
                        "the org has no API version {wanted}; its newest is {newest}. Write one that it has as `api_version` of the org"
                    ),
                );
            }
        }
        Ok(Err(error)) => findings.unseen(place, "API version", error.with_causes()),
        Err(_) => findings.away(place, "API version", format!("no answer within {} s", ANSWER.as_secs())),
    }
}

async fn allowances(name: &str, org: &Org, org_config: &OrgConfig, findings: &Findings) {
    let place = place_of(name);
    let limits = match timeout(ANSWER, org.limits()).await {
        Ok(Ok(limits)) => limits,
        Ok(Err(error)) => {
            findings.unseen(&place, "allowances", format!("what is left of them: {}", error.with_causes()));
            return;
        }
        Err(_) => {
            findings.away(&place, "allowances", format!("no answer within {} s", ANSWER.as_secs()));
            return;
        }
    };
    let warn_at = u64::from(org_config.options.allowances.warn_at);
    for limit in METERED.into_iter().chain([STREAMS]) {
        let Some(allowance) = limits.get(limit).map(|limit| Allowance::from(*limit)) else { continue };
        let Allowance { used, max } = allowance;
        if max > 0 && allowance.percent() >= warn_at {
            findings.warned(
                &place,
                limit,
                format!(
                    "{}% are used up ({used} of {max}). When none is left the org refuses until some come back, which takes up to 24 \
                     hours. Find out which client uses them (Setup → System Overview), or have Salesforce raise it",
                    allowance.percent()
                ),
            );
        } else {
            findings.passed(&place, limit, format!("{}% are used up ({used} of {max})", allowance.percent()));
        }
    }
}

fn place_of(name: &str) -> String {
    format!("org {name}")
}
