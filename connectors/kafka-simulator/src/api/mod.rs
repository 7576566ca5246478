//! What each request does: one file for each family. The coordinators answer theirs; what is here adds the faults.

pub(crate) mod produce;

pub(crate) mod fetch;

pub(crate) mod list_offsets;

pub(crate) mod metadata;

pub(crate) mod cluster;

pub(crate) mod topics;

pub(crate) mod configs;

pub(crate) mod delete_records;

pub(crate) mod groups;

pub(crate) mod transactions;
