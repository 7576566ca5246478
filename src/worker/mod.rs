//! How tasks run: one worker moves one source into Kafka, or Kafka into one sink.
//!
//! # Layout, in reading order
//!
//! - [`ledger`]: which records are in flight, and how far it is safe to commit (D1, D2, D4)
//! - [`source`], [`sink`]: the two workers
//! - [`positions`], [`owed`], [`parked`], [`intents`], [`dead_letters`]: what the workers keep in Kafka
//! - [`waiting`]: what waits in Kafka, of whichever kind
//! - [`reports`]: what became of each record, for whoever asks
//! - [`order`]: what is asked of a source that does not run
//! - [`catch_up`]: order at the start
//! - [`record_topics`]: topics that only the records name
//! - [`meter`], [`state`]: what the status shows

pub mod catch_up;
pub mod dead_letters;
pub mod intents;
pub mod ledger;
pub mod meter;
pub mod order;
pub mod owed;
pub mod parked;
pub mod positions;
pub mod record_topics;
pub mod reports;
pub mod sink;
pub mod source;
pub mod state;
pub mod waiting;
