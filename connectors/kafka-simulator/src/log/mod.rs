//! One partition on disk: batches as they came, in segment files, read from disk.
//!
//! Nothing but the log files says what the log holds. Producer state, open transactions and the list of aborted ones
//! are read from the batch headers when it is opened, so a killed broker has nothing to repair but a torn tail. Bytes
//! are written before they are acknowledged but not synced: what was acknowledged survives the death of the process,
//! not that of the machine.
//!
//! # Layout, in reading order
//!
//! - `config`: how a log behaves
//! - `batch`, `record`, `varint`, `codec`: the bytes, taken apart without trusting them
//! - `control`: the batch that ends a transaction
//! - `scan`, `open_files`, `segment`: one file
//! - `checkpoint`: an offset beside the segments
//! - `producers`: who has produced what, and which transactions are open
//! - `partition_log`: the log
//! - `append`, `read`, `time`: what clients ask of it
//! - `tail`, `recovery`: opening it
//! - `retention`: what the cleaner does
//! - `newest`, `survivors`, `compaction`, `swap`: keeping the newest record of each key

mod config;
pub(crate) use config::{Cleanup, LogConfig, TimestampType};

mod varint;

mod batch;
pub(crate) use batch::batch_producer;

mod record;

mod codec;

mod control;

mod scan;

mod open_files;

mod segment;

mod checkpoint;

mod producers;

mod partition_log;
pub(crate) use partition_log::PartitionLog;

mod append;
pub(crate) use append::{AppendError, Appended};

mod read;
pub(crate) use read::{Read, ReadError};

mod time;

mod tail;

mod recovery;

mod retention;

mod newest;

mod survivors;

mod compaction;

mod swap;

#[cfg(test)]
mod tests;
