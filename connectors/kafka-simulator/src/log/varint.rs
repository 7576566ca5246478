//! Kafka's variable-length numbers: zigzag, seven bits a byte, the low ones first.
//!
//! Clients refuse a 32-bit number of more than five bytes, so a log that takes one would hold what nobody can read.

use bytes::BufMut;

/// The bytes end inside a number, or the number is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadVarint;

/// Takes a 64-bit number from the front of `bytes`.
pub(super) fn take_long(bytes: &mut &[u8]) -> Result<i64, BadVarint> {
    take(bytes, 70)
}

/// Takes a 32-bit number from the front of `bytes`.
pub(super) fn take_int(bytes: &mut &[u8]) -> Result<i32, BadVarint> {
    take(bytes, 35).and_then(|number| i32::try_from(number).map_err(|_| BadVarint))
}

/// Takes a length and as many bytes; `None` for -1.
pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, BadVarint> {
    let length = take_int(bytes)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(|_| BadVarint)?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or(BadVarint)?;
    *bytes = rest;
    Ok(Some(taken))
}

/// Writes a number.
pub(super) fn put(to: &mut impl BufMut, number: i64) {
    let mut zigzag = u64::from_ne_bytes(((number << 1) ^ (number >> 63)).to_ne_bytes());
    loop {
        let low = (zigzag & 0x7f).to_le_bytes()[0];
        zigzag >>= 7;
        if zigzag == 0 {
            to.put_u8(low);
            return;
        }
        to.put_u8(low | 0x80);
    }
}

/// Takes a number of at most `bits` bits on the wire, seven in each byte.
fn take(bytes: &mut &[u8], bits: usize) -> Result<i64, BadVarint> {
    let mut zigzag = 0u64;
    for shift in (0..bits).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BadVarint)?;
        *bytes = rest;
        zigzag |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let magnitude = i64::from_ne_bytes((zigzag >> 1).to_ne_bytes());
            let sign = i64::from_ne_bytes((zigzag & 1).to_ne_bytes());
            return Ok(magnitude ^ -sign);
        }
    }
    Err(BadVarint)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_long_comes_back(number: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take_long(&mut rest), Ok(number));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn an_int_comes_back_from_at_most_five_bytes(number: i32) {
            let mut bytes = Vec::new();
            put(&mut bytes, i64::from(number));
            prop_assert!(bytes.len() <= 5);
            prop_assert_eq!(take_int(&mut bytes.as_slice()), Ok(number));
        }

        #[test]
        fn any_bytes_are_a_number_or_are_refused(bytes: Vec<u8>) {
            let ends = |most: usize| bytes.iter().take(most).any(|byte| byte & 0x80 == 0);
            prop_assert_eq!(take_long(&mut bytes.as_slice()).is_ok(), ends(10));
            prop_assert!(take_int(&mut bytes.as_slice()).is_err() || ends(5));
        }
    }

    #[test]
    fn lengths_beyond_the_end_or_below_minus_one_are_refused() {
        for length in [i64::MAX, i64::from(i32::MAX), 2, -2] {
            let mut bytes = Vec::new();
            put(&mut bytes, length);
            bytes.push(1);
            assert_eq!(take_bytes(&mut bytes.as_slice()), Err(BadVarint), "{length}");
        }
    }

    #[test]
    fn a_length_in_more_than_five_bytes_is_refused_although_it_is_small() {
        let overlong = [0x82, 0x80, 0x80, 0x80, 0x80, 0x00, 7];
        assert_eq!(take_bytes(&mut overlong.as_slice()), Err(BadVarint));
    }
}
