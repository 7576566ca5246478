//! Listens, answers, and ends with the process.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::access::admit;
use super::answer::in_connect_words;
use super::connect::{self, Connect};
use super::health::{self, Health, Verdict};
use super::metrics;
use super::tls::{Tls, TlsListener};
use crate::config::{Access, Config, Http};
use crate::connectors::Connectors;
use crate::control::{Orders, Status, StatusSource};

/// How long a client may take to finish what it asked when the process ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error(
    "the HTTP server cannot listen on {address}; if another program has the port, give `http.listen` another one, or 0 for \
     any that is free"
)]
pub struct HttpError {
    /// Where it was to listen.
    pub address: SocketAddr,
    /// Why it cannot.
    #[source]
    pub source: io::Error,
}

/// A server that listens. It answers while it is served.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    config: Http,
}

/// What answers are made of.
#[derive(Clone)]
struct Shown {
    status: Arc<dyn StatusSource>,
    health: Arc<Health>,
}

impl HttpServer {
    /// Listens where the file says.
    pub async fn bind(config: &Http) -> Result<Self, HttpError> {
        let failed = |source| HttpError { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, config: config.clone() })
    }

    /// Where it is, with the port that it got.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.address)
    }

    fn scheme(&self) -> &'static str {
        if self.config.tls.is_some() { "https" } else { "http" }
    }

    /// Serves until `stop`. `files` is the file that the process does what it says.
    pub async fn serve(
        self,
        status: Arc<dyn StatusSource>,
        orders: Arc<dyn Orders>,
        connectors: Arc<dyn Connectors>,
        files: watch::Receiver<Arc<Config>>,
        stop: CancellationToken,
    ) {
        let connect = Connect::new(
            Arc::clone(&status),
            orders,
            connectors,
            files.clone(),
            (self.scheme(), self.address),
        );
        let url = self.url();
        tracing::info!(%url, "The HTTP server answers.");
        let Self { listener, address, config } = self;
        if matches!(config.access, Access::Known(_)) && config.tls.is_none() && !address.ip().is_loopback() {
            tracing::warn!(
                %url,
                "Credentials cross the network unencrypted. Give the HTTP server a certificate (`http.tls`), or put it behind a \
                 proxy that has one."
            );
        }
        let health = Arc::new(Health::new(Arc::clone(&status), config.unhealthy_after, files));
        let looking = tokio::spawn(Arc::clone(&health).look(stop.clone()));
        let app = router(Shown { status, health }, connect, config.access);
        let stopped = stop.clone().cancelled_owned();
        let serving = match config.tls {
            Some(tls) => tokio::spawn(served(tls_listener(listener, address, tls, &stop), app, stopped)),
            None => tokio::spawn(served(listener, app, stopped)),
        };
        finish(serving, &stop).await;
        looking.abort();
    }
}

fn tls_listener(
    listener: TcpListener,
    address: SocketAddr,
    tls: Tls,
    stop: &CancellationToken,
) -> TlsListener {
    TlsListener::new(listener, address, tls, stop.clone())
}

async fn served<L>(
    listener: L,
    app: Router,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()>
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    axum::serve(listener, app).with_graceful_shutdown(stopped).await
}

/// Waits for the end. Whoever keeps a request open without finishing it must not keep the process.
async fn finish(mut serving: tokio::task::JoinHandle<io::Result<()>>, stop: &CancellationToken) {
    let late = async {
        stop.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        ended = &mut serving => match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "The HTTP server stopped answering."),
            Err(error) => tracing::warn!(%error, "The HTTP server did not end in order."),
        },
        () = late => serving.abort(),
    }
}

fn router(shown: Shown, connect: Connect, access: Access) -> Router {
    Router::new()
        .route("/metrics", get(answer_metrics))
        .route("/status", get(answer_status))
        .with_state(shown.clone())
        .merge(health::router(shown.health))
        .merge(connect::router(connect))
        .layer(map_response(in_connect_words))
        .layer(from_fn_with_state(Arc::new(access), admit))
}

async fn answer_metrics(State(shown): State<Shown>) -> impl IntoResponse {
    let is_healthy = shown.health.report().status != Verdict::Unhealthy;
    ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::page(&shown.status.status(), is_healthy))
}

async fn answer_status(State(shown): State<Shown>) -> Json<Status> {
    Json(shown.status.status())
}
