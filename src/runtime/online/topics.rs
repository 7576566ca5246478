//! Whether topics are what they have to be, are kept as they have to be, and may be used.

use std::collections::BTreeSet;

use super::{Findings, KAFKA, rights};
use crate::kafka::{Admin, Looked, TopicSettings, TopicSpec};

/// How large the records are that are written; topics are made for as much.
const LARGEST_RECORD: u64 = 8 * 1024 * 1024;
const DAY: i64 = 24 * 60 * 60 * 1_000;

/// What a topic is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// A source writes records to it.
    Records,
    /// A sink reads records from it.
    Input,
    /// It keeps state, the newest of each key.
    State,
    /// It tells what became of records.
    Notes,
}

impl Use {
    pub(super) fn is_written(self) -> bool {
        self != Self::Input
    }

    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Input | Self::State)
    }
}

/// A topic that pipelines need.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) spec: TopicSpec,
    pub(super) looked: Looked,
    pub(super) uses: BTreeSet<Use>,
}

/// Says of each topic how it is.
pub(super) async fn judge(topics: &[Topic], admin: &Admin, findings: &Findings) {
    for topic in topics {
        let name = &topic.spec.name;
        let subject = format!("topic {name}");
        match &topic.looked {
            Looked::Made => {
                findings.passed(
                    KAFKA,
                    &subject,
                    "is not there, and will be made; whether it may be read and written shows only then"
                        .to_owned(),
                );
            }
            Looked::Unfit(error) => match error {
                crate::kafka::Error::Config { .. } => findings.failed(KAFKA, &subject, error.to_string()),
                error => findings.away(KAFKA, &subject, orgstream_api::with_causes(error)),
            },
            Looked::There(partitions) => {
                let (settings, kept) = match admin.topic_settings(name).await {
                    Ok(settings) => {
                        let kept = format!(", {}", kept(&settings));
                        (settings, kept)
                    }
                    Err(error) => {
                        let why = orgstream_api::with_causes(&error);
                        findings.unseen(KAFKA, &subject, format!("how it is kept: {why}"));
                        (TopicSettings::default(), String::new())
                    }
                };
                losses(topic, &settings, findings);
                rights::of_topic(topic, admin, findings).await;
                if !findings.has_failed(KAFKA, &subject) {
                    findings.passed(KAFKA, &subject, format!("is there, {partitions} partition(s){kept}"));
                }
            }
        }
    }
}

/// How a topic is kept, in words.
fn kept(settings: &TopicSettings) -> String {
    let is_compacted = settings.cleanup.as_deref().is_some_and(|cleanup| cleanup.contains("compact"));
    let expires = settings.cleanup.as_deref().is_none_or(|cleanup| cleanup.contains("delete"));
    match settings.retention_ms.filter(|_| expires) {
        Some(millis) if millis >= 0 => format!("records are kept for {}", span(millis)),
        _ if is_compacted => "the newest of each key is kept".to_owned(),
        _ => "records are kept for ever".to_owned(),
    }
}

fn span(millis: i64) -> String {
    match millis {
        millis if millis >= DAY => format!("{} day(s)", millis / DAY),
        millis if millis >= DAY / 24 => format!("{} hour(s)", millis / (DAY / 24)),
        millis => format!("{} s", millis / 1_000),
    }
}

