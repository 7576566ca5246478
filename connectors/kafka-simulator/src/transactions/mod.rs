//! Producer ids and transactions.
//!
//! Every change of a transaction is in a journal before it is answered. Ending one is decided in the journal first,
//! then carried out, then noted as done; a broker that was killed in between carries it out when it starts.
//!
//! # Layout, in reading order
//!
//! - `transaction`: the state of one transactional id
//! - `markers`: what the coordinator needs of the logs
//! - `coordinator`: all of them under one lock
//! - `init`: InitProducerId
//! - `enroll`: AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit
//! - `end`: EndTxn, and transactions that took too long
//! - `revise`: bringing the state in line with topics and logs
//! - `admin`: ListTransactions, DescribeTransactions

mod transaction;

mod markers;
pub(crate) use markers::Markers;

mod coordinator;
pub(crate) use coordinator::{TransactionCoordinator, TransactionSettings};

mod init;

mod enroll;

mod end;

mod revise;

mod admin;

#[cfg(test)]
mod tests;
