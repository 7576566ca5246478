//! The sink of a pipeline.

use std::collections::BTreeMap;
use std::time::Duration;

use orgstream_api::record::field;
use orgstream_api::{Part, TopicTemplate};
use orgstream_salesforce::Assignment;
use orgstream_salesforce_sink::{Algorithm, Operation};

use super::bulk::bulk;
use super::failures::failures;
use super::membership::membership;
use super::parked::parking;
use super::pipeline::known_org;
use super::reports::reports;
use super::rules::expression;
use super::source::{has_object, one_for_all, template};
use super::{Report, input, start, writing};
use crate::codec::Input;
use crate::config::duration::parse_duration;
use crate::config::raw;
use crate::config::validated::PipelineSink;

const DEFAULT_RETRY_FOR: Duration = Duration::from_mins(15);

/// What the rest of a pipeline says that its sink has to know.
pub(super) struct Beside<'a> {
    /// Whether there is a source.
    pub(super) has_source: bool,
    /// The org that it reads.
    pub(super) source_org: Option<&'a str>,
    /// What the bytes of records are.
    pub(super) input: Input,
    /// Where it writes, if that is right.
    pub(super) source_topic: Option<TopicTemplate>,
    /// Whether there is more than one object.
    pub(super) several: bool,
    /// What the objects say of assignment rules.
    pub(super) assignment_of: BTreeMap<String, Assignment>,
}

/// The sink of `pipeline`; `None` when a part of it is missing or wrong.
pub(super) fn sink(
    pipeline: &str,
    raw: raw::Sink,
    beside: Beside<'_>,
    report: &mut Report<'_>,
) -> Option<PipelineSink> {
    let Beside { has_source, source_org, input, source_topic, several, assignment_of } = beside;
    let path = ["pipelines", pipeline, "sink"];
    let at = |key| [path[0], path[1], path[2], key];
    let writing = writing::options(pipeline, &raw, assignment_of, report);
    let reading = input::reading(&raw);
    let org = raw.org.and_then(|org| known_org(pipeline, "sink", org, report));
    let topic = if let Some(topic) = raw.topic {
        sink_template(&topic, source_org.is_some(), several, &at("topic"), report)
    } else {
        if !has_source && !report.has(&path, "topic") {
            let message = "this key is missing; without a source the sink must be told which topics to read";
            report.fault(&at("topic"), message);
        }
        source_topic
    };
    let topic = topic.map(|topic| source_org.map_or_else(|| topic.clone(), |org| topic.in_org(org)));
    let retry_for = match raw.retry_for.as_deref().map(parse_duration) {
        None => Some(DEFAULT_RETRY_FOR),
        Some(Ok(duration)) => Some(duration),
        Some(Err(error)) => {
            report.fault(&at("retry_for"), error.to_string());
            None
        }
    };
    let when = raw.when.as_deref().and_then(|text| expression(text, &at("when"), report));
    let start = start::start(pipeline, raw.start, report);
    let parking = parking(pipeline, raw.parked.as_ref(), report);
    let failures =
        failures(pipeline, raw.on_error, raw.stop_after.as_ref(), raw.fallback_owner.as_deref(), report);
    let reports = raw.reports.map(|raw| reports(pipeline, raw, report));
    let membership = membership(pipeline, raw.tasks, raw.session_timeout.as_deref(), report);
    let bulk = bulk(pipeline, raw.bulk, report);
    Some(PipelineSink {
        org: org?,
        topic: topic?,
        start,
        when,
        input,
        reading,
        operation: operation(raw.operation),
        algorithm: algorithm(raw.algorithm),
        retry_for: retry_for?,
        parking,
        failures,
        reports,
        bulk,
        membership,
        on_deleted_target: writing::on_deleted_target(raw.on_deleted_target),
        writing,
    })
}

/// What is done with a record.
pub(super) fn operation(raw: Option<raw::Operation>) -> Operation {
    match raw.unwrap_or(raw::Operation::Sync) {
        raw::Operation::Sync => Operation::Sync,
        raw::Operation::Upsert => Operation::Upsert,
        raw::Operation::Update => Operation::Update,
        raw::Operation::Delete => Operation::Delete,
        raw::Operation::Insert => Operation::Insert,
        raw::Operation::ByEventType => Operation::ByEventType,
    }
}

/// How the changes of one record become writes.
fn algorithm(raw: Option<raw::Algorithm>) -> Algorithm {
    match raw.unwrap_or(raw::Algorithm::Ordered) {
        raw::Algorithm::Ordered => Algorithm::Ordered,
        raw::Algorithm::Merged => Algorithm::Merged,
    }
}

/// What a sink reads is named by the object alone, and by the org where its pipeline has a source.
fn sink_template(
    text: &str,
    knows_org: bool,
    several: bool,
    path: &[&str],
    report: &mut Report<'_>,
) -> Option<TopicTemplate> {
    let topic = template(text, false, path, report)?;
    if several && !has_object(&topic) {
        report.fault(path, one_for_all(&topic));
    }
    let known = |part: &&Part| match part {
        Part::Object => true,
        Part::Org => knows_org,
        Part::Field(name) => name == field::OBJECT_TYPE,
        Part::Text(_) | Part::EventType => false,
    };
    if let Some(part) = topic.variables().find(|part| !known(part)) {
        report.fault(path, format!("`{part}` is not known before records are read; use `${{object}}`"));
        return None;
    }
    Some(topic)
}
