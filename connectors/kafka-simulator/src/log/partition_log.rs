//! The log of one partition: its segments in order, the last of them active.

use std::io;
use std::path::PathBuf;

use super::checkpoint;
use super::config::LogConfig;
use super::producers::Producers;
use super::segment::Segment;
use crate::producer::ProducerId;

/// Says where the log starts, when records before that were deleted.
pub(super) const START: &str = "start-offset";

/// Says up to where keys were compacted.
pub(super) const COMPACTED: &str = "compacted-offset";

/// One partition on disk. Its owner lets one caller in at a time.
#[derive(Debug)]
pub(crate) struct PartitionLog {
    pub(super) dir: PathBuf,
    pub(super) config: LogConfig,
    /// At least one, ascending.
    pub(super) segments: Vec<Segment>,
    pub(super) producers: Producers,
    pub(super) start_offset: i64,
    pub(super) next_offset: i64,
    /// No key comes twice before this offset.
    pub(super) compacted_to: i64,
    /// When something was appended last, milliseconds since 1970.
    pub(super) written_ms: i64,
}

impl PartitionLog {
    /// The offset of the first record that can be read.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset of the next record: with a single replica also the high watermark.
    pub(crate) fn next_offset(&self) -> i64 {
        self.next_offset
    }

    /// Where the first open transaction starts; the end when there is none.
    pub(crate) fn last_stable_offset(&self) -> i64 {
        self.producers.first_open().map_or(self.next_offset, |open| open.max(self.start_offset))
    }

    /// Who has produced into it, each with its newest epoch.
    pub(crate) fn producers(&self) -> Vec<ProducerId> {
        self.producers.all().collect()
    }

    /// Whose transactions are open.
    pub(crate) fn open_transactions(&self) -> Vec<ProducerId> {
        self.producers.in_transaction().collect()
    }

    /// Other settings from now on.
    pub(crate) fn configure(&mut self, config: LogConfig) {
        self.config = config;
    }

    pub(super) fn active(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("a log has at least one segment")
    }

    /// Starts a new segment, when there is anything in the active one.
    pub(super) fn roll(&mut self) -> io::Result<()> {
        let next = self.next_offset;
        if self.active().size == 0 {
            return Ok(());
        }
        let segment = Segment::create(&self.dir, next)?;
        self.active().release_file();
        self.segments.push(segment);
        Ok(())
    }

    /// The log starts at `offset` now. Kept in a file before anything is removed, so that what was deleted stays so.
    pub(super) fn start_at(&mut self, offset: i64) -> io::Result<()> {
        if offset <= self.start_offset {
            return Ok(());
        }
        checkpoint::write(&self.dir, START, offset)?;
        self.start_offset = offset;
        while self.segments.len() > 1 && self.segments[1].base_offset <= offset {
            self.segments.remove(0).remove()?;
        }
        self.producers.forget_aborted_before(offset);
        Ok(())
    }
}
