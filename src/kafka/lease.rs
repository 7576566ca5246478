//! Permission to start a call to an org while the group membership is proved.
//!
//! Kafka cannot fence an HTTP call: a member that was silent for the session time-out may have lost its
//! partitions without knowing. Every acknowledged offset commit proves the membership at the time the commit
//! was sent. A call may start while the last proof is younger than half the session time-out, and may take the
//! other half, so it is over before anybody else can own its partitions. The clock runs through a suspend.

use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{BootInstant, Lease};
use tokio::sync::watch;

/// One stay in the group, from joining to losing partitions. A commit of an earlier stay proves nothing: whoever sent it
/// may not know yet what was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term(u64);

#[derive(Debug, Clone, Copy)]
struct State {
    term: Term,
    proved: Option<BootInstant>,
}

/// A [`Lease`] that acknowledged offset commits renew.
#[derive(Debug)]
pub struct CommitLease {
    half: Duration,
    state: watch::Sender<State>,
}

impl CommitLease {
    /// A lease that is not held yet.
    pub(super) fn new(session_timeout: Duration) -> Self {
        let (state, _) = watch::channel(State { term: Term(0), proved: None });
        Self { half: session_timeout / 2, state }
    }

    /// The present term.
    pub(super) fn term(&self) -> Term {
        self.state.borrow().term
    }

    /// A commit that was sent at `sent`, by a worker that knows of `term`, is acknowledged.
    pub(super) fn renew(&self, term: Term, sent: BootInstant) {
        self.state.send_if_modified(|state| {
            let newer = state.term == term && state.proved < Some(sent);
            if newer {
                state.proved = Some(sent);
            }
            newer
        });
    }

    /// Partitions are lost: no call may start before a commit of the next term, which is returned, is acknowledged.
    pub(super) fn end(&self) -> Term {
        let mut next = self.term();
        self.state.send_modify(|state| {
            state.term = Term(state.term.0 + 1);
            state.proved = None;
            next = state.term;
        });
        next
    }

    fn is_held_at(&self, state: State, now: BootInstant) -> bool {
        state.proved.is_some_and(|at| now.since(at) < self.half)
    }
}

#[async_trait]
impl Lease for CommitLease {
    async fn held(&self) -> Duration {
        // A lease only gets older by itself, so only a renewal is worth waiting for.
        self.state
            .subscribe()
            .wait_for(|state| self.is_held_at(*state, BootInstant::now()))
            .await
            .expect("the sender lives as long as the lease");
        self.half
    }

    fn is_held(&self) -> bool {
        self.is_held_at(*self.state.borrow(), BootInstant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    const SESSION: Duration = Duration::from_hours(1);

    #[test]
    fn a_lease_is_held_only_after_an_acknowledged_commit() {
        let lease = CommitLease::new(SESSION);
        assert_eq!(lease.held().now_or_never(), None);
        lease.renew(lease.term(), BootInstant::now());
        assert_eq!(lease.held().now_or_never(), Some(SESSION / 2));
    }

    #[test]
    fn a_proof_older_than_half_the_session_gives_no_lease() {
        let lease = CommitLease::new(SESSION);
        let sent = BootInstant::now();
        lease.renew(lease.term(), sent);
        let held = |after| lease.is_held_at(*lease.state.borrow(), sent + after);
        assert!(held(Duration::from_mins(29)));
        assert!(!held(SESSION / 2));
    }

    #[test]
    fn a_proof_of_an_earlier_term_does_not_bring_a_lost_lease_back() {
        let lease = CommitLease::new(SESSION);
        let term = lease.term();
        lease.renew(term, BootInstant::now());
        assert!(lease.is_held());
        lease.end();
        assert!(!lease.is_held());
        assert_eq!(lease.held().now_or_never(), None);
        lease.renew(term, BootInstant::now());
        assert_eq!(lease.held().now_or_never(), None);
        lease.renew(lease.term(), BootInstant::now());
        assert_eq!(lease.held().now_or_never(), Some(SESSION / 2));
    }

    #[tokio::test]
    async fn a_caller_waits_for_the_renewal() {
        let lease = std::sync::Arc::new(CommitLease::new(SESSION));
        let caller = tokio::spawn({
            let lease = std::sync::Arc::clone(&lease);
            async move { lease.held().await }
        });
        tokio::task::yield_now().await;
        lease.renew(lease.term(), BootInstant::now());
        assert_eq!(caller.await.unwrap(), SESSION / 2);
    }
}
