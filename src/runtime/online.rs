//! Looks at everything that a file names, as a start would find it, and changes nothing: no topic, no schema, no PushTopic is made,
//! no group is joined.
//!
//! - `finding`: what was found, in words
//! - `brokers`, `topics`, `rights`: Kafka
//! - `orgs`: logins, versions, allowances
//! - `objects`: what the halves of pipelines would read and write
//!
//! What a start refuses is asked of the same code that refuses it there.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use orgstream_api::HealthReporter;
use tokio::time::timeout;

use crate::codec::{CodecError, Registry};
use crate::config::{Config, SchemaRegistry};
use crate::embedded::Announcement;

mod brokers;

mod finding;
use finding::Findings;
pub use finding::{Finding, Verdict};

mod objects;

mod orgs;

mod rights;

mod topics;

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How long one part may take in all: the brokers with their topics, the registry, the orgs with their objects.
const PART: Duration = Duration::from_mins(1);

const KAFKA: &str = "kafka";
const REGISTRY: &str = "schema_registry";
const ORGS: &str = "orgs";

/// What is found of everything that `config` names. `place` is the state directory, and `running` what runs inside the process on it,
/// if one does. Takes little more than a minute at most.
pub async fn look(config: &Config, place: &Path, running: Option<&Announcement>) -> Vec<Finding> {
    let findings = Findings::default();
    tokio::join!(
        within(KAFKA, brokers::look(config, running, &findings), &findings),
        within(REGISTRY, registry(config, &findings), &findings),
        within(ORGS, orgs::look(config, place, running, &findings), &findings),
    );
    findings.sorted()
}

/// What a part has found stays when it is not done in time.
async fn within(part: &str, looking: impl Future<Output = ()>, findings: &Findings) {
    if timeout(PART, looking).await.is_err() {
        findings.away(
            part,
            "time",
            format!("not done within {} s: what is not in this list was not looked at", PART.as_secs()),
        );
    }
}

async fn registry(config: &Config, findings: &Findings) {
    let SchemaRegistry::At(at) = &config.schema_registry else {
        findings.passed(REGISTRY, "registry", "the schema store of the process itself".to_owned());
        return;
    };
    let (health, _) = HealthReporter::new();
    match Registry::connect_within(at, health, ANSWER).await {
        Ok((_, subjects)) => {
            findings.passed(REGISTRY, "registry", format!("it answers, and has {} subjects", subjects.len()));
            if config.pipelines.iter().any(|pipeline| pipeline.source.is_some()) {
                let unseen = "whether schemas may be registered: only registering one shows it";
                findings.unseen(REGISTRY, "rights", unseen.to_owned());
            }
        }
        Err(error @ CodecError::Registry { is_away: true, .. }) => {
            findings.away(REGISTRY, "registry", error.to_string());
        }
        Err(error) => findings.failed(REGISTRY, "registry", error.to_string()),
    }
}
