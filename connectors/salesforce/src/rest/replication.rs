//! What was deleted in a span of time, as the org has it on record: purged rows and cascades included.
//!
//! The org counts in whole minutes, goes back fifteen days, and refuses a span that begins earlier or holds more than
//! 600,000 ids. Here a span is widened to whole minutes, cut to the fifteen days, and halved where it holds too many.

use serde::Deserialize;

use crate::call::Call;
use crate::datetime;
use crate::error::ApiError;
use crate::id::SalesforceId;
use crate::org::Org;

/// How far back an org has deletions on record, in milliseconds.
const DELETIONS_KEPT: i64 = 15 * 24 * 60 * MINUTE;

const MINUTE: i64 = 60_000;

/// What was deleted in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletions {
    /// The records with the time of their deletion, milliseconds since the epoch. A record that came back since then may
    /// be among them.
    pub records: Vec<(SalesforceId, i64)>,
    /// From when on they are complete: the span's beginning, or how far back the org knows.
    pub since: i64,
    /// Up to when they are complete: transactions that were under way then may still add to what is later.
    pub covered: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    deleted_records: Vec<WireRecord>,
    latest_date_covered: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRecord {
    id: SalesforceId,
    deleted_date: String,
}

impl Org {
    /// What was deleted of `object` from `from` to `to`, milliseconds since the epoch by the org's clock; `to` is about
    /// now. The object has to be replicateable.
    pub async fn deleted(&self, object: &str, from: i64, to: i64) -> Result<Deletions, ApiError> {
        let (from, to) = span(from, to);
        let mut all = Deletions { records: Vec::new(), since: from, covered: from };
        let mut spans = vec![(from, to)];
        while let Some((from, to)) = spans.pop() {
            match self.deleted_within(object, from, to).await {
                Ok((records, covered)) => {
                    all.records.extend(records);
                    // The latest span comes last.
                    all.covered = covered;
                }
                Err(error) if error.code() == Some("EXCEEDED_ID_LIMIT") && to - from >= 2 * MINUTE => {
                    let middle = whole_minute(from + (to - from) / 2);
                    spans.extend([(middle, to), (from, middle)]);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    async fn deleted_within(
        &self,
        object: &str,
        from: i64,
        to: i64,
    ) -> Result<(Vec<(SalesforceId, i64)>, i64), ApiError> {
        let call = Call::get(&["sobjects", object, "deleted"])
            .query("start", datetime::format_datetime(from))
            .query("end", datetime::format_datetime(to));
        let reply = self.call(call).await?;
        let Wire { deleted_records, latest_date_covered } = reply.json()?;
        let moment = |text: &str| datetime::parse_datetime(text).map_err(|error| reply.unreadable(error));
        let record = |record: WireRecord| Ok((record.id, moment(&record.deleted_date)?));
        let records = deleted_records.into_iter().map(record).collect::<Result<_, _>>()?;
        Ok((records, moment(&latest_date_covered)?))
    }
}

/// The whole minutes around a span, no more than the org knows.
fn span(from: i64, to: i64) -> (i64, i64) {
    let to = whole_minute(to) + MINUTE;
    // One minute in reserve: the org's own now moves on while the call is under way.
    let earliest = to - DELETIONS_KEPT + MINUTE;
    (whole_minute(from).max(earliest).min(to - MINUTE), to)
}

fn whole_minute(moment: i64) -> i64 {
    moment - moment.rem_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_widened_to_whole_minutes_and_cut_to_what_the_org_knows() {
        let now = 1_767_262_830_500;
        let (from, to) = span(now - 90_000, now);
        assert_eq!((from % MINUTE, to % MINUTE), (0, 0));
        assert!(from <= now - 90_000 && to > now);
        let (from, to) = span(0, now);
        assert!(from > now - DELETIONS_KEPT && to - from < DELETIONS_KEPT);
        let (from, to) = span(now + 5 * MINUTE, now);
        assert!(from < to, "a beginning behind the end makes no span");
    }
}
