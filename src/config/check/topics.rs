//! The topics of all pipelines together: no name that Kafka refuses, none written twice, none of orgstream's own.

use orgstream_api::{TopicTemplate, refused_name};

use super::Report;
use crate::config::validated::Pipeline;
use crate::kafka::topics as names;

/// Starts the names of the topics that all pipelines share.
pub(super) const SHARED_PREFIX: &str = "_orgstream.";

/// The topics that each pipeline keeps for itself.
pub(super) fn own_names(pipelines: &[&Pipeline]) -> Vec<String> {
    let own = |pipeline: &&Pipeline| {
        [names::parked, names::intents, names::dead_letters].map(|own| own(&pipeline.name))
    };
    pipelines.iter().flat_map(own).collect()
}

pub(super) fn topics(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    let own = own_names(pipelines);
    let mut written: Vec<(TopicTemplate, &str)> = Vec::new();
    for pipeline in pipelines {
        let events = pipeline.source.iter().flat_map(|source| &source.config.events);
        let events = events.map(|events| (vec!["source", "events", &events.name, "topic"], &events.topic));
        let objects = pipeline.source.iter().flat_map(|source| &source.config.objects);
        let objects = objects.map(|object| (vec!["source", "topic"], &object.topic));
        for (key, topic) in objects.chain(events) {
            let path: Vec<_> = ["pipelines", &pipeline.name].into_iter().chain(key).collect();
            if !refused(topic, &own, &path, report)
                && let Some((_, other)) =
                    written.iter().find(|(known, other)| *other != pipeline.name && overlap(known, topic))
            {
                report.fault(&path, format!("`{topic}` is written by pipeline `{other}` as well"));
            }
            written.push((topic.clone(), &pipeline.name));
        }
        // A sink that takes its source's topics has no key of its own to report.
        if let Some(sink) = &pipeline.sink
            && report.keys(&["pipelines", &pipeline.name, "sink"]).contains(&"topic")
        {
            for object in &pipeline.objects {
                let topic = TopicTemplate::fixed(sink.topic(&object.name));
                refused(&topic, &own, &["pipelines", &pipeline.name, "sink", "topic"], report);
            }
        }
    }
}

/// Whether records cannot go to `topic`, which is reported then.
fn refused(topic: &TopicTemplate, own: &[String], path: &[&str], report: &mut Report<'_>) -> bool {
    let prefix = topic.prefix();
    let kept = own.iter().any(|own| topic.may_be(own));
    let message = if let Some(reason) = topic.name().and_then(|name| refused_name(name)) {
        reason
    } else if let Some(reason) = (!prefix.is_empty()).then(|| refused_name(prefix)).flatten() {
        reason
    } else if prefix.is_empty() && topic.name().is_none() {
        format!("`{topic}` begins with a variable, so it may be any topic; begin with text of your own")
    } else if prefix.starts_with(SHARED_PREFIX) || kept {
        format!("`{topic}` is a topic that orgstream keeps for itself")
    } else {
        return false;
    };
    report.fault(path, message);
    true
}

/// Whether one topic can come of both.
fn overlap(one: &TopicTemplate, other: &TopicTemplate) -> bool {
    match (one.name(), other.name()) {
        (Some(name), _) => other.may_be(name),
        (None, Some(name)) => one.may_be(name),
        (None, None) => one.prefix().starts_with(other.prefix()) || other.prefix().starts_with(one.prefix()),
    }
}
