//! JSON: with its schema in the registry, with its schema in each record, or alone.
//!
//! - [`tree`]: texts → trees that keep every digit
//! - [`number`]: numbers without loss
//! - [`plain`]: values as JSON itself says
//! - [`connect`]: values with their schema beside them, as Kafka Connect's `JsonConverter` writes them
//! - [`encode`]: the same two forms, written
//! - [`schema`], [`subschema`]: values of a JSON Schema

mod connect;
pub(super) use connect::Connect;

mod encode;
pub(super) use encode::{WithSchema, encode};

mod number;

mod plain;
pub(super) use plain::decode;

mod schema;
pub(super) use schema::JsonSchema;

mod subschema;

mod tree;

#[cfg(test)]
mod tests;
