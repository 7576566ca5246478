//! Whether bytes hold what they claim. The generated decoders take memory for as many elements as an array claims to
//! have, so every request is walked once before it is decoded: each claimed element must be there. An empty element is a
//! byte or two on the wire and a hundred in memory, so their number has a limit as well.

use std::fmt;

/// Elements of arrays, and tagged fields, in one request.
const MAX_ELEMENTS: usize = 100_000;

/// The form of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field {
    /// So many bytes.
    Fixed(usize),
    /// Text or bytes with a length of 16 bits.
    Text,
    /// Bytes with a length of 32 bits.
    Bytes,
    /// A number of elements, each of these fields.
    Array(&'static [Field]),
    /// From this version on.
    Since(i16, &'static Field),
    /// Up to this version.
    Upto(i16, &'static Field),
}

/// Why a request is not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadShape {
    /// A length or a number of elements that the bytes do not hold.
    Truncated,
    /// A length that is none.
    Malformed,
    /// More elements than any client needs.
    TooMany,
}

impl fmt::Display for BadShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the request is shorter than it claims",
            Self::Malformed => "the request has a length that is none",
            Self::TooMany => "the request has more elements than are taken",
        })
    }
}

/// Walks through a request.
pub(super) struct Walk<'a> {
    rest: &'a [u8],
    version: i16,
    /// Lengths are varints, and every structure ends with tagged fields.
    flexible: bool,
    elements: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(rest: &'a [u8], version: i16, flexible: bool) -> Self {
        Self { rest, version, flexible, elements: 0 }
    }

    /// Bytes that were not walked through yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// A structure of these fields.
    pub(super) fn structure(&mut self, fields: &[Field]) -> Result<(), BadShape> {
        for field in fields {
            self.field(*field)?;
        }
        if self.flexible { self.tagged() } else { Ok(()) }
    }

    /// One field.
    pub(super) fn field(&mut self, field: Field) -> Result<(), BadShape> {
        match field {
            Field::Fixed(size) => self.skip(size),
            Field::Text => {
                let length = if self.flexible { self.compact()? } else { self.length16()? };
                self.skip(length.unwrap_or(0))
            }
            Field::Bytes => {
                let length = if self.flexible { self.compact()? } else { self.length32()? };
                self.skip(length.unwrap_or(0))
            }
            Field::Array(fields) => {
                let count = if self.flexible { self.compact()? } else { self.length32()? };
                self.elements(count.unwrap_or(0), fields)
            }
            Field::Since(version, field) if self.version >= version => self.field(*field),
            Field::Upto(version, field) if self.version <= version => self.field(*field),
            Field::Since(..) | Field::Upto(..) => Ok(()),
        }
    }

    fn elements(&mut self, count: usize, fields: &[Field]) -> Result<(), BadShape> {
        self.count(count)?;
        for _ in 0..count {
            match fields {
                // Plain values are no structures: nothing tagged follows them.
                [field @ (Field::Fixed(_) | Field::Text)] => self.field(*field)?,
                fields => self.structure(fields)?,
            }
        }
        Ok(())
    }

    fn tagged(&mut self) -> Result<(), BadShape> {
        let count = self.varint()?;
        self.count(count)?;
        for _ in 0..count {
            self.varint()?;
            let length = self.varint()?;
            self.skip(length)?;
        }
        Ok(())
    }

    /// Counts what an array claims to have.
    fn count(&mut self, claimed: usize) -> Result<(), BadShape> {
        // Nothing takes less than a byte, so this stops a large claim at once.
        if claimed > self.rest.len() {
            return Err(BadShape::Truncated);
        }
        self.elements = self.elements.saturating_add(claimed);
        if self.elements > MAX_ELEMENTS { Err(BadShape::TooMany) } else { Ok(()) }
    }

    fn skip(&mut self, count: usize) -> Result<(), BadShape> {
        self.rest = self.rest.get(count..).ok_or(BadShape::Truncated)?;
        Ok(())
    }

    fn length16(&mut self) -> Result<Option<usize>, BadShape> {
        let (length, rest) = self.rest.split_first_chunk().ok_or(BadShape::Truncated)?;
        self.rest = rest;
        known(i32::from(i16::from_be_bytes(*length)))
    }

    fn length32(&mut self) -> Result<Option<usize>, BadShape> {
        let (length, rest) = self.rest.split_first_chunk().ok_or(BadShape::Truncated)?;
        self.rest = rest;
        known(i32::from_be_bytes(*length))
    }

    /// One more than the length; 0 for none.
    fn compact(&mut self) -> Result<Option<usize>, BadShape> {
        Ok(self.varint()?.checked_sub(1))
    }

    fn varint(&mut self) -> Result<usize, BadShape> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let (byte, rest) = self.rest.split_first().ok_or(BadShape::Truncated)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).map_err(|_| BadShape::Malformed);
            }
        }
        Err(BadShape::Malformed)
    }
}

/// -1 for none.
fn known(length: i32) -> Result<Option<usize>, BadShape> {
    if length == -1 {
        return Ok(None);
    }
    usize::try_from(length).map(Some).map_err(|_| BadShape::Malformed)
}
