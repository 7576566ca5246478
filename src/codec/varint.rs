//! Integers of seven bits a byte, the lowest first, as Avro and Protobuf write them; signed ones with the sign in the lowest
//! bit, so that small ones of either sign take few bytes.

/// Why there is no integer at the beginning of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The bytes end before it does.
    Cut,
    /// It has more than 64 bits.
    TooLong,
}

/// Appends an integer.
pub(super) fn write(mut left: u64, out: &mut Vec<u8>) {
    loop {
        let low = (left & 0x7f) as u8;
        left >>= 7;
        if left == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends a signed integer.
pub(super) fn write_signed(value: i64, out: &mut Vec<u8>) {
    write(((value << 1) ^ (value >> 63)).cast_unsigned(), out);
}

/// The integer that `bytes` begin with, and what follows it.
pub(super) fn read(bytes: &[u8]) -> Result<(u64, &[u8]), Broken> {
    // Most are lengths, branches and small numbers.
    if let Some((byte, rest)) = bytes.split_first()
        && *byte < 0x80
    {
        return Ok((u64::from(*byte), rest));
    }
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let low = u64::from(byte & 0x7f);
        // The tenth byte has room for the highest bit alone.
        if index > 9 || (index == 9 && low > 1) {
            return Err(Broken::TooLong);
        }
        value |= low << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[index + 1..]));
        }
    }
    Err(if bytes.len() > 9 { Broken::TooLong } else { Broken::Cut })
}

/// The signed integer that `bytes` begin with, and what follows it.
pub(super) fn read_signed(bytes: &[u8]) -> Result<(i64, &[u8]), Broken> {
    let (bits, rest) = read(bytes)?;
    Ok(((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed(), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_are_read_to_their_last_bit_and_no_further() {
        let longest = [[0xff; 9].as_slice(), &[1]].concat();
        assert_eq!(read(&longest), Ok((u64::MAX, &[][..])));
        assert_eq!(read(&[[0xff; 9].as_slice(), &[2]].concat()), Err(Broken::TooLong));
        assert_eq!(read(&[0xff; 10]), Err(Broken::TooLong));
        assert_eq!(read(&[0xff; 9]), Err(Broken::Cut));
        assert_eq!(read(&[]), Err(Broken::Cut));
        assert_eq!(read_signed(&[1, 7]), Ok((-1, &[7][..])));
    }

    proptest! {
        #[test]
        fn integers_come_back_and_leave_what_follows(number: u64, signed: i64, rest in prop::collection::vec(any::<u8>(), 0..4)) {
            let mut bytes = Vec::new();
            write(number, &mut bytes);
            prop_assert!(bytes.len() <= 10);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(read(&bytes), Ok((number, rest.as_slice())));
            let mut bytes = Vec::new();
            write_signed(signed, &mut bytes);
            bytes.extend_from_slice(&rest);
            prop_assert_eq!(read_signed(&bytes), Ok((signed, rest.as_slice())));
        }
    }
}
