//! Orgs that would write each other's changes back and forth.

use std::collections::BTreeMap;

use super::Report;
use crate::config::validated::Pipeline;

/// One way a change of an object takes: from org, to org, through pipeline.
type Way<'a> = (&'a str, &'a str, &'a str);

/// Reports the pipelines that close a cycle over an object.
pub(super) fn cycles(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    let mut ways: BTreeMap<&str, Vec<Way<'_>>> = BTreeMap::new();
    for pipeline in pipelines {
        let Some(sink) = &pipeline.sink else { continue };
        for object in &pipeline.objects {
            let topic = sink.topic(&object.name);
            let ways = ways.entry(&object.name).or_default();
            for from in origins(pipelines, pipeline, &object.name, &topic) {
                let own = pipeline.source.as_ref().is_some_and(|source| source.org == from);
                if own && from == sink.org {
                    // The pipeline's own check reports this at the sink's org.
                    continue;
                }
                if from == sink.org {
                    let message = format!(
                        "topic `{topic}` carries the changes of `{from}`, and the sink would write them back"
                    );
                    report.fault(&["pipelines", &pipeline.name, "objects", &object.name], message);
                } else if let Some(back) = path(ways, &sink.org, from) {
                    let through: Vec<_> = back.iter().map(|pipeline| format!("`{pipeline}`")).collect();
                    let message = format!(
                        "closes a cycle over {}: `{}` already flows from `{}` to `{from}` through {}, \
                         and each would write the other's changes back",
                        object.name,
                        object.name,
                        sink.org,
                        through.join(", ")
                    );
                    report.fault(&["pipelines", &pipeline.name, "objects", &object.name], message);
                } else {
                    ways.push((from, &sink.org, &pipeline.name));
                }
            }
        }
    }
}

/// The orgs whose changes of `object` the sink of `pipeline` is given: its own source's, and those of other
/// pipelines that write the topic it reads.
fn origins<'a>(pipelines: &[&'a Pipeline], pipeline: &Pipeline, object: &str, topic: &str) -> Vec<&'a str> {
    let mut orgs: Vec<_> = pipelines
        .iter()
        .filter_map(|other| Some((other, other.source.as_ref()?)))
        .filter(|(other, source)| {
            let writes = source.topic(object).is_some_and(|template| template.may_be(topic));
            writes || other.name == pipeline.name
        })
        .map(|(_, source)| source.org.as_str())
        .collect();
    orgs.sort_unstable();
    orgs.dedup();
    orgs
}

/// The pipelines on a way from one org to another, when there is one.
fn path<'a>(ways: &[Way<'a>], from: &str, to: &str) -> Option<Vec<&'a str>> {
    let mut reached: Vec<(&str, Vec<&'a str>)> = vec![(from, Vec::new())];
    let mut next = 0;
    while let Some((org, through)) = reached.get(next).cloned() {
        if org == to {
            return Some(through);
        }
        for (start, end, pipeline) in ways {
            if *start == org && !reached.iter().any(|(known, _)| known == end) {
                let mut through = through.clone();
                through.push(pipeline);
                reached.push((end, through));
            }
        }
        next += 1;
    }
    None
}