/// Says what of a topic is lost by the way in which it is kept.
fn losses(topic: &Topic, settings: &TopicSettings, findings: &Findings) {
    let TopicSpec { name, .. } = &topic.spec;
    let subject = format!("topic {name}");
    let is_for = |wanted| topic.uses.contains(&wanted);
    let expires = settings.cleanup.as_deref().is_some_and(|cleanup| cleanup.contains("delete"));
    if is_for(Use::State)
        && let Some(cleanup) = settings.cleanup.as_ref().filter(|_| expires)
    {
        findings.failed(
                KAFKA,
                &subject,
                format!(
                    "`cleanup.policy` of topic {name} is `{cleanup}`, and what lies there is state of which the newest of each key has to \
                     stay: it is lost when it is old. Set it with `kafka-configs.sh --alter --entity-type topics --entity-name {name} \
                     --add-config cleanup.policy=compact`"
                ),
            );
    }
    let time = settings.retention_ms.filter(|millis| expires && *millis >= 0);
    if let Some(millis) = time.filter(|_| is_for(Use::Records)) {
        findings.warned(
            KAFKA,
            &subject,
            format!(
                "records of topic {name} are deleted when they are older than {}. They have the times of their rows, so the old rows of a \
                 snapshot are deleted as soon as they are written, read or not. Set `retention.ms=-1` for the topic",
                span(millis)
            ),
        );
    } else if let Some(millis) = time.filter(|millis| is_for(Use::Input) && *millis < DAY) {
        findings.warned(
            KAFKA,
            &subject,
            format!(
                "records of topic {name} are deleted after {}, read or not: a sink that stands still for longer misses some, and then \
                 stops. Set a longer `retention.ms` for the topic",
                span(millis)
            ),
        );
    }
    let is_bounded = settings.retention_bytes.is_some_and(|bytes| expires && bytes >= 0);
    if is_bounded && (is_for(Use::Records) || is_for(Use::Input)) {
        findings.warned(
            KAFKA,
            &subject,
            format!(
                "`retention.bytes` of topic {name} is {}: what is beyond it is deleted, read or not. Set it to -1, or be sure that sinks \
                 are never as far behind",
                settings.retention_bytes.unwrap_or_default()
            ),
        );
    }
    let small = settings.largest_record.filter(|bytes| *bytes < LARGEST_RECORD);
    if let Some(bytes) = small.filter(|_| is_for(Use::Records) || is_for(Use::State)) {
        findings.warned(
            KAFKA,
            &subject,
            format!(
                "topic {name} takes records of {bytes} bytes at most, and orgstream writes up to {LARGEST_RECORD}: a row with several long \
                 texts stops its pipeline. Set `max.message.bytes={LARGEST_RECORD}` for the topic"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::kafka::Cleanup;
    use crate::runtime::online::Verdict;

    fn said(uses: &[Use], settings: &TopicSettings) -> Vec<(Verdict, String)> {
        let spec = TopicSpec { name: "t".to_owned(), partitions: None, cleanup: Cleanup::Delete };
        let topic =
            Topic { spec, looked: Looked::There(1), uses: uses.iter().copied().collect::<BTreeSet<_>>() };
        let findings = Findings::default();
        losses(&topic, settings, &findings);
        findings.sorted().into_iter().map(|finding| (finding.verdict, finding.found)).collect()
    }

    fn kept_by(cleanup: &str, retention_ms: i64) -> TopicSettings {
        TopicSettings {
            cleanup: Some(cleanup.to_owned()),
            retention_ms: Some(retention_ms),
            retention_bytes: Some(-1),
            largest_record: Some(LARGEST_RECORD),
        }
    }

    #[test]
    fn state_that_expires_is_a_fault_and_compacted_state_is_none() {
        for cleanup in ["delete", "compact,delete"] {
            let said = said(&[Use::State], &kept_by(cleanup, 7 * DAY));
            assert!(
                matches!(&said[..], [(Verdict::Failed, text)] if text.contains("cleanup.policy=compact")),
                "{said:?}"
            );
        }
        assert_eq!(said(&[Use::State], &kept_by("compact", 7 * DAY)), []);
    }

    #[test]
    fn records_that_expire_are_warned_of_where_a_source_writes_rows_of_any_age() {
        let week = kept_by("delete", 7 * DAY);
        assert!(said(&[Use::Records, Use::Input], &week)[0].1.contains("older than 7 day(s)"));
        assert_eq!(said(&[Use::Input], &week), [], "others decide how long theirs are kept");
        assert!(said(&[Use::Input], &kept_by("delete", DAY / 2))[0].1.contains("after 12 hour(s)"));
        assert_eq!(said(&[Use::Records], &kept_by("delete", -1)), []);
    }

    #[test]
    fn a_topic_that_takes_small_records_only_is_warned_of() {
        let small = TopicSettings { largest_record: Some(1_048_588), ..kept_by("delete", -1) };
        assert!(said(&[Use::Records], &small)[0].1.contains("max.message.bytes=8388608"));
        assert_eq!(said(&[Use::Input], &small), [], "nothing is written there");
    }

    #[test]
    fn how_a_topic_is_kept_is_said_in_words() {
        assert_eq!(kept(&kept_by("compact", 7 * DAY)), "the newest of each key is kept");
        assert_eq!(kept(&kept_by("delete", 7 * DAY)), "records are kept for 7 day(s)");
        assert_eq!(kept(&kept_by("delete", -1)), "records are kept for ever");
    }
}
