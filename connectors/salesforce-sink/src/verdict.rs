//! From org B's answers to verdicts on items.

use orgstream_api::Rejection;
use orgstream_salesforce::{ApiError, Blame, RecordError, WriteResult};

use crate::work::Verdict;
use crate::write::Answer;

/// Codes that may only say that two calls met: a parent was deleted while its child was written, a write whose answer
/// was lost was still at work, or a record came or went since it was looked for, so that it takes other fields now. Tried
/// again before they are believed.
const MAY_BE_A_RACE: [&str; 4] = [
    "DUPLICATE_VALUE",
    "ENTITY_IS_DELETED",
    "INVALID_CROSS_REFERENCE_KEY",
    "INVALID_FIELD_FOR_INSERT_UPDATE",
];

/// The result of a record that is written; the verdict on one that is not.
pub(crate) fn unwritten(answer: Answer) -> Result<WriteResult, Verdict> {
    match answer {
        Answer::Written(result) => Ok(result),
        Answer::Refused(error) => {
            let may_be_a_race = MAY_BE_A_RACE.contains(&error.code.as_str());
            let rejection = rejection(error);
            Err(if may_be_a_race { Verdict::Race(rejection) } else { Verdict::rejected(rejection) })
        }
        Answer::Passing(error) => Err(Verdict::Retry(rejection(error))),
        Answer::Alone(rejection) => Err(Verdict::Suspect(rejection)),
        Answer::Org => Err(Verdict::Again),
        Answer::Over => Err(Verdict::Dropped),
        Answer::Lost(reason) => Err(Verdict::Outdated(reason)),
    }
}

/// The verdict on an item for which a read failed.
pub(crate) fn unread(error: &ApiError, blame: Blame) -> Verdict {
    match blame {
        Blame::Org => Verdict::Again,
        Blame::Call => Verdict::Retry(Rejection {
            code: error.code().unwrap_or("NO_USABLE_ANSWER").to_owned(),
            message: error.with_causes(),
            fields: Vec::new(),
        }),
    }
}

/// The refusal of a record, with what a person can do about it.
pub(crate) fn rejection(error: RecordError) -> Rejection {
    let message = match error.advice() {
        Some(advice) => format!("{}; {advice}", error.message),
        None => error.message,
    };
    Rejection { code: error.code, message, fields: error.fields }
}
