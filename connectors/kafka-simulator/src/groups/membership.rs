//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{
    HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::coordinator::{Client, GroupCoordinator};
use super::group::{Group, State, answer_join, answer_sync, refused_join, refused_sync};
use super::member::{Member, bytes_of, copy, milliseconds, protocols, rebalance_timeout};
use super::settings::GroupSettings;

/// An answer that is there, or one that comes when the others have joined.
enum Answer<T> {
    Now(T),
    Later(oneshot::Receiver<T>),
}

impl GroupCoordinator {
    /// Waits until the group has its next generation.
    pub(crate) async fn join_group(
        &self,
        request: JoinGroupRequest,
        version: i16,
        client: &Client,
    ) -> JoinGroupResponse {
        let member_id = request.member_id.clone();
        let answer = self
            .join(&request, version, client)
            .unwrap_or_else(|(error, member_id)| Answer::Now(refused_join(error, member_id)));
        let mut response = match answer {
            Answer::Now(response) => response,
            Answer::Later(waiting) => {
                waiting.await.unwrap_or_else(|_| refused_join(ResponseError::NotCoordinator, member_id))
            }
        };
        if version < 7 && response.protocol_name.is_none() {
            response.protocol_name = Some(StrBytes::default());
        }
        response
    }

    fn join(
        &self,
        request: &JoinGroupRequest,
        version: i16,
        client: &Client,
    ) -> Result<Answer<JoinGroupResponse>, (ResponseError, StrBytes)> {
        let id = copy(&request.member_id);
        let refused = |error| (error, id.clone());
        let session = milliseconds(request.session_timeout_ms);
        let bounds = self.settings.min_session_timeout..=self.settings.max_session_timeout;
        if request.group_id.is_empty() {
            return Err(refused(ResponseError::InvalidGroupId));
        }
        if !bounds.contains(&session) {
            return Err(refused(ResponseError::InvalidSessionTimeout));
        }
        let now = Instant::now();
        let mut state = self.lock();
        let name = request.group_id.as_str();
        // A member that joins again takes what it has already.
        let has = state.groups.get(name).and_then(|group| group.members.get(&id)).map_or(0, Member::bytes);
        if bytes_of(request) > self.settings.max_bytes.saturating_sub(state.bytes()) + has {
            return Err(refused(ResponseError::GroupMaxSizeReached));
        }
        if !state.groups.contains_key(name) {
            if !id.is_empty() {
                return Err(refused(ResponseError::UnknownMemberId));
            }
            if state.groups.len() >= self.settings.max_groups {
                return Err(refused(ResponseError::GroupMaxSizeReached));
            }
            state.groups.insert(name.to_owned(), Group::new(copy(&request.protocol_type)));
        }
        let group = state.groups.get_mut(name).expect("it is there or was just made");
        if group.members.is_empty() {
            group.protocol_type = copy(&request.protocol_type);
        }
        let names: Vec<_> = request.protocols.iter().map(|known| &known.name).collect();
        let fits = !names.is_empty()
            && !request.protocol_type.is_empty()
            && group.protocol_type == request.protocol_type
            && group.has_protocol_in_common(&names, Some(&id));
        if !fits {
            return Err(refused(ResponseError::InconsistentGroupProtocol));
        }
        if id.is_empty() {
            return group.join_new(request, version, client, &self.settings, now);
        }
        if group.pending.remove(&id).is_some() {
            return Ok(group.add(id, request, client, &self.settings, now));
        }
        group.member(&id, request.group_instance_id.as_ref()).map_err(refused)?;
        Ok(group.join_again(&id, request, &self.settings, now))
    }

    /// Waits until the leader has said who gets what.
    pub(crate) async fn sync_group(&self, request: SyncGroupRequest) -> SyncGroupResponse {
        match self.sync(&request) {
            Ok(Answer::Now(response)) => response,
            Ok(Answer::Later(waiting)) => {
                waiting.await.unwrap_or_else(|_| refused_sync(ResponseError::NotCoordinator))
            }
            Err(error) => refused_sync(error),
        }
    }

