//! A WebSocket: text frames with arrays of messages, both ways at any time.
//!
//! It is opened with the token and the cookies of the session, through the same HTTP client as everything else, so TLS,
//! certificates and the time to connect are what they are elsewhere.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use reqwest::{StatusCode, Upgraded};
use serde_json::{Value, json};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message as Frame};

use crate::bayeux::transport::long_polling::LongPolling;
use crate::bayeux::transport::{Arrival, NoReply, explain};

/// What stands between drops connections on which nothing happens for a minute or so.
const PING: Duration = Duration::from_secs(30);

/// An open WebSocket.
pub(crate) struct WebSocket {
    socket: WebSocketStream<Upgraded>,
    ping: Interval,
    /// The largest message that is taken, in bytes.
    most: u64,
}

impl WebSocket {
    /// Opens one for the session that `polling` has opened.
    pub(crate) async fn open(polling: &LongPolling) -> Result<Self, NoReply> {
        let key = generate_key();
        let request = polling
            .upgrade()
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let response = request.send().await.map_err(|error| NoReply::Lost(explain(&error)))?;
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => {}
            StatusCode::UNAUTHORIZED => return Err(NoReply::Token),
            status => {
                return Err(NoReply::Busy(format!("the upgrade was answered with HTTP status {status}")));
            }
        }
        let accepted = response.headers().get(SEC_WEBSOCKET_ACCEPT);
        if accepted.is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes())
        {
            return Err(NoReply::Busy(
                "the upgrade was answered by something that does not know it".to_owned(),
            ));
        }
        let upgraded = response.upgrade().await.map_err(|error| NoReply::Lost(explain(&error)))?;
        let most = polling.most();
        let bound = usize::try_from(most).ok();
        let config = WebSocketConfig::default().max_message_size(bound).max_frame_size(bound);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        let mut ping = tokio::time::interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { socket, ping, most })
    }

    pub(crate) async fn send(&mut self, message: &Value) -> Result<(), NoReply> {
        let frame = Frame::text(json!([message]).to_string());
        self.socket.send(frame).await.map_err(|error| self.lost(&error))
    }

    /// The next frame of messages. Cancel-safe.
    pub(crate) async fn receive(&mut self) -> Result<Arrival, NoReply> {
        loop {
            let frame = tokio::select! {
                frame = self.socket.next() => frame,
                _ = self.ping.tick() => {
                    let ping = Frame::Ping(Bytes::new());
                    self.socket.send(ping).await.map_err(|error| self.lost(&error))?;
                    continue;
                }
            };
            match frame {
                Some(Ok(Frame::Text(text))) => {
                    let messages = serde_json::from_str(&text);
                    let messages = messages.map_err(|error| {
                        NoReply::Lost(format!("a frame is no array of Bayeux messages: {error}"))
                    })?;
                    let size = u64::try_from(text.len()).unwrap_or(u64::MAX);
                    return Ok(Arrival { messages, size, at: None, answers: None });
                }
                Some(Ok(Frame::Close(_))) | None => {
                    return Err(NoReply::Lost("the org closed the WebSocket".to_owned()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(self.lost(&error)),
            }
        }
    }

    fn lost(&self, error: &Error) -> NoReply {
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => NoReply::TooLarge(self.most),
            error => NoReply::Lost(format!("the WebSocket failed: {error}")),
        }
    }
}
