//! The source of a pipeline: how changes are read, and what would be written of them.

use std::sync::Arc;

use orgstream_api::{Part, TopicTemplate};
use orgstream_salesforce_source::{
    CdcChannel, Changes, DESCRIBE_EVERY, EventChannel, OnGap, POLL_EVERY, Records, SnapshotConfig,
    SourceConfig, SourceObject, Start, StreamConfig, SweepConfig, Transport,
};

use super::object_source::{self, Defaults};
use super::pipeline::known_org;
use super::produced::{self, Produced};
use super::registration::check_registrations;
use super::values::{duration, duration_or_off, percent, size};
use super::{Report, is_api_name};
use crate::codec::{Input, Output};
use crate::config::raw;
use crate::config::validated::PipelineSource;

/// What the checks of a source have to know of the rest of its pipeline.
pub(super) struct Around<'a> {
    pub(super) pipeline: &'a str,
    pub(super) has_sink: bool,
    /// What the sink takes the bytes of records for.
    pub(super) read_as: Option<Input>,
    /// What its records are written as.
    pub(super) output: Output,
    /// The objects in the order of the file.
    pub(super) objects: Vec<(String, raw::ObjectSource)>,
}

/// The source; `None` when a part of it is missing or wrong.
pub(super) fn source(
    around: Around<'_>,
    raw: raw::Source,
    report: &mut Report<'_>,
) -> Option<PipelineSource> {
    let pipeline = around.pipeline;
    let output = around.output.clone();
    check_registrations(pipeline, &output, report);
    let at = |key| ["pipelines", pipeline, "source", key];
    let org = raw.org.and_then(|org| known_org(pipeline, "source", org, report));
    let lowercase = raw.topic_lowercase.unwrap_or(false);
    let topic = raw.topic.and_then(|topic| template(&topic, lowercase, &at("topic"), report));
    let topic = topic.map(|topic| org.as_deref().map_or_else(|| topic.clone(), |org| topic.in_org(org)));
    if let Some(topic) = &topic {
        check_template(&around, topic, report);
    }
    let only = raw.only.map(|only| produced::only(pipeline, only, around.has_sink, report));
    let has_output_key = raw.output.as_ref().is_some_and(|output| output.key.is_some());
    let made = Produced { key: raw.key, headers: raw.headers, value: raw.value, has_output_key };
    let shaping = produced::shaping(pipeline, made, around.read_as, report);
    let defaults = Defaults {
        only,
        changes: changes(raw.channel.unwrap_or(raw::Changes::PushTopic)),
        records: records(raw.records.unwrap_or(raw::Records::Full)),
        hydrate: raw.hydrate.unwrap_or(true),
        poll_every: duration(raw.poll_every.as_deref(), POLL_EVERY, &at("poll_every"), report),
        filter: raw.filter.as_deref().and_then(|text| object_source::expression(text, &at("filter"), report)),
    };
    let objects = around
        .objects
        .into_iter()
        .map(|(name, raw)| object_source::object(pipeline, &name, raw, topic.as_ref(), &defaults, report));
    let objects: Vec<_> = objects.collect();
    let events = raw.events.unwrap_or_default().into_iter();
    let events =
        events.filter_map(|(name, raw)| events_of(pipeline, name, raw, lowercase, org.as_deref(), report));
    let config = SourceConfig {
        start: start(raw.start.unwrap_or(raw::Start::Snapshot)),
        events: events.collect(),
        cdc: cdc(pipeline, &raw.cdc.unwrap_or_default(), report),
        convert_changed_fields: raw.convert_changed_fields.unwrap_or(false),
        on_gap: on_gap(raw.on_gap.unwrap_or(raw::OnGap::Repair)),
        sweep: sweep(pipeline, &raw.sweep.unwrap_or_default(), report),
        snapshot: snapshot(&raw.snapshot.unwrap_or_default()),
        describe_every: duration(
            raw.describe_every.as_deref(),
            DESCRIBE_EVERY,
            &at("describe_every"),
            report,
        ),
        stream: stream(pipeline, &raw.stream.unwrap_or_default(), report),
        ..SourceConfig::new(pipeline, Start::Snapshot, objects)
    };
    check_together(&config, around.has_sink, report);
    topic?;
    Some(PipelineSource { org: org?, output, config, shaping: Arc::new(shaping) })
}

