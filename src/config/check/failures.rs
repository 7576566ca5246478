//! What is done with records that cannot be written.

use std::num::NonZeroUsize;

use orgstream_salesforce::{Disposition, SalesforceId, catalogue};
use orgstream_salesforce_sink::{Action, Failures, Fate, OWN_CODES, OnError, StopAfter};

use super::Report;
use crate::config::raw;

/// So many letters may be wrong in a code that is meant to be a known one. Salesforce has hundreds of codes that nobody
/// listed, and many are alike.
const SLIPS: usize = 2;

/// What the sink of `pipeline` does with records that cannot be written.
pub(super) fn failures(
    pipeline: &str,
    on_error: Option<raw::OnError>,
    stop_after: Option<&raw::StopAfter>,
    fallback_owner: Option<&str>,
    report: &mut Report<'_>,
) -> Failures {
    Failures {
        on_error: self::on_error(pipeline, on_error.unwrap_or_default(), report),
        stop_after: stop_after.and_then(|raw| self::stop_after(pipeline, raw, report)),
        fallback_owner: fallback_owner.and_then(|id| owner(pipeline, id, report)),
    }
}

fn on_error(pipeline: &str, raw: raw::OnError, report: &mut Report<'_>) -> OnError {
    let default = match raw.default {
        None | Some(raw::OtherErrors::DeadLetter) => Fate::Reject,
        Some(raw::OtherErrors::Skip) => Fate::Skip,
        Some(raw::OtherErrors::Stop) => Fate::Stop,
    };
    for (code, action) in &raw.codes {
        if let Some(wrong) = wrong(code, *action) {
            report.fault(&["pipelines", pipeline, "sink", "on_error", code], wrong);
        }
    }
    let action = |action| match action {
        raw::ErrorAction::Retry => Action::Retry,
        raw::ErrorAction::Reject => Action::End(Fate::Reject),
        raw::ErrorAction::Skip => Action::End(Fate::Skip),
        raw::ErrorAction::Stop => Action::End(Fate::Stop),
    };
    OnError { default, codes: raw.codes.into_iter().map(|(code, raw)| (code, action(raw))).collect() }
}

/// What is wrong with the entry of a code.
fn wrong(code: &str, action: raw::ErrorAction) -> Option<String> {
    let known = || catalogue::codes().chain(OWN_CODES);
    if !known().any(|known| known == code) {
        return misspelt(code, known());
    }
    match catalogue::disposition(code, "") {
        Disposition::Org | Disposition::Reauthenticate => {
            Some(format!("`{code}` is trouble of the whole org, not of a record; it is always waited for"))
        }
        _ if matches!(action, raw::ErrorAction::Retry) && OWN_CODES.contains(&code) => {
            Some(format!("`{code}` says what the record itself is like, which no further attempt changes"))
        }
        _ => None,
    }
}

/// That no code looks like this, or that a known one is meant.
fn misspelt<'a>(code: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let upper = code.to_uppercase();
    let near = known
        .chain(["default"])
        .map(|known| (strsim::osa_distance(&upper, &known.to_uppercase()), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= SLIPS);
    let is_code = code.starts_with(|c: char| c.is_ascii_uppercase())
        && code.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    match near {
        Some((_, near)) => Some(format!("`{code}` is no code that is known; did you mean `{near}`?")),
        None if is_code => None,
        None => Some(format!("`{code}` is neither `default` nor an error code, such as `STRING_TOO_LONG`")),
    }
}

fn stop_after(pipeline: &str, raw: &raw::StopAfter, report: &mut Report<'_>) -> Option<StopAfter> {
    let rejected = NonZeroUsize::new(raw.rejected?)?;
    let of = NonZeroUsize::new(raw.of?)?;
    if rejected > of {
        let message =
            format!("there are never {rejected} rejections among {of} records; write a larger `of`");
        report.fault(&["pipelines", pipeline, "sink", "stop_after", "of"], message);
    }
    Some(StopAfter { rejected, of })
}

/// A user's id, or a queue's. Whether there is one, and active, only the org knows.
fn owner(pipeline: &str, text: &str, report: &mut Report<'_>) -> Option<SalesforceId> {
    let wrong = match SalesforceId::parse(text) {
        Ok(id) if matches!(id.key_prefix(), "005" | "00G") => return Some(id),
        Ok(_) => format!("`{text}` is the id of no user and of no queue, which begin with 005 and 00G"),
        Err(error) => error.to_string(),
    };
    report.fault(&["pipelines", pipeline, "sink", "fallback_owner"], wrong);
    None
}
