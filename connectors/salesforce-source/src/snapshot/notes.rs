//! Remembers what is produced while a snapshot runs, off the way of the records.
//!
//! Notes are written by one task in the order they were made, so that whoever waits for [`Notes::written`] afterwards
//! finds all of them in [`Seen`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use orgstream_api::{Seen, Sight, StoreError};
use orgstream_salesforce::SalesforceId;
use tokio::sync::{mpsc, oneshot};

use crate::error::SourceError;

/// Notes that are written in one go at most.
const TOGETHER: usize = 5_000;

/// Counts the scopes of this process, so that the end of one snapshot never touches the notes of the next.
static SCOPES: AtomicU64 = AtomicU64::new(0);

/// What was produced of one object since its snapshot was asked for. Clones write to the same notes.
#[derive(Clone)]
pub(crate) struct Notes {
    seen: Arc<dyn Seen>,
    scope: Arc<str>,
    queue: mpsc::UnboundedSender<Note>,
    /// Whether there is any.
    any: Arc<AtomicBool>,
}

enum Note {
    Saw(String, Sight),
    /// Tells when everything before it is written.
    Mark(oneshot::Sender<()>),
}

impl Notes {
    pub(crate) fn new(seen: Arc<dyn Seen>) -> Self {
        let scope: Arc<str> = format!("snapshot {}", SCOPES.fetch_add(1, Ordering::Relaxed)).into();
        let (queue, notes) = mpsc::unbounded_channel();
        tokio::spawn(write(Arc::clone(&seen), Arc::clone(&scope), notes));
        Self { seen, scope, queue, any: Arc::default() }
    }

    /// This was produced of a record.
    pub(crate) fn note(&self, id: String, sight: Sight) {
        self.any.store(true, Ordering::Relaxed);
        // Without its writer, whoever waits for the notes hears of it.
        self.queue.send(Note::Saw(id, sight)).ok();
    }

    /// Waits until all notes are written that were made so far.
    pub(crate) async fn written(&self) -> Result<(), SourceError> {
        let (mark, written) = oneshot::channel();
        self.queue.send(Note::Mark(mark)).ok();
        written.await.map_err(|_| SourceError::TaskGone("the store of what was seen"))
    }

    /// What was produced last of each of `ids`.
    pub(crate) async fn of(&self, ids: &[SalesforceId]) -> Result<Vec<Option<Sight>>, SourceError> {
        if !self.any.load(Ordering::Relaxed) {
            return Ok(vec![None; ids.len()]);
        }
        self.written().await?;
        let ids = ids.iter().map(ToString::to_string).collect();
        Ok(self.seen.of(&self.scope, ids).await?)
    }
}

/// Writes until nobody makes notes any more; then they are of no use.
async fn write(seen: Arc<dyn Seen>, scope: Arc<str>, mut notes: mpsc::UnboundedReceiver<Note>) {
    let mut next = Vec::new();
    while notes.recv_many(&mut next, TOGETHER).await > 0 {
        if let Err(error) = write_some(&*seen, &scope, &mut next).await {
            tracing::warn!(%error, "what was produced cannot be remembered");
            return;
        }
    }
    if let Err(error) = seen.clear(&scope).await {
        tracing::debug!(%error, "what a snapshot saw stays until the next start");
    }
}

async fn write_some(seen: &dyn Seen, scope: &str, notes: &mut Vec<Note>) -> Result<(), StoreError> {
    let mut saw = Vec::with_capacity(notes.len());
    let mut marks = Vec::new();
    for note in notes.drain(..) {
        match note {
            Note::Saw(id, sight) => saw.push((id, sight)),
            Note::Mark(mark) => marks.push(mark),
        }
    }
    if !saw.is_empty() {
        seen.note(scope, saw).await?;
    }
    for mark in marks {
        mark.send(()).ok();
    }
    Ok(())
}
