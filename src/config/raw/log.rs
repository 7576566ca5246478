//! The keys of the log.

use schemars::JsonSchema;
use serde::Deserialize;

/// The log of `orgstream run`, on standard error.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Log {
    /// The form of its lines. `--log-format` comes before it.
    #[schemars(extend("default" = "pretty"))]
    pub(in crate::config) format: Option<LogFormat>,
    /// How much orgstream says; of the libraries below it only warnings are shown. `RUST_LOG` comes before it, and can say more exactly
    /// what is shown.
    #[schemars(extend("default" = "info"))]
    pub(in crate::config) level: Option<LogLevel>,
}

/// The form of a log's lines.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum LogFormat {
    /// For people: time, level, message and fields, in colour on a terminal.
    Pretty,
    /// One JSON object a line.
    Json,
    /// `key=value` pairs, as Loki and Heroku read them.
    Logfmt,
}

/// How much is said.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum LogLevel {
    /// What has failed.
    Error,
    /// What waits or needs somebody, too.
    Warn,
    /// What begins and ends, too.
    Info,
    /// Single calls, too.
    Debug,
    /// Everything.
    Trace,
}
