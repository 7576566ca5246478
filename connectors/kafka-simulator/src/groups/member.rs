//! A member of a group.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::join_group_request::JoinGroupRequest;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Counted for every group, member and name that is kept, besides its bytes.
pub(super) const OVERHEAD: usize = 512;

/// A member, and what it waits for. What it keeps of requests are copies: a part of a request would keep all of it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: StrBytes,
    pub(super) instance_id: Option<StrBytes>,
    pub(super) client_id: StrBytes,
    pub(super) client_host: String,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// The assignors it knows, liked best first, each with its metadata.
    pub(super) protocols: Vec<(StrBytes, Bytes)>,
    pub(super) assignment: Bytes,
    pub(super) seen: Instant,
    pub(super) joining: Option<oneshot::Sender<JoinGroupResponse>>,
    pub(super) syncing: Option<oneshot::Sender<SyncGroupResponse>>,
}

impl Member {
    /// Whether it waits for an answer that somebody still listens for. Such a member cannot send heartbeats.
    pub(super) fn waits(&self) -> bool {
        self.joining.as_ref().is_some_and(|answer| !answer.is_closed())
            || self.syncing.as_ref().is_some_and(|answer| !answer.is_closed())
    }

    /// Whether its session has ended.
    pub(super) fn is_gone(&self, now: Instant) -> bool {
        !self.waits() && now.duration_since(self.seen) > self.session_timeout
    }

    /// What it keeps in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let instance = self.instance_id.as_ref().map_or(0, |id| id.len());
        let names = self.id.len() + instance + self.client_id.len();
        let protocols = self.protocols.iter().map(|(name, metadata)| name.len() + metadata.len());
        OVERHEAD + names + protocols.sum::<usize>() + self.assignment.len()
    }

    /// Its metadata for an assignor.
    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|(name, _)| name.as_str() == protocol);
        known.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    /// Takes over what a join request says.
    pub(super) fn update(&mut self, request: &JoinGroupRequest, now: Instant) {
        self.session_timeout = milliseconds(request.session_timeout_ms);
        self.rebalance_timeout = rebalance_timeout(request);
        self.protocols = protocols(request);
        self.seen = now;
    }
}

/// The assignors of a join request.
pub(super) fn protocols(request: &JoinGroupRequest) -> Vec<(StrBytes, Bytes)> {
    let copied =
        request.protocols.iter().map(|known| (copy(&known.name), Bytes::copy_from_slice(&known.metadata)));
    copied.collect()
}

/// What a member would keep of a join request, about.
pub(super) fn bytes_of(request: &JoinGroupRequest) -> usize {
    let instance = request.group_instance_id.as_ref().map_or(0, |id| id.len());
    let names = request.group_id.len() + request.protocol_type.len() + request.member_id.len() + 2 * instance;
    let protocols = request.protocols.iter().map(|known| known.name.len() + known.metadata.len());
    2 * OVERHEAD + names + protocols.sum::<usize>()
}

/// The same text without the request that it is part of.
pub(super) fn copy(text: &StrBytes) -> StrBytes {
    StrBytes::from_string(text.as_str().to_owned())
}

/// How long a member may take to join again; before version 1 that was the session's time.
pub(super) fn rebalance_timeout(request: &JoinGroupRequest) -> Duration {
    if request.rebalance_timeout_ms < 0 {
        milliseconds(request.session_timeout_ms)
    } else {
        milliseconds(request.rebalance_timeout_ms)
    }
}

/// A number of milliseconds from the wire; negative ones count as none.
pub(super) fn milliseconds(count: i32) -> Duration {
    Duration::from_millis(u64::try_from(count).unwrap_or(0))
}
