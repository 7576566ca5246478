//! The node's own state, in SQLite under the state directory.
//!
//! Nothing here is the only copy of anything that the delivery rules need: links live in a compacted topic,
//! offsets in the consumer group, positions in Kafka. Losing the file costs reading, not records.

mod applied;

mod database;
pub use database::Database;

mod following;
pub use following::Following;

mod id_changes;
pub use id_changes::{Changed, IdChanges, Kept, Pair};

mod id_entries;

mod id_error;
pub use id_error::IdStoreError;

mod ids;
pub use ids::{IdHealth, IdStore};

mod link_rows;

mod links;
pub use links::LinkKey;

mod orgs;
pub use orgs::{OrgMismatch, bind_org, refuse_other_org};

mod reader;
pub use reader::{LinkKind, LinkReader};

mod seen;
pub use seen::{SeenByTask, SeenStore};

mod source_links;
pub use source_links::SourceLinks;

#[cfg(test)]
mod tests;
