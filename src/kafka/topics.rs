//! The names of the topics that orgstream keeps its own state in.

/// Source positions: compacted, one partition. Written in the transaction of the records they stand for (D8).
pub const POSITIONS: &str = "_orgstream.positions";

/// Id links: compacted, one partition, followed by every node (D7).
pub const IDS: &str = "_orgstream.ids";

/// What waits in a pipeline's sink: compacted, as wide as the widest input, so that an entry can lie in the
/// partition number of its record.
pub fn parked(pipeline: &str) -> String {
    format!("{pipeline}.parked")
}

/// What a pipeline's sink is about to insert, and what it inserted of late: compacted, as wide as the widest input.
pub fn intents(pipeline: &str) -> String {
    format!("{pipeline}.intents")
}

/// What a pipeline's sink rejected.
pub fn dead_letters(pipeline: &str) -> String {
    format!("{pipeline}.dead_letters")
}
