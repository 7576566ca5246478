//! What the halves of pipelines would read and write in their orgs.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use orgstream_api::TaskError;
use orgstream_salesforce::{Org, Surveyed};
use tokio::time::timeout;

use super::{ANSWER, Findings};
use crate::config::{Config, Pipeline};
use crate::runtime::orgs::Orgs;

/// Looks at the objects of every pipeline in the orgs that were reached.
pub(super) async fn look(config: &Config, orgs: &Orgs, findings: &Findings) {
    join_all(config.pipelines.iter().map(|pipeline| of_pipeline(pipeline, orgs, findings))).await;
}

async fn of_pipeline(pipeline: &Pipeline, orgs: &Orgs, findings: &Findings) {
    let place = format!("pipeline {}", pipeline.name);
    let mut carried = BTreeMap::new();
    if let (Some(source), Some(config)) = (&pipeline.source, pipeline.source_config())
        && let Some(org) = reached(&source.org, "source", &place, orgs, findings)
    {
        let looked = timed(orgstream_salesforce_source::survey(&config, org)).await;
        if let Some((surveyed, fields)) = kept(looked, "source", &place, findings) {
            tell("source", &place, surveyed, findings);
            carried = fields;
        }
    }
    if let (Some(sink), Some(config)) = (&pipeline.sink, pipeline.sink_config(None))
        && let Some(org) = reached(&sink.org, "sink", &place, orgs, findings)
    {
        let looked = timed(orgstream_salesforce_sink::survey(&config, org, &carried)).await;
        if let Some(surveyed) = kept(looked, "sink", &place, findings) {
            tell("sink", &place, surveyed, findings);
        }
    }
}

fn reached<'a>(name: &str, half: &str, place: &str, orgs: &'a Orgs, findings: &Findings) -> Option<&'a Org> {
    let org = orgs.get(name);
    if org.is_none() {
        findings.unseen(place, half, format!("its objects, since org `{name}` was not reached"));
    }
    org
}

type Timed<T> = Result<Result<T, TaskError>, tokio::time::error::Elapsed>;

async fn timed<T>(looking: impl Future<Output = Result<T, TaskError>>) -> Timed<T> {
    // Some objects one after the other.
    timeout(ANSWER * 3, looking).await
}

fn kept<T>(looked: Timed<T>, half: &str, place: &str, findings: &Findings) -> Option<T> {
    match looked {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            findings.error(place, half, error);
            None
        }
        Err(_) => {
            let found = format!("its objects were not described within {} s", (ANSWER * 3).as_secs());
            findings.away(place, half, found);
            None
        }
    }
}

fn tell(half: &str, place: &str, all: Vec<Surveyed>, findings: &Findings) {
    for Surveyed { object, found, warnings, faults, unseen } in all {
        let subject = format!("{half} {object}");
        if faults.is_empty() {
            findings.passed(place, &subject, found.join("; "));
        }
        for fault in faults {
            findings.failed(place, &subject, fault);
        }
        for warning in warnings {
            findings.warned(place, &subject, warning);
        }
        for unseen in unseen {
            findings.unseen(place, &subject, unseen);
        }
    }
}
