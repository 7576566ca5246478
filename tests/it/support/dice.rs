//! Chance, of a kind that a run can be told by.

/// A small generator of numbers. It prints its seed, which the harness shows with a failed test.
pub(crate) struct Dice(u64);

impl Dice {
    /// With the seed that `ORGSTREAM_SEED` names, or one of its own.
    #[expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]
    pub(crate) fn new() -> Self {
        let given = std::env::var("ORGSTREAM_SEED").ok();
        let seed = given.map_or(u64::from(std::process::id()), |text| text.parse().expect("a number"));
        println!("seed {seed}; ORGSTREAM_SEED={seed} repeats what it decides");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).expect("31 bits") % end
    }

    /// One of `things`; `None` where there are none.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let at = (!things.is_empty()).then(|| self.below(things.len()))?;
        things.get(at)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
