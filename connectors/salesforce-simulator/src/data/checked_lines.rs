//! The lines of a data file, each behind a checksum that goes on from the line before.
//!
//! `0a1b2c3d {"clock":5}`: eight digits of CRC-32C over all lines so far, a blank, JSON. So no line can change, go missing
//! or come twice unnoticed. Only the last line may be cut short, which is what a kill in the middle of a write leaves;
//! it was never acknowledged and is left out.

use crc32c::crc32c_append;
use serde::Serialize;

/// Digits of a checksum, and the blank behind them.
const SUM: usize = 9;

/// Writes the lines of one file, in their order.
#[derive(Debug, Default)]
pub(super) struct Sealer {
    sum: u32,
}

/// Where a file is not what was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The line, from 1.
    pub(super) line: usize,
    /// What is wrong with it.
    pub(super) reason: &'static str,
}

impl Sealer {
    /// The next line, with its end.
    pub(super) fn seal(&self, entry: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let mut line = vec![b' '; SUM];
        serde_json::to_writer(&mut line, entry)?;
        let (head, json) = line.split_at_mut(SUM);
        head.copy_from_slice(&digits(crc32c_append(self.sum, json)));
        line.push(b'\n');
        Ok(line)
    }

    /// Notes that a line was written: the next one goes on from it.
    pub(super) fn wrote(&mut self, line: &[u8]) {
        let json = line.get(SUM..line.len().saturating_sub(1)).unwrap_or_default();
        self.sum = crc32c_append(self.sum, json);
    }
}

/// The JSON of each whole line.
pub(super) fn unseal(bytes: &[u8]) -> Result<Vec<&[u8]>, Broken> {
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let torn = lines.pop().unwrap_or_default();
    let mut sum = 0;
    let mut found = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let json = checked(&mut sum, line);
        found.push(json.ok_or(Broken { line: at + 1, reason: "its checksum is wrong" })?);
    }
    // A whole line with something else where its end belongs was not cut short.
    let whole = torn.split_last().and_then(|(_, line)| checked(&mut sum, line));
    match whole {
        Some(_) => Err(Broken { line: found.len() + 1, reason: "its end is wrong" }),
        None => Ok(found),
    }
}

/// The JSON of a line that goes on from this checksum.
fn checked<'a>(sum: &mut u32, line: &'a [u8]) -> Option<&'a [u8]> {
    let (head, json) = line.split_at_checked(SUM)?;
    let next = crc32c_append(*sum, json);
    // Digits are compared as they are written: a capital letter is damage too.
    (head == digits(next)).then(|| {
        *sum = next;
        json
    })
}

fn digits(sum: u32) -> [u8; SUM] {
    let mut digits = [b' '; SUM];
    for (digit, shift) in digits.iter_mut().zip((0..8_u32).rev()) {
        let nibble = (sum >> (4 * shift)) & 0xf;
        *digit = char::from_digit(nibble, 16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(b'?');
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(entries: &[String]) -> Vec<u8> {
        let mut sealer = Sealer::default();
        let lines = entries.iter().map(|entry| {
            let line = sealer.seal(entry).unwrap();
            sealer.wrote(&line);
            line
        });
        lines.collect::<Vec<_>>().concat()
    }

    fn entries() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(".{0,12}", 1..6)
    }

    fn written(lines: &[&[u8]]) -> Vec<String> {
        lines.iter().map(|json| serde_json::from_slice(json).unwrap()).collect()
    }

    proptest! {
        #[test]
        fn a_byte_that_is_another_is_noticed_wherever_it_is(
            entries in entries(), at in any::<prop::sample::Index>(), other in 1_u8..,
        ) {
            let mut bytes = file(&entries);
            let at = at.index(bytes.len());
            let line = bytes[..at].split(|byte| *byte == b'\n').count();
            bytes[at] ^= other;
            let broken = unseal(&bytes).expect_err("one byte is another");
            prop_assert_eq!(broken.line, line);
        }

        #[test]
        fn of_a_file_that_is_cut_off_every_whole_line_is_read(
            entries in entries(), at in any::<prop::sample::Index>(),
        ) {
            let bytes = file(&entries);
            let bytes = &bytes[..at.index(bytes.len() + 1)];
            let whole = bytes.split(|byte| *byte == b'\n').count() - 1;
            prop_assert_eq!(written(&unseal(bytes).unwrap()), &entries[..whole]);
        }

        #[test]
        fn a_line_that_is_missing_or_comes_twice_is_noticed(
            entries in prop::collection::vec(".{1,12}", 2..6), at in any::<prop::sample::Index>(), twice in any::<bool>(),
        ) {
            let bytes = file(&entries);
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            // Without its last line a file is what it was before that was written.
            let at = at.index(lines.len() - 1);
            let line = lines.remove(at);
            if twice {
                lines.splice(at..at, [line, line]);
            }
            prop_assert!(unseal(&lines.concat()).is_err());
        }
    }
}