/// A template; what is no template is reported.
pub(super) fn template(
    text: &str,
    lowercase: bool,
    path: &[&str],
    report: &mut Report<'_>,
) -> Option<TopicTemplate> {
    TopicTemplate::new(text, lowercase).map_err(|error| report.fault(path, error.to_string())).ok()
}

/// A topic for each object, and with a sink one for all versions of a record.
fn check_template(around: &Around<'_>, topic: &TopicTemplate, report: &mut Report<'_>) {
    let path = ["pipelines", around.pipeline, "source", "topic"];
    if around.objects.len() > 1 && !has_object(topic) {
        report.fault(&path, one_for_all(topic));
    }
    let splits = topic.variables().find(|part| !names_object(part) && **part != Part::Org);
    if let Some(part) = splits
        && around.has_sink
    {
        let message = format!(
            "`{part}` may put the versions of one record into several topics, and the sink would write them in any \
             order; only `${{object}}`, `${{org}}` and `${{_ObjectType}}` keep them together"
        );
        report.fault(&path, message);
    }
}

/// Whether each object has topics of its own.
pub(super) fn has_object(topic: &TopicTemplate) -> bool {
    topic.variables().any(names_object)
}

fn names_object(part: &Part) -> bool {
    *part == Part::Object || matches!(part, Part::Field(name) if name == "_ObjectType")
}

/// What is said of a template that is the same for all objects.
pub(super) fn one_for_all(topic: &TopicTemplate) -> String {
    format!(
        "`{topic}` would be the topic of all objects; put `${{object}}` into it, so that each has its own"
    )
}

/// What each key allows by itself, and not together with others.
fn check_together(config: &SourceConfig, has_sink: bool, report: &mut Report<'_>) {
    let at = |key| ["pipelines", &*config.pipeline, "source", key];
    let is_event =
        |object: &&SourceObject| object.records == Records::Event && object.changes == Changes::Cdc;
    let as_events = config.objects.iter().find(is_event);
    let captured = config.objects.iter().any(|object| object.changes == Changes::Cdc);
    if config.cdc != CdcChannel::Single && !captured {
        report.fault(
            &at("cdc"),
            "no object of this pipeline is read by change events; write `channel: cdc` as well",
        );
    }
    let Some(object) = as_events else {
        if config.convert_changed_fields {
            report.fault(
                &at("convert_changed_fields"),
                "only records of the form `records: event` have `changedFields`",
            );
        }
        return;
    };
    let name = &object.name;
    if has_sink {
        let message =
            format!("{name} would be written as change events, which the sink of this pipeline cannot read");
        report.fault(&at("records"), message);
    }
    let whole = "rows that are read have no event header to be written with";
    if config.start == Start::Snapshot {
        report.fault(
            &at("start"),
            format!("{name} is written as change events, and {whole}; write `latest` or `earliest`"),
        );
    }
    if config.sweep.every.is_some() {
        report.fault(
            &at("sweep"),
            format!("{name} is written as change events, and {whole}; write `sweep: {{ every: off }}`"),
        );
    }
    if config.on_gap == OnGap::Repair {
        let message =
            format!("{name} is written as change events, and {whole}; write `fail`, `earliest` or `latest`");
        report.fault(&at("on_gap"), message);
    }
}

