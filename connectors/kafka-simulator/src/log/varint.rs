//! Kafka's variable-length numbers: zigzag, seven bits a byte, the low ones first.

use bytes::BufMut;

/// The bytes end inside a number, or the number has more than ten bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadVarint;

/// Takes a number from the front of `bytes`.
pub(super) fn take(bytes: &mut &[u8]) -> Result<i64, BadVarint> {
    let mut zigzag = 0u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BadVarint)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        zigzag |= bits.checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            let magnitude = i64::from_ne_bytes((zigzag >> 1).to_ne_bytes());
            let sign = i64::from_ne_bytes((zigzag & 1).to_ne_bytes());
            return Ok(magnitude ^ -sign);
        }
    }
    Err(BadVarint)
}

/// Takes a length and as many bytes; `None` for -1.
pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, BadVarint> {
    let length = take(bytes)?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_number_comes_back(number: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, number);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take(&mut rest), Ok(number));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn any_bytes_are_a_number_or_none(bytes: Vec<u8>) {
            let mut rest = bytes.as_slice();
            if take(&mut rest).is_err() {
                prop_assert!(bytes.len() < 10 || bytes.iter().take(10).all(|byte| byte & 0x80 != 0));
            }
        }
    }

    #[test]
    fn lengths_beyond_the_end_are_refused() {
        let mut bytes = Vec::new();
        put(&mut bytes, i64::MAX);
        bytes.push(1);
        assert_eq!(take_bytes(&mut bytes.as_slice()), Err(BadVarint));
        let mut negative = Vec::new();
        put(&mut negative, -2);
        assert_eq!(take_bytes(&mut negative.as_slice()), Err(BadVarint));
    }
}
