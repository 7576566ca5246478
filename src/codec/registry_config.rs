//! Where a schema registry is, and how it is asked.

use orgstream_api::Secret;
use reqwest::{Certificate, Identity};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, SrSettingsBuilder};
use url::Url;

/// A schema registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Where its REST interface starts; it may hold a user and a password.
    pub url: Url,
    /// How it is told who asks; `None` where it asks nobody.
    pub login: Option<RegistryLogin>,
    /// Certificates in PEM form of those who may sign its own; without it the machine's.
    pub ca: Option<Secret>,
    /// The client's certificate and its private key in PEM form.
    pub identity: Option<Secret>,
}

/// Who asks a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryLogin {
    /// Basic authentication.
    Basic {
        /// The user.
        username: String,
        /// The user's password.
        password: Secret,
    },
    /// A token.
    Bearer(Secret),
}

impl From<&Url> for RegistryConfig {
    fn from(url: &Url) -> Self {
        Self { url: url.clone(), login: None, ca: None, identity: None }
    }
}

impl From<&RegistryConfig> for RegistryConfig {
    fn from(config: &RegistryConfig) -> Self {
        config.clone()
    }
}

impl RegistryConfig {
    /// The address without a password, for messages.
    pub(super) fn shown(&self) -> String {
        let mut shown = self.url.clone();
        // Fails only for URLs that cannot have a password.
        shown.set_password(None).ok();
        shown.to_string()
    }

    /// The client's settings, finished; an error says which key of the file is wrong.
    pub(super) fn settings(
        &self,
        builder: impl FnOnce(&mut SrSettingsBuilder),
    ) -> Result<SrSettings, String> {
        let mut settings = SrSettings::new_builder(self.url.as_str().trim_end_matches('/').to_owned());
        builder(&mut settings);
        match &self.login {
            None => {}
            Some(RegistryLogin::Basic { username, password }) => {
                settings.set_basic_authorization(username, Some(password.reveal()));
            }
            Some(RegistryLogin::Bearer(token)) => {
                settings.set_token_authorization(token.reveal());
            }
        }
        settings.build_with(self.client()?).map_err(|error| error.error)
    }

    /// A client that shows and asks for the right certificates.
    pub(super) fn client(&self) -> Result<reqwest::ClientBuilder, String> {
        let mut client = reqwest::Client::builder();
        if let Some(ca) = &self.ca {
            // The error's own words may repeat the text.
            let certificates = Certificate::from_pem_bundle(ca.reveal().as_bytes())
                .map_err(|_| "`schema_registry.ca` holds no certificate that can be read")?;
            client = client.tls_certs_only(certificates);
        }
        if let Some(identity) = &self.identity {
            let identity = Identity::from_pem(identity.reveal().as_bytes()).map_err(|_| {
                "`schema_registry.certificate` and `key` are no certificate and private key that can be read"
            })?;
            client = client.identity(identity);
        }
        Ok(client)
    }
}
