//! The records of an uncompressed batch, one by one, as slices of its bytes. Nothing is copied and nothing believed.
//!
//! Taken apart by hand, because a header key may come twice in a record and both have to stay.

use bytes::BufMut;

use super::varint::{self, BadVarint};

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    attributes: u8,
    /// Milliseconds behind the base time of the batch.
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i32,
    pub(super) key: Option<&'a [u8]>,
    /// Without one the record is a tombstone.
    pub(super) has_value: bool,
    /// The whole record with its length, headers as they came.
    pub(super) bytes: &'a [u8],
    /// What follows the time: offset, key, value, headers.
    after_time: &'a [u8],
}

/// What the records of a sound batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Survey {
    /// Milliseconds behind the base time of the batch.
    pub(super) least_timestamp_delta: i64,
    pub(super) greatest_timestamp_delta: i64,
    /// Some record has no key.
    pub(super) keyless: bool,
}

/// The records of a batch. Ends early, with an error, where the bytes are wrong.
#[derive(Debug, Clone)]
pub(super) struct Records<'a> {
    rest: &'a [u8],
    left: i32,
}

impl<'a> Records<'a> {
    /// The `count` records in `bytes`, which are what follows the header.
    pub(super) fn new(bytes: &'a [u8], count: i32) -> Self {
        Self { rest: bytes, left: count }
    }

    /// Looks at every record: they fill the bytes exactly, and their offsets ascend from 0 to at most `last_offset_delta`.
    pub(super) fn survey(mut self, last_offset_delta: i32) -> Result<Survey, BadVarint> {
        let mut survey =
            Survey { least_timestamp_delta: i64::MAX, greatest_timestamp_delta: i64::MIN, keyless: false };
        let mut least = 0;
        for record in self.by_ref() {
            let record = record?;
            if record.offset_delta < least || record.offset_delta > last_offset_delta {
                return Err(BadVarint);
            }
            least = record.offset_delta.saturating_add(1);
            survey.least_timestamp_delta = survey.least_timestamp_delta.min(record.timestamp_delta);
            survey.greatest_timestamp_delta = survey.greatest_timestamp_delta.max(record.timestamp_delta);
            survey.keyless |= record.key.is_none();
        }
        if self.rest.is_empty() { Ok(survey) } else { Err(BadVarint) }
    }

    fn one(&mut self) -> Result<Record<'a>, BadVarint> {
        let start = self.rest;
        let body = varint::take_bytes(&mut self.rest)?.ok_or(BadVarint)?;
        let bytes = &start[..start.len() - self.rest.len()];
        let (&attributes, mut rest) = body.split_first().ok_or(BadVarint)?;
        let timestamp_delta = varint::take_long(&mut rest)?;
        let after_time = rest;
        let offset_delta = varint::take_int(&mut rest)?;
        let key = varint::take_bytes(&mut rest)?;
        let has_value = varint::take_bytes(&mut rest)?.is_some();
        let headers = varint::take_int(&mut rest)?;
        if headers < 0 {
            return Err(BadVarint);
        }
        // Each header takes at least two bytes, so a large count ends with the bytes.
        for _ in 0..headers {
            varint::take_bytes(&mut rest)?.ok_or(BadVarint)?;
            varint::take_bytes(&mut rest)?;
        }
        if !rest.is_empty() {
            return Err(BadVarint);
        }
        Ok(Record { attributes, timestamp_delta, offset_delta, key, has_value, bytes, after_time })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, BadVarint>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let record = self.one();
        if record.is_err() {
            self.left = 0;
        }
        Some(record)
    }
}

impl Record<'_> {
    /// Writes the record with another time behind the base time, everything else as it is.
    pub(super) fn put_with_time(&self, to: &mut impl BufMut, timestamp_delta: i64) {
        let mut time = Vec::with_capacity(10);
        varint::put(&mut time, timestamp_delta);
        let length = 1 + time.len() + self.after_time.len();
        varint::put(to, i64::try_from(length).expect("memory has fewer bytes than 2^63"));
        to.put_u8(self.attributes);
        to.put_slice(&time);
        to.put_slice(self.after_time);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_records_or_are_refused(bytes: Vec<u8>, count: i32, last: i32) {
            if let Ok(survey) = Records::new(&bytes, count).survey(last) {
                prop_assert!(count <= 0 || survey.least_timestamp_delta <= survey.greatest_timestamp_delta);
            }
        }
    }

    #[test]
    fn a_count_of_two_billion_ends_with_the_bytes() {
        assert!(Records::new(&[2, 0], i32::MAX).survey(i32::MAX).is_err());
    }

    #[test]
    fn another_time_changes_nothing_else() {
        // Attributes, time 3, offset 1, key "k", value "v", the header "h" twice: with "1" and without a value.
        let body = [0, 6, 2, 2, b'k', 2, b'v', 4, 2, b'h', 2, b'1', 2, b'h', 1];
        let mut bytes = vec![u8::try_from(body.len() * 2).unwrap()];
        bytes.extend(body);
        let record = Records::new(&bytes, 1).next().unwrap().unwrap();
        let mut moved = Vec::new();
        record.put_with_time(&mut moved, -1_000_000);
        let moved = Records::new(&moved, 1).next().unwrap().unwrap();
        assert_eq!(moved.timestamp_delta, -1_000_000);
        assert_eq!(moved.after_time, record.after_time);
    }
}
