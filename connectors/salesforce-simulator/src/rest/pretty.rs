//! JSON for people, as `X-PrettyPrint: 1` asks for it: objects over several lines, arrays in one, blanks around colons.
//!
//! The text is only spaced out, never parsed, so numbers and letters stay as they are.

/// Spaces out compact JSON.
pub(crate) fn pretty(compact: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(compact.len() * 3 / 2);
    let mut depth = 0;
    let mut in_text = false;
    let mut escaped = false;
    // What is open around the present place: an object breaks lines, an array does not.
    let mut open: Vec<u8> = Vec::new();
    let mut bytes = compact.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_text {
            out.push(byte);
            in_text = escaped || byte != b'"';
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => {
                in_text = true;
                out.push(byte);
            }
            b'{' | b'[' => {
                out.push(byte);
                let empty = bytes.peek().is_some_and(|next| matches!(next, b'}' | b']'));
                if empty {
                    out.push(b' ');
                    out.extend(bytes.next());
                } else {
                    open.push(byte);
                    depth += usize::from(byte == b'{');
                    space(&mut out, byte, depth);
                }
            }
            b'}' | b']' => {
                depth -= usize::from(byte == b'}');
                let opened = open.pop().unwrap_or(b'[');
                space(&mut out, opened, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                space(&mut out, open.last().copied().unwrap_or(b'['), depth);
            }
            b':' => out.extend(b" : "),
            _ => out.push(byte),
        }
    }
    out
}

/// The gap before an entry of an object or an array.
fn space(out: &mut Vec<u8>, around: u8, depth: usize) {
    if around == b'{' {
        out.push(b'\n');
        out.extend(std::iter::repeat_n(b' ', depth * 2));
    } else {
        out.push(b' ');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};
    use serde_json::{Value as Json, json};

    use super::*;

    #[test]
    fn errors_look_as_in_every_guide() {
        let error = json!([{"message": "a \\\" : b", "errorCode": "X", "fields": [], "more": ["a", {}]}]);
        let text = String::from_utf8(pretty(error.to_string().as_bytes())).unwrap();
        assert_eq!(
            text,
            "[ {\n  \"message\" : \"a \\\\\\\" : b\",\n  \"errorCode\" : \"X\",\n  \"fields\" : [ ],\n  \"more\" : [ \"a\", { } ]\n} ]"
        );
    }

    proptest! {
        #[test]
        fn what_is_spaced_out_means_the_same(text in any::<String>(), number in any::<i64>()) {
            let value = json!({"a": [text, {text.clone(): number}, [], [[number]]], "b": {"c": text}});
            let spaced = pretty(value.to_string().as_bytes());
            prop_assert_eq!(serde_json::from_slice::<Json>(&spaced).unwrap(), value);
        }
    }
}
