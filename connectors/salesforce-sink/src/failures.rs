//! What the user's file says of records that cannot be written.
//!
//! The error catalogue says what each code means; this says what is done about it in one pipeline. Errors of the whole org
//! are no matter of single records and have no place here.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use orgstream_api::Rejection;
use orgstream_salesforce::{Disposition, SalesforceId, catalogue};

/// Codes of orgstream's own, for records that org B was not asked about or did not decide.
pub const OWN_CODES: [&str; 18] = [
    "CONDITION_FAILED",
    "DELETED_EVENT_NOT_WRITABLE",
    "MALFORMED_HEADER",
    "MISSING_EVENT_TYPE",
    "MISSING_ID",
    "NO_EXTERNAL_ID",
    "RELATIONSHIP_NOT_WRITABLE",
    "REQUIRED_PARENT_DELETED",
    "REQUIRED_PARENT_MISSING",
    "TARGET_DELETED",
    "TARGET_NOT_FOUND",
    "TOMBSTONE",
    "TOO_LARGE_TO_WAIT",
    "UNKNOWN_EVENT_TYPE",
    "UNREADABLE_KEY",
    "UNREADABLE_VALUE",
    "UNROUTABLE",
    "VALUE_NOT_WRITABLE",
];

/// What is done with records that cannot be written.
#[derive(Debug, Clone, Default)]
pub struct Failures {
    /// With each of them.
    pub on_error: OnError,
    /// When there are too many of them.
    pub stop_after: Option<StopAfter>,
    /// The user or queue of org B that is given records whose owner is inactive there.
    pub fallback_owner: Option<SalesforceId>,
}

/// What is done with a record that is refused, by code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnError {
    /// With codes that have no entry.
    pub default: Fate,
    /// With these codes.
    pub codes: BTreeMap<String, Action>,
}

/// What is done with a record that is refused with a code of the file's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is tried again on its clock. When that has run out, what the file says of other codes is done.
    Retry,
    /// This is done at once, without further attempts.
    End(Fate),
}

/// The end of a record that is refused for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is rejected, and becomes a dead letter.
    #[default]
    Reject,
    /// It is passed over, counted under its code.
    Skip,
    /// The task fails. The record stays unsettled, so that it comes again (D2).
    Stop,
}

/// So many rejections among the last outcomes stop the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopAfter {
    /// Rejections.
    pub rejected: NonZeroUsize,
    /// Outcomes that are looked at; not fewer than `rejected`.
    pub of: NonZeroUsize,
}

impl OnError {
    /// The end of a record that was refused for good with `code`.
    pub fn fate(&self, code: &str) -> Fate {
        match self.codes.get(code) {
            Some(Action::End(fate)) => *fate,
            Some(Action::Retry) | None => self.default,
        }
    }

    /// Whether a refusal with `code` is tried again though nothing says that it passes.
    pub(crate) fn retries(&self, code: &str) -> bool {
        self.codes.get(code) == Some(&Action::Retry)
    }

    /// Whether trouble that passes by itself is not waited for. A refusal that may only say that two calls met has its
    /// few attempts all the same: it may not be what its code says.
    pub(crate) fn ends(&self, rejection: &Rejection) -> bool {
        let passing =
            matches!(catalogue::disposition(&rejection.code, ""), Disposition::Retry | Disposition::Probe);
        passing && matches!(self.codes.get(&rejection.code), Some(Action::End(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_what_the_file_says_of_it_and_else_the_default() {
        let codes = [
            ("STRING_TOO_LONG", Action::End(Fate::Skip)),
            ("INVALID_FIELD", Action::Retry),
            ("UNABLE_TO_LOCK_ROW", Action::End(Fate::Reject)),
            ("DUPLICATE_VALUE", Action::End(Fate::Skip)),
        ];
        let codes = codes.map(|(code, action)| (code.to_owned(), action)).into();
        let on_error = OnError { default: Fate::Stop, codes };
        assert_eq!(on_error.fate("STRING_TOO_LONG"), Fate::Skip);
        assert_eq!(on_error.fate("INVALID_FIELD"), Fate::Stop, "when its clock has run out");
        assert_eq!(on_error.fate("ANYTHING"), Fate::Stop);
        assert!(on_error.retries("INVALID_FIELD") && !on_error.retries("ANYTHING"));
        let ends = |code: &str| {
            on_error.ends(&Rejection { code: code.to_owned(), message: String::new(), fields: Vec::new() })
        };
        assert!(ends("UNABLE_TO_LOCK_ROW"));
        assert!(!ends("DUPLICATE_VALUE"), "it may be a race, which passes");
        assert!(!ends("COLLISION_DETECTED"));
    }

    #[test]
    fn no_code_of_orgstreams_own_is_salesforces() {
        for code in OWN_CODES {
            assert!(catalogue::codes().all(|known| known != code), "{code}");
        }
    }
}
