//! Many record ids in little room: 18 bytes each, for the cursors of big answers.

/// How long an id is.
const LENGTH: usize = 18;

/// A list of record ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids(String);

impl Ids {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len() / LENGTH
    }

    /// The ids in a range of places, as far as there are some.
    pub(crate) fn range(&self, range: std::ops::Range<usize>) -> impl Iterator<Item = &str> {
        let end = range.end.min(self.len());
        (range.start..end).filter_map(|at| self.0.get(at * LENGTH..(at + 1) * LENGTH))
    }
}

impl<'a> FromIterator<&'a str> for Ids {
    fn from_iter<I: IntoIterator<Item = &'a str>>(ids: I) -> Self {
        let mut all = String::new();
        for id in ids {
            debug_assert_eq!(id.len(), LENGTH, "only whole ids are kept");
            all.push_str(id);
        }
        all.shrink_to_fit();
        Self(all)
    }
}