fn events_of(
    pipeline: &str,
    name: String,
    raw: raw::Events,
    lowercase: bool,
    org: Option<&str>,
    report: &mut Report<'_>,
) -> Option<EventChannel> {
    let at = ["pipelines", pipeline, "source", "events", name.as_str()];
    let custom = name.ends_with("__chn") && is_api_name(&name);
    let platform = name.ends_with("__e") && is_api_name(&name);
    let generic = name.strip_prefix("/u/").is_some_and(|rest| !rest.is_empty());
    if !(custom || platform || generic) {
        report.fault(
            &at,
            format!("`{name}` is neither a platform event (`Order__e`), nor a custom channel (`Orders__chn`), nor a generic channel (`/u/Notes`)"),
        );
    }
    let entities = raw.entities.unwrap_or_default();
    if !entities.is_empty() && !custom {
        report.fault(
            &[at[0], at[1], at[2], at[3], at[4], "entities"],
            "only a custom channel has several events to choose from",
        );
    }
    let topic = template(&raw.topic?, lowercase, &[at[0], at[1], at[2], at[3], at[4], "topic"], report)?;
    if topic.variables().any(|part| *part == Part::EventType) {
        let path = [at[0], at[1], at[2], at[3], at[4], "topic"];
        report.fault(&path, "messages are about no record and have no `${event_type}`; use `${_EventType}`");
    }
    let topic = topic.of_object(name.trim_start_matches("/u/"));
    let topic = org.map_or_else(|| topic.clone(), |org| topic.in_org(org));
    Some(EventChannel { name, topic, entities })
}

fn cdc(pipeline: &str, raw: &raw::Cdc, report: &mut Report<'_>) -> CdcChannel {
    match raw.channel.as_deref() {
        None | Some("single") => CdcChannel::Single,
        Some("ChangeEvents") => CdcChannel::All,
        Some(name) if name.ends_with("__chn") && is_api_name(name) => CdcChannel::Custom(name.to_owned()),
        Some(name) => {
            let message =
                format!("`{name}` is not `single`, `ChangeEvents` or a custom channel, such as `Sales__chn`");
            report.fault(&["pipelines", pipeline, "source", "cdc", "channel"], message);
            CdcChannel::Single
        }
    }
}

fn sweep(pipeline: &str, raw: &raw::Sweep, report: &mut Report<'_>) -> SweepConfig {
    let at = |key| ["pipelines", pipeline, "source", "sweep", key];
    let default = SweepConfig::default();
    SweepConfig {
        every: duration_or_off(raw.every.as_deref(), default.every, &at("every"), report),
        overlap: duration(raw.overlap.as_deref(), default.overlap, &at("overlap"), report),
        max_missing: percent(raw.max_missing.as_deref(), default.max_missing, &at("max_missing"), report),
    }
}

fn snapshot(raw: &raw::Snapshot) -> SnapshotConfig {
    let default = SnapshotConfig::default();
    SnapshotConfig {
        bulk_above: raw.bulk_above.map_or(default.bulk_above, u64::from),
        page: raw.page.unwrap_or(default.page),
    }
}

fn stream(pipeline: &str, raw: &raw::Stream, report: &mut Report<'_>) -> StreamConfig {
    let at = |key| ["pipelines", pipeline, "source", "stream", key];
    let default = StreamConfig::default();
    StreamConfig {
        transport: match raw.transport.unwrap_or(raw::Transport::Auto) {
            raw::Transport::Auto => Transport::Auto,
            raw::Transport::LongPolling => Transport::LongPolling,
        },
        buffer: size(raw.buffer.as_deref(), default.buffer, &at("buffer"), report),
        max_response: size(raw.max_response.as_deref(), default.max_response, &at("max_response"), report),
        renew_every: duration(raw.renew_every.as_deref(), default.renew_every, &at("renew_every"), report),
    }
}

fn start(raw: raw::Start) -> Start {
    match raw {
        raw::Start::Snapshot => Start::Snapshot,
        raw::Start::Earliest => Start::Earliest,
        raw::Start::Latest => Start::Latest,
    }
}

pub(super) fn changes(raw: raw::Changes) -> Changes {
    match raw {
        raw::Changes::PushTopic => Changes::PushTopic,
        raw::Changes::Cdc => Changes::Cdc,
        raw::Changes::Polling => Changes::Polling,
    }
}

pub(super) fn records(raw: raw::Records) -> Records {
    match raw {
        raw::Records::Full => Records::Full,
        raw::Records::Event => Records::Event,
    }
}

fn on_gap(raw: raw::OnGap) -> OnGap {
    match raw {
        raw::OnGap::Repair => OnGap::Repair,
        raw::OnGap::Fail => OnGap::Fail,
        raw::OnGap::Earliest => OnGap::Earliest,
        raw::OnGap::Latest => OnGap::Latest,
    }
}
