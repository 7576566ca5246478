//! Starting and stopping the store.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use orgstream_api::StoreError;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::catalog::changes;
use super::given::Given;
use super::http;
use super::registrar::{Registrar, not_noted};
use crate::store::Database;

/// How long a client may take to finish what it asked when the store stops.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a store is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on the loopback interface; 0 takes a free one.
    pub port: u16,
    /// Where the schemas are kept.
    pub database: Database,
    /// Where the ids are kept that were given out; by default nowhere.
    pub given: Given,
}

/// The store cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot listen.
    #[error("the schema store cannot listen on 127.0.0.1:{port}; give it another port, or 0 for a free one")]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database has fewer schemas than were given out.
    #[error(
        "its database is damaged: it knows the schema ids up to {known}, and those up to {given} are given out. The file or \
         its `-wal` was removed, cut or put back from an older copy, and records in Kafka name the ids that are gone"
    )]
    Lost {
        /// The highest id in the database.
        known: u32,
        /// The highest id given out.
        given: u32,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store that serves. It stops when this is dropped; [`SchemaStore::stop`] also waits for the last answer.
#[derive(Debug)]
pub struct SchemaStore {
    url: Url,
    stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

impl SchemaStore {
    /// Starts to serve what the database holds. Ready when it returns.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let Options { port, database, given } = options;
        let failed = |source| StartError::Listen { port, source };
        let known = database.run("read the schema ids", |db| changes::highest_id(db)).await?;
        if known < given.highest() {
            return Err(StartError::Lost { known, given: given.highest() });
        }
        given.note(known).map_err(not_noted)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let served = axum::serve(listener, http::router(Registrar::new(database, given)))
            .with_graceful_shutdown(stop.clone().cancelled_owned());
        let serving = tokio::spawn(served.into_future());
        Ok(Self { url: url(address), stop, serving })
    }

    /// Its base URL, with the port it got.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Answers what was asked and stops.
    pub async fn stop(mut self) {
        self.stop.cancel();
        match tokio::time::timeout(PATIENCE, &mut self.serving).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "The schema store stopped serving."),
            Ok(Err(error)) => tracing::warn!(%error, "The schema store did not end in order."),
            // Whoever keeps a request open without finishing it must not keep the process.
            Err(_) => self.serving.abort(),
        }
    }
}

impl Drop for SchemaStore {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn url(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("an address makes a URL")
}
