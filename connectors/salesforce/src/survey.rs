//! What a look at an object finds that a connector is to read or write. Looking changes nothing in the org.

/// What was found of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// The object, as the file names it.
    pub object: String,
    /// What is as it has to be.
    pub found: Vec<String>,
    /// What works and may not be meant, each with what to do.
    pub warnings: Vec<String>,
    /// What the connector would not start with, each with what to do.
    pub faults: Vec<String>,
    /// What cannot be known before the connector runs.
    pub unseen: Vec<String>,
}

impl Surveyed {
    /// Nothing yet of `object`.
    pub fn of(object: &str) -> Self {
        Self { object: object.to_owned(), ..Self::default() }
    }
}

/// Some of many names, as people read them: `a, b, c and 12 more`.
pub fn some_of(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_some_are_shown_and_the_rest_counted() {
        assert_eq!(some_of(&["a", "b"]), "a, b");
        let many: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(some_of(&many), "0, 1, 2, 3, 4, 5, 6, 7 and 2 more");
    }
}
