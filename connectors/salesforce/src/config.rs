//! Where an org is and how to log in to it.

use orgstream_api::Secret;
use url::Url;

use crate::options::OrgOptions;

/// What [`Org::connect`](crate::Org::connect) needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgConfig {
    /// The name the org has in the user's file; it stands in every error.
    pub name: String,
    /// The org's My Domain URL, or another login host. Calls after the login go to the `instance_url` it answers.
    pub url: Url,
    /// How to log in.
    pub auth: Auth,
    /// How it is called.
    pub options: OrgOptions,
}

impl OrgConfig {
    /// An org that is called as orgstream does when nothing else is said.
    pub fn new(name: impl Into<String>, url: Url, auth: Auth) -> Self {
        Self { name: name.into(), url, auth, options: OrgOptions::default() }
    }
}

/// An OAuth flow with its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `client_credentials`: runs as the app's own user. Needs the org's My Domain URL.
    ClientCredentials {
        /// The app's consumer key.
        client_id: String,
        /// The app's consumer secret.
        client_secret: Secret,
    },
    /// `jwt-bearer`: a signed assertion; the user must be approved for the app.
    JwtBearer {
        /// The app's consumer key.
        client_id: String,
        /// The user to act as.
        username: String,
        /// An RSA key as PEM text, PKCS#1 or PKCS#8; its certificate stands in the app.
        private_key: Secret,
        /// The `aud` claim; the org's own URL when `None`.
        audience: Option<String>,
    },
    /// `password`: username and password. Many orgs forbid it.
    Password {
        /// The app's consumer key.
        client_id: String,
        /// The app's consumer secret.
        client_secret: Secret,
        /// The user to act as.
        username: String,
        /// The password, with the security token appended where the org wants one.
        password: Secret,
    },
}
