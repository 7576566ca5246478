//! What the user may do with topics and groups, and what would be missing.

use super::topics::{Topic, Use};
use super::{Findings, KAFKA};
use crate::config::Config;
use crate::kafka::{Admin, Allowed, Error, settings::Role};
use crate::worker::positions::SourceTask;

/// Says of a topic that is there which rights on it are missing.
pub(super) async fn of_topic(topic: &Topic, admin: &Admin, findings: &Findings) {
    let name = &topic.spec.name;
    if topic.uses.iter().copied().any(Use::is_read) {
        missing(admin.may_read(name).await, "Read", &format!("topic {name}"), KAFKA, findings);
    }
    if topic.uses.iter().copied().any(Use::is_written) {
        missing(admin.may_write(name).await, "Write", &format!("topic {name}"), KAFKA, findings);
    }
}

/// Says whether a sink may be a member of its group.
pub(super) async fn of_group(group: &str, topic: &str, admin: &Admin, place: &str, findings: &Findings) {
    let allowed = admin.may_join(group, topic).await;
    if matches!(allowed, Ok(Allowed::Yes)) {
        let members = admin.members(group).await.map_or_else(
            |error| format!("who is at work in it does not show: {}", orgstream_api::with_causes(&error)),
            |members| format!("{} member(s) are at work in it", members.len()),
        );
        let found = format!("may be joined; {members}");
        findings.passed(place, &format!("group {group}"), found);
    }
    missing(allowed, "Read", &format!("group {group}"), place, findings);
}

/// The right to write in transactions shows only when a source takes its transactional id over, which ends another one's work.
pub(super) fn of_transactions(config: &Config, findings: &Findings) {
    let settings = config.kafka.settings.of(Role::Writes);
    let protocol = settings.filter(|setting| setting.name == "security.protocol").last();
    if protocol.is_none_or(|setting| setting.value.reveal().eq_ignore_ascii_case("plaintext")) {
        return;
    }
    for pipeline in config.pipelines.iter().filter(|pipeline| pipeline.source.is_some()) {
        let id = SourceTask { pipeline: pipeline.name.clone(), number: 0 }.transactional_id();
        findings.unseen(
            &format!("pipeline {}", pipeline.name),
            "transactions",
            format!("whether the user may write under transactional id `{id}`; it needs the ACLs `Describe` and `Write` on it"),
        );
    }
}

fn missing(allowed: Result<Allowed, Error>, right: &str, subject: &str, place: &str, findings: &Findings) {
    match allowed {
        Ok(Allowed::Yes) => {}
        Ok(Allowed::No) => findings.failed(
            place,
            subject,
            format!(
                "the brokers do not let the user have the right `{right}` on {subject}: add an ACL for it (`kafka-acls.sh --add \
                 --allow-principal User:… --operation {right} --{subject}`), or log in as another user (`kafka.security`)"
            ),
        ),
        Ok(Allowed::Unknown(answer)) => findings.unseen(
            place,
            subject,
            format!("whether the user has the right `{right}` on {subject}; the brokers answered: {answer}"),
        ),
        Err(error) => findings.error(place, subject, error),
    }
}
