//! Which links of their topic this node applied when it wrote them. It comes to them again when it follows the topic, and need
//! not apply them twice. What takes a link out is applied again: an older link of another node may have come meanwhile.

use std::collections::BTreeSet;

/// The entries that this node applied and has not passed yet.
#[derive(Debug)]
pub(super) struct Applied {
    offsets: BTreeSet<i64>,
    /// Every entry before this one is applied, whoever wrote it.
    passed: i64,
}

impl Applied {
    /// Of a topic that is followed from `next`.
    pub(super) fn from(next: i64) -> Self {
        Self { offsets: BTreeSet::new(), passed: next }
    }

    /// Links were applied when they were written. One that was passed meanwhile was applied twice.
    pub(super) fn add(&mut self, offsets: Vec<i64>) {
        let passed = self.passed;
        self.offsets.extend(offsets.into_iter().filter(|offset| *offset >= passed));
    }

    /// Whether this entry is applied.
    pub(super) fn has(&self, offset: i64) -> bool {
        self.offsets.contains(&offset)
    }

    /// All entries before `next` are applied.
    pub(super) fn pass(&mut self, next: i64) {
        self.passed = self.passed.max(next);
        self.offsets = self.offsets.split_off(&self.passed);
    }

    /// Every entry before this one is applied.
    pub(super) fn passed(&self) -> i64 {
        self.passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_passed_over_only_where_it_was_applied_before() {
        let mut applied = Applied::from(10);
        applied.add(vec![9, 10, 12]);
        assert_eq!([9, 10, 11, 12].map(|offset| applied.has(offset)), [false, true, false, true]);
        assert_eq!(applied.passed(), 10, "11 may be another node's");
        applied.pass(12);
        assert_eq!((applied.passed(), applied.has(12)), (12, true));
        applied.add(vec![11]);
        assert_eq!(applied.offsets.len(), 1, "what was passed is not kept");
    }
}
