//! The newest offset of each key, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

/// Keys that are known at once: about 40 MB. A log with more is compacted in several runs.
pub(super) const MAX_KEYS: usize = 900_000;

/// The newest offset of each key. Two secret hashes of 64 bits stand for a key.
#[derive(Debug)]
pub(super) struct Newest {
    hashers: [RandomState; 2],
    offsets: HashMap<[u64; 2], i64>,
    /// Before this offset every record was taken note of, or is the only one of its key. Whether a record behind it is
    /// preceded by others of its key nobody knows.
    pub(super) complete_to: i64,
    max_keys: usize,
}

/// There is no room for another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Newest {
    /// Room for so many keys; no key comes twice before `complete_to`.
    pub(super) fn new(max_keys: usize, complete_to: i64) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        Self { hashers, offsets: HashMap::new(), complete_to, max_keys }
    }

    /// Takes note of a record. Records come in the order of their offsets.
    pub(super) fn note(&mut self, key: &[u8], offset: i64) -> Result<(), Full> {
        let key = self.hash(key);
        if self.offsets.len() >= self.max_keys && !self.offsets.contains_key(&key) {
            return Err(Full);
        }
        self.offsets.insert(key, offset);
        Ok(())
    }

    /// Whether a newer record of the key is known.
    pub(super) fn is_superseded(&self, key: &[u8], offset: i64) -> bool {
        self.offsets.get(&self.hash(key)).is_some_and(|newest| *newest > offset)
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        [self.hashers[0].hash_one(key), self.hashers[1].hash_one(key)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_newer_record_is_superseded() {
        let mut newest = Newest::new(2, 0);
        newest.note(b"a", 0).unwrap();
        newest.note(b"b", 1).unwrap();
        newest.note(b"a", 2).unwrap();
        assert!(newest.is_superseded(b"a", 0));
        assert!(!newest.is_superseded(b"a", 2));
        assert!(!newest.is_superseded(b"a", 3), "a record behind what is known stays");
        assert!(!newest.is_superseded(b"c", 0));
    }

    #[test]
    fn known_keys_still_fit_when_no_new_one_does() {
        let mut newest = Newest::new(1, 0);
        newest.note(b"a", 0).unwrap();
        assert_eq!(newest.note(b"b", 1), Err(Full));
        assert_eq!(newest.note(b"a", 2), Ok(()));
    }
}
