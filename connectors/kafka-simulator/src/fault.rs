//! What goes wrong on demand: error codes, cut connections, slow answers, lost answers, a broker that is away.
//!
//! Rules are tried in the order they were added; the first that fits is played and uses up one of its times.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::ApiKey;
use tokio::sync::watch;

/// Names an added fault, to remove it.
pub type FaultId = u64;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The request, or its part that concerns the partition, is not carried out and answered with this code. Known by
    /// [`ApiKey::Produce`] and the others in [`Effect::ANSWERED_WITH_ERRORS`].
    Error(ResponseError),
    /// The request is not carried out and its connection is closed.
    Cut,
    /// The request is carried out after this time.
    Delay(Duration),
    /// The request is carried out and its connection is closed without an answer.
    LoseAnswer,
}

impl Effect {
    /// The requests that know [`Effect::Error`].
    pub const ANSWERED_WITH_ERRORS: &[ApiKey] = &[
        ApiKey::Produce,
        ApiKey::Fetch,
        ApiKey::ListOffsets,
        ApiKey::OffsetForLeaderEpoch,
        ApiKey::Metadata,
        ApiKey::FindCoordinator,
        ApiKey::CreateTopics,
        ApiKey::DeleteRecords,
        ApiKey::JoinGroup,
        ApiKey::SyncGroup,
        ApiKey::Heartbeat,
        ApiKey::LeaveGroup,
        ApiKey::OffsetCommit,
        ApiKey::OffsetFetch,
        ApiKey::InitProducerId,
        ApiKey::AddPartitionsToTxn,
        ApiKey::AddOffsetsToTxn,
        ApiKey::TxnOffsetCommit,
        ApiKey::EndTxn,
    ];
}

/// One rule. Without [`Fault::times`] it holds until it is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    api: ApiKey,
    effect: Effect,
    times: Option<u32>,
    partition: Option<(String, i32)>,
}

impl Fault {
    /// Requests of this kind meet this effect.
    pub fn new(api: ApiKey, effect: Effect) -> Self {
        Self { api, effect, times: None, partition: None }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only this partition. Effects other than an error concern whole requests and ignore it.
    #[must_use]
    pub fn partition(mut self, topic: impl Into<String>, partition: i32) -> Self {
        self.partition = Some((topic.into(), partition));
        self
    }
}

/// The faults of one broker.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Rules>,
    away: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Rules {
    next_id: FaultId,
    active: Vec<(FaultId, Fault)>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { rules: Mutex::default(), away: watch::Sender::new(false) }
    }

    /// Adds a rule behind the others.
    pub fn add(&self, fault: Fault) -> FaultId {
        if matches!(fault.effect, Effect::Error(_)) && !Effect::ANSWERED_WITH_ERRORS.contains(&fault.api) {
            tracing::warn!(api = ?fault.api, "This kind of request cannot be answered with an error on purpose; the fault changes nothing.");
        }
        let mut rules = self.lock();
        let id = rules.next_id;
        rules.next_id += 1;
        rules.active.push((id, fault));
        id
    }

    /// Removes a rule; answers whether it was there.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut rules = self.lock();
        let before = rules.active.len();
        rules.active.retain(|(known, _)| *known != id);
        rules.active.len() < before
    }

    /// Removes all rules and brings the broker back.
    pub fn clear(&self) {
        self.lock().active.clear();
        self.set_away(false);
    }

    /// While the broker is away, every connection is closed and every new one too.
    pub fn set_away(&self, away: bool) {
        self.away.send_replace(away);
    }

    /// Whether the broker is away, now and from now on.
    pub(crate) fn away(&self) -> watch::Receiver<bool> {
        self.away.subscribe()
    }

    /// What the next request of this kind meets as a whole.
    pub(crate) fn of_request(&self, api: ApiKey) -> Option<Effect> {
        self.take(|fault| fault.api == api && !matches!(fault.effect, Effect::Error(_)))
    }

    /// The error of this kind of request, or of its part that concerns a partition.
    pub(crate) fn error(&self, api: ApiKey, partition: Option<(&str, i32)>) -> Option<ResponseError> {
        let fits = |fault: &Fault| {
            let concerned = match (&fault.partition, partition) {
                (None, _) => true,
                (Some((topic, at)), Some((wanted, number))) => topic == wanted && *at == number,
                (Some(_), None) => false,
            };
            fault.api == api && concerned && matches!(fault.effect, Effect::Error(_))
        };
        match self.take(fits) {
            Some(Effect::Error(error)) => Some(error),
            _ => None,
        }
    }

    fn take(&self, fits: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let mut rules = self.lock();
        let at = rules.active.iter().position(|(_, fault)| fits(fault))?;
        let fault = &mut rules.active[at].1;
        let effect = fault.effect;
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                rules.active.remove(at);
            }
        }
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
