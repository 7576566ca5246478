//! Schemas, versions and settings in SQLite.
//!
//! Functions here run on the database's thread. An id belongs to a text for good: two subjects with the same text
//! share its id, and an id is never given again, also after its text was removed.
//!
//! # Layout, in reading order
//!
//! - [`versions`]: reading subjects and their versions
//! - [`changes`]: registering and deleting
//! - [`references`]: the texts behind references, and who refers to a version
//! - [`settings`]: compatibility levels and modes

pub(super) mod versions;

pub(super) mod changes;

pub(super) mod references;

pub(super) mod settings;
