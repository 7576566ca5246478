//! Records as bytes: on their way into Kafka, and as they came out of it.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use orgstream_api::record::header;
use orgstream_api::{Headers, InputOffset, TopicPartition};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, Message as _, OwnedHeaders};

/// Shorter values are not worth the look for an equal one.
const WORTH_SHARING: usize = 64;
/// So many different values are remembered.
const SHARED: usize = 16;

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

impl Outgoing {
    /// The bytes it takes: key, value and headers.
    pub fn size(&self) -> usize {
        size(self.key.as_deref(), self.value.as_deref(), &self.headers)
    }
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
        size(self.key.as_deref(), self.value.as_deref(), &self.headers)
    }

    /// Copies a record out of librdkafka's memory.
    pub(super) fn copy(message: &BorrowedMessage<'_>) -> Self {
        let mut headers = Headers::default();
        if let Some(borrowed) = message.headers() {
            for header in borrowed.iter() {
                headers.push_shared(shared_name(header.key), shared_value(header.value.unwrap_or_default()));
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

/// A name without a copy of its own, where it is one of orgstream's.
fn shared_name(name: &str) -> Cow<'static, str> {
    match header::ALL.into_iter().find(|known| *known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}

/// A value without a copy of its own, where one of the latest records of this thread had it as well. The names of the carried
/// fields are most of a record's bytes, and nearly always the same.
fn shared_value(value: &[u8]) -> Arc<[u8]> {
    thread_local! {
        static LATEST: RefCell<VecDeque<Arc<[u8]>>> = const { RefCell::new(VecDeque::new()) };
    }
    if value.len() < WORTH_SHARING {
        return value.into();
    }
    LATEST.with_borrow_mut(|latest| {
        if let Some(known) = latest.iter().find(|known| known[..] == *value) {
            return Arc::clone(known);
        }
        let value: Arc<[u8]> = value.into();
        latest.push_back(Arc::clone(&value));
        if latest.len() > SHARED {
            latest.pop_front();
        }
        value
    })
}

/// Headers as librdkafka takes them.
pub(super) fn owned_headers(headers: &Headers) -> OwnedHeaders {
    headers
        .iter()
        .fold(OwnedHeaders::new(), |owned, (key, value)| owned.insert(Header { key, value: Some(value) }))
}

/// The bytes of a record.
fn size(key: Option<&[u8]>, value: Option<&[u8]>, headers: &Headers) -> usize {
    let headers: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len) + headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_long_values_are_held_once_and_the_oldest_is_forgotten() {
        let long = |number: u8| vec![number; WORTH_SHARING];
        let first = shared_value(&long(0));
        assert!(Arc::ptr_eq(&first, &shared_value(&long(0))));
        for number in 1..=u8::try_from(SHARED).unwrap() {
            assert_eq!(shared_value(&long(number))[..], long(number));
        }
        assert!(!Arc::ptr_eq(&first, &shared_value(&long(0))));
        assert_eq!(shared_value(b"short")[..], *b"short");
        assert!(matches!(shared_name(header::CARRIED), Cow::Borrowed(_)));
        assert_eq!(shared_name("x"), "x");
    }
}
