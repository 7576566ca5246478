//! What is wrong with a file, and where.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// A place in a file, both numbers from 1, the column counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
}

impl Place {
    /// Where a fault of the whole file is reported.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong. Never holds a secret value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The key it is about, such as `pipelines.crm.sink.org`; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// All faults of one file, in the order of their places. At least one.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
pub struct Faults {
    /// The file as the user named it.
    pub file: PathBuf,
    /// The faults.
    pub faults: Vec<Fault>,
}

impl Faults {
    /// The faults of `file`, put in order.
    pub fn new(file: impl Into<PathBuf>, mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        Self { file: file.into(), faults }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let Place { line, column } = fault.place;
            write!(f, "{}:{line}:{column}: ", self.file.display())?;
            if !fault.key.is_empty() {
                write!(f, "{}: ", fault.key)?;
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

/// The name of `known` that is most like `given`, when one is near enough to be meant.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&given.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `; did you mean …?` when a name is near, else the names there are.
pub(crate) fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(given, known.clone()) {
        return format!("; did you mean `{name}`?");
    }
    let all: Vec<_> = known.into_iter().map(|name| format!("`{name}`")).collect();
    if all.is_empty() {
        return String::new();
    }
    format!("; known here: {}", all.join(", "))
}
