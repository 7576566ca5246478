//! The batch that ends a transaction: one record whose key says how.

use bytes::{BufMut, BytesMut};

use super::batch::{self, BatchHeader, HEADER};
use super::record::Records;
use super::varint;
use crate::producer::{Marker, ProducerId};

const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// A marker of `producer`.
pub(super) fn marker(
    base_offset: i64,
    producer: ProducerId,
    marker: Marker,
    coordinator_epoch: i32,
    now_ms: i64,
) -> BytesMut {
    let kind = match marker {
        Marker::Abort => ABORT,
        Marker::Commit => COMMIT,
    };
    let mut body = BytesMut::new();
    body.put_u8(0);
    varint::put(&mut body, 0);
    varint::put(&mut body, 0);
    // Key: version and kind.
    varint::put(&mut body, 4);
    body.put_i16(0);
    body.put_i16(kind);
    // Value: version and the coordinator's epoch.
    varint::put(&mut body, 6);
    body.put_i16(0);
    body.put_i32(coordinator_epoch);
    varint::put(&mut body, 0);
    let mut record = BytesMut::new();
    varint::put(&mut record, i64::try_from(body.len()).expect("a few bytes"));
    record.put_slice(&body);
    let header = BatchHeader {
        base_offset,
        size: 0,
        attributes: batch::control_attributes(),
        last_offset_delta: 0,
        base_timestamp: now_ms,
        max_timestamp: now_ms,
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        base_sequence: -1,
        record_count: 1,
    };
    batch::build(&header, &record)
}

/// What a whole control batch says; `None` for a kind of control batch that ends no transaction.
pub(super) fn read(batch: &[u8]) -> Option<Marker> {
    let record = Records::new(batch.get(HEADER..)?, 1).next()?.ok()?;
    match record.key? {
        [_, _, high, low] => match i16::from_be_bytes([*high, *low]) {
            ABORT => Some(Marker::Abort),
            COMMIT => Some(Marker::Commit),
            _ => None,
        },
        _ => None,
    }
}
