//! Avro's binary encoding, read piece by piece. Nothing is taken for more than the bytes that are there.

use super::AvroError;
use crate::codec::varint::{Broken, read_signed};

/// Items that take no bytes at all, such as nulls: so many of them at most.
const WEIGHTLESS: usize = 4_096;

/// What is left of a value's bytes.
pub(super) struct Input<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, whole: bytes.len() }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], AvroError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.cut())?;
        self.rest = rest;
        Ok(taken)
    }

    /// As many next bytes as a constant says.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], AvroError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| self.cut())?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A number as Avro writes all of them.
    pub(super) fn long(&mut self) -> Result<i64, AvroError> {
        let (number, rest) = read_signed(self.rest).map_err(|broken| match broken {
            Broken::Cut => self.cut(),
            Broken::TooLong => AvroError("a number has more than 64 bits".to_owned()),
        })?;
        self.rest = rest;
        Ok(number)
    }

    /// A number of at most 32 bits.
    pub(super) fn int(&mut self) -> Result<i32, AvroError> {
        let long = self.long()?;
        i32::try_from(long).map_err(|_| AvroError(format!("{long} is no int")))
    }

    /// Bytes behind their length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], AvroError> {
        let length = self.long()?;
        let length =
            usize::try_from(length).map_err(|_| AvroError(format!("{length} is the length of nothing")))?;
        self.take(length)
    }

    /// Text behind its length.
    pub(super) fn text(&mut self) -> Result<&'a str, AvroError> {
        std::str::from_utf8(self.bytes()?).map_err(|error| AvroError(format!("a text is no UTF-8: {error}")))
    }

    /// The items of an array or a map, block by block, each read by `item`.
    pub(super) fn items(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), AvroError>,
    ) -> Result<(), AvroError> {
        let mut all = 0_usize;
        loop {
            let count = match self.long()? {
                0 => return Ok(()),
                // The bytes of the block are told as well, for those who pass over it.
                count @ ..0 => {
                    self.long()?;
                    count.unsigned_abs()
                }
                count => count.unsigned_abs(),
            };
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            all = all.saturating_add(count);
            if all > self.whole.max(WEIGHTLESS) {
                return Err(AvroError(format!("a list of {all} items in a value of {} bytes", self.whole)));
            }
            for _ in 0..count {
                item(self)?;
            }
        }
    }

    fn cut(&self) -> AvroError {
        AvroError(format!("the value is cut off after {} bytes", self.whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_last_bit_and_no_further() {
        for number in [0, -1, 1, 63, -64, 64, i64::from(i32::MAX), i64::MAX, i64::MIN] {
            let written = apache_avro::writer::datum::GenericDatumWriter::builder(&apache_avro::Schema::Long)
                .build()
                .unwrap()
                .write_value_to_vec(number)
                .unwrap();
            let mut input = Input::new(&written);
            assert_eq!((input.long().unwrap(), input.left()), (number, 0));
        }
        assert!(Input::new(&[0xff; 11]).long().is_err());
        assert!(Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).long().is_err());
        assert!(Input::new(&[0x80, 0x80, 0x80, 0x80, 0x20]).int().is_err());
    }

    #[test]
    fn a_list_of_more_items_than_there_can_be_is_refused_before_it_is_read() {
        let mut read = 0;
        let mut input = Input::new(&[0xfe, 0xff, 0xff, 0xff, 0x0f]);
        let error = input.items(|_| {
            read += 1;
            Ok(())
        });
        assert!(error.unwrap_err().0.contains("2147483647 items in a value of 5 bytes"));
        assert_eq!(read, 0);
    }
}
