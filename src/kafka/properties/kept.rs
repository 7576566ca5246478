//! Properties that no file may set, because a promise of orgstream hangs on them or a key of the file says it.

/// What must stay, by name, and why.
const KEPT: &[(&str, &str)] = &[
    ("bootstrap.servers metadata.broker.list", "write `kafka.bootstrap_servers`"),
    (
        "enable.idempotence",
        "it is always true: without it librdkafka's own retries write a record twice or out of order",
    ),
    (
        "acks request.required.acks",
        "it is always `all`: a record that one broker alone has is lost with that broker",
    ),
    (
        "transactional.id",
        "it is the name by which a second process of the same source is shut out; orgstream makes it of the pipeline's name",
    ),
    (
        "transaction.timeout.ms",
        "readers wait so long for what a killed source left open, and the source's own time-outs are made to fit it",
    ),
    (
        "isolation.level",
        "it is always `read_committed`: records of aborted transactions never happened, and the same changes come again",
    ),
    (
        "enable.auto.commit auto.commit.enable auto.commit.interval.ms",
        "offsets are committed when their records are settled, and not by the clock: a record would be lost in a crash",
    ),
    (
        "enable.auto.offset.store",
        "offsets are committed when their records are settled, and not when they were read: a record would be lost in a crash",
    ),
    ("group.id", "a sink's group is made of the pipeline's name, and with another one it would begin anew"),
    ("group.instance.id", "it is made of the node and the task, so that a restart keeps its partitions"),
    (
        "group.protocol group.protocol.type group.remote.assignor",
        "the lease on calls to an org is made of the classic protocol's session",
    ),
    (
        "partition.assignment.strategy",
        "it is always `cooperative-sticky`: calls under way go on for partitions that stay",
    ),
    (
        "auto.offset.reset",
        "`start` of the sink says where it begins; records that are gone before they were consumed are an error and never jumped over",
    ),
    ("session.timeout.ms", "write `session_timeout` at the sink; calls to the org are made to fit it"),
    (
        "heartbeat.interval.ms",
        "it follows from `session_timeout` of the sink: with rarer ones a member is given up that works",
    ),
    (
        "max.poll.interval.ms",
        "it follows from `session_timeout` of the sink, which drains its calls within it",
    ),
    (
        "api.version.request api.version.request.timeout.ms api.version.fallback.ms broker.version.fallback",
        "brokers are asked for what they know: an older protocol does not tell aborted records from others",
    ),
    ("topic.blacklist", "a topic that is hidden from the client would be read by nobody without a word"),
    ("enable.partition.eof", "the end of a partition is how commit markers are passed"),
    (
        "message.timeout.ms delivery.timeout.ms",
        "a record is waited for as long as it takes: one that librdkafka gives up on would be a gap",
    ),
    ("enable.gapless.guarantee", "a failed record is handled with its batch"),
    ("delivery.report.only.error", "an acknowledged record is what a position or an offset waits for"),
    (
        "allow.auto.create.topics",
        "a topic that was deleted is an error, and is not made anew by whoever asks for it next",
    ),
    (
        "message.max.bytes max.request.size",
        "records of up to 8 MiB are written; `max.message.bytes` of a topic says how many bytes it takes",
    ),
    (
        "partitioner partitioner.class",
        "records lie in the partition that Java's default partitioner gives their key, which keeps a record's changes in order",
    ),
];

/// Why this cannot be set.
pub(super) fn reason(name: &str, value: &str) -> Option<String> {
    if let Some((_, why)) = KEPT.iter().find(|(names, _)| names.split(' ').any(|kept| kept == name)) {
        return Some(format!("cannot be set: {why}"));
    }
    let number = value.trim().parse::<i64>().ok();
    match name {
        "max.in.flight" | "max.in.flight.requests.per.connection" if number > Some(5) => Some(format!(
            "`{value}` is more than 5, and brokers keep order and drop duplicates for 5 requests under way at most"
        )),
        "retries" | "message.send.max.retries" if number == Some(0) => Some(
            "`0` gives up on a record at the first hiccup, and an idempotent producer has to retry"
                .to_owned(),
        ),
        _ => None,
    }
}
