//! What a client needs to log in to a simulated org.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Everything the OAuth flows and the SOAP login ask for. Made up at the first start, kept in the data file.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// Where to log in; also where the REST and Streaming APIs are. No trailing slash.
    #[serde(skip)]
    pub login_url: String,
    /// User name of the integration user, the only one who is active.
    pub username: String,
    /// Password, without the security token.
    pub password: String,
    /// To be appended to the password in the username-password flow and the SOAP login.
    pub security_token: String,
    /// Consumer key of the only connected app.
    pub client_id: String,
    /// Consumer secret of the app.
    pub client_secret: String,
    /// RSA private key, PKCS#8 in PEM, whose certificate the app knows: for the JWT bearer flow.
    pub private_key_pem: String,
    /// A refresh token that the user has given to the app, so that the refresh flow needs no browser.
    #[serde(default)]
    pub refresh_token: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("login_url", &self.login_url)
            .field("username", &self.username)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}
