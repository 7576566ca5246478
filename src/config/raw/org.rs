//! The keys of an org.

use orgstream_api::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// One Salesforce org: where it is and how to log in, or a simulated one.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Org {
    /// The org's login URL: its My Domain, such as `https://acme.my.salesforce.com`.
    #[schemars(extend("x-confluent" = ["salesforce.instance"]))]
    pub(in crate::config) url: Option<String>,
    /// How to log in. The word `flow` says which of the three ways.
    #[schemars(extend("x-confluent" = ["salesforce.grant.type"]))]
    pub(in crate::config) auth: Option<Auth>,
    /// The version of the org's APIs, or `latest`: the newest that the org has when the program starts.
    #[schemars(extend("default" = "62.0", "x-confluent" = ["salesforce.version"]))]
    pub(in crate::config) api_version: Option<String>,
    /// The HTTP proxy that all calls go through.
    pub(in crate::config) proxy: Option<Proxy>,
    /// How long is waited for what.
    pub(in crate::config) timeouts: Option<Timeouts>,
    /// What is done when an allowance of the org runs out.
    pub(in crate::config) allowances: Option<Allowances>,
    /// In place of `url` and `auth`: a simulated org inside the process, for development.
    #[schemars(extend("x-opt-in" = true))]
    pub(in crate::config) sandbox: Option<Sandbox>,
}

/// A simulated org inside the process. It is kept in the state directory.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Sandbox {
    /// A YAML file with custom objects and fields, relative to this file, in place of `OrgA_Id__c` on each object.
    pub(in crate::config) objects: Option<String>,
    /// So many accounts, contacts and leads in all are in it when it is new, the same every time.
    #[schemars(range(min = 0, max = 1_000_000), extend("default" = 0))]
    pub(in crate::config) records: Option<u32>,
}

/// How to log in.
#[derive(Deserialize, JsonSchema)]
#[serde(tag = "flow", rename_all = "snake_case")]
pub(in crate::config) enum Auth {
    /// OAuth 2.0 client credentials: the connected app names the user that calls are made as.
    ClientCredentials {
        /// The connected app's consumer key.
        #[schemars(required, extend("x-confluent" = ["salesforce.consumer.key"]))]
        client_id: Option<String>,
        /// The connected app's consumer secret.
        #[schemars(required, with = "super::SecretText", extend("x-confluent" = ["salesforce.consumer.secret"]))]
        client_secret: Option<Secret>,
    },
    /// OAuth 2.0 JWT bearer: the connected app knows the certificate of a private key.
    JwtBearer {
        /// The connected app's consumer key.
        #[schemars(required, extend("x-confluent" = ["salesforce.consumer.key"]))]
        client_id: Option<String>,
        /// The user that calls are made as.
        #[schemars(required, extend("x-confluent" = ["salesforce.username"]))]
        username: Option<String>,
        /// The file of the RSA private key in PEM form, relative to this file. This or `keystore`.
        private_key: Option<String>,
        /// The PKCS#12 file with the private key, in place of `private_key`.
        keystore: Option<Keystore>,
        /// The token's audience, where it is not the one that follows from the URL.
        audience: Option<String>,
    },
    /// OAuth 2.0 username and password. Salesforce ends this flow on 2027-02-20.
    Password {
        /// The connected app's consumer key.
        #[schemars(required, extend("x-confluent" = ["salesforce.consumer.key"]))]
        client_id: Option<String>,
        /// The connected app's consumer secret.
        #[schemars(required, with = "super::SecretText", extend("x-confluent" = ["salesforce.consumer.secret"]))]
        client_secret: Option<Secret>,
        /// The user that calls are made as.
        #[schemars(required, extend("x-confluent" = ["salesforce.username"]))]
        username: Option<String>,
        /// The user's password.
        #[schemars(required, with = "super::SecretText", extend("x-confluent" = ["salesforce.password"]))]
        password: Option<Secret>,
        /// The user's security token, where the org asks for one.
        #[schemars(with = "Option<super::SecretText>", extend("x-confluent" = ["salesforce.password.token"]))]
        security_token: Option<Secret>,
    },
}

/// A PKCS#12 file with a private key.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Keystore {
    /// The file, relative to this file.
    #[schemars(required, extend("x-confluent" = ["salesforce.jwt.keystore.path", "salesforce.jwt.keystore.file"]))]
    pub(in crate::config) path: Option<String>,
    /// Its password.
    #[schemars(required, with = "super::SecretText", extend("x-confluent" = ["salesforce.jwt.keystore.password"]))]
    pub(in crate::config) password: Option<Secret>,
    /// Which of its keys, where it has several.
    pub(in crate::config) alias: Option<String>,
}

/// An HTTP proxy.
#[derive(Deserialize, JsonSchema)]
pub(in crate::config) struct Proxy {
    /// Where it is, such as `http://proxy:3128`.
    #[schemars(required, extend("x-confluent" = ["http.proxy"]))]
    pub(in crate::config) url: Option<String>,
    /// The user, where it asks for one (basic authentication).
    #[schemars(extend("x-confluent" = ["http.proxy.user", "http.proxy.auth.scheme"]))]
    pub(in crate::config) username: Option<String>,
    /// The user's password.
    #[schemars(with = "Option<super::SecretText>", extend("x-confluent" = ["http.proxy.password"]))]
    pub(in crate::config) password: Option<Secret>,
}

/// How long is waited for what.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Timeouts {
    /// For a connection.
    #[schemars(extend("x-form" = "duration", "default" = "10s"))]
    pub(in crate::config) connect: Option<String>,
    /// For the answer to a read. Writes have spans of their own, by their size.
    #[schemars(extend("x-form" = "duration", "default" = "30s"))]
    pub(in crate::config) answer: Option<String>,
    /// For the answer to a message of the streaming connection that the org does not hold.
    #[schemars(extend("x-form" = "duration", "default" = "30s", "x-confluent" = ["connection.timeout", "bayeux.client.timeout"]))]
    pub(in crate::config) stream: Option<String>,
}

/// What is done when an allowance of the org runs out.
#[derive(Deserialize, JsonSchema, Default)]
pub(in crate::config) struct Allowances {
    /// It is said at this share of it.
    #[schemars(extend("x-form" = "share", "default" = "80%"))]
    pub(in crate::config) warn_at: Option<String>,
    /// How often the org is asked for those that its answers do not tell: one call.
    #[schemars(extend("x-form" = "duration", "default" = "5m"))]
    pub(in crate::config) every: Option<String>,
    /// The daily calls that are kept for people and other programs: a share of them, or a number. When twice as many are left,
    /// snapshots and `verify` are slowed, and at the reserve they wait, as scheduled sweeps do. Changes and writes always go on.
    #[schemars(extend("x-form" = "reserve", "default" = "10%"))]
    pub(in crate::config) reserve: Option<String>,
}
