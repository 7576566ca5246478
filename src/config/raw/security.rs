//! How the connection to the brokers is secured, and properties of the Kafka client under its own names.

use std::borrow::Cow;
use std::collections::BTreeMap;

use orgstream_api::Secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// How the connection to the brokers is secured. Text of a PEM file may stand in place of its path.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Security {
    /// What the brokers' port speaks. Where it is left out: `sasl_ssl` with a username, else `ssl` with any key of TLS.
    #[schemars(extend("default" = "plaintext"))]
    pub(in crate::config) protocol: Option<Protocol>,
    /// How user and password are sent.
    #[schemars(extend("default" = "PLAIN"))]
    pub(in crate::config) mechanism: Option<Mechanism>,
    /// Who gives the tokens that brokers are shown, in place of user and password.
    pub(in crate::config) oauth: Option<OAuth>,
    /// The user.
    pub(in crate::config) username: Option<String>,
    /// The user's password.
    #[schemars(with = "Option<super::SecretText>")]
    pub(in crate::config) password: Option<Secret>,
    /// A PEM file, relative to this file, with the certificates of those who may sign the brokers'. Without it the machine's own.
    pub(in crate::config) ca: Option<String>,
    /// A PEM file with the client's certificate and those up to its authority, where the brokers ask for one (mTLS).
    pub(in crate::config) certificate: Option<String>,
    /// A PEM file with the certificate's private key.
    #[schemars(with = "Option<super::SecretText>")]
    pub(in crate::config) key: Option<Secret>,
    /// The password of the private key, where it has one.
    #[schemars(with = "Option<super::SecretText>")]
    pub(in crate::config) key_password: Option<Secret>,
    /// Whether a broker's certificate has to name the host that it was called by.
    #[schemars(extend("default" = true))]
    pub(in crate::config) verify_host: Option<bool>,
}

/// A client that gets tokens for brokers which ask for OAUTHBEARER, by the client credentials flow.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct OAuth {
    /// Where tokens are asked for.
    pub(in crate::config) token_url: String,
    /// The client.
    pub(in crate::config) client_id: String,
    /// The client's secret.
    #[schemars(with = "super::SecretText")]
    pub(in crate::config) client_secret: Secret,
    /// What the tokens are for, where those who give them ask for it.
    pub(in crate::config) scope: Option<String>,
    /// A PEM file, relative to this file, with the certificates of those who may sign the one of `token_url`. Without it the machine's own.
    pub(in crate::config) ca: Option<String>,
}

/// What the brokers' port speaks.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(in crate::config) enum Protocol {
    /// Neither TLS nor a login.
    Plaintext,
    /// TLS.
    Ssl,
    /// A login without TLS: whoever sees the network may read along.
    SaslPlaintext,
    /// A login over TLS.
    SaslSsl,
}

/// How user and password are sent.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) enum Mechanism {
    /// As they are.
    #[serde(rename = "PLAIN")]
    Plain,
    /// The password is proved and not sent, with SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    Scram256,
    /// The same with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    Scram512,
    /// A token is shown in place of both, see `oauth`.
    #[serde(rename = "OAUTHBEARER")]
    OAuthBearer,
}

/// Properties by name.
pub(in crate::config) type Properties = BTreeMap<String, Property>;

/// The value of a property: text, a number, true or false; it may be empty, and it may be a secret.
#[derive(Deserialize)]
#[serde(transparent)]
pub(in crate::config) struct Property(pub(in crate::config) Secret);

impl JsonSchema for Property {
    fn schema_name() -> Cow<'static, str> {
        "Property".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "number", "boolean"],
            "description": "A property by librdkafka's name, or by one of Java's that has a counterpart.",
            "x-form": "property"
        })
    }
}
