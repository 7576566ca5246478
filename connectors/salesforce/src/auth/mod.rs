//! The login of an org.
use std::sync::Arc;

use reqwest::header::HeaderValue;
use url::Url;

use crate::config::OrgConfig;
use crate::error::ApiError;
use crate::id::OrgId;

/// An access token and the URL it is good for. Two tokens are equal when they are the same token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    value: String,
    instance_url: Url,
}

impl Token {
    /// Where calls go.
    pub fn instance_url(&self) -> &Url {
        &self.instance_url
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub fn authorization(&self) -> HeaderValue {
        todo!("{}", self.value)
    }
}

pub(crate) struct Session;

impl Session {
    pub(crate) async fn open(config: OrgConfig, name: Arc<str>, http: reqwest::Client) -> Result<(Self, OrgId), ApiError> {
        todo!()
    }
    pub(crate) fn token(&self) -> Token { todo!() }
    pub(crate) async fn refresh(&self, rejected: &Token) -> Result<Token, ApiError> { todo!() }
}
