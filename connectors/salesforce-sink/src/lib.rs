//! Records to SObject writes: the sink of a pipeline.
//!
//! # Layout, in reading order
//!
//! - [`config`], [`start`]: what a sink is told, and what it checks in org B before it begins
//! - [`survey`]: the same and more, for who asks before anything runs
//! - `external_id`, [`prepare`]: the field that finds records by their ids of org A; making it
//! - [`sink`]: the loop; queues in front, calls behind, outcomes out
//! - `work`, `change`: an item on its way; a consumed record as a change to org B
//! - `condition`: whether a record is one of this sink's at all
//! - `told`, [`reading`]: what a record says of its change, and what is done where it leaves something open
//! - `lanes`: one queue per record id
//! - `fold`: changes of one record that are one write
//! - `holds`: which deletions wait for changes of other records
//! - `plan`: which records go into which call
//! - `deliver`, `put`, `delete`, `pay`: what happens to the changes, and to the owed references, of one call
//! - `owner`: records whose owner is inactive
//! - `insert`, `unanswered`, `claims`, `recognition`: records that nothing in org B finds, and what became of those without an answer
//! - `bin`, [`deleted_target`]: records that come back from the recycle bin; what is done with changes of those that somebody deleted
//! - `presence`: whether org B has a record, where that decides which fields are written
//! - [`rules`], `outside`, `matching`: references out of the pipeline, and how records of both orgs are matched for them
//! - [`object_rules`], `leave`: what the file says of an object's records and fields; records outside the filter
//! - `versions`, `references`, `relationships`, `map`: whether a record is new, where it points, by id or by a value of the parent, what of it is written
//! - `write`, `cut`, `pace`: the calls of one write, how large they are, halved until only what is at fault fails
//! - `bulk`: many rows in a few calls, for what waits in thousands
//! - `verdict`: what answers mean
//! - `links`, `lookup`, `parents`: which record of org B stands for which
//! - [`failures`], [`tally`], [`refusals`]: what the file says of records that are refused, and when they are too many
//! - `attempts`: the retry clock of a record
//! - [`parking`], `aside`: records that wait outside the sink
//! - `target`, `rank`: org B's objects, parents before children
//! - `room`, `tenure`: how much is held, and for which partitions
//! - [`left_out`]: which fields are not written, and why
//! - [`counters`]: what has been done

pub mod config;
pub use config::{Algorithm, Operation, SinkConfig, SinkContext, SinkObject};

pub mod reading;
pub use reading::{Nulls, Reading, TakenFor};

pub mod rules;
pub use rules::{Fallback, FindRule, ReferenceRule, ReferenceRules};
pub mod failures;
pub use failures::{Action, Failures, Fate, OWN_CODES, OnError, StopAfter};

pub mod refusals;
pub use refusals::Refusals;

pub mod deleted_target;
pub use deleted_target::DeletedTarget;

pub mod tally;
pub use tally::Tally;

pub mod object_rules;
pub use object_rules::{Adapted, FieldRule, OnLeave, Rules, TooLong, ValueMap};

pub mod start;
pub use start::{check, start};

pub mod survey;
pub use survey::survey;

pub mod prepare;
pub use prepare::{Preparation, Prepared, prepare};

pub mod sink;
pub use sink::SalesforceSink;

pub mod parking;
pub use parking::{Expired, Parking};

pub mod left_out;
pub use left_out::NOT_THERE;

pub mod counters;
pub use counters::{SinkCounters, SinkCounts};

mod aside;
mod bulk;
pub use bulk::rules::{BulkFrom, BulkRules};

mod attempts;
mod bin;
mod change;
mod claims;
mod condition;
mod cut;
mod delete;
mod deliver;
mod external_id;
mod fold;
mod holds;
mod insert;
mod lanes;
mod leave;
mod links;
mod lookup;
mod map;
mod matching;
mod outside;
mod owner;
mod pace;
mod parents;
mod pay;
mod plan;
mod presence;
mod put;
mod rank;
mod recognition;
mod references;
mod relationships;
mod returned;
mod room;
mod rules_check;
mod target;
mod tenure;
mod told;
mod unanswered;
mod verdict;
mod versions;
mod work;
mod write;

#[cfg(test)]
mod tests;
