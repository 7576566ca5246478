//! The keys of the clients that write.

use schemars::JsonSchema;
use serde::Deserialize;

/// How records are written.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Producer {
    /// Whether a record counts as written only when all in-sync brokers have acknowledged it. It has to: records and positions are
    /// one transaction, which a record that is not waited for could fall out of.
    #[schemars(extend("default" = true))]
    pub(in crate::config) wait_for_ack: Option<bool>,
    /// How often a transaction that was aborted is tried again before the source fails: a number, or `unlimited`. A minute without
    /// brokers is one time. Only aborted transactions count: after an error that ends the producer itself the source begins anew at
    /// what is committed, as often as it takes, and counts from nothing.
    #[schemars(extend("x-form" = "count", "default" = "unlimited"))]
    pub(in crate::config) retries: Option<String>,
    /// The pause before that.
    #[schemars(extend("x-form" = "duration", "default" = "500ms"))]
    pub(in crate::config) retry_delay: Option<String>,
    /// How often the client sends one request again within a transaction. At least once: a connection may be cut at any time.
    #[schemars(range(min = 1, max = 2_147_483_647), extend("default" = 2_147_483_647))]
    pub(in crate::config) send_retries: Option<u32>,
    /// How long the brokers have to put one request on all in-sync replicas.
    #[schemars(extend("x-form" = "duration", "default" = "30s"))]
    pub(in crate::config) request_timeout: Option<String>,
    /// The longest pause before a broker that went away is connected to again.
    #[schemars(extend("x-form" = "duration", "default" = "1s"))]
    pub(in crate::config) reconnect_backoff_max: Option<String>,
    /// How batches are compressed.
    pub(in crate::config) compression: Option<Compression>,
}

/// How batches are compressed.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Compression {
    /// The codec.
    #[serde(rename = "type")]
    #[schemars(extend("default" = "zstd"))]
    pub(in crate::config) codec: Option<Codec>,
    /// How hard it tries: 1 to 12 for `zstd`, 0 to 9 for `gzip`, 0 to 12 for `lz4`; the others have no levels. Default: the codec's own.
    #[schemars(range(min = 0, max = 12))]
    pub(in crate::config) level: Option<u32>,
}

/// What batches are compressed with.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Codec {
    /// Nothing.
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Which addresses of brokers are used.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum AddressFamily {
    /// IPv4 and IPv6.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}
