//! The server's certificate, and handshakes.
//!
//! A handshake takes as long as its client likes, so each runs by itself and the server is given finished ones.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes that are done and not served yet.
const DONE: usize = 16;

/// A certificate with its key.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// What is wrong with a certificate or its key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoTls {
    /// The first file holds no certificate.
    #[error("holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`){0}")]
    Certificate(String),
    /// The second file holds no private key.
    #[error("holds no private key in PEM form (`-----BEGIN PRIVATE KEY-----`, not encrypted){0}")]
    Key(String),
    /// The two cannot be used.
    #[error("cannot be used with the certificate: {0}")]
    Pair(Error),
}

impl Tls {
    /// What two PEM texts hold: certificates, the server's own first, and the private key of that one.
    pub fn of(certificate: &str, key: &str) -> Result<Self, NoTls> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
        let chain = chain.map_err(|error| NoTls::Certificate(format!(": {error}")))?;
        if chain.is_empty() {
            return Err(NoTls::Certificate(String::new()));
        }
        // What the reader says of a key may hold a part of it.
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|_| NoTls::Key(String::new()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(NoTls::Pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// Connections whose handshake is done.
pub(super) struct TlsListener {
    address: SocketAddr,
    done: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    /// Does handshakes until `stop`.
    pub(super) fn new(
        listener: TcpListener,
        address: SocketAddr,
        Tls(config): Tls,
        stop: CancellationToken,
    ) -> Self {
        let (sender, done) = mpsc::channel(DONE);
        tokio::spawn(stop.run_until_cancelled_owned(greet(listener, TlsAcceptor::from(config), sender)));
        Self { address, done }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.done.recv().await {
            Some(done) => done,
            // The server is told to stop by the same token.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn greet(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    done: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    loop {
        // Waits a moment where the process has no file handles left.
        let (connection, caller) = Listener::accept(&mut listener).await;
        let (acceptor, done) = (acceptor.clone(), done.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(connection)).await {
                Ok(Ok(connection)) => {
                    // A server that stops takes no more.
                    done.send((connection, caller)).await.ok();
                }
                Ok(Err(error)) => tracing::debug!(%caller, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%caller, "a TLS handshake was never finished"),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_belong_together_are_refused() {
        let ((certificate, key), (_, other)) = (pair(), pair());
        assert!(Tls::of(&certificate, &key).is_ok());
        assert!(matches!(Tls::of(&certificate, &other), Err(NoTls::Pair(_))));
        assert!(matches!(Tls::of(&key, &key), Err(NoTls::Certificate(_))));
        assert!(matches!(Tls::of(&certificate, &certificate), Err(NoTls::Key(_))));
    }
}
