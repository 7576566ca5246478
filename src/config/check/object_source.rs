//! An object as far as it is read.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{Expression, Part, TopicTemplate};
use orgstream_salesforce_source::{
    Changes, Manage, Notify, NotifyForFields, PushTopicConfig, Records, SourceObject,
};

use super::Report;
use super::fields::fields;
use super::source::{changes, records};
use super::values::duration;
use crate::config::raw;
use crate::config::validated::topic_of;

/// Longest name of a PushTopic.
const LONGEST_NAME: usize = 25;

/// What the source says of all its objects.
pub(super) struct Defaults {
    pub(super) changes: Changes,
    pub(super) records: Records,
    pub(super) hydrate: bool,
    pub(super) poll_every: Duration,
    pub(super) filter: Option<Arc<dyn Expression>>,
    pub(super) only: Option<Arc<dyn Expression>>,
}

/// The object `name` with what it says itself, and else what its source says. Without a `topic`, which is reported
/// then, it goes nowhere.
pub(super) fn object(
    pipeline: &str,
    name: &str,
    raw: raw::ObjectSource,
    topic: Option<&TopicTemplate>,
    defaults: &Defaults,
    report: &mut Report<'_>,
) -> SourceObject {
    let at = |key| ["pipelines", pipeline, "objects", name, "source", key];
    let own = raw.filter.as_deref().and_then(|text| expression(text, &at("filter"), report));
    let mut object = SourceObject {
        changes: raw.channel.map_or(defaults.changes, changes),
        records: raw.records.map_or(defaults.records, records),
        hydrate: raw.hydrate.unwrap_or(defaults.hydrate),
        poll_every: duration(raw.poll_every.as_deref(), defaults.poll_every, &at("poll_every"), report),
        filter: defaults.filter.iter().cloned().chain(own).collect(),
        only: defaults.only.iter().cloned().collect(),
        ..SourceObject::new(name, TopicTemplate::fixed(""))
    };
    let template = topic.cloned().unwrap_or_else(|| TopicTemplate::fixed(""));
    object.topic = match object.records {
        Records::Full => topic_of(&template, name),
        Records::Event => template.of_object(name),
    };
    object.fields = fields(&at("fields"), raw.fields.unwrap_or_default(), report);
    if raw.poll_every.is_some() && object.changes != Changes::Polling {
        report.fault(&at("poll_every"), format!("{name} is not polled; write `channel: polling` as well"));
    }
    if object.records == Records::Event && object.changes != Changes::Cdc {
        report.fault(
            &at("records"),
            format!("only change events are written so; write `channel: cdc` for {name}, or `records: full`"),
        );
    }
    if object.records == Records::Event && !object.fields.is_empty() {
        let message = format!(
            "{name} is written as change events, whose fields stay as they are; write `records: full`"
        );
        report.fault(&at("fields"), message);
    }
    if object.records == Records::Event && object.topic.variables().any(|part| *part == Part::EventType) {
        report.fault(
            &["pipelines", pipeline, "source", "topic"],
            format!("{name} is written as change events, which name their schema in `${{_EventType}}`, not `${{event_type}}`"),
        );
    }
    if let Some(raw) = raw.push_topic {
        if object.changes != Changes::PushTopic {
            report.fault(&at("push_topic"), format!("{name} is not read by a PushTopic; remove it"));
        }
        object.push_topic = push_topic(pipeline, name, raw, report);
    }
    object
}

/// The expression in `text`; one that is no expression is reported.
pub(super) fn expression(text: &str, path: &[&str], report: &mut Report<'_>) -> Option<Arc<dyn Expression>> {
    crate::expression::read(text).map_err(|message| report.fault(path, message)).ok()
}

fn push_topic(pipeline: &str, object: &str, raw: raw::PushTopic, report: &mut Report<'_>) -> PushTopicConfig {
    let at = |key| ["pipelines", pipeline, "objects", object, "source", "push_topic", key];
    if let Some(name) = raw.name.as_ref().filter(|name| name.chars().count() > LONGEST_NAME) {
        report.fault(&at("name"), format!("`{name}` is longer than {LONGEST_NAME} characters"));
    }
    let manage = raw.manage.map(|manage| match manage {
        raw::Manage::Create => Manage::Create,
        raw::Manage::Update => Manage::Update,
        raw::Manage::Never => Manage::Never,
    });
    if manage == Some(Manage::Never) && raw.name.is_none() {
        report.fault(&at("manage"), "nobody can have made a PushTopic of a generated name; write its `name`");
    }
    if let Some(version) = raw.api_version.as_ref().filter(|version| !is_version(version)) {
        report.fault(&at("api_version"), format!("`{version}` is not a version, such as \"62.0\""));
    }
    let notify = raw.notify.map_or_else(Notify::default, |operations| {
        let has = |operation| operations.contains(&operation);
        Notify {
            create: has(raw::PushTopicOperation::Create),
            update: has(raw::PushTopicOperation::Update),
            delete: has(raw::PushTopicOperation::Delete),
            undelete: has(raw::PushTopicOperation::Undelete),
        }
    });
    if notify == (Notify { create: false, update: false, delete: false, undelete: false }) {
        report.fault(&at("notify"), "a PushTopic that tells of nothing; name at least one operation");
    }
    PushTopicConfig {
        name: raw.name,
        query: raw.query,
        notify_for_fields: match raw.notify_for_fields.unwrap_or(raw::NotifyForFields::All) {
            raw::NotifyForFields::All => NotifyForFields::All,
            raw::NotifyForFields::Referenced => NotifyForFields::Referenced,
            raw::NotifyForFields::Select => NotifyForFields::Select,
            raw::NotifyForFields::Where => NotifyForFields::Where,
        },
        notify,
        manage,
        api_version: raw.api_version,
    }
}

/// Whether `text` is a version of Salesforce's APIs, such as `62.0`.
pub(super) fn is_version(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| digits(major) && digits(minor))
}
