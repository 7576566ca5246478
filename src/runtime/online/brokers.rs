//! The brokers, and which topics each pipeline needs of them.

use std::collections::{BTreeMap, BTreeSet};

use orgstream_api::HealthReporter;

use super::topics::{Topic, Use};
use super::{ANSWER, Findings, KAFKA, rights, topics};
use crate::config::{Brokers, Config, Pipeline};
use crate::embedded::Announcement;
use crate::kafka::{Admin, Cleanup, KafkaConfig, Looked, TopicSpec};
use crate::runtime::awaited;
use crate::runtime::options::RunOptions;
use crate::runtime::prepare::{self, Place, missing};
use crate::runtime::start::Beginner;
use crate::worker::sink::SinkTask;

pub(super) async fn look(config: &Config, running: Option<&Announcement>, findings: &Findings) {
    let Some(kafka) = kafka(config, running) else {
        let found = "the broker of the process itself, which does not run now".to_owned();
        findings.unseen(KAFKA, "brokers", found);
        return;
    };
    if let Some(setting) = kafka.settings.trusts_anyone() {
        findings.warned(
            KAFKA,
            "certificates",
            format!(
                "the brokers' certificates are not verified (`{}`): whoever sits in between reads and changes all records, and gets the \
                 password. Put the certificate of their authority in `kafka.security.ca` instead",
                setting.key
            ),
        );
    }
    let admin = match Admin::connect_within(&kafka, ANSWER).await {
        Ok(admin) => admin,
        Err(error @ crate::kafka::Error::Unreachable { .. }) => {
            findings.away(KAFKA, "brokers", error.to_string());
            findings.unseen(KAFKA, "topics", "no topic and no right, since no broker answers".to_owned());
            return;
        }
        Err(error) => {
            findings.error(KAFKA, "brokers", error);
            findings.unseen(
                KAFKA,
                "topics",
                "no topic and no right, since the brokers turn us away".to_owned(),
            );
            return;
        }
    };
    let cluster = admin.cluster().await.map(|id| format!(", cluster {id}")).unwrap_or_default();
    findings.passed(KAFKA, "brokers", format!("{} answer{cluster}", kafka.bootstrap_servers));
    let found = all_topics(config, &kafka, &admin, findings).await;
    topics::judge(&found, &admin, findings).await;
    rights::of_transactions(config, findings);
}

/// Where the brokers are; `None` where they are the process's own, and none runs.
fn kafka(config: &Config, running: Option<&Announcement>) -> Option<KafkaConfig> {
    let bootstrap_servers = match &config.kafka.brokers {
        Brokers::At(servers) => servers.clone(),
        Brokers::Embedded => running?.bootstrap_servers.clone()?,
    };
    Some(KafkaConfig {
        bootstrap_servers,
        partitions: Some(config.kafka.partitions).filter(|partitions| *partitions > 0),
        replication_factor: Some(config.kafka.replication_factor),
        settings: config.kafka.settings.clone(),
    })
}

/// The topics that all pipelines need, with what a start would make of each.
async fn all_topics(config: &Config, kafka: &KafkaConfig, admin: &Admin, findings: &Findings) -> Vec<Topic> {
    let (admin, outlook) = admin.looking();
    let (health, _) = HealthReporter::new();
    let options = RunOptions::default();
    for made in [prepare::positions(&admin).await, prepare::ids(&admin).await] {
        if let Err(error) = made {
            findings.error(KAFKA, "topics", error);
        }
    }
    let place = Place { config, options: &options, kafka, admin: &admin };
    let mut uses: BTreeMap<String, BTreeSet<Use>> = BTreeMap::new();
    for pipeline in &config.pipelines {
        let name = format!("pipeline {}", pipeline.name);
        if let Err(error) = place.topics_of(pipeline, &health).await {
            findings.error(&name, "topics", error);
        }
        for (_, topic) in prepare::source_topics(pipeline) {
            uses.entry(topic).or_default().insert(Use::Records);
        }
        if pipeline.sink.is_some() {
            inputs(config, pipeline, &admin, &mut uses, findings).await;
        }
    }
    let mut found: Vec<Topic> = Vec::new();
    for (name, (spec, looked)) in outlook.take() {
        let mut uses = uses.remove(&name).unwrap_or_default();
        if uses.is_empty() {
            uses.insert(if spec.cleanup == Cleanup::Compact { Use::State } else { Use::Notes });
        }
        found.push(Topic { spec, looked, uses });
    }
    // Those that others made: no start asks for their width.
    for (name, uses) in uses {
        match admin.partitions(&name).await {
            Ok(Some(partitions)) => {
                let spec = TopicSpec { name, partitions: None, cleanup: Cleanup::Delete };
                found.push(Topic { spec, looked: Looked::There(partitions), uses });
            }
            Ok(None) => {}
            Err(error) => findings.error(KAFKA, &format!("topic {name}"), error),
        }
    }
    found
}

/// The topics that a sink reads, whether they are there, and where it begins in them.
async fn inputs(
    config: &Config,
    pipeline: &Pipeline,
    admin: &Admin,
    uses: &mut BTreeMap<String, BTreeSet<Use>>,
    findings: &Findings,
) {
    let Some(sink) = &pipeline.sink else { return };
    let place = format!("pipeline {}", pipeline.name);
    let inputs = prepare::input_topics(pipeline);
    for topic in &inputs {
        uses.entry(topic.clone()).or_default().insert(Use::Input);
    }
    match missing(&awaited::awaited(config, pipeline), admin).await {
        Ok(missing) if missing.is_empty() => {}
        Ok(missing) => {
            findings.failed(&place, "topics", awaited::said(&pipeline.name, &missing, admin).await);
        }
        Err(error) => findings.error(&place, "topics", error),
    }
    let Ok(missing) = missing(&inputs, admin).await else { return };
    let there: Vec<String> = inputs.iter().filter(|topic| !missing.contains(topic)).cloned().collect();
    let group = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
    if let Some(topic) = there.first().or(inputs.first()) {
        rights::of_group(&group, topic, admin, &place, findings).await;
    }
    let beginner = Beginner { pipeline: &pipeline.name, group: &group, topics: &there, start: &sink.start };
    if let Err(error) = beginner.offsets(admin).await {
        findings.error(&place, "start", error);
    }
}
