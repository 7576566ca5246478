//! The topics of all pipelines together: no name that Kafka refuses, none written twice, none of orgstream's own.

use std::collections::BTreeMap;

use super::Report;
use crate::config::topic::refused_name;
use crate::config::validated::Pipeline;
use crate::kafka::topics as own_names;

/// Starts the names of the topics that all pipelines share.
const SHARED_PREFIX: &str = "_orgstream.";

pub(super) fn topics(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    let own: Vec<_> = pipelines
        .iter()
        .flat_map(|pipeline| [own_names::parked(&pipeline.name), own_names::dead_letters(&pipeline.name)])
        .collect();
    let mut written = BTreeMap::new();
    for pipeline in pipelines {
        for (half, template) in [
            ("source", pipeline.source.as_ref().map(|source| &source.topic)),
            ("sink", pipeline.sink.as_ref().map(|sink| &sink.topic)),
        ] {
            let Some(template) = template else { continue };
            // A sink that takes its source's topics has no key of its own to report.
            if !report.keys(&["pipelines", &pipeline.name, half]).contains(&"topic") {
                continue;
            }
            let path = ["pipelines", &pipeline.name, half, "topic"];
            for object in &pipeline.objects {
                let topic = template.topic(&object.name);
                if let Some(reason) = refused_name(&topic) {
                    report.fault(&path, reason);
                } else if own.contains(&topic) || topic.starts_with(SHARED_PREFIX) {
                    report.fault(&path, format!("`{topic}` is a topic that orgstream keeps for itself"));
                } else if half == "source"
                    && let Some(other) = written.insert(topic.clone(), &pipeline.name)
                    && *other != pipeline.name
                {
                    report.fault(&path, format!("`{topic}` is written by pipeline `{other}` as well"));
                }
            }
        }
    }
}
