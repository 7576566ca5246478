//! The rows of an org: values, tables with their indexes, writes that happen wholly or not at all, the recycle bin,
//! and the file that keeps them.

mod auto_number;
mod bin;
mod checked_lines;
#[cfg(test)]
mod consistency;
mod data_file;
mod derived;
mod entry;
mod input;
mod journal;
mod json_token;
mod parent;
mod record_type;
mod refusal;
mod row;
mod store;
mod stored;
mod table;
mod transaction;
mod upsert_key;
mod validate;
mod value;
mod write;

pub(crate) use data_file::DataFile;
pub(crate) use entry::{Counted, Entry, StoredEvent};
pub(crate) use input::convert;
pub(crate) use journal::{Contents, Journal};
pub(crate) use json_token::json_token;
pub(crate) use refusal::Refusal;
pub(crate) use row::{Form, Row, render};
pub(crate) use store::Store;
pub(crate) use stored::Restored;
pub(crate) use transaction::{Api, Operation, Origin, Publication, Push, Transaction};
pub(crate) use upsert_key::{Repeated, UpsertKey};
pub(crate) use value::Value;
pub(crate) use write::Writer;
