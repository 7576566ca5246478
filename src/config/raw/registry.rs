//! The schema registry.

use orgstream_api::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// The schema registry. Text of a PEM file may stand in place of its path.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct SchemaRegistry {
    /// Where its REST interface starts, such as `http://registry:8081`.
    #[schemars(required)]
    pub(in crate::config) url: Option<String>,
    /// User and password, where it asks for them. This or `bearer_token`.
    pub(in crate::config) basic_auth: Option<BasicAuth>,
    /// A token, where it asks for one.
    #[schemars(with = "Option<super::SecretText>")]
    pub(in crate::config) bearer_token: Option<Secret>,
    /// A PEM file, relative to this file, with the certificates of those who may sign the registry's. Without it the machine's own.
    pub(in crate::config) ca: Option<String>,
    /// A PEM file with the client's certificate and those up to its authority, where the registry asks for one.
    pub(in crate::config) certificate: Option<String>,
    /// A PEM file with the certificate's private key, which has no password.
    #[schemars(with = "Option<super::SecretText>")]
    pub(in crate::config) key: Option<Secret>,
}

/// User and password.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct BasicAuth {
    /// The user.
    #[schemars(required)]
    pub(in crate::config) username: Option<String>,
    /// The user's password.
    #[schemars(required, with = "super::SecretText")]
    pub(in crate::config) password: Option<Secret>,
}
