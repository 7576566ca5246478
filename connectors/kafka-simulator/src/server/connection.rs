//! One connection from start to end. Whatever its peer sends ends at most the connection.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, Encodable as _, StrBytes};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::apis::{self, Supported};
use super::dispatch::{Answer, Request, dispatch};
use super::frame::Frames;
use super::shapes;
use crate::core::Core;
use crate::fault::Effect;
use crate::groups::Client;

/// A client's connection.
pub(super) struct Connection {
    socket: TcpStream,
    peer: SocketAddr,
    core: Arc<Core>,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, peer: SocketAddr, core: Arc<Core>) -> Self {
        Self { socket, peer, core }
    }

    /// Answers requests until the peer, the broker or a fault ends it.
    pub(super) async fn serve(mut self) {
        let mut away = self.core.faults.away();
        let (core, peer) = (Arc::clone(&self.core), self.peer);
        let served = tokio::select! {
            served = self.requests() => served,
            _ = away.wait_for(|away| *away) => Ok(()),
            () = core.stop.cancelled() => Ok(()),
        };
        if let Err(error) = served {
            tracing::debug!(%peer, %error, "A connection is closed.");
        }
    }

    async fn requests(&mut self) -> io::Result<()> {
        self.socket.set_nodelay(true)?;
        let mut frames = Frames::default();
        while let Some(frame) = frames.next(&mut self.socket).await? {
            if let Some(answer) = self.request(frame).await? {
                self.socket.write_all(&answer).await?;
            }
        }
        Ok(())
    }

    /// The answer's frame; `None` for a request that wants none.
    async fn request(&self, mut frame: Bytes) -> io::Result<Option<Bytes>> {
        let (key, version) = (i16_at(&frame, 0), i16_at(&frame, 2));
        let api = ApiKey::try_from(key)
            .map_err(|()| invalid(format!("a request with the unknown api key {key}")))?;
        let supported = apis::supported(api);
        let whole = shapes::check(api, supported.map_or(version, |known| version.min(known.max)), &frame);
        let header = match supported {
            // A version that is not known is answered in the oldest one, which says what is.
            _ if api == ApiKey::ApiVersions && supported.is_none_or(|known| !known.has(version)) => {
                return apis::refused_versions(&frame).map(Some);
            }
            None => return Err(invalid(format!("{api:?}, which this broker does not know"))),
            Some(known) if !known.has(version) => {
                let Supported { min, max, .. } = known;
                return Err(invalid(format!("{api:?} in version {version}; known are {min} to {max}")));
            }
            Some(_) => {
                whole.map_err(|bad| invalid(format!("{api:?} v{version}: {bad}")))?;
                RequestHeader::decode(&mut frame, api.request_header_version(version)).map_err(invalid)?
            }
        };
        let effect = self.core.faults.of_request(api);
        match effect {
            Some(Effect::Cut) => return Err(invalid("cut on purpose")),
            Some(Effect::Delay(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let client = Client {
            id: header.client_id.clone().unwrap_or_else(|| StrBytes::from_static_str("")),
            host: format!("/{}", self.peer.ip()),
        };
        let answer = dispatch(&self.core, Request { api, version, client, body: frame }).await?;
        match (effect, answer) {
            (Some(Effect::LoseAnswer), _) => Err(invalid("the answer is lost on purpose")),
            (_, Answer::None) => Ok(None),
            (_, Answer::Body(body)) => framed(api, version, header.correlation_id, &body).map(Some),
        }
    }
}

/// Length, header and body.
pub(super) fn framed(api: ApiKey, version: i16, correlation_id: i32, body: &[u8]) -> io::Result<Bytes> {
    let mut frame = BytesMut::with_capacity(body.len() + 16);
    frame.extend_from_slice(&[0; 4]);
    ResponseHeader::default()
        .with_correlation_id(correlation_id)
        .encode(&mut frame, api.response_header_version(version))
        .map_err(invalid)?;
    frame.extend_from_slice(body);
    let length = i32::try_from(frame.len() - 4).map_err(invalid)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame.freeze())
}

/// The frame has at least four bytes.
fn i16_at(frame: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([frame[at], frame[at + 1]])
}

pub(super) fn invalid(error: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
