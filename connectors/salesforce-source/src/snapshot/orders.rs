//! Snapshots that somebody orders while the source runs.
//!
//! An order is accepted once it is on record, so that it is carried out whatever becomes of this process. A condition is
//! tried before, by counting its rows: a typing error is told to the one who made it.

use orgstream_api::{SourceBatch, SourcePosition};
use tokio::sync::{mpsc, oneshot};

use super::{Snapshot, SnapshotEntry, Wanted};
use crate::batch::Parts;

/// Who ordered is told here.
pub(crate) type Reply = oneshot::Sender<Result<(), String>>;

/// Orders on their way to being accepted.
#[derive(Debug)]
pub(crate) struct Orders {
    /// Conditions that were tried.
    tried: (mpsc::UnboundedSender<Tried>, mpsc::UnboundedReceiver<Tried>),
    /// What is to be put on record, and who is to be told of it.
    accepted: Vec<(Vec<SourcePosition>, Reply)>,
    /// Those whose orders are in the batch at hand.
    recorded: Vec<Reply>,
}

#[derive(Debug)]
struct Tried {
    object: usize,
    order: String,
    filter: Option<String>,
    outcome: Result<(), String>,
    reply: Reply,
}

impl Default for Orders {
    fn default() -> Self {
        Self { tried: mpsc::unbounded_channel(), accepted: Vec::new(), recorded: Vec::new() }
    }
}

impl Orders {
    /// Those who are told as soon as what was handed out is committed.
    pub(crate) fn take_recorded(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.recorded)
    }

    /// Accepts an order: who gave it is told once these are on record.
    pub(crate) fn record(&mut self, positions: Vec<SourcePosition>, reply: Reply) {
        self.accepted.push((positions, reply));
    }
}

impl Parts {
    /// Somebody orders a snapshot of `object`, of the rows for which `filter` holds.
    pub(crate) fn order_snapshot(
        &mut self,
        object: &str,
        filter: Option<String>,
        order: String,
        mut reply: Reply,
    ) {
        let objects = &self.subjects.objects;
        let named = |name: &str| name.eq_ignore_ascii_case(object);
        let Some(index) = objects.iter().position(|known| named(&known.target.name)) else {
            let names: Vec<&str> = objects.iter().map(|object| object.target.name.as_str()).collect();
            let (pipeline, names) = (&self.config.pipeline, names.join(", "));
            reply.send(Err(format!("pipeline {pipeline} does not read {object}; it reads {names}"))).ok();
            return;
        };
        if let Some(failure) = objects[index].failure() {
            reply.send(Err(format!("it cannot be read now: {failure}"))).ok();
            return;
        }
        let wanted =
            Wanted { object: objects[index].target.name.clone(), filter: filter.clone(), repairs: None };
        let (patience, tried) = (self.rows.patience().clone(), self.orders.tried.0.clone());
        let ready = std::sync::Arc::clone(&self.ground.ready);
        tokio::spawn(async move {
            let outcome = match &wanted.filter {
                None => Ok(()),
                Some(filter) => {
                    let soql = wanted.count();
                    let counted = tokio::select! {
                        counted = patience.attempt(|| patience.org().query(&soql)) => counted,
                        // Nobody waits for it any more, or nobody is left to take it.
                        () = reply.closed() => return,
                        () = tried.closed() => return,
                    };
                    counted
                        .map(drop)
                        .map_err(|error| format!("the org refuses the condition `{filter}`: {error}"))
                }
            };
            tried.send(Tried { object: index, order, filter, outcome, reply }).ok();
            ready.notify_one();
        });
    }

    /// Takes the orders whose conditions were tried. Answers with what is to be put on record of them.
    pub(crate) fn take_orders(&mut self) -> Option<SourceBatch> {
        while let Ok(tried) = self.orders.tried.1.try_recv() {
            let Tried { object, order, filter, outcome, reply } = tried;
            // Who has stopped waiting was told that it is not taken.
            if outcome.is_err() || reply.is_closed() {
                reply.send(outcome).ok();
                continue;
            }
            let object = &mut self.subjects.objects[object];
            let snapshot = Snapshot::new(Some(order), SnapshotEntry::asked(filter, None));
            let stored = snapshot.stored(&object.target.name);
            object.takes(snapshot);
            self.orders.record(vec![stored], reply);
        }
        if self.orders.accepted.is_empty() {
            return None;
        }
        let (positions, replies): (Vec<_>, Vec<_>) = self.orders.accepted.drain(..).unzip();
        self.orders.recorded.extend(replies);
        Some(SourceBatch::of_positions(positions.concat()))
    }
}
