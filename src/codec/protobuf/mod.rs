//! Protobuf: schema texts compiled in the process, and values of their messages.
//!
//! - [`compile`](fn@compile): texts → descriptors
//! - [`known`]: the files that schemas import without bringing them along
//! - [`message`]: which message of its file a value is
//! - [`layout`]: what the fields of a message mean here
//! - [`decode`]: bytes → values
//! - [`schema_text`], [`numbers`]: our schemas as `.proto` files
//! - [`encode`], [`fit`], [`wire`]: values → bytes

mod compile;
pub(crate) use compile::compile;

mod decode;
pub(super) use decode::Writer;

mod encode;
pub(super) use encode::Encoder;

mod fit;

mod known;

mod layout;

mod message;

mod numbers;
pub(super) use numbers::Numbers;

mod schema_text;
pub(super) use schema_text::{message_name, schema_text};

mod wire;

#[cfg(test)]
mod tests;
