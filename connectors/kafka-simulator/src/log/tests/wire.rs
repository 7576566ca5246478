//! Batches as a producer sends them, and what a consumer makes of those that it gets.

use bytes::Bytes;

use super::super::batch::{self, BatchHeader, HEADER};
use super::super::codec;
use super::super::control;
use super::super::partition_log::PartitionLog;
use super::super::read::AbortedTransaction;
use super::super::varint;
use super::NOW;
use crate::isolation::Isolation;
use crate::producer::{Marker, ProducerId};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rec {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) time: i64,
    /// A key may come twice.
    pub(super) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A record or a marker, as a consumer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) offset: i64,
    pub(super) time: i64,
    /// `None` for a marker.
    pub(super) record: Option<Rec>,
}

/// A batch to be sent.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) records: Vec<Rec>,
    pub(super) producer: Option<ProducerId>,
    pub(super) sequence: i32,
    pub(super) transactional: bool,
    pub(super) compression: i16,
}

pub(super) fn rec(key: &str, value: &str) -> Rec {
    Rec { key: Some(key.into()), value: Some(value.into()), time: NOW, headers: Vec::new() }
}

pub(super) fn tombstone(key: &str) -> Rec {
    Rec { value: None, ..rec(key, "") }
}

pub(super) fn producer(id: i64, epoch: i16) -> ProducerId {
    ProducerId { id, epoch }
}

impl Batch {
    pub(super) fn of(records: &[Rec]) -> Self {
        Self { records: records.to_vec(), producer: None, sequence: -1, transactional: false, compression: 0 }
    }

    pub(super) fn from(self, producer: ProducerId, sequence: i32) -> Self {
        Self { producer: Some(producer), sequence, ..self }
    }

    pub(super) fn transactional(self) -> Self {
        Self { transactional: true, ..self }
    }

    pub(super) fn packed(self, compression: i16) -> Self {
        Self { compression, ..self }
    }

    pub(super) fn header(&self) -> BatchHeader {
        let base = self.records.first().map_or(-1, |record| record.time);
        let count = i32::try_from(self.records.len()).unwrap();
        let producer = self.producer.unwrap_or(producer(-1, -1));
        BatchHeader {
            base_offset: 0,
            size: 0,
            attributes: self.compression | if self.transactional { 0x10 } else { 0 },
            last_offset_delta: count - 1,
            base_timestamp: base,
            max_timestamp: self.records.iter().map(|record| record.time).max().unwrap_or(-1),
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: self.sequence,
            record_count: count,
        }
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes_under(self.header())
    }

    /// The records under a header that may say anything.
    pub(super) fn bytes_under(&self, header: BatchHeader) -> Bytes {
        let mut records = Vec::new();
        for (delta, record) in self.records.iter().enumerate() {
            let mut body = vec![0];
            varint::put(&mut body, record.time - header.base_timestamp);
            varint::put(&mut body, i64::try_from(delta).unwrap());
            put_bytes(&mut body, record.key.as_deref());
            put_bytes(&mut body, record.value.as_deref());
            varint::put(&mut body, i64::try_from(record.headers.len()).unwrap());
            for (key, value) in &record.headers {
                put_bytes(&mut body, Some(key));
                put_bytes(&mut body, value.as_deref());
            }
            put_bytes(&mut records, Some(&body));
        }
        batch::build(&header, &codec::packed(self.compression, &records).unwrap()).freeze()
    }
}

fn put_bytes(to: &mut Vec<u8>, bytes: Option<&[u8]>) {
    varint::put(to, bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap()));
    to.extend(bytes.unwrap_or_default());
}

/// What a consumer of this isolation sees from the start of the log, fetching `max_bytes` at a time.
pub(super) fn consume(log: &PartitionLog, isolation: Isolation, max_bytes: usize) -> Vec<Seen> {
    let mut seen = Vec::new();
    consume_into(log, isolation, max_bytes, &mut seen);
    seen
}

/// The same; answers the offset that the consumer gets to.
pub(super) fn consume_into(
    log: &PartitionLog,
    isolation: Isolation,
    max_bytes: usize,
    seen: &mut Vec<Seen>,
) -> i64 {
    let mut from = log.start_offset();
    loop {
        let read = log.read(from, max_bytes, isolation).unwrap();
        let next = take_apart(&read.records, from, read.aborted, seen);
        if next == from {
            return from;
        }
        from = next;
    }
}

/// Only the records of committed transactions and those outside any: keys and values.
pub(super) fn committed(log: &PartitionLog) -> Vec<(i64, String, Option<String>)> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let seen = consume(log, Isolation::ReadCommitted, 1 << 20).into_iter();
    let records = seen.filter_map(|seen| seen.record.map(|record| (seen.offset, record)));
    records.map(|(offset, record)| (offset, text(record.key.unwrap()), record.value.map(text))).collect()
}

/// As the Java client does it: answers the offset to go on from.
fn take_apart(bytes: &[u8], from: i64, mut aborted: Vec<AbortedTransaction>, seen: &mut Vec<Seen>) -> i64 {
    let (mut rest, mut next) = (bytes, from);
    let mut given_up = std::collections::HashSet::new();
    aborted.sort_by_key(|aborted| aborted.first_offset);
    aborted.reverse();
    while !rest.is_empty() {
        let header = BatchHeader::parse(rest).unwrap();
        let (whole, more) = rest.split_at(header.size);
        assert!(batch::checksum_is_right(whole));
        rest = more;
        next = header.last_offset() + 1;
        while let Some(next) = aborted.pop_if(|next| next.first_offset <= header.last_offset()) {
            given_up.insert(next.producer_id);
        }
        if header.is_control() {
            if control::read(whole) == Some(Marker::Abort) {
                given_up.remove(&header.producer_id);
            }
            seen.push(Seen { offset: header.base_offset, time: header.max_timestamp, record: None });
        } else if !(header.is_transactional() && given_up.contains(&header.producer_id)) {
            seen.extend(records(&header, whole).into_iter().filter(|seen| seen.offset >= from));
        }
    }
    next
}

fn records(header: &BatchHeader, whole: &[u8]) -> Vec<Seen> {
    let unpacked = codec::unpacked(header.compression(), &whole[HEADER..]).unwrap();
    let mut rest = &*unpacked;
    let mut seen = Vec::new();
    for _ in 0..header.record_count {
        let mut body = &varint::take_bytes(&mut rest).unwrap().unwrap()[1..];
        let own = header.base_timestamp + varint::take_long(&mut body).unwrap();
        let time = if header.has_log_append_time() { header.max_timestamp } else { own };
        let offset = header.base_offset + i64::from(varint::take_int(&mut body).unwrap());
        let bytes = |body: &mut &[u8]| varint::take_bytes(body).unwrap().map(<[u8]>::to_vec);
        let (key, value) = (bytes(&mut body), bytes(&mut body));
        let headers = (0..varint::take_int(&mut body).unwrap())
            .map(|_| (bytes(&mut body).unwrap(), bytes(&mut body)))
            .collect();
        assert!(body.is_empty());
        seen.push(Seen { offset, time, record: Some(Rec { key, value, time, headers }) });
    }
    assert!(rest.is_empty());
    seen
}
