//! How an org is called, beyond where it is and how to log in.

use std::time::Duration;

use orgstream_api::Secret;
use url::Url;

/// How an org is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgOptions {
    /// The version of the org's APIs.
    pub api_version: ApiVersion,
    /// What calls go through.
    pub proxy: Option<Proxy>,
    /// How long is waited for what.
    pub timeouts: Timeouts,
    /// When it is said that an allowance runs out.
    pub allowances: AllowanceOptions,
}

/// A version of Salesforce's APIs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ApiVersion {
    /// The one that orgstream is tested with.
    #[default]
    Tested,
    /// This one, such as `61.0`.
    Fixed(String),
    /// The newest that the org has when it is connected to.
    Latest,
}

/// An HTTP proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it is.
    pub url: Url,
    /// User and password, where it asks for them (basic authentication).
    pub credentials: Option<(String, Secret)>,
}

/// How long is waited for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the answer to a read.
    pub answer: Duration,
    /// For the answer to a message of the streaming connection that is not held.
    pub stream: Duration,
}

/// When it is said that an allowance runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowanceOptions {
    /// At so many percent.
    pub warn_at: u8,
    /// How often the org is asked for those that no answer tells.
    pub every: Duration,
    /// The daily calls that are kept for people.
    pub reserve: Reserve,
}

/// A part of an allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// So many percent of it.
    Percent(u8),
    /// So many.
    Calls(u64),
}

impl Reserve {
    /// How much that is of `max`: a share of few is one at least.
    pub fn of(self, max: u64) -> u64 {
        match self {
            Self::Percent(percent) => max.saturating_mul(u64::from(percent)).div_ceil(100),
            Self::Calls(calls) => calls,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), answer: seconds(30), stream: seconds(30) }
    }
}

impl Default for AllowanceOptions {
    fn default() -> Self {
        Self { warn_at: 80, every: Duration::from_mins(5), reserve: Reserve::Percent(10) }
    }
}

#[cfg(test)]
mod tests;
