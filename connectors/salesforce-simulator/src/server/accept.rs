//! The port of an org: TCP, and TLS if the org has it.
//!
//! Handshakes run beside each other, so that a client that connects and says nothing keeps nobody waiting. A client
//! that speaks the wrong one of the two is told so, or at least let go at once.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::connection::{Connection, Connections, Cut};

/// The first byte of every TLS connection: a handshake record.
const TLS: u8 = 0x16;
/// A client that has begun with TLS must be through in this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
const USE_HTTPS: &str = "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain;charset=UTF-8\r\n\
                         content-length: 50\r\nconnection: close\r\n\r\nthis org speaks TLS: use https:// in place of http";

/// Accepts connections on the loopback interface.
pub(crate) struct Loopback {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    connections: Connections,
    opening: JoinSet<Option<(Connection, SocketAddr)>>,
}

impl Loopback {
    /// Serves a bound port, under TLS or not.
    pub(crate) fn new(listener: TcpListener, tls: Option<TlsAcceptor>, connections: Connections) -> Self {
        Self { listener, tls, connections, opening: JoinSet::new() }
    }
}

impl Listener for Loopback {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let (tls, connections) = (self.tls.clone(), self.connections.clone());
                        self.opening.spawn(async move { Some((open(stream, tls, &connections).await?, peer)) });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the sandbox org cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                Some(opened) = self.opening.join_next() => {
                    if let Ok(Some(opened)) = opened {
                        return opened;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().cut()
    }
}

/// A connection whose client speaks what the org speaks.
async fn open(stream: TcpStream, tls: Option<TlsAcceptor>, connections: &Connections) -> Option<Connection> {
    // Small answers go out at once; without it every keep-alive call costs 40 ms.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut first = [0];
    if stream.peek(&mut first).await.ok()? == 0 {
        return None;
    }
    match (tls, first == [TLS]) {
        (None, false) => Some(connections.plain(stream)),
        (None, true) => {
            tracing::warn!(
                "a client speaks TLS to a sandbox org that has none: use http:// or start it with TLS"
            );
            None
        }
        (Some(acceptor), true) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Some(connections.tls(stream)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a client gave up TLS with the sandbox org: does it trust its certificate?");
                None
            }
            Err(_) => None,
        },
        (Some(_), false) => {
            refuse_plain(stream).await;
            None
        }
    }
}

/// Answers whatever came, after reading it: a connection closed on unread bytes takes its last answer with it.
async fn refuse_plain(mut stream: TcpStream) {
    let mut request = vec![0; 16 * 1024];
    let refusal = async {
        let read = stream.read(&mut request).await?;
        stream.write_all(USE_HTTPS.as_bytes()).await?;
        stream.shutdown().await?;
        io::Result::Ok(read)
    };
    if let Ok(Err(error)) = tokio::time::timeout(HANDSHAKE, refusal).await {
        tracing::debug!(%error, "a client without TLS went away");
    }
}
