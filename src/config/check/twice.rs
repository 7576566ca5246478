//! Names that are there twice. Salesforce's have no case, so `OwnerId` and `ownerid` are one field, and of two keys for it one would
//! be lost without a word.

use super::Report;

/// Reports the keys of the map at `path` that an earlier one is but for its case.
pub(super) fn names(path: &[&str], what: &str, report: &mut Report<'_>) {
    let keys = report.keys(path);
    for (place, key) in keys.iter().enumerate() {
        if let Some(first) = keys[..place].iter().find(|first| first.eq_ignore_ascii_case(key)) {
            let at: Vec<&str> = path.iter().copied().chain([*key]).collect();
            let message = format!(
                "is {what} `{first}` once more, since names in Salesforce have no case; write it once"
            );
            report.fault(&at, message);
        }
    }
}
