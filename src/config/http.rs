//! The HTTP server, as the file has it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use orgstream_api::Secret;

use crate::http::Tls;

/// The HTTP server of a process.
#[derive(Debug, Clone)]
pub struct Http {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate; `None` means plain HTTP.
    pub tls: Option<Tls>,
    /// Who may ask.
    pub access: Access,
    /// After how long trouble makes the process count as unhealthy.
    pub unhealthy_after: Duration,
}

/// Who may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Everybody on this machine; the server listens on the loopback interface.
    Local,
    /// Who knows one of these.
    Known(Credentials),
}

/// What callers prove themselves with; at least one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Passwords by user.
    pub users: BTreeMap<String, Secret>,
    /// Tokens by name.
    pub tokens: BTreeMap<String, Secret>,
}
