//! Records as bytes: on their way into Kafka, and as they came out of it.

use orgstream_api::{Headers, InputOffset, TopicPartition};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders};

/// Where a record goes within its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The partition that Kafka's own clients choose for these bytes as the key, so that equal bytes stay in order.
    Key(Vec<u8>),
    /// This partition.
    Partition(i32),
}

/// A record on its way into Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The topic.
    pub topic: String,
    /// Where in the topic.
    pub place: Place,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers.
    pub headers: Headers,
    /// Milliseconds since the epoch; `None` is now.
    pub timestamp: Option<i64>,
}

/// A record that came out of Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumed {
    /// Where it lies.
    pub at: InputOffset,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The headers. A header without a value is read as an empty one.
    pub headers: Headers,
    /// Milliseconds since the epoch; 0 where the topic has none.
    pub timestamp: i64,
}

impl Consumed {
    /// The bytes it took: key, value and headers.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.as_ref().map_or(0, Vec::len) + self.value.as_ref().map_or(0, Vec::len) + headers
    }

    /// Copies a record out of librdkafka's memory.
    pub(super) fn copy(message: &BorrowedMessage<'_>) -> Self {
        let mut headers = Headers::default();
        if let Some(borrowed) = message.headers() {
            for header in borrowed.iter() {
                headers.push(header.key.to_owned(), header.value.unwrap_or_default());
            }
        }
        Self {
            at: InputOffset {
                partition: TopicPartition {
                    topic: message.topic().to_owned(),
                    partition: message.partition(),
                },
                offset: message.offset(),
            },
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
            timestamp: message.timestamp().to_millis().unwrap_or_default(),
        }
    }
}

/// Headers as librdkafka takes them.
pub(super) fn owned_headers(headers: &Headers) -> OwnedHeaders {
    headers
        .iter()
        .fold(OwnedHeaders::new(), |owned, (key, value)| owned.insert(Header { key, value: Some(value) }))
}
