//! The keys of the HTTP server.

use std::collections::BTreeMap;

use orgstream_api::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// The HTTP server of the process: metrics, health, and Kafka Connect's reading endpoints.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Http {
    /// The address and port it listens on; port 0 takes a free one. Another address than one of this machine's own (127.0.0.1, [::1])
    /// needs `auth`.
    #[schemars(extend("default" = "127.0.0.1:8083"))]
    pub(in crate::config) listen: Option<String>,
    /// The certificate, for HTTPS. Without it the server speaks plain HTTP.
    pub(in crate::config) tls: Option<HttpTls>,
    /// Who may ask. Without it everybody on this machine may.
    pub(in crate::config) auth: Option<HttpAuth>,
    /// After how long a trouble, or a task that gets nowhere, makes `/health` and `/ready` answer 503.
    #[schemars(extend("x-form" = "duration", "default" = "15m"))]
    pub(in crate::config) unhealthy_after: Option<String>,
}

/// The certificate of the HTTP server.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct HttpTls {
    /// The PEM file of the certificate, and of those that it depends on, relative to this file.
    #[schemars(required)]
    pub(in crate::config) certificate: Option<String>,
    /// The PEM file of its private key, relative to this file.
    #[schemars(required)]
    pub(in crate::config) key: Option<String>,
}

/// Who may ask the HTTP server. With both, either will do.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct HttpAuth {
    /// Users, each with the password (basic authentication).
    pub(in crate::config) basic: Option<BTreeMap<String, Password>>,
    /// Tokens, each under a name of your choice (`Authorization: Bearer`).
    pub(in crate::config) bearer: Option<BTreeMap<String, Token>>,
}

/// The user's password.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub(in crate::config) struct Password(#[schemars(with = "super::SecretText")] pub(in crate::config) Secret);

/// The token.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub(in crate::config) struct Token(#[schemars(with = "super::SecretText")] pub(in crate::config) Secret);
