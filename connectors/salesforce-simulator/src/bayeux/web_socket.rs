//! Bayeux over a WebSocket, an option that a real org does not have: the same messages and rules, arrays in text
//! frames, events sent as they come while a connect is held.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts as _;
use axum::extract::ws::{
    CloseFrame, Message as WsMessage, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code,
};
use axum::http::{HeaderValue, Request, Response, header};
use axum::response::IntoResponse as _;
use tokio::time::Instant;

use super::address;
use super::browser::set_cookies;
use super::connect::{Connecting, Look};
use super::exchange::{Exchange, Transport};
use super::frame::Frame;
use super::long_polling::MAX_REQUEST;
use super::message::{Message, messages};
use crate::calls::CallKind;
use crate::fault::Effect;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// The WebSocket is to be left without a goodbye, or with this one.
type Left = Option<CloseFrame>;

/// One open WebSocket.
struct Link {
    exchange: Exchange,
    socket: WebSocket,
    /// The connect that is held on it.
    held: Option<Connecting>,
}

/// Whether a request wants to become a WebSocket for streaming and the org has that switched on.
pub(crate) fn wanted<B>(tenant: &Tenant, request: &Request<B>) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    tenant.settings.websocket
        && request.uri().path().split('/').find(|segment| !segment.is_empty()) == Some("cometd")
        && upgrade.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// Answers such a request: refused as quickly as any other, or served until one side ends it.
