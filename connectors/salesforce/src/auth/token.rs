//! An access token.

use std::fmt;

use orgstream_api::Secret;
use reqwest::header::HeaderValue;
use url::Url;

use crate::id::SalesforceId;

/// An access token and the URL it is good for. Equal when it is the same token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    value: Secret,
    authorization: HeaderValue,
    instance_url: Url,
    user: Option<SalesforceId>,
}

impl Token {
    /// `None` when the value cannot stand in a header or the URL is not one that calls can go to.
    pub(crate) fn new(value: &str, instance_url: &str) -> Option<Self> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {value}")).ok()?;
        authorization.set_sensitive(true);
        let instance_url = Url::parse(instance_url).ok()?;
        (matches!(instance_url.scheme(), "http" | "https") && instance_url.has_host()).then_some(Self {
            value: Secret::new(value),
            authorization,
            instance_url,
            user: None,
        })
    }

    /// The same token, of this user.
    pub(crate) fn of_user(self, user: Option<SalesforceId>) -> Self {
        Self { user, ..self }
    }

    /// Who it was given to, where the login said so.
    pub fn user(&self) -> Option<SalesforceId> {
        self.user
    }

    /// Where calls go.
    pub fn instance_url(&self) -> &Url {
        &self.instance_url
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// The session id that SOAP wants in its envelope.
    pub(crate) fn session_id(&self) -> &Secret {
        &self.value
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(*** for {})", self.instance_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_shows_itself() {
        let token = Token::new("00D!secret", "https://acme.my.salesforce.com").unwrap();
        let shown = format!("{token:?} {:?}", token.authorization());
        assert!(!shown.contains("secret"), "{shown}");
        assert!(shown.contains("acme.my.salesforce.com"), "{shown}");
    }

    #[test]
    fn a_url_that_no_call_can_go_to_makes_no_token() {
        assert!(Token::new("t", "ftp://acme").is_none());
        assert!(Token::new("t", "acme").is_none());
        assert!(Token::new("t\n", "https://acme").is_none());
    }
}
