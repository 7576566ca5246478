//! Sinks that read what a source of the file writes, in its own pipeline or in another one, and what they cannot do with.

use super::Report;
use crate::codec::{Format, Input};
use crate::config::validated::Pipeline;
use crate::shaping::{KeyRule, KeySource, Metadata, Shaping, TextKey};

/// The sink that reads the records.
pub(super) struct Reader {
    /// What messages call it.
    name: String,
    input: Input,
}

impl Reader {
    /// The sink of the source's own pipeline.
    pub(super) fn own(input: Input) -> Self {
        Self { name: "the sink of this pipeline".to_owned(), input }
    }

    /// The sink of another pipeline, which reads topics that the source writes.
    fn of(pipeline: &str, input: Input) -> Self {
        Self { name: format!("the sink of pipeline `{pipeline}`, which reads its topics,"), input }
    }
}

/// Reports the sources whose records the sink of another pipeline reads and cannot do with.
pub(super) fn readers_elsewhere(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    for reader in pipelines {
        let Some(sink) = &reader.sink else { continue };
        for writer in pipelines.iter().filter(|writer| writer.name != reader.name) {
            let Some(source) = &writer.source else { continue };
            let is_read = reader.objects.iter().any(|object| {
                source.topic(&object.name).is_some_and(|topic| topic.may_be(&sink.topic(&object.name)))
            });
            if !is_read {
                continue;
            }
            let sink = Reader::of(&reader.name, sink.input.clone());
            check_reader(&writer.name, &source.shaping, &sink, report);
            let chosen = report.keys(&["pipelines", &writer.name, "source", "only"]);
            check_chosen(&writer.name, chosen, &sink.name, report);
        }
    }
}

/// What `reader` cannot do with of the records of `pipeline`.
pub(super) fn check_reader(pipeline: &str, shaping: &Shaping, reader: &Reader, report: &mut Report<'_>) {
    let Shaping { key, headers, value, .. } = shaping;
    let sink = &reader.name;
    let at = |key| ["pipelines", pipeline, "source", key];
    if let Some(why) = key.breaks_order(|name| headers.is_constant(name)) {
        let message = format!(
            "{why}, so its changes may lie in several partitions, and {sink} would write them in any order; \
             make the key of nothing but `event.object` and `event.id`"
        );
        report.fault(&at("key"), message);
    } else if let KeyRule::Text(TextKey { from, .. }) = key {
        let is_read = match &reader.input.key {
            Format::Unread => true,
            Format::Text => matches!(from, KeySource::StreamSuffix),
            _ => false,
        };
        if !is_read {
            let message = format!(
                "the key is text, and {sink} reads it as something else; write `sink: {{ input: {{ key: unread }} }}` there, \
                 since the value has the id as well"
            );
            report.fault(&at("key"), message);
        }
    }
    if headers.metadata != Metadata::default() {
        let message = format!(
            "{sink} needs the headers of orgstream under their own names: they say which fields a record carries, and of \
             which org and time it is"
        );
        let name = if headers.metadata == Metadata::LeftOut { "metadata" } else { "prefix" };
        report.fault(&["pipelines", pipeline, "source", "headers", name], message);
    }
    if value.is_some() {
        let message = format!(
            "{sink} reads records with all their fields; compute single ones under `objects.NAME.source.fields`, or have \
             the sink read other topics"
        );
        report.fault(&at("value"), message);
    }
}

/// Reports the keys of `only` that keep changes of a record from a sink.
pub(super) fn check_chosen<'k>(
    pipeline: &str,
    keys: impl IntoIterator<Item = &'k str>,
    sink: &str,
    report: &mut Report<'_>,
) {
    for key in keys.into_iter().filter(|key| matches!(*key, "event_types" | "event")) {
        let message = format!(
            "{sink} would not learn of the other changes, and its org would be another one than the source; choose \
             records by `stream`, `filter` or `sink.filter`"
        );
        report.fault(&["pipelines", pipeline, "source", "only", key], message);
    }
}
