//! From one generation to the next.

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::StrBytes;
use tokio::time::Instant;

use super::group::{Group, State, answer_join, answer_sync, refused_sync};
use super::settings::GroupSettings;

impl Group {
    /// Asks all members to join again.
    pub(super) fn prepare(&mut self, settings: &GroupSettings, now: Instant) {
        let first = matches!(self.state, State::Empty);
        let deadline =
            if first { now + settings.initial_rebalance_delay } else { now + self.rebalance_timeout() };
        for member in self.members.values_mut() {
            answer_sync(member, refused_sync(ResponseError::RebalanceInProgress));
        }
        self.state = State::Preparing { deadline, first };
    }

    /// Completes the rebalance when all have joined again, or when the time is up.
    pub(super) fn try_complete(&mut self, now: Instant) {
        let State::Preparing { deadline, first } = self.state else { return };
        let late = now >= deadline;
        let all = self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some());
        if late || (all && !first) {
            self.complete(now);
        }
    }

    fn complete(&mut self, now: Instant) {
        // A static member may come back until its session ends; everybody else has had the time.
        let late: Vec<_> = self
            .members
            .values()
            .filter(|member| member.joining.is_none() && member.instance_id.is_none())
            .map(|member| member.id.clone())
            .collect();
        for id in late {
            self.remove(&id);
        }
        self.pending.clear();
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        if self.members.is_empty() {
            self.state = State::Empty;
            (self.protocol, self.leader) = (None, None);
            return;
        }
        self.protocol = self.elected_protocol();
        self.elect_leader();
        let answers: Vec<_> = self.members.keys().map(|id| (id.clone(), self.joined(id))).collect();
        for (id, answer) in answers {
            if let Some(member) = self.members.get_mut(&id) {
                member.seen = now;
                answer_join(member, answer);
            }
        }
        self.state = State::Completing { deadline: now + self.rebalance_timeout() };
    }

    /// The leader stays when it has joined; otherwise the first member that has.
    fn elect_leader(&mut self) {
        let there = |id: &StrBytes| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if self.leader.as_ref().is_some_and(there) {
            return;
        }
        let first = self.members.values().find(|member| member.joining.is_some());
        self.leader = first.or(self.members.values().next()).map(|member| member.id.clone());
    }

    /// Of the assignors that all know, the one that most like best.
    pub(super) fn elected_protocol(&self) -> Option<StrBytes> {
        let known_by_all = |name: &StrBytes| {
            self.members.values().all(|member| member.protocols.iter().any(|(known, _)| known == name))
        };
        let favourite = |member: &super::member::Member| {
            member.protocols.iter().map(|(name, _)| name.clone()).find(known_by_all)
        };
        let votes: Vec<StrBytes> = self.members.values().filter_map(favourite).collect();
        let count = |name: &StrBytes| votes.iter().filter(|vote| *vote == name).count();
        votes.iter().max_by_key(|name| (count(name), std::cmp::Reverse((*name).clone()))).cloned()
    }

    /// Whether a member with these assignors can join: with all others it knows at least one in common.
    pub(super) fn has_protocol_in_common(&self, names: &[&StrBytes], but: Option<&StrBytes>) -> bool {
        let others = || self.members.values().filter(|member| Some(&member.id) != but);
        names
            .iter()
            .any(|name| others().all(|member| member.protocols.iter().any(|(known, _)| known == *name)))
    }

    /// Sessions that ended, ids that nobody came back with, leaders that said nothing. Answers whether anything changed.
    pub(super) fn sweep(&mut self, settings: &GroupSettings, now: Instant) {
        self.pending.retain(|_, until| *until > now);
        let gone: Vec<_> = self
            .members
            .values()
            .filter(|member| member.is_gone(now))
            .map(|member| member.id.clone())
            .collect();
        for id in &gone {
            tracing::debug!(member = id.as_str(), "The session of a group member has ended.");
            self.remove(id);
        }
        if let State::Completing { deadline } = self.state
            && now >= deadline
        {
            // Whoever has not asked for its assignment by now is held to be gone.
            let silent: Vec<_> = self
                .members
                .values()
                .filter(|member| member.syncing.is_none() && member.instance_id.is_none())
                .map(|member| member.id.clone())
                .collect();
            for id in &silent {
                self.remove(id);
            }
            self.prepare(settings, now);
        } else if !gone.is_empty() {
            self.changed(settings, now);
        }
        self.try_complete(now);
    }

    /// After members have left.
    pub(super) fn changed(&mut self, settings: &GroupSettings, now: Instant) {
        match self.state {
            State::Stable | State::Completing { .. } => self.prepare(settings, now),
            State::Empty | State::Preparing { .. } => {}
        }
        self.try_complete(now);
    }
}
