//! Protobuf: schema texts compiled in the process, and values of their messages.
//!
//! - [`compile`](fn@compile): texts → descriptors
//! - [`known`]: the files that schemas import without bringing them along
//! - [`message`]: which message of its file a value is
//! - [`layout`]: what the fields of a message mean here
//! - [`decode`]: bytes → values

mod compile;
pub(crate) use compile::compile;

mod decode;
pub(super) use decode::Writer;

mod known;

mod layout;

mod message;

#[cfg(test)]
mod tests;
