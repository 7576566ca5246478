//! One connection from start to end. Whatever its peer sends ends at most the connection.
//!
//! A request is read when the one before it is answered, so answers keep their order, and a peer that does not read
//! its answers is not read either.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, Encodable, StrBytes};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::apis::{self, Supported};
use super::closed::{Closed, refused};
use super::dispatch::{Request, dispatch};
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
    /// Room for large requests, in bytes.
    large: Arc<Semaphore>,
}

/// What an answer is an answer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, peer: SocketAddr, core: Arc<Core>, large: Arc<Semaphore>) -> Self {
        Self { socket, peer, core, large }
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
        match served {
            Ok(()) => {}
            Err(Closed::Panicked(error)) => {
                tracing::error!(%peer, %error, "A request has failed; its connection is closed.");
            }
            Err(error @ Closed::Refused(_)) => {
                tracing::warn!(%peer, %error, "A request is not answered; its connection is closed.");
            }
            Err(error) => tracing::debug!(%peer, %error, "A connection is closed."),
        }
    }

    async fn requests(&mut self) -> Result<(), Closed> {
        self.socket.set_nodelay(true)?;
        let mut frames = Frames::new(Arc::clone(&self.large));
        while let Some(frame) = frames.next(&mut self.socket).await? {
            if let Some(answer) = self.request(frame).await? {
                self.socket.write_all(&answer).await?;
            }
        }
        Ok(())
    }

    /// The answer's frame; `None` for a request that wants none.
    async fn request(&self, mut frame: Bytes) -> Result<Option<Bytes>, Closed> {
        let (key, version) = (i16_at(&frame, 0), i16_at(&frame, 2));
        let api = ApiKey::try_from(key)
            .map_err(|()| refused(format_args!("a request with the unknown api key {key}")))?;
        let supported = apis::supported(api);
        match supported {
            // A version that is not known is answered in the oldest one, which says what is.
            Some(known) if api == ApiKey::ApiVersions && !known.has(version) => {
                return apis::refused_versions(&frame).map(Some);
            }
            None => return Err(refused(format_args!("{api:?}, which this broker does not know"))),
            Some(known) if !known.has(version) => {
                let Supported { min, max, .. } = known;
                return Err(refused(format_args!("{api:?} in version {version}; known are {min} to {max}")));
            }
            Some(_) => {}
        }
        shapes::check(api, version, &frame)
            .map_err(|bad| refused(format_args!("{api:?} v{version}: {bad}")))?;
        let header =
            RequestHeader::decode(&mut frame, api.request_header_version(version)).map_err(refused)?;
        let question = Question { api, version, correlation_id: header.correlation_id };
        let effect = self.core.faults.of_request(api);
        match effect {
            Some(Effect::Cut) => return Err(Closed::OnPurpose),
            Some(Effect::Delay(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        let client = Client {
            id: header.client_id.unwrap_or_else(|| StrBytes::from_static_str("")),
            host: format!("/{}", self.peer.ip()),
        };
        let answer = dispatch(&self.core, Request { question, client, body: frame }).await?;
        if effect == Some(Effect::LoseAnswer) { Err(Closed::OnPurpose) } else { Ok(answer) }
    }
}

impl Question {
    /// The frame of an answer: length, header and body.
    pub(super) fn answer(self, body: &impl Encodable) -> Result<Bytes, Closed> {
        let size = body.compute_size(self.version).map_err(refused)?;
        let mut frame = BytesMut::with_capacity(size + 16);
        frame.extend_from_slice(&[0; 4]);
        ResponseHeader::default()
            .with_correlation_id(self.correlation_id)
            .encode(&mut frame, self.api.response_header_version(self.version))
            .map_err(refused)?;
        body.encode(&mut frame, self.version).map_err(refused)?;
        let length = i32::try_from(frame.len() - 4).map_err(refused)?;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        Ok(frame.freeze())
    }
}

/// The frame has at least four bytes.
fn i16_at(frame: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([frame[at], frame[at + 1]])
}
