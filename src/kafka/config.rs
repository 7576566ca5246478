//! Where the brokers are, and how every client of them is set up.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::GroupConfig;
use super::settings::{Role, Settings};

/// The largest record that is written: Salesforce's widest rows, with several long text areas, fit.
pub(super) const MAX_RECORD_BYTES: u32 = 8 * 1024 * 1024;

/// How much of one partition a consumer asks for at once, as it lies there. Rows of one object resemble each other: unpacked they take
/// twenty times as much memory, and librdkafka unpacks all of an answer at once.
const FETCH_OF_PARTITION: u32 = 128 * 1024;

/// How much it asks of a broker at once. A larger batch comes all the same, alone.
const FETCH: u32 = 256 * 1024;

/// The `kafka` section of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaConfig {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// Partitions of the topics that are created; `None` leaves it to the broker.
    pub partitions: Option<i32>,
    /// Replicas of the topics that are created; `None` and -1 leave it to the broker.
    pub replication_factor: Option<i32>,
    /// What the file says of the clients: how they are secured, and librdkafka's own properties.
    pub settings: Settings,
}

impl KafkaConfig {
    /// What all clients have in common.
    pub(super) fn client_config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            // The brokers' logs and quotas name clients by it.
            .set("client.id", "orgstream")
            // A topic that was deleted is an error, and is not made anew by whoever asks for it next.
            .set("allow.auto.create.topics", "false")
            // A broker that comes back is found within a second; the default lets the pause grow to ten.
            .set("reconnect.backoff.max.ms", "1000")
            // An idle connection that the broker closed is no trouble worth a log line.
            .set("log.connection.close", "false")
            // A half-open connection, as after a suspend, is noticed by the kernel instead of at the next request.
            .set("socket.keepalive.enable", "true")
            // Sent together, requests wait for acknowledgements that the peer delays; a commit every few records feels it.
            .set("socket.nagle.disable", "true")
            // Without it OpenSSL looks where it would have been installed, had it not been built in.
            .set("ssl.ca.location", "probe")
            .set_log_level(RDKafkaLogLevel::Warning);
        self.settings.apply(&mut config, Role::Asks);
        config
    }

    /// A client that only asks: metadata and offsets, as seen by readers of this isolation.
    pub(super) fn query_config(&self, isolation: Isolation) -> ClientConfig {
        let mut config = self.client_config();
        config.set("isolation.level", isolation.as_str());
        config
    }

    /// A consumer outside any group.
    pub(super) fn reader_config(&self) -> ClientConfig {
        let mut config = self.query_config(Isolation::ReadCommitted);
        config
            // librdkafka assigns partitions only to a client with a group name. It is never joined.
            .set("group.id", "orgstream.reader")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // The end is part of what is read for: nothing may be said before it is reached.
            .set("enable.partition.eof", "true")
            // What was compacted or expired away below the start is not missed by a reader of the rest.
            .set("auto.offset.reset", "earliest");
        read_ahead_little(&mut config);
        self.settings.apply(&mut config, Role::Reads);
        config
    }

    /// A member of a consumer group.
    pub(super) fn member_config(&self, group: &GroupConfig) -> ClientConfig {
        let session = group.session_timeout.as_millis();
        let mut config = self.query_config(Isolation::ReadCommitted);
        config
            .set("group.id", &group.group)
            // A member with a lasting name keeps its partitions over a restart within the session time-out.
            .set("group.instance.id", &group.instance)
            .set("session.timeout.ms", session.to_string())
            // The brokers ask for at least three heartbeats in a session time-out.
            .set("heartbeat.interval.ms", (session / 10).clamp(100, 3000).to_string())
            // The group waits as long for a member that finishes what is in flight.
            .set("max.poll.interval.ms", (session * 4).max(300_000).to_string())
            // Only partitions that move are taken away; calls in flight for the others go on.
            .set("partition.assignment.strategy", "cooperative-sticky")
            // D1: only what is settled is committed, and the worker knows what that is.
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Records that vanished before they were consumed are an error and never jumped over.
            .set("auto.offset.reset", "error")
            // The end is where commit markers are passed that no record tells of.
            .set("enable.partition.eof", "true");
        read_ahead_little(&mut config);
        self.settings.apply(&mut config, Role::Reads);
        config
    }

    /// What all producers have in common.
    pub(super) fn producer_config(&self) -> ClientConfig {
        let mut config = self.client_config();
        config
            // No duplicates and no reordering by librdkafka's own retries; implies acks=all.
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.max.bytes", MAX_RECORD_BYTES.to_string())
            // Rows of one object resemble each other; zstd makes them small.
            .set("compression.type", "zstd")
            // A batch is waited for as a whole, so lingering only delays its end.
            .set("linger.ms", "5");
        self.settings.apply(&mut config, Role::Writes);
        config
    }
}

/// Keeps librdkafka's own read-ahead small: it lies below the worker's, and is thrown away by a pause.
fn read_ahead_little(config: &mut ClientConfig) {
    config
        .set("queued.min.messages", "1000")
        .set("queued.max.messages.kbytes", "4096")
        // An answer is small and soon read, so the default of a second would be most of the time.
        .set("fetch.queue.backoff.ms", "10")
        .set("max.partition.fetch.bytes", FETCH_OF_PARTITION.to_string())
        .set("fetch.max.bytes", FETCH.to_string())
        // Of a consumer it only says how small the line above may be.
        .set("message.max.bytes", FETCH.to_string());
}

/// Which records a client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Those of finished transactions, up to the first open one.
    ReadCommitted,
    /// All.
    ReadUncommitted,
}

impl Isolation {
    fn as_str(self) -> &'static str {
        match self {
            Self::ReadCommitted => "read_committed",
            Self::ReadUncommitted => "read_uncommitted",
        }
    }
}
