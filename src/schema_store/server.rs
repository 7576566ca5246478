//! Starting and stopping the store.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::http;
use super::registrar::Registrar;
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
}

/// The store cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("the schema store cannot listen on 127.0.0.1:{port}; give it another port, or 0 for a free one")]
pub struct StartError {
    /// The port asked for.
    pub port: u16,
    /// Why.
    #[source]
    pub source: io::Error,
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
        let Options { port, database } = options;
        let failed = |source| StartError { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let served = axum::serve(listener, http::router(Registrar::new(database)))
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
