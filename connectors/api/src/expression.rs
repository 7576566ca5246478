//! Expressions of the user's file that are evaluated for a record. What language they are written in is the program's
//! affair; a connector only asks for their value.

use std::fmt;

use crate::position::InputOffset;
use crate::record::{EventType, Headers};
use crate::schema::Type;
use crate::value::{Struct, Value};

/// What an expression may refer to.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The image.
    pub value: &'a Struct,
    /// `{Id}`; `None` for records without a key.
    pub key: Option<&'a Struct>,
    /// The record's headers.
    pub headers: &'a Headers,
    /// What happened.
    pub event: EventScope<'a>,
    /// Where the record lies; `None` before it is on a topic.
    pub at: Option<&'a InputOffset>,
}

/// What an expression may ask of the event.
#[derive(Clone, Copy)]
pub struct EventScope<'a> {
    /// What happened to the record; `None` for messages that are about no record.
    pub kind: Option<EventType>,
    /// The object's API name, or the event's.
    pub object: &'a str,
    /// The record's id.
    pub id: Option<&'a str>,
    /// The replay id; `None` for rows that were read without an event.
    pub replay_id: Option<i64>,
    /// The channel; `None` for rows that were read without an event.
    pub channel: Option<&'a str>,
    /// When it happened, milliseconds since the epoch.
    pub time: i64,
    /// The names of the carried fields.
    pub carried: &'a dyn Fn() -> Vec<&'a str>,
}

/// The expression has no value for this record: what went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{expression}`: {what}")]
pub struct ExpressionError {
    /// The text of the expression.
    pub expression: String,
    /// What went wrong.
    pub what: String,
}

/// An expression that was read from the user's file and is good. Clones of one `Arc` evaluate at the same time.
pub trait Expression: Send + Sync + fmt::Debug {
    /// The fields of the value that it names; `None` where it may look at any of them.
    fn fields(&self) -> Option<Vec<&str>>;

    /// Whether it holds.
    fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError>;

    /// Its value as one of `kind`, or null.
    fn value(&self, scope: &Scope<'_>, kind: &Type) -> Result<Value, ExpressionError>;

    /// Its value as what it is: text, a number, true or false, a list, or null.
    fn result(&self, scope: &Scope<'_>) -> Result<Value, ExpressionError>;
}
