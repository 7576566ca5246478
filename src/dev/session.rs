//! A `dev` run between its file and its first record: configuration, runtime, both orgs, the user.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use orgstream_salesforce::{ApiError, Org as Client, OrgConfig};
use orgstream_salesforce_source::Start;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::join::Join;
use super::place::Place;
use super::snapshot::Snapshot;
use super::trouble::Trouble;
use super::user::{User, UserError};
use crate::config::{self, Config, Org, Pipeline};
use crate::control::StatusSource;
use crate::runtime::{Finished, RunError, RunOptions, Runtime};

/// What a `dev` run is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Records that the simulated orgs hold when they are new, in place of the file's number, where it has one.
    pub records: Option<u32>,
    /// Makes trouble.
    pub faults: bool,
}

/// A `dev` run that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The file has faults.
    #[error(transparent)]
    File(#[from] config::Faults),
    /// The file is none for `dev`.
    #[error("{}: {reason}", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: &'static str,
    },
    /// The runtime.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An org does not answer.
    #[error(transparent)]
    Org(#[from] ApiError),
    /// The user cannot work.
    #[error(transparent)]
    User(#[from] UserError),
    /// The orgs cannot be compared.
    #[error(transparent)]
    Verify(#[from] crate::verify::VerifyError),
    /// A file or the terminal cannot be written or read.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
}

/// Everything is up, nothing flows yet.
pub struct Session {
    pub(super) look: Look,
    pub(super) user: User,
    pub(super) trouble: Option<Trouble>,
    pub(super) join: Join,
    runtime: Runtime,
}

/// What is needed to look at the run.
#[derive(Clone)]
pub(super) struct Look {
    pub(super) config: Arc<Config>,
    pub(super) addresses: Arc<BTreeMap<String, OrgConfig>>,
    pub(super) status: Arc<dyn StatusSource>,
    pub(super) a: Client,
    pub(super) b: Client,
    pub(super) objects: Vec<String>,
    pub(super) snapshot: Snapshot,
    pub(super) state: PathBuf,
}

impl Session {
    /// Opens the file of `place`, which has to outlive the run.
    pub async fn open(place: &Place, options: &Options) -> Result<Self, DevError> {
        let mut config = config::load(&place.file())?;
        for org in config.orgs.values_mut() {
            if let (Org::Sandbox(sandbox), Some(records)) = (org, options.records)
                && sandbox.records > 0
            {
                sandbox.records = records;
            }
        }
        let unfit = |reason| DevError::Unfit { file: place.file(), reason };
        let pair = pair(&config).ok_or_else(|| {
            unfit("`dev` needs a pipeline from one sandbox to another; use `orgstream run` for other files")
        })?;
        let runtime = Runtime::open(config.clone(), RunOptions::default()).await?;
        let endpoints = runtime.embedded().endpoints();
        let a = Client::connect(endpoints.orgs[&pair.a].clone()).await?;
        let b = Client::connect(endpoints.orgs[&pair.b].clone()).await?;
        let announcement = runtime.embedded().announcement();
        let names = (pair.a.as_str(), pair.b.as_str());
        let join = Join::write(place.dir(), announcement, names, pair.account_key)
            .map_err(|source| DevError::Io { what: "the file `env` cannot be written", source })?;
        let urls = [&pair.a, &pair.b].map(|name| endpoints.orgs[name].url.clone());
        let [url_a, url_b] = urls;
        let look = Look {
            addresses: Arc::new(endpoints.orgs.clone()),
            status: runtime.status(),
            snapshot: Snapshot::new(pair.pipeline, pair.objects.clone(), pair.start),
            objects: pair.objects,
            state: config.state.clone(),
            config: Arc::new(config),
            a: a.clone(),
            b,
        };
        let user = User::new(a, &look.objects).await?;
        let trouble = options.faults.then(|| Trouble::new(look.a.http().clone(), url_a, url_b));
        Ok(Self { look, user, trouble, join, runtime })
    }

    /// Starts the pipelines; the rest of the session is for looking and working.
    pub(super) fn start(self, stop: CancellationToken) -> Started {
        let Self { look, user, trouble, runtime, .. } = self;
        Started { running: tokio::spawn(runtime.run(stop)), look, user, trouble }
    }
}

/// A session whose pipelines run.
pub(super) struct Started {
    pub(super) running: JoinHandle<Result<Finished, RunError>>,
    pub(super) look: Look,
    pub(super) user: User,
    pub(super) trouble: Option<Trouble>,
}

/// How the pipelines ended.
pub(super) fn ended(
    joined: Result<Result<Finished, RunError>, tokio::task::JoinError>,
) -> Result<Finished, DevError> {
    Ok(joined.map_err(RunError::failed)??)
}

/// The pipeline that is looked at.
struct Pair {
    pipeline: String,
    start: Start,
    a: String,
    b: String,
    objects: Vec<String>,
    /// The external-id field of accounts in org B, where accounts flow.
    account_key: Option<String>,
}

/// The first pipeline from one simulated org to another.
fn pair(config: &Config) -> Option<Pair> {
    let simulated = |name: &String| matches!(config.orgs.get(name), Some(Org::Sandbox(_)));
    config.pipelines.iter().find_map(|pipeline: &Pipeline| {
        let (source, sink) = (pipeline.source.as_ref()?, pipeline.sink.as_ref()?);
        let account = pipeline.objects.iter().find(|object| object.name == "Account");
        let pair = Pair {
            pipeline: pipeline.name.clone(),
            start: source.config.start,
            a: source.org.clone(),
            b: sink.org.clone(),
            objects: pipeline.objects.iter().map(|object| object.name.clone()).collect(),
            account_key: account.and_then(|account| account.external_id.clone()),
        };
        (simulated(&pair.a) && simulated(&pair.b)).then_some(pair)
    })
}
