//! The records of an uncompressed batch, one by one, as slices of its bytes. Nothing is copied and nothing believed.

use super::varint::{self, BadVarint};

/// One record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) timestamp_delta: i64,
    pub(super) offset_delta: i64,
    pub(super) key: Option<&'a [u8]>,
    /// Without one the record is a tombstone.
    pub(super) has_value: bool,
    /// The whole record with its length, headers as they came.
    pub(super) bytes: &'a [u8],
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

    /// Whether the records fill the bytes exactly. Looks only at lengths.
    pub(super) fn are_whole(&self) -> bool {
        let mut rest = self.rest;
        for _ in 0..self.left {
            match varint::take_bytes(&mut rest) {
                Ok(Some(_)) => {}
                _ => return false,
            }
        }
        rest.is_empty()
    }

    fn one(&mut self) -> Result<Record<'a>, BadVarint> {
        let start = self.rest;
        let mut body = varint::take_bytes(&mut self.rest)?.ok_or(BadVarint)?;
        let bytes = &start[..start.len() - self.rest.len()];
        let (_attributes, rest) = body.split_first().ok_or(BadVarint)?;
        body = rest;
        let timestamp_delta = varint::take(&mut body)?;
        let offset_delta = varint::take(&mut body)?;
        let key = varint::take_bytes(&mut body)?;
        let has_value = varint::take_bytes(&mut body)?.is_some();
        Ok(Record { timestamp_delta, offset_delta, key, has_value, bytes })
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
