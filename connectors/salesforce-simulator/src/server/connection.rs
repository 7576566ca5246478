//! Connections that a fault can cut, and that end with the org.
//!
//! A cut connection refuses to write, so the server closes it before the first byte of the answer: the client sees
//! a connection that ended, never half an answer. Under TLS what is cut is what goes in, so the client sees the same.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The end of one connection, to be used by the call that meets the fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cut(Arc<AtomicBool>);

/// All connections of an org, those that became WebSockets included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    open: TaskTracker,
    over: CancellationToken,
}

/// A connection that stops writing once it is cut.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    cut: Cut,
    /// Done when all connections are to end.
    over: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Tells [`Connections::ended`] that it is there.
    _open: TaskTrackerToken,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Cut {
    /// Nothing more is written to the connection.
    pub(crate) fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connections {
    /// A connection without TLS.
    pub(crate) fn plain(&self, stream: TcpStream) -> Connection {
        self.with(Stream::Plain(stream))
    }

    /// A connection whose handshake is done.
    pub(crate) fn tls(&self, stream: TlsStream<TcpStream>) -> Connection {
        self.with(Stream::Tls(Box::new(stream)))
    }

    fn with(&self, stream: Stream) -> Connection {
        let over = Box::pin(self.over.child_token().cancelled_owned());
        Connection { stream, cut: Cut::default(), over, _open: self.open.token() }
    }

    /// Ends all connections, whatever their clients wait for or leave unsaid.
    pub(crate) fn end(&self) {
        self.over.cancel();
    }

    /// Waits until there are none; nobody may open one any more.
    pub(crate) async fn ended(&self) {
        self.open.close();
        self.open.wait().await;
    }
}

impl Connection {
    /// Fails once all connections are to end; wakes who waits for the client then.
    fn check_over(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.over.as_mut().poll(cx) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// What cuts it.
    pub(crate) fn cut(&self) -> Cut {
        self.cut.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_over(cx)?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        self.check_over(cx)?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        self.check_over(cx)?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_over(cx)?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check_over(cx)?;
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}
