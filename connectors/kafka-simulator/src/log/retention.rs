//! Removing segments that are too old or too many. What an open transaction may still need stays.

use std::io;

use super::compaction::Compaction;
use super::partition_log::PartitionLog;
use super::read::ReadError;
use super::segment::Segment;

/// A log to which nothing was written for so long lets go of its file.
const IDLE_MS: i64 = 10_000;

impl PartitionLog {
    /// Whether the cleaner may have something to do; looks at no file.
    pub(crate) fn is_due(&self, now_ms: i64) -> bool {
        let Some(active) = self.segments.last() else { return false };
        let old = active.began_ms.is_some_and(|began| now_ms.saturating_sub(began) >= self.config.segment_ms);
        let expired = self.config.cleanup.delete
            && self.config.retention_ms.is_some_and(|retention| {
                active.size > 0
                    && active.max_timestamp >= 0
                    && active.max_timestamp < now_ms.saturating_sub(retention)
            });
        old || expired || self.segments.len() > 1 || self.is_idle(now_ms)
    }

    /// Everything the cleaner does, whenever its timer says so; what takes long is left to the caller to run.
    pub(crate) fn clean(&mut self, now_ms: i64) -> io::Result<Option<Compaction>> {
        if self.is_idle(now_ms) {
            self.active().release_file();
        }
        let old = self
            .active()
            .began_ms
            .is_some_and(|began| now_ms.saturating_sub(began) >= self.config.segment_ms);
        if old {
            self.roll()?;
        }
        if self.config.cleanup.delete {
            self.delete_old(now_ms)?;
            self.delete_many()?;
        }
        if self.config.cleanup.compact { self.plan_compaction(now_ms) } else { Ok(None) }
    }

    /// Forgets producers that have been silent for long. A quiet log has them, too, so this has a timer of its own.
    pub(crate) fn expire_producers(&mut self, now_ms: i64) {
        self.producers.expire(now_ms);
    }

    /// Whether it holds a file open that another log could need more.
    fn is_idle(&self, now_ms: i64) -> bool {
        let holds = self.segments.last().is_some_and(Segment::holds_file);
        holds && now_ms.saturating_sub(self.written_ms) >= IDLE_MS
    }

    /// DeleteRecords: the log starts at `offset` from now on; -1 is its end. Answers the start.
    pub(crate) fn delete_before(&mut self, offset: i64) -> Result<i64, ReadError> {
        let offset = if offset == -1 { self.next_offset } else { offset };
        if offset < 0 || offset > self.next_offset {
            return Err(ReadError::OutOfRange);
        }
        self.start_at(offset)?;
        Ok(self.start_offset)
    }

    fn delete_old(&mut self, now_ms: i64) -> io::Result<()> {
        let Some(retention) = self.config.retention_ms else { return Ok(()) };
        let before = now_ms.saturating_sub(retention);
        // The active segment goes too when all its records are too old.
        let active = self.active();
        if active.size > 0 && active.max_timestamp >= 0 && active.max_timestamp < before {
            self.roll()?;
        }
        while let Some(first) = self.removable()
            && self.segments[first].time()? < before
        {
            self.remove_first()?;
        }
        Ok(())
    }

    fn delete_many(&mut self) -> io::Result<()> {
        let Some(limit) = self.config.retention_bytes else { return Ok(()) };
        let mut total: u64 = self.segments.iter().map(|segment| segment.size).sum();
        while let Some(first) = self.removable() {
            let size = self.segments[first].size;
            if total - size < limit {
                break;
            }
            self.remove_first()?;
            total -= size;
        }
        Ok(())
    }

    /// The first segment, when it is neither active nor part of an open transaction.
    fn removable(&self) -> Option<usize> {
        let first = self.segments.first()?;
        let decided = first.last_offset < self.last_stable_offset();
        (self.segments.len() > 1 && decided).then_some(0)
    }

    fn remove_first(&mut self) -> io::Result<()> {
        let next = self.segments[1].base_offset;
        self.start_at(next)
    }
}
