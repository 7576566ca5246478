//! Where a sink begins.

use std::collections::BTreeMap;

use orgstream_salesforce::datetime::parse_datetime;

use super::Report;
use crate::config::fault::hint;
use crate::config::raw;
use crate::config::start::{PartitionStart, SinkStart};
use crate::config::validated::Pipeline;

/// What `start` of the sink of `pipeline` says.
pub(super) fn start(pipeline: &str, raw: Option<raw::SinkStart>, report: &mut Report<'_>) -> SinkStart {
    let place = match raw {
        None => return SinkStart::default(),
        Some(raw::SinkStart::Word(word)) => {
            return match word {
                raw::SinkStartWord::Beginning => SinkStart::Beginning,
                raw::SinkStartWord::Earliest => SinkStart::Earliest,
                raw::SinkStartWord::Latest => SinkStart::Latest,
                raw::SinkStartWord::None => SinkStart::Nowhere,
            };
        }
        Some(raw::SinkStart::Place(place)) => place,
    };
    let path = ["pipelines", pipeline, "sink", "start"];
    let at = |key| [path[0], path[1], path[2], path[3], key];
    match place {
        raw::SinkStartPlace { time: Some(text), offsets: None, group: None } => match parse_datetime(&text) {
            Ok(millis) => return SinkStart::Time(millis),
            Err(error) => report.fault(&at("time"), error.to_string()),
        },
        raw::SinkStartPlace { time: None, offsets: Some(topics), group: None } => {
            return SinkStart::Offsets(offsets(&at("offsets"), topics, report));
        }
        raw::SinkStartPlace { time: None, offsets: None, group: Some(group) } => {
            return SinkStart::Group(group);
        }
        _ if ["time", "offsets", "group"].iter().any(|key| report.has(&path, key)) => {
            // One that is there and wrong is reported already.
            if report.keys(&path).len() > 1 {
                report.fault(
                    &path,
                    "says where to begin more than once; leave one of `time`, `offsets` and `group`",
                );
            }
        }
        _ => report.fault(&path, "says nothing; write `time`, `offsets` or `group`"),
    }
    SinkStart::default()
}

fn offsets(
    path: &[&str],
    raw: BTreeMap<String, raw::PartitionStarts>,
    report: &mut Report<'_>,
) -> BTreeMap<String, Vec<PartitionStart>> {
    let mut topics = BTreeMap::new();
    for (topic, raw::PartitionStarts(raw)) in raw {
        let at = [path, &[topic.as_str()]].concat();
        let mut starts = Vec::new();
        for (number, raw::PartitionStart(text)) in raw.iter().enumerate() {
            match partition_start(text) {
                Some(start) => starts.push(start),
                None => report.fault(
                    &at,
                    format!(
                        "`{text}`, for partition {number}, is neither an offset nor `earliest` or `latest`"
                    ),
                ),
            }
        }
        topics.insert(topic, starts);
    }
    topics
}

fn partition_start(text: &str) -> Option<PartitionStart> {
    match text.trim() {
        "earliest" => Some(PartitionStart::Earliest),
        "latest" => Some(PartitionStart::Latest),
        number => number.parse().ok().filter(|offset| *offset >= 0).map(PartitionStart::At),
    }
}

/// Faults of offsets in topics that the sinks do not read: they would never count.
pub(super) fn start_topics(pipelines: &[&Pipeline], report: &mut Report<'_>) {
    for pipeline in pipelines {
        let Some(sink) = &pipeline.sink else { continue };
        let SinkStart::Offsets(topics) = &sink.start else { continue };
        let read: Vec<String> = pipeline.objects.iter().map(|object| sink.topic(&object.name)).collect();
        for topic in topics.keys().filter(|topic| !read.contains(topic)) {
            let hint = hint(topic, read.iter().map(String::as_str));
            report.fault(
                &["pipelines", &pipeline.name, "sink", "start", "offsets", topic],
                format!("the sink does not read topic `{topic}`{hint}"),
            );
        }
    }
}
