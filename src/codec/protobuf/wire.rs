//! Protobuf's binary encoding, written piece by piece.

use crate::codec::varint;

/// Numbers, seven bits a byte.
pub(super) const VARINT: u32 = 0;
/// Eight bytes.
pub(super) const EIGHT: u32 = 1;
/// Bytes behind their length.
pub(super) const COUNTED: u32 = 2;

/// What stands before a field's value.
pub(super) fn key(number: u32, wire: u32) -> Vec<u8> {
    let mut key = Vec::new();
    varint::write(u64::from(number) << 3 | u64::from(wire), &mut key);
    key
}

/// An integer of either sign; negative ones take ten bytes.
pub(super) fn integer(value: i64, out: &mut Vec<u8>) {
    varint::write(value.cast_unsigned(), out);
}

/// Bytes behind their length.
pub(super) fn counted(bytes: &[u8], out: &mut Vec<u8>) {
    varint::write(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A part of the message as it is written by `write`, behind its length.
pub(super) fn part<E>(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
    let begin = out.len();
    write(out)?;
    let mut length = Vec::with_capacity(4);
    varint::write((out.len() - begin) as u64, &mut length);
    out.splice(begin..begin, length);
    Ok(())
}

/// A field of a number, which is left out where it is 0.
pub(super) fn member(number: u32, value: i64, out: &mut Vec<u8>) {
    if value != 0 {
        varint::write(u64::from(number) << 3 | u64::from(VARINT), out);
        integer(value, out);
    }
}
