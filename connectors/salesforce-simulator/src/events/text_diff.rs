//! Long text in change events: the lines that differ, in place of the whole new value.
//!
//! The form is a unified diff without context lines, under a SHA-256 of the new value that tells whether it was put
//! together rightly. Text that is short, or that changed too much, is sent whole.

use aws_lc_rs::digest;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Shorter values are sent whole, in characters.
const LONG: usize = 1000;

/// The difference as a change event shows it; `None` when the new value is sent whole.
pub(super) fn diff(old: &str, new: &str) -> Option<String> {
    let (old_length, new_length) = (old.chars().count(), new.chars().count());
    if new_length < LONG || old_length.abs_diff(new_length) * 2 > old_length {
        return None;
    }
    let (old_lines, new_lines) = (lines(old), lines(new));
    let changes: Vec<DiffOp> = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines)
        .into_iter()
        .filter(|change| !matches!(change, DiffOp::Equal { .. }))
        .collect();
    let changed: usize =
        changes.iter().map(|change| change.old_range().len() + change.new_range().len()).sum();
    if changed * 4 > old_lines.len() + new_lines.len() {
        return None;
    }
    let mut written = vec!["--- ".to_owned(), format!("+++ {}", sha256(new))];
    for change in &changes {
        let (from, to) = (change.old_range(), change.new_range());
        written.push(format!("@@ -{},{} +{},{} @@", first(&from), from.len(), first(&to), to.len()));
        written.extend(old_lines.get(from).unwrap_or_default().iter().map(|line| format!("-{line}")));
        written.extend(new_lines.get(to).unwrap_or_default().iter().map(|line| format!("+{line}")));
    }
    let text = written.join("\n");
    (text.chars().count() <= new_length).then_some(text)
}

/// The number of the first line of a range, from 1; of an empty range the line in front of it.
fn first(range: &std::ops::Range<usize>) -> usize {
    if range.is_empty() { range.start } else { range.start + 1 }
}

/// Lines without their ends, which may be of any kind.
fn lines(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        let (line, end) = rest.split_at(at);
        found.push(line);
        rest = end.strip_prefix("\r\n").unwrap_or_else(|| end.get(1..).unwrap_or_default());
    }
    found.push(rest);
    found
}

/// In hexadecimal.
fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// Applies a difference, as a subscriber does.
#[cfg(test)]
pub(crate) fn apply(old: &str, diff: &str) -> String {
    let old: Vec<&str> = old.split('\n').collect();
    let mut new: Vec<&str> = Vec::new();
    let mut at = 0;
    let mut lines = diff.split('\n').skip(1);
    let hash = lines.next().unwrap().strip_prefix("+++ ").unwrap();
    for line in lines {
        if let Some(range) = line.strip_prefix("@@ -") {
            let (start, count) = range.split(' ').next().unwrap().split_once(',').unwrap();
            let start: usize = start.parse().unwrap();
            let from = if count == "0" { start } else { start - 1 };
            new.extend(&old[at..from]);
            at = from;
        } else if let Some(line) = line.strip_prefix('+') {
            new.push(line);
        } else {
            assert_eq!(line.strip_prefix('-'), Some(old[at]));
            at += 1;
        }
    }
    new.extend(&old[at..]);
    let new = new.join("\n");
    assert_eq!(hash, sha256(&new));
    new
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_changed_line_is_sent_between_its_numbers_and_a_hash() {
        let old: Vec<String> = (1..=20).map(|n| format!("line {n} {}", "x".repeat(60))).collect();
        let mut new = old.clone();
        new[1] = "second".to_owned();
        let (old, new) = (old.join("\n"), new.join("\n"));
        let text = diff(&old, &new).unwrap();
        let expected =
            format!("--- \n+++ {}\n@@ -2,1 +2,1 @@\n-line 2 {}\n+second", sha256(&new), "x".repeat(60));
        assert_eq!(text, expected);
        assert_eq!(diff("short\ntext", "short\ntexts"), None);
        assert_eq!(diff(&old, &format!("{new}{new}")), None, "longer by half");
        assert_eq!(diff(&"a".repeat(2000), &"b".repeat(2000)), None, "the only line changed");
    }

    #[test]
    fn every_kind_of_line_end_is_one() {
        assert_eq!(lines("a\r\nb\rc\n\nd"), ["a", "b", "c", "", "d"]);
    }

    proptest! {
        #[test]
        fn applying_a_difference_gives_the_new_value(
            old in proptest::collection::vec("[a-c]{20,40}", 30..60),
            edits in proptest::collection::vec((0..60_usize, 0..3_u8, "[a-c]{0,30}"), 1..5),
        ) {
            let mut new = old.clone();
            for (at, kind, line) in edits {
                let at = at % new.len();
                match kind {
                    0 => new[at] = line,
                    1 => new.insert(at, line),
                    _ => { new.remove(at); }
                }
            }
            let (old, new) = (old.join("\n"), new.join("\n"));
            if let Some(text) = diff(&old, &new) {
                prop_assert_eq!(apply(&old, &text), new);
            }
        }
    }
}
