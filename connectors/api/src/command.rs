//! What a person asks of a source that runs.

use tokio::sync::oneshot;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read the rows of an object beside the stream, once.
    Snapshot {
        /// The object's API name.
        object: String,
        /// A SOQL condition for its rows; all of them where there is none.
        filter: Option<String>,
        /// What the snapshot is called in the positions. Two of one object have different ones.
        order: String,
    },
    /// Compare the org with what was produced, now and not when it is due.
    Sweep {
        /// The objects' API names; none means all.
        objects: Vec<String>,
    },
    /// Repair a gap although that deletes more records than looks right.
    Confirm {
        /// The object's API name.
        object: String,
        /// The gap's number.
        gap: u64,
    },
}

/// A command on its way to a source.
#[derive(Debug)]
pub struct Order {
    /// What is to be done.
    pub command: Command,
    /// Told when the order is on record, or why it is refused. Nobody may be listening any more.
    pub reply: oneshot::Sender<Result<(), String>>,
}
