//! Record ids: 15 characters that count up, and the 3 that protect their letter case.
//!
//! Ids of one object are made in ascending byte order, so `ORDER BY Id` is the order of creation, as in real orgs.
//! The two pod characters differ from org to org, so an id of one org is never an id of another.

use std::collections::HashMap;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CHECK: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// Makes the ids of one org.
#[derive(Debug)]
pub(crate) struct IdSource {
    pod: String,
    base: u64,
    next: HashMap<String, u64>,
}

impl IdSource {
    /// Ids with these two pod characters, the counter of every object starting at `base`.
    pub(crate) fn new(pod: impl Into<String>, base: u64) -> Self {
        Self { pod: pod.into(), base, next: HashMap::new() }
    }

    /// The next 18-character id with this key prefix.
    pub(crate) fn next(&mut self, prefix: &str) -> String {
        let next = self.next.entry(prefix.to_owned()).or_insert(self.base);
        let number = *next;
        *next += 1;
        with_checksum(&format!("{prefix}{}0{}", self.pod, base62(number)))
    }

    /// Takes note of an id made earlier, so that it is not made again.
    pub(crate) fn seen(&mut self, id: &str) {
        let (Some(prefix), Some(counter)) = (id.get(..3), id.get(6..15).and_then(number)) else { return };
        self.go_on(prefix, counter.saturating_add(1));
    }

    /// Makes the next id with this key prefix no lower than this number.
    pub(crate) fn go_on(&mut self, prefix: &str, number: u64) {
        let next = self.next.entry(prefix.to_owned()).or_insert(self.base);
        *next = (*next).max(number);
    }

    /// The next number of every key prefix.
    pub(crate) fn counted(&self) -> impl Iterator<Item = (&str, u64)> {
        self.next.iter().map(|(prefix, next)| (prefix.as_str(), *next))
    }
}

/// Two pod characters from a number.
pub(crate) fn pod(number: u64) -> String {
    let text = base62(number);
    text.chars().skip(7).collect()
}

/// Normalises 15 or 18 characters to 18. `None` when it is not an id, or when the last three contradict the rest.
pub(crate) fn normalize(text: &str) -> Option<String> {
    if !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    match text.len() {
        15 => Some(with_checksum(text)),
        18 => Some(with_checksum(text.get(..15)?)).filter(|full| full == text),
        _ => None,
    }
}

/// Appends the three checksum characters to 15 ASCII characters.
fn with_checksum(id15: &str) -> String {
    let mut full = String::with_capacity(18);
    full.push_str(id15);
    for chunk in id15.as_bytes().chunks(5) {
        let upper = chunk.iter().enumerate().filter(|(_, c)| c.is_ascii_uppercase());
        let index: usize = upper.map(|(bit, _)| 1 << bit).sum();
        full.push(char::from(CHECK.get(index).copied().unwrap_or(b'A')));
    }
    full
}

/// Nine base-62 digits.
fn base62(mut number: u64) -> String {
    let mut digits = [b'0'; 9];
    for digit in digits.iter_mut().rev() {
        let index = usize::try_from(number % 62).unwrap_or(0);
        *digit = DIGITS.get(index).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

fn number(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |sum, byte| {
        let digit = DIGITS.iter().position(|d| *d == byte)?;
        sum.checked_mul(62)?.checked_add(u64::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    proptest! {
        #[test]
        fn a_full_id_is_its_own_normal_form_and_no_other_letter_case_is(id15 in "[0-9A-Za-z]{14}[A-Za-z]") {
            let full = normalize(&id15).unwrap();
            prop_assert_eq!(normalize(&full), Some(full.clone()));
            let (head, last) = id15.split_at(14);
            let flipped: String = last.chars().map(|c| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }).collect();
            prop_assert_eq!(normalize(&format!("{head}{flipped}{}", &full[15..])), None);
        }
    }

    #[test]
    fn the_checksum_matches_documented_ids() {
        assert_eq!(normalize("001D000000IqhSL").as_deref(), Some("001D000000IqhSLIAZ"));
        assert_eq!(normalize("000000000000000").as_deref(), Some("000000000000000AAA"));
        assert_eq!(normalize("001D000000IqhSLIAA"), None);
        assert_eq!(normalize("001D000000Iqh-L"), None);
    }

    #[test]
    fn ids_ascend_and_are_never_made_twice() {
        let mut ids = IdSource::new("5g", 60);
        let made: Vec<String> = (0..200).map(|_| ids.next("001")).collect();
        assert!(made.is_sorted() && made.iter().all(|id| normalize(id).as_ref() == Some(id)));
        let mut restarted = IdSource::new("5g", 60);
        for id in &made {
            restarted.seen(id);
        }
        assert!(restarted.next("001") > made[199]);
    }
}