    fn sync(&self, request: &SyncGroupRequest) -> Result<Answer<SyncGroupResponse>, ResponseError> {
        let now = Instant::now();
        let mut state = self.lock();
        let given: usize = request.assignments.iter().map(|given| given.assignment.len()).sum();
        let fits = given == 0 || given <= self.settings.max_bytes.saturating_sub(state.bytes());
        let group = state.groups.get_mut(request.group_id.as_str()).ok_or(ResponseError::UnknownMemberId)?;
        let (id, instance) = (&request.member_id, request.group_instance_id.as_ref());
        group.speaks(id, instance, request.generation_id, now)?;
        if !fits {
            // What Kafka says of an assignment that it cannot keep.
            return Err(ResponseError::UnknownServerError);
        }
        let other_type = request.protocol_type.as_ref().is_some_and(|kind| *kind != group.protocol_type);
        let other_name = request.protocol_name.is_some() && request.protocol_name != group.protocol;
        if other_type || other_name {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match group.state {
            State::Empty => Err(ResponseError::UnknownMemberId),
            State::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            State::Stable => {
                let member = group.members.get(id).ok_or(ResponseError::UnknownMemberId)?;
                Ok(Answer::Now(group.synced(member)))
            }
            State::Completing { .. } => {
                let (answer, waiting) = oneshot::channel();
                if let Some(member) = group.members.get_mut(id) {
                    member.syncing = Some(answer);
                }
                if group.leader.as_ref() == Some(id) {
                    group.assign(request, now);
                }
                Ok(Answer::Later(waiting))
            }
        }
    }

    /// A member lives.
    pub(crate) fn heartbeat(&self, request: &HeartbeatRequest) -> HeartbeatResponse {
        let mut state = self.lock();
        let beat = |group: &mut Group| {
            let (id, instance) = (&request.member_id, request.group_instance_id.as_ref());
            group.speaks(id, instance, request.generation_id, Instant::now())?;
            match group.state {
                State::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
                State::Empty => Err(ResponseError::UnknownMemberId),
                State::Completing { .. } | State::Stable => Ok(()),
            }
        };
        let group = state.groups.get_mut(request.group_id.as_str());
        let code = group
            .ok_or(ResponseError::UnknownMemberId)
            .and_then(beat)
            .map_or_else(|error| error.code(), |()| 0);
        HeartbeatResponse::default().with_error_code(code)
    }

    /// Members leave; before version 3 it is one without an instance id.
    pub(crate) fn leave_group(&self, request: &LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
        let single = || vec![MemberIdentity::default().with_member_id(request.member_id.clone())];
        let leaving = if version < 3 { single() } else { request.members.clone() };
        let mut state = self.lock();
        let Some(group) = state.groups.get_mut(request.group_id.as_str()) else {
            let code = ResponseError::UnknownMemberId.code();
            let unknown = leaving.iter().map(|member| left(member, code)).collect();
            return all_left(unknown, version);
        };
        let members: Vec<_> = leaving.iter().map(|member| left(member, group.leave(member))).collect();
        if members.iter().any(|member| member.error_code == 0) {
            group.changed(&self.settings, Instant::now());
        }
        all_left(members, version)
    }
}

impl Group {
    /// Somebody without a member id.
    fn join_new(
        &mut self,
        request: &JoinGroupRequest,
        version: i16,
        client: &Client,
        settings: &GroupSettings,
        now: Instant,
    ) -> Result<Answer<JoinGroupResponse>, (ResponseError, StrBytes)> {
        let name = request.group_instance_id.as_ref().unwrap_or(&client.id);
        let id = StrBytes::from_string(format!("{}-{}", name.as_str(), Uuid::new_v4()));
        if let Some(instance_id) = &request.group_instance_id
            && let Some(old) = self.instances.get(instance_id).cloned()
        {
            return Ok(self.replace(&old, id, request, settings, now));
        }
        if self.members.len() + self.pending.len() >= settings.max_members {
            return Err((ResponseError::GroupMaxSizeReached, StrBytes::default()));
        }
        if version >= 4 && request.group_instance_id.is_none() {
            // So that a client that repeats its request does not become two members.
            self.pending.insert(id.clone(), now + milliseconds(request.session_timeout_ms));
            return Err((ResponseError::MemberIdRequired, id));
        }
        Ok(self.add(id, request, client, settings, now))
    }

    fn add(
        &mut self,
        id: StrBytes,
        request: &JoinGroupRequest,
        client: &Client,
        settings: &GroupSettings,
        now: Instant,
    ) -> Answer<JoinGroupResponse> {
        let (answer, waiting) = oneshot::channel();
        let instance_id = request.group_instance_id.as_ref().map(copy);
        if let Some(instance_id) = &instance_id {
            self.instances.insert(instance_id.clone(), id.clone());
        }
        let member = Member {
            id: id.clone(),
            instance_id,
            client_id: copy(&client.id),
            client_host: client.host.clone(),
            session_timeout: milliseconds(request.session_timeout_ms),
            rebalance_timeout: rebalance_timeout(request),
            protocols: protocols(request),
            assignment: bytes::Bytes::new(),
            seen: now,
            joining: Some(answer),
            syncing: None,
        };
        self.members.insert(id, member);
        self.rebalance(settings, now);
        Answer::Later(waiting)
    }

