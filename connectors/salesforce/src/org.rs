//! An org that is logged in to. Every call to it goes through here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use orgstream_api::{BootInstant, SharedLease};
use tokio::time::Instant;

use crate::allowances::Allowances;
use crate::auth::{Session, Token};
use crate::breaker::Breaker;
use crate::calls::Calls;
use crate::clock::OrgDate;
use crate::config::OrgConfig;
use crate::describe::Describe;
use crate::error::ApiError;
use crate::http;
use crate::id::OrgId;
use crate::options::{ApiVersion, Timeouts};
use crate::quota::Priority;
use crate::usage::ApiUsage;
use crate::writing::WriteOptions;

/// The version of every API that is called, unless the user's file names another.
pub const API_VERSION: &str = "62.0";

/// An org. Clones are the same org: one token, one breaker, one connection pool.
#[derive(Clone)]
pub struct Org {
    pub(crate) inner: Arc<Inner>,
    /// Of the calls that are made with this value.
    pub(crate) priority: Priority,
    /// Without it no write that is made with this value is sent.
    pub(crate) lease: Option<SharedLease>,
    /// What the org is told when it is written to with this value.
    pub(crate) writing: Arc<WriteOptions>,
}

pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    pub(crate) id: OrgId,
    /// Set before anybody has the org.
    api_version: OnceLock<String>,
    timeouts: Timeouts,
    pub(crate) http: reqwest::Client,
    pub(crate) http1: reqwest::Client,
    pub(crate) session: Session,
    pub(crate) breaker: Breaker,
    pub(crate) usage: Mutex<Option<ApiUsage>>,
    pub(crate) allowances: Allowances,
    pub(crate) calls: Calls,
    /// The `Date` of the latest answer.
    pub(crate) date: Mutex<Option<OrgDate>>,
    /// By name in lower case, since Salesforce's names have no case.
    pub(crate) describes: Mutex<HashMap<String, Arc<Describe>>>,
}

impl Org {
    /// Logs in, and learns the org's id. [`ApiError::is_refused`] tells refused credentials from an org that cannot
    /// be reached.
    pub async fn connect(config: OrgConfig) -> Result<Self, ApiError> {
        let name: Arc<str> = config.name.as_str().into();
        let options = config.options.clone();
        let clients = http::client(&options).and_then(|http| Ok((http, http::client_of_http1(&options)?)));
        let (http, http1) = clients.map_err(|error| ApiError::Refused {
            org: Arc::clone(&name),
            url: config.url.origin().ascii_serialization(),
            code: "http_client".to_owned(),
            message: error.to_string(),
            advice: "install the system's CA certificates, and check `proxy`",
        })?;
        let (session, id) = Session::open(config, Arc::clone(&name), http.clone()).await?;
        let org = Self::of(Arc::new(Inner {
            name,
            id,
            api_version: OnceLock::new(),
            timeouts: options.timeouts,
            http,
            http1,
            session,
            breaker: Breaker::new(Instant::now()),
            usage: Mutex::default(),
            allowances: Allowances::new(options.allowances),
            calls: Calls::default(),
            date: Mutex::default(),
            describes: Mutex::default(),
        }));
        let version = match options.api_version {
            ApiVersion::Tested => API_VERSION.to_owned(),
            ApiVersion::Fixed(version) => version,
            ApiVersion::Latest => org.newest_version().await?,
        };
        let _fresh = org.inner.api_version.set(version);
        org.meter();
        Ok(org)
    }

    /// The org, called for what cannot wait.
    pub(crate) fn of(inner: Arc<Inner>) -> Self {
        Self { inner, priority: Priority::Changes, lease: None, writing: Arc::default() }
    }

    /// The same org, called for what can wait: calls are slowed when the org's daily calls run out, and wait when only the
    /// reserve is left.
    #[must_use]
    pub fn in_background(&self) -> Self {
        Self { priority: Priority::Background, ..self.clone() }
    }

    /// The same org for whoever may write only while a lease is held. It is looked at last thing before a write is sent: the
    /// process may have stood still since it was waited for.
    #[must_use]
    pub fn under(&self, lease: SharedLease) -> Self {
        Self { lease: Some(lease), ..self.clone() }
    }

    /// The org's 18-character id.
    pub fn id(&self) -> &OrgId {
        &self.inner.id
    }

    /// The org's name in the user's file.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The version of the org's APIs that is called, such as `62.0`.
    pub fn api_version(&self) -> &str {
        self.inner.api_version.get().map_or(API_VERSION, String::as_str)
    }

    /// How long is waited for what.
    pub fn timeouts(&self) -> Timeouts {
        self.inner.timeouts
    }

    /// The one HTTP client, for calls that are not REST. It has no time-out of its own beyond the connection's:
    /// set one on each request.
    pub fn http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// As [`Org::http`], for requests that ask for an upgrade of their connection.
    pub fn http1(&self) -> &reqwest::Client {
        &self.inner.http1
    }

    /// The token that calls use now, with the URL they go to.
    pub fn token(&self) -> Token {
        self.inner.session.token()
    }

    /// A token other than `rejected`, which the org answered 401. However many callers ask at once, there is one login.
    pub async fn refresh(&self, rejected: &Token) -> Result<Token, ApiError> {
        self.inner.session.refresh(rejected).await
    }

    /// The org's API usage as of its latest answer.
    pub fn usage(&self) -> Option<ApiUsage> {
        *self.inner.usage.lock().expect("no holder of this lock panics")
    }

    /// What time it was in the org at its latest answer, in whole seconds as milliseconds since the epoch.
    pub fn date(&self) -> Option<i64> {
        self.dated().map(|date| date.said)
    }

    /// What time it is in the org, as far as its latest answer tells: not later than its clock shows.
    pub fn now(&self) -> Option<i64> {
        self.dated().map(|date| date.at(BootInstant::now()))
    }

    fn dated(&self) -> Option<OrgDate> {
        *self.inner.date.lock().expect("no holder of this lock panics")
    }

    /// Whether the org can be called.
    pub fn breaker(&self) -> &Breaker {
        &self.inner.breaker
    }
}

impl fmt::Debug for Org {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Org({} {})", self.inner.name, self.inner.id)
    }
}
