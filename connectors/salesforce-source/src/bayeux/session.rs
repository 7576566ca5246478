//! The handle on the streaming session, which runs as a task of its own.

use std::sync::Arc;

use orgstream_salesforce::Org;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bayeux::delivery::Delivery;
use crate::bayeux::outlet::Outlet;
use crate::bayeux::run::Run;
use crate::bayeux::subscriptions::{Subscription, Subscriptions};
use crate::bayeux::timing::Timing;
use crate::clock::OrgClock;
use crate::condition::Condition;
use crate::config::StreamConfig;
use crate::counters::SourceCounters;

/// What the session's task shares with the rest of the source.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) org: Org,
    pub(crate) clock: Arc<OrgClock>,
    pub(crate) condition: Condition,
    pub(crate) counters: Arc<SourceCounters>,
    pub(crate) stream: StreamConfig,
}

/// The handle on a session's task. Dropping it ends the task.
#[derive(Debug)]
pub(crate) struct Session {
    stop: CancellationToken,
    asks: mpsc::UnboundedSender<Subscription>,
    task: Option<JoinHandle<()>>,
}

impl Session {
    /// Starts the task. Deliveries come out of the receiver, which ends when the session failed or was stopped.
    pub(crate) fn start(
        around: Surroundings,
        timing: Timing,
        subscriptions: Vec<Subscription>,
    ) -> (Self, mpsc::UnboundedReceiver<Delivery>) {
        let (outlet, deliveries) = Outlet::new(around.stream.buffer);
        let (ask, asks) = mpsc::unbounded_channel();
        let stop = CancellationToken::new();
        let run = Run::new(around, timing, Subscriptions::new(subscriptions), asks, outlet);
        let task = tokio::spawn(run.until(stop.clone()));
        (Self { stop, asks: ask, task: Some(task) }, deliveries)
    }

    /// Asks for a channel, be it anew and at another place. It is heard at once, also while a connect is held.
    pub(crate) fn ask(&self, subscription: Subscription) {
        // A task that is gone says so by the end of its deliveries.
        self.asks.send(subscription).ok();
    }

    /// Ends the session with the org and waits for the task.
    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the streaming session's task ended badly");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
