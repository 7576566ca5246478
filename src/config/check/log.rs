//! The log.

use crate::config::raw::{Log, LogFormat, LogLevel};
use crate::telemetry::{Format, LogOptions};

/// What the file says of the log.
pub(super) fn log(raw: &Log) -> LogOptions {
    let format = raw.format.map(|format| match format {
        LogFormat::Pretty => Format::Pretty,
        LogFormat::Json => Format::Json,
        LogFormat::Logfmt => Format::Logfmt,
    });
    let level = raw.level.map(|level| match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    });
    LogOptions { format, level }
}