pub(crate) async fn upgrade(tenant: &Arc<Tenant>, request: Request<Body>) -> Result<Response<Body>, Answer> {
    let (mut head, _) = request.into_parts();
    let call = Call::read(Request::from_parts(head.clone(), Body::empty())).await;
    let call = call?;
    let version = address::version(call.segments().get(1..).unwrap_or_default())
        .map_err(|error| Answer::text(400, error))?;
    let mut exchange = Exchange::new(tenant, &call, Transport::WebSocket, version);
    if !exchange.is_authenticated() {
        return Err(Answer::text(401, "401::Request requires authentication"));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut head, &()).await;
    let upgrade = upgrade.map_err(|rejection| Answer::text(400, &rejection.to_string()))?;
    let (cookie, new) = exchange.cookie();
    let upgrade = upgrade.max_message_size(MAX_REQUEST).max_frame_size(MAX_REQUEST);
    let mut response =
        upgrade.on_upgrade(|socket| Link { exchange, socket, held: None }.serve()).into_response();
    if new {
        let cookies = set_cookies(&cookie, &call);
        let values = cookies.iter().filter_map(|cookie| HeaderValue::from_str(cookie).ok());
        for value in values {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    Ok(response)
}

impl Link {
    async fn serve(mut self) {
        let goodbye = self.run().await.err().flatten();
        // The session lives on without its link, as long as sessions do.
        self.held = None;
        if let Some(frame) = goodbye
            && let Err(error) = self.socket.send(WsMessage::Close(Some(frame))).await
        {
            tracing::debug!(%error, "the client left its WebSocket first");
        }
    }

    async fn run(&mut self) -> Result<(), Left> {
        let tenant = Arc::clone(&self.exchange.tenant);
        let mut changed = tenant.changed.subscribe();
        let mut faults = tenant.faults.changes();
        loop {
            self.deliver().await?;
            let held = self.held.as_ref();
            let until = held.map(|held| self.exchange.stalled(held).unwrap_or(held.until));
            let time_is_up = async {
                match until {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                received = self.socket.recv() => match received {
                    Some(Ok(WsMessage::Text(text))) => self.receive(&text).await?,
                    Some(Ok(WsMessage::Binary(_))) => return Err(Some(close(close_code::UNSUPPORTED, "text only"))),
                    Some(Ok(WsMessage::Ping(_) | WsMessage::Pong(_))) => {}
                    Some(Ok(WsMessage::Close(_))) | None => return Err(None),
                    Some(Err(error)) => {
                        tracing::debug!(%error, "a WebSocket ended badly");
                        return Err(Some(close(close_code::SIZE, "413::Maximum Request Size Exceeded")));
                    }
                },
                _ = changed.changed() => {}
                _ = faults.changed() => {
                    if tenant.faults.outage().is_some() {
                        return Err(None);
                    }
                    let held = self.held.as_ref();
                    if let Some(replies) = held.and_then(|held| self.exchange.interrupted(held)) {
                        self.held = None;
                        let mut frame = Frame::new();
                        frame.replies(&replies);
                        self.send(frame).await?;
                    }
                }
                () = time_is_up => {}
                () = tenant.stop.cancelled() => return Err(Some(close(close_code::AWAY, "the org stops"))),
            }
        }
    }

    /// Carries out the messages of one frame.
    async fn receive(&mut self, text: &Utf8Bytes) -> Result<(), Left> {
        let Some(messages) = messages(text.as_bytes()) else {
            return Err(Some(close(close_code::INVALID, "not a JSON array of Bayeux messages")));
        };
        let kinds: Vec<CallKind> = messages.iter().map(Message::kind).collect();
        let tenant = Arc::clone(&self.exchange.tenant);
        for kind in &kinds {
            tenant.calls.count(*kind);
        }
        let kinds: Vec<CallKind> = kinds.into_iter().chain([CallKind::Cometd]).collect();
        tokio::select! {
            () = tenant.faults.stand_still(&kinds, |text| messages.iter().any(|message| message.contains(text))) => {}
            () = tenant.stop.cancelled() => {}
        }
        let (delay, effect) =
            tenant.faults.on_call(&kinds, |text| messages.iter().any(|message| message.contains(text)));
        if !delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = tenant.stop.cancelled() => {}
            }
        }
        match effect {
            None | Some(Effect::CutAfter) => {}
            Some(_) => return Err(None),
        }
        let mut frame = Frame::new();
        let alone = messages.len() == 1;
        for message in messages {
            if message.kind() != CallKind::Connect {
                frame.reply(&self.exchange.reply(&message));
                continue;
            }
            match self.exchange.connect(message, alone) {
                Ok(connecting) => self.held = Some(connecting),
                Err(replies) => frame.replies(&replies),
            }
        }
        if effect == Some(Effect::CutAfter) {
            return Err(None);
        }
        if frame.is_empty() { Ok(()) } else { self.send(frame).await }
    }

    /// Sends what is due to the held connect, and its reply when its time has come.
    async fn deliver(&mut self) -> Result<(), Left> {
        while let Some(connecting) = &self.held {
            if self.exchange.stalled(connecting).is_some() {
                return Ok(());
            }
            let mut frame = Frame::new();
            match self.exchange.look(connecting) {
                Look::Events(events) => frame.events(connecting.client_id(), &events, self.exchange.version),
                Look::Over(replies) => {
                    frame.replies(&replies);
                    self.held = None;
                }
                Look::Replaced => {
                    self.held = None;
                    return Ok(());
                }
                Look::Nothing if Instant::now() >= connecting.until => {
                    frame.reply(&connecting.reply());
                    self.held = None;
                }
                Look::Nothing => return Ok(()),
            }
            self.send(frame).await?;
        }
        Ok(())
    }

    /// Sends a frame; a client that does not read it must not keep the org from stopping.
    async fn send(&mut self, frame: Frame) -> Result<(), Left> {
        // Every part of a frame is text.
        let text = Utf8Bytes::try_from(frame.finish()).map_err(|_not_text| None)?;
        tokio::select! {
            sent = self.socket.send(WsMessage::Text(text)) => sent.map_err(|_gone| None),
            () = self.exchange.tenant.stop.cancelled() => Err(None),
        }
    }
}

fn close(code: u16, reason: &'static str) -> CloseFrame {
    CloseFrame { code, reason: Utf8Bytes::from_static(reason) }
}