    /// A member that is known joins again.
    fn join_again(
        &mut self,
        id: &StrBytes,
        request: &JoinGroupRequest,
        settings: &GroupSettings,
        now: Instant,
    ) -> Answer<JoinGroupResponse> {
        let same = self.members.get(id).is_some_and(|member| member.protocols == protocols(request));
        let leads = self.leader.as_ref() == Some(id);
        let current = match self.state {
            // The answer got lost on its way.
            State::Completing { .. } => same,
            // A leader that joins again wants another assignment.
            State::Stable => same && !leads,
            State::Empty | State::Preparing { .. } => false,
        };
        let Some(member) = self.members.get_mut(id) else {
            return Answer::Now(refused_join(ResponseError::UnknownMemberId, id.clone()));
        };
        member.update(request, now);
        if current {
            return Answer::Now(self.joined(id));
        }
        let (answer, waiting) = oneshot::channel();
        member.joining = Some(answer);
        self.rebalance(settings, now);
        Answer::Later(waiting)
    }

    /// A static member that was started anew takes the place of its predecessor, and its assignment when the group
    /// keeps its assignor. What the member says to the assignor is not compared, as Kafka does not: a cooperative
    /// member says what it owns, and that is nothing when it starts.
    fn replace(
        &mut self,
        old: &StrBytes,
        id: StrBytes,
        request: &JoinGroupRequest,
        settings: &GroupSettings,
        now: Instant,
    ) -> Answer<JoinGroupResponse> {
        let Some(mut member) = self.members.remove(old) else {
            return Answer::Now(refused_join(ResponseError::UnknownMemberId, id));
        };
        answer_join(&mut member, refused_join(ResponseError::FencedInstanceId, old.clone()));
        answer_sync(&mut member, refused_sync(ResponseError::FencedInstanceId));
        let led = self.leader.as_ref() == Some(old);
        member.id = id.clone();
        member.update(request, now);
        if let Some(instance_id) = &member.instance_id {
            self.instances.insert(instance_id.clone(), id.clone());
        }
        self.members.insert(id.clone(), member);
        if self.state == State::Stable && self.elected_protocol() == self.protocol {
            let mut joined = self.joined(&id);
            if led {
                // It is told of the old leader, so that it takes its assignment and makes no new one.
                joined.leader = old.clone();
                joined.members.clear();
                self.leader = Some(id);
            }
            return Answer::Now(joined);
        }
        if led {
            self.leader = Some(id.clone());
        }
        let (answer, waiting) = oneshot::channel();
        if let Some(member) = self.members.get_mut(&id) {
            member.joining = Some(answer);
        }
        self.rebalance(settings, now);
        Answer::Later(waiting)
    }

    /// A member wants the next generation.
    fn rebalance(&mut self, settings: &GroupSettings, now: Instant) {
        match self.state {
            State::Preparing { first: true, .. } => {
                // Those who come together start together.
                self.state =
                    State::Preparing { deadline: now + settings.initial_rebalance_delay, first: true };
            }
            State::Preparing { first: false, .. } => {}
            State::Empty | State::Completing { .. } | State::Stable => self.prepare(settings, now),
        }
        self.try_complete(now);
    }

    /// The leader has decided.
    fn assign(&mut self, request: &SyncGroupRequest, now: Instant) {
        for member in self.members.values_mut() {
            let given = request.assignments.iter().find(|given| given.member_id == member.id);
            let copied = given.map(|given| bytes::Bytes::copy_from_slice(&given.assignment));
            member.assignment = copied.unwrap_or_default();
        }
        self.state = State::Stable;
        let answers: Vec<_> =
            self.members.values().map(|member| (member.id.clone(), self.synced(member))).collect();
        for (id, answer) in answers {
            if let Some(member) = self.members.get_mut(&id)
                && member.syncing.is_some()
            {
                member.seen = now;
                answer_sync(member, answer);
            }
        }
    }

    /// The error code of a member that leaves.
    fn leave(&mut self, leaving: &MemberIdentity) -> i16 {
        let id = match &leaving.group_instance_id {
            Some(instance_id) => match self.instances.get(instance_id) {
                None => return ResponseError::UnknownMemberId.code(),
                Some(holder) if !leaving.member_id.is_empty() && *holder != leaving.member_id => {
                    return ResponseError::FencedInstanceId.code();
                }
                Some(holder) => holder.clone(),
            },
            None => leaving.member_id.clone(),
        };
        let left = self.pending.remove(&id).is_some() || self.remove(&id);
        if left { 0 } else { ResponseError::UnknownMemberId.code() }
    }
}

/// Before version 3 there is room for one member only, and its code is the answer's.
fn all_left(members: Vec<MemberResponse>, version: i16) -> LeaveGroupResponse {
    if version < 3 {
        let code = members.first().map_or(0, |member| member.error_code);
        return LeaveGroupResponse::default().with_error_code(code);
    }
    LeaveGroupResponse::default().with_members(members)
}

fn left(member: &MemberIdentity, code: i16) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(member.member_id.clone())
        .with_group_instance_id(member.group_instance_id.clone())
        .with_error_code(code)
}
