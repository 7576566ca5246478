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

/// Reads the lines of one file, in their order.
#[derive(Debug)]
pub(super) struct Unsealer {
    /// Checksum of the lines so far; `None` for a file that has none.
    sum: Option<u32>,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken(pub(super) &'static str);

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

impl Default for Unsealer {
    fn default() -> Self {
        Self { sum: Some(0) }
    }
}

impl Unsealer {
    /// Reads a file as the first versions wrote it: JSON alone. It gets its checksums when it is rewritten.
    pub(super) fn without_checksums() -> Self {
        Self { sum: None }
    }

    /// The JSON of the next line, which had an end.
    pub(super) fn unseal<'a>(&mut self, line: &'a [u8]) -> Result<&'a [u8], Broken> {
        match &mut self.sum {
            Some(sum) => checked(sum, line).ok_or(Broken("its checksum is wrong")),
            None => Ok(line),
        }
    }

    /// Judges what stands behind the last end: a line that was cut short is nothing.
    pub(super) fn end(&mut self, torn: &[u8]) -> Result<(), Broken> {
        // A whole line with something else where its end belongs was not cut short.
        let whole = torn.split_last().zip(self.sum.as_mut()).and_then(|((_, line), sum)| checked(sum, line));
        whole.map_or(Ok(()), |_| Err(Broken("its end is wrong")))
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

    /// The JSON of each whole line, or the line that is broken, from 1.
    fn unseal(bytes: &[u8]) -> Result<Vec<&[u8]>, usize> {
        let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let torn = lines.pop().unwrap();
        let mut unsealer = Unsealer::default();
        let whole = lines.iter().enumerate().map(|(at, line)| unsealer.unseal(line).map_err(|_| at + 1));
        let whole = whole.collect::<Result<Vec<_>, _>>()?;
        unsealer.end(torn).map(|()| whole).map_err(|_| lines.len() + 1)
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
            prop_assert_eq!(broken, line);
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
