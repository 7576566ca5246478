//! Confluent's framing: a zero byte, the schema's id in four bytes, the value.

/// What the first byte has to be.
const MAGIC: u8 = 0;

/// What stands before a value that was encoded with schema `id`, and room for so many bytes in all.
pub(super) fn head(id: u32, room: usize) -> Vec<u8> {
    let mut framed = Vec::with_capacity(room);
    framed.push(MAGIC);
    framed.extend_from_slice(&id.to_be_bytes());
    framed
}

/// The schema's id and the value, or what is wrong.
pub(super) fn unframe(bytes: &[u8]) -> Result<(u32, &[u8]), String> {
    let Some((head, datum)) = bytes.split_first_chunk::<5>() else {
        return Err(format!("{} bytes are too few for the id of a schema", bytes.len()));
    };
    let [magic, id @ ..] = *head;
    if magic != MAGIC {
        return Err(format!(
            "the first byte is {magic:#04x} and not 0x00, so it was not written by a serializer of a schema registry; \
             `sink.input` says what else it may be"
        ));
    }
    Ok((u32::from_be_bytes(id), datum))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_apart_as_it_was_put_together() {
        let framed = |id, datum: &[u8]| [head(id, 8).as_slice(), datum].concat();
        assert_eq!(framed(0x0102_0304, b"x"), [0, 1, 2, 3, 4, b'x']);
        assert_eq!(unframe(&framed(7, b"xyz")), Ok((7, &b"xyz"[..])));
        assert_eq!(unframe(&framed(u32::MAX, b"")), Ok((u32::MAX, &b""[..])));
    }

    #[test]
    fn what_is_no_frame_says_why() {
        assert!(unframe(b"").unwrap_err().contains("too few"));
        assert!(unframe(&[0, 0, 0, 1]).unwrap_err().contains("4 bytes"));
        assert!(unframe(b"{\"Id\":1}").unwrap_err().contains("0x7b"));
    }
}
