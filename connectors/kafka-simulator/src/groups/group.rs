//! One group: its state, its members, the current generation.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::member::{Member, OVERHEAD};

/// What a group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No members.
    Empty,
    /// Members are to join again until the deadline. `first` is the first rebalance of an empty group, which waits
    /// for its deadline even when all are there.
    Preparing { deadline: Instant, first: bool },
    /// The leader is to say who gets what, until the deadline.
    Completing { deadline: Instant },
    /// Everybody has an assignment.
    Stable,
}

impl State {
    /// Kafka's word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing { .. } => "PreparingRebalance",
            Self::Completing { .. } => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A group with members, or one that had some.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) state: State,
    pub(super) generation: i32,
    pub(super) protocol_type: StrBytes,
    /// The assignor of the generation.
    pub(super) protocol: Option<StrBytes>,
    pub(super) leader: Option<StrBytes>,
    pub(super) members: BTreeMap<StrBytes, Member>,
    /// Instance id → member id.
    pub(super) instances: HashMap<StrBytes, StrBytes>,
    /// Member ids that were handed out and have to come back, and until when.
    pub(super) pending: HashMap<StrBytes, Instant>,
}

impl Group {
    /// A group without members.
    pub(super) fn new(protocol_type: StrBytes) -> Self {
        Self {
            state: State::Empty,
            generation: 0,
            protocol_type,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            instances: HashMap::new(),
            pending: HashMap::new(),
        }
    }

    /// The member that a request speaks for; a static member must also be the one that holds its instance id now.
    pub(super) fn member(
        &mut self,
        id: &StrBytes,
        instance_id: Option<&StrBytes>,
    ) -> Result<&mut Member, ResponseError> {
        if let Some(instance_id) = instance_id {
            match self.instances.get(instance_id) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(holder) if holder != id => return Err(ResponseError::FencedInstanceId),
                Some(_) => {}
            }
        }
        self.members.get_mut(id).ok_or(ResponseError::UnknownMemberId)
    }

    /// Checks that a request is of a member and of this generation, and takes it as a sign of life.
    pub(super) fn speaks(
        &mut self,
        id: &StrBytes,
        instance_id: Option<&StrBytes>,
        generation: i32,
        now: Instant,
    ) -> Result<(), ResponseError> {
        let current = self.generation;
        let member = self.member(id, instance_id)?;
        if generation != current {
            return Err(ResponseError::IllegalGeneration);
        }
        member.seen = now;
        Ok(())
    }

    /// Removes a member; whoever waits on its behalf is told that it is not one any more.
    pub(super) fn remove(&mut self, id: &StrBytes) -> bool {
        let Some(mut member) = self.members.remove(id) else { return false };
        if let Some(instance_id) = &member.instance_id {
            self.instances.remove(instance_id);
        }
        answer_join(&mut member, refused_join(ResponseError::UnknownMemberId, id.clone()));
        answer_sync(&mut member, refused_sync(ResponseError::UnknownMemberId));
        if self.leader.as_ref() == Some(id) {
            self.leader = None;
        }
        true
    }

    /// How long the slowest member may take to join again.
    pub(super) fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }

    /// What it keeps in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let members: usize = self.members.values().map(Member::bytes).sum();
        let pending: usize = self.pending.keys().map(|id| OVERHEAD + id.len()).sum();
        OVERHEAD + self.protocol_type.len() + members + pending
    }

    /// The join answer of the current generation. Only the leader sees the members.
    pub(super) fn joined(&self, id: &StrBytes) -> JoinGroupResponse {
        let protocol = self.protocol.clone().unwrap_or_default();
        let leader = self.leader.clone().unwrap_or_default();
        let members = if leader == *id { self.members_for_leader(&protocol) } else { Vec::new() };
        JoinGroupResponse::default()
            .with_generation_id(self.generation)
            .with_protocol_type(Some(self.protocol_type.clone()))
            .with_protocol_name(Some(protocol))
            .with_leader(leader)
            .with_member_id(id.clone())
            .with_members(members)
    }

    fn members_for_leader(&self, protocol: &str) -> Vec<JoinGroupResponseMember> {
        let member = |member: &Member| {
            JoinGroupResponseMember::default()
                .with_member_id(member.id.clone())
                .with_group_instance_id(member.instance_id.clone())
                .with_metadata(member.metadata(protocol))
        };
        self.members.values().map(member).collect()
    }

    /// The sync answer of a member.
    pub(super) fn synced(&self, member: &Member) -> SyncGroupResponse {
        SyncGroupResponse::default()
            .with_protocol_type(Some(self.protocol_type.clone()))
            .with_protocol_name(self.protocol.clone())
            .with_assignment(member.assignment.clone())
    }
}

/// A join that failed. The generation is the one of nobody.
pub(super) fn refused_join(error: ResponseError, member_id: StrBytes) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_generation_id(-1)
        .with_protocol_name(Some(StrBytes::default()))
        .with_member_id(member_id)
}

/// A sync that failed.
pub(super) fn refused_sync(error: ResponseError) -> SyncGroupResponse {
    SyncGroupResponse::default().with_error_code(error.code())
}

/// Answers a join that waits. Somebody who has gone away does not want it any more.
pub(super) fn answer_join(member: &mut Member, answer: JoinGroupResponse) {
    if let Some(waiting) = member.joining.take() {
        waiting.send(answer).ok();
    }
}

/// Answers a sync that waits.
pub(super) fn answer_sync(member: &mut Member, answer: SyncGroupResponse) {
    if let Some(waiting) = member.syncing.take() {
        waiting.send(answer).ok();
    }
}
