//! Schemas as texts, and whether data of one can be read with another.
//!
//! # Layout, in reading order
//!
//! - [`schema_type`], [`reference`]: the words
//! - [`document`]: a text that was understood
//! - `canonical`: which texts are the same schema
//! - `avro`, `json_schema`, `protobuf`: one language each

pub mod schema_type;
pub use schema_type::SchemaType;

pub mod reference;
pub use reference::{Reference, Referenced};

pub mod document;
pub use document::{Document, Source};

mod canonical;

mod avro;

mod json_schema;

mod protobuf;
