//! The codec for whole records.
use orgstream_api::{Record, Struct};
use super::{CodecError, Registry};

/// A record's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
}
/// A record's halves.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The key.
    pub key: Option<Struct>,
    /// The value; `None` is a tombstone.
    pub value: Option<Struct>,
}
/// Encodes and decodes records. Clones share their caches.
#[derive(Clone)]
pub struct Codec {}
impl Codec {
    /// A codec with the schemas of `registry`.
    pub fn new(registry: Registry) -> Self { todo!() }
    /// The bytes of `record`, whose schemas are registered for `topic` when they are new. Waits while the registry is away.
    pub async fn encode(&self, topic: &str, record: &Record) -> Result<Encoded, CodecError> { todo!() }
    /// The record that these bytes are. Waits while the registry is away.
    pub async fn decode(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Decoded, CodecError> { todo!() }
}
