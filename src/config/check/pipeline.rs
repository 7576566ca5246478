//! One pipeline.

use orgstream_api::{TopicTemplate, refused_name};
use orgstream_salesforce_sink::Rules;

use super::effect::effects;
use super::rules;
use super::sink::{self, Beside, sink};
use super::source::{Around, source};
use super::{Report, input, is_api_name, references, twice, writing};
use crate::config::fault::hint;
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::validated::{Object, Pipeline};

/// Leaves room for what is put behind the name in topic, group and transaction names.
const LONGEST_NAME: usize = 200;

/// The keys of an object that say how its records are written.
const WRITTEN: [&str; 8] = [
    "external_id",
    "ignore_fields",
    "references",
    "ignore_reference_fields",
    "fields",
    "values",
    "too_long",
    "sink",
];

/// The pipeline `name`; `None` when a part of it is missing or wrong.
pub(super) fn pipeline(
    name: String,
    raw: raw::Pipeline,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Option<Pipeline> {
    let path = ["pipelines", name.as_str()];
    if let Some(reason) = refused_pipeline_name(&name) {
        report.fault(&path, reason);
    }
    let (has_source, has_sink) = (report.has(&path, "source"), report.has(&path, "sink"));
    if !has_source && !has_sink {
        report.fault(&path, "has neither a source nor a sink; it needs at least one");
    }
    let messages = raw.source.as_ref().is_some_and(|source| source.events.is_some());
    if !report.has(&path, "objects") && !messages {
        report.fault(&[path[0], path[1], "objects"], "this key is missing");
    }
    if report.is_empty(&[path[0], path[1], "objects"]) && !messages {
        report.fault(&[path[0], path[1], "objects"], "names no object");
    }
    let several = report.keys(&[path[0], path[1], "objects"]).len() > 1;

    let source_org = raw.source.as_ref().and_then(|source| source.org.clone());
    let sink_org = raw.sink.as_ref().and_then(|sink| sink.org.clone());
    if let (Some(source), Some(sink)) = (&source_org, &sink_org)
        && source == sink
    {
        let message =
            format!("`{sink}` is the pipeline's source as well; an org is not replicated into itself");
        report.fault(&[path[0], path[1], "sink", "org"], message);
    }

    let order = report.keys(&[path[0], path[1], "objects"]);
    twice::names(&[path[0], path[1], "objects"], "object", report);
    for object in &order {
        let at = [path[0], path[1], "objects", object];
        for maps in [&["references"][..], &["fields"], &["values"], &["source", "fields"]] {
            twice::names(&[&at, maps].concat(), "field", report);
        }
    }
    let mut raw_objects: Vec<_> = raw.objects.unwrap_or_default().into_iter().collect();
    raw_objects.sort_by_key(|(object, _)| order.iter().position(|name| name == object));
    let written = raw.source.as_ref().and_then(|source| source.topic.clone());
    let lowercase = raw.source.as_ref().and_then(|source| source.topic_lowercase);
    let output = raw.source.as_ref().and_then(|source| source.output.as_ref());
    let output = input::output(&name, output, from, report);
    let read_as = raw
        .sink
        .as_ref()
        .map(|sink| input::input(&name, sink.input.as_ref(), output.read_as(), from, report));
    let input = read_as.clone();
    let source = raw.source.and_then(|raw| {
        let read = |(name, object): &mut (String, raw::Object)| {
            (name.clone(), object.source.take().unwrap_or_default())
        };
        let objects = raw_objects.iter_mut().map(read).collect();
        source(Around { pipeline: &name, has_sink, output, read_as, objects }, raw, report)
    });
    let operation = raw.sink.as_ref().and_then(|sink| sink.operation);
    let source_topic = written.and_then(|topic| TopicTemplate::new(&topic, lowercase.unwrap_or(false)).ok());
    let defaults = raw.sink.as_ref().map(|raw| rules::defaults(&name, raw, report)).unwrap_or_default();
    let assigned = raw_objects.iter().map(|(name, object)| (name, object));
    let assignment_of = writing::assignment_of(&name, assigned, report);
    let has_filters =
        raw_objects.iter().any(|(_, object)| object.sink.as_ref().is_some_and(|sink| sink.filter.is_some()));
    let sink = raw.sink.and_then(|raw| {
        effects(&name, &raw, has_filters, report);
        let source_org = source_org.as_deref();
        let beside = Beside {
            has_source,
            source_org,
            input: input.unwrap_or_default(),
            source_topic,
            several,
            assignment_of,
        };
        sink(&name, raw, beside, report)
    });
    let objects = raw_objects
        .into_iter()
        .map(|(object_name, mut raw)| {
            let rules = rules::rules(&name, &object_name, &mut raw, operation, &defaults, report);
            let object = object(&name, object_name, raw, (has_source, has_sink), operation, from, report);
            Object { rules, ..object }
        })
        .collect::<Vec<_>>();
    if (has_source && source.is_none()) || (has_sink && sink.is_none()) {
        return None;
    }
    Some(Pipeline { name, source, sink, objects })
}

fn refused_pipeline_name(name: &str) -> Option<String> {
    if name.len() > LONGEST_NAME {
        return Some(format!("a pipeline's name has at most {LONGEST_NAME} characters"));
    }
    if name.starts_with('_') {
        return Some("names that start with `_` are orgstream's own".to_owned());
    }
    refused_name(name).map(|reason| format!("the name is part of topic names: {reason}"))
}

pub(super) fn known_org(pipeline: &str, half: &str, org: String, report: &mut Report<'_>) -> Option<String> {
    let known = report.keys(&["orgs"]);
    if known.contains(&org.as_str()) {
        return Some(org);
    }
    let hint = hint(&org, known.iter().copied());
    report.fault(
        &["pipelines", pipeline, half, "org"],
        format!("`{org}` is not one of the orgs of this file{hint}"),
    );
    None
}

fn object(
    pipeline: &str,
    name: String,
    raw: raw::Object,
    (has_source, has_sink): (bool, bool),
    operation: Option<raw::Operation>,
    from: &Surroundings<'_>,
    report: &mut Report<'_>,
) -> Object {
    let path = ["pipelines", pipeline, "objects", name.as_str()];
    let at = |key| [path[0], path[1], path[2], path[3], key];
    if !is_api_name(&name) {
        report.fault(
            &path,
            format!("`{name}` is not the API name of an object, such as `Account` or `Order__c`"),
        );
    }
    for key in report.keys(&path) {
        if !has_sink && WRITTEN.contains(&key) {
            report.fault(&at(key), "says how records are written, but this pipeline has no sink");
        }
        if !has_source && key == "source" {
            report.fault(&at(key), "says how records are read, but this pipeline has no source");
        }
    }
    if has_sink && sink::operation(operation).needs_external_id() && !report.has(&path, "external_id") {
        let message = "this key is missing; `sync` and `upsert` find the target's record by it";
        report.fault(&at("external_id"), message);
    }
    let ignore_fields = raw.ignore_fields.unwrap_or_default();
    let fields = raw
        .external_id
        .iter()
        .map(|field| ("external_id", field))
        .chain(ignore_fields.iter().map(|field| ("ignore_fields", field)));
    for (key, field) in fields {
        if !is_api_name(field) {
            report.fault(&at(key), format!("`{field}` is not the API name of a field"));
        }
    }
    let references =
        references((pipeline, &name), raw.references.unwrap_or_default(), has_source, from, report);
    Object { name, external_id: raw.external_id, ignore_fields, references, rules: Rules::default() }
}
