//! The calls of one write to org B, and what becomes of each of its records when one fails.
//!
//! A call that gets no usable answer is either the org's trouble or its own; a probe tells. The org's: nothing is held
//! against the records. Its own: the call is halved down to single records, so that one record that makes every call
//! fail is found and fails no other. An answer that was lost may stand for a write that was executed; sending it again
//! is harmless (D6). Inserts, of which that is not so, are sent by [`crate::insert`].

use std::time::Duration;

use futures_util::future::{Either, select, select_all};
use orgstream_api::{Rejection, SharedLease};
use orgstream_salesforce::{
    ApiError, Blame, BreakerState, COLLECTION, Collection, Disposition, FieldKind, Org, RecordError, Row,
    SalesforceId, WriteResult,
};
use tokio::time::Instant;

use crate::counters::SinkCounters;
use crate::cut::{Load, cut};
use crate::pace::Pace;
use crate::tenure::Tenure;

/// A write of several records, in order.
#[derive(Debug)]
pub(crate) enum Write<'a> {
    /// Creates or changes records, found by the external id that each carries.
    Upsert {
        /// Their object.
        object: &'a str,
        /// The external-id field.
        field: &'a str,
        /// Their fields.
        rows: Vec<Row>,
    },
    /// Changes records; each carries its `Id`.
    Update {
        /// Their object.
        object: &'a str,
        /// Their fields.
        rows: Vec<Row>,
    },
    /// Moves records to the recycle bin.
    Delete(Vec<SalesforceId>),
    /// Brings records back from the recycle bin.
    Undelete(Vec<SalesforceId>),
}

/// What org B said to one record.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is written.
    Written(WriteResult),
    /// It is refused as it is.
    Refused(RecordError),
    /// It met passing trouble.
    Passing(RecordError),
    /// A call with this record alone fails, though the org serves others.
    Alone(Rejection),
    /// The org's trouble; nothing is known of the record.
    Org,
    /// Its partition was taken away before the call.
    Over,
    /// Org B has lost a field that it had at the start.
    Lost(String),
}

/// What org B says of a field that it does not know, and of one that its user may not write.
const FIELD_REFUSED: [&str; 2] = ["INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"];

/// What calls go through.
pub(crate) struct Wire {
    /// Org B.
    pub(crate) org: Org,
    /// Permission to start a call.
    pub(crate) lease: SharedLease,
    /// How fast org B writes.
    pub(crate) pace: Pace,
}

/// Records of a write, by place, and what a collection of them was answered.
type Answered = (Vec<usize>, Result<Vec<WriteResult>, ApiError>);

impl Wire {
    /// Writes all records and answers for each, in order. `tenures` says under which holding each one came.
    pub(crate) async fn send(
        &self,
        write: &Write<'_>,
        tenures: &[&Tenure],
        counters: &SinkCounters,
    ) -> Vec<Answer> {
        let mut answers: Vec<Answer> = tenures.iter().map(|_| Answer::Org).collect();
        let mut parts: Vec<Vec<usize>> = cut(&write.loads());
        parts.reverse();
        while let Some(mut part) = parts.pop() {
            if self.org.breaker().state() != BreakerState::Closed {
                return answers;
            }
            let timeout = self.permission(&part, tenures).await;
            // From here to the start of the call nothing is awaited: a partition cannot be lost in between.
            part.retain(|&index| {
                let over = tenures[index].is_over();
                if over {
                    answers[index] = Answer::Over;
                }
                !over
            });
            let Some(timeout) = timeout else { continue };
            if part.is_empty() {
                continue;
            }
            counters.called();
            let (started, records) = (Instant::now(), part.len());
            let answered = write.call(&self.org, part, timeout).await;
            self.pace.took(started.elapsed(), records);
            let asks = answered.iter().any(|(_, result)| refuses_a_field(result));
            let lost = match write {
                Write::Upsert { object, rows, .. } | Write::Update { object, rows } if asks => {
                    self.lost(object, rows).await
                }
                _ => None,
            };
            for (part, result) in answered {
                match (result, &lost) {
                    (Ok(results), lost) => {
                        for (&index, result) in part.iter().zip(results) {
                            answers[index] = match lost {
                                Some(lost) if result.errors.iter().any(is_about_a_field) => {
                                    Answer::Lost(lost.clone())
                                }
                                _ => self.judge(result),
                            };
                        }
                    }
                    (Err(error), Some(lost)) if is_refused_for_a_field(&error) => {
                        answers[part[0]] = Answer::Lost(lost.clone());
                    }
                    // That the process stood still is held against nobody: the permission is waited for again.
                    (Err(_), _) if !self.lease.is_held() => parts.push(part),
                    (Err(error), _) => match self.org.report(&error).await {
                        // What is left has no answer and stays so: the breaker is open.
                        Blame::Org => {}
                        Blame::Call => match part[..] {
                            [index] => answers[index] = alone(&error),
                            _ => parts.extend(halves(part)),
                        },
                    },
                }
            }
            if lost.is_some() {
                return answers;
            }
        }
        answers
    }

    /// Waits until a call may start, and returns how long it may take; `None` when none of its records is left.
    pub(crate) async fn permission(&self, part: &[usize], tenures: &[&Tenure]) -> Option<Duration> {
        loop {
            let lasting: Vec<_> =
                part.iter().map(|&index| tenures[index]).filter(|tenure| !tenure.is_over()).collect();
            if lasting.is_empty() {
                return None;
            }
            let ends = select_all(lasting.into_iter().map(|tenure| Box::pin(tenure.over())));
            match select(self.lease.held(), ends).await {
                Either::Left((timeout, _)) => return Some(timeout),
                Either::Right(_) => {}
            }
        }
    }

    /// A field of the rows that org B had at the start and has no more, or that its user may no longer write, as it says when it
    /// is asked anew.
    pub(crate) async fn lost(&self, object: &str, rows: &[Row]) -> Option<String> {
        let describe = self.org.describe_again(object).await.ok()?;
        let mut names = rows.iter().flatten().filter(|(_, value)| !value.is_object()).map(|(name, _)| name);
        let may_write = |name: &str| {
            let field = describe.field(name)?;
            Some(field.kind == FieldKind::Id || field.createable || field.updateable)
        };
        let name = names.find(|name| may_write(name) != Some(true))?;
        let what = match may_write(name) {
            None => format!("no longer has field {name} of {object}, or its user may not see it any more"),
            Some(_) => format!("no longer lets its user edit field {name} of {object}"),
        };
        Some(format!("org `{}` {what}: the task starts again and leaves it out", self.org.name()))
    }

    /// The answer that a record's own result stands for.
    pub(crate) fn judge(&self, result: WriteResult) -> Answer {
        if result.success {
            return Answer::Written(result);
        }
        let Some(error) = result.errors.into_iter().next() else {
            return Answer::Alone(Rejection {
                code: "UNEXPLAINED".to_owned(),
                message: format!("org `{}` refused the record without an error", self.org.name()),
                fields: Vec::new(),
            });
        };
        match error.disposition() {
            Disposition::Retry | Disposition::Probe => Answer::Passing(error),
            Disposition::Org | Disposition::Reauthenticate => {
                match self.org.report_record("composite/sobjects", &error) {
                    Blame::Org => Answer::Org,
                    Blame::Call => Answer::Passing(error),
                }
            }
            // It may still come.
            Disposition::Reject if error.means_no_parent() => Answer::Passing(error),
            Disposition::Reject | Disposition::Gone => Answer::Refused(error),
        }
    }
}

impl Write<'_> {
    /// What each record means to the calls.
    fn loads(&self) -> Vec<Load> {
        match self {
            Self::Upsert { rows, .. } | Self::Update { rows, .. } => rows.iter().map(Load::of).collect(),
            Self::Delete(ids) => vec![Load::of_id(true); ids.len()],
            Self::Undelete(ids) => vec![Load::of_id(false); ids.len()],
        }
    }

    /// Calls org B with the records at `part`: as one collection, or as several in one call.
    async fn call(&self, org: &Org, part: Vec<usize>, timeout: Duration) -> Vec<Answered> {
        if let Self::Undelete(ids) = self {
            let result = org.undelete_many(&pick(ids, &part), timeout).await;
            return vec![(part, result)];
        }
        if part.len() <= COLLECTION {
            let result = match self {
                Self::Upsert { object, field, rows } => {
                    org.upsert_many(object, field, &pick(rows, &part), timeout).await
                }
                Self::Update { object, rows } => org.update_many(object, &pick(rows, &part), timeout).await,
                Self::Delete(ids) | Self::Undelete(ids) => org.delete_many(&pick(ids, &part), timeout).await,
            };
            return vec![(part, result)];
        }
        let collections: Vec<Collection<'_>> =
            part.chunks(COLLECTION).map(|places| self.collection(places)).collect();
        match org.write_collections(&collections, timeout).await {
            Ok(results) => part.chunks(COLLECTION).map(<[usize]>::to_vec).zip(results).collect(),
            Err(error) => vec![(part, Err(error))],
        }
    }

    /// The records at `places` as one of several collections.
    fn collection(&self, places: &[usize]) -> Collection<'_> {
        match self {
            Self::Upsert { object, field, rows } => {
                Collection::Upsert { object, field, records: at(rows, places) }
            }
            Self::Update { object, rows } => Collection::Update { object, records: at(rows, places) },
            Self::Delete(ids) | Self::Undelete(ids) => Collection::Delete(pick(ids, places)),
        }
    }
}

/// The two halves of a part, the first one last, so that it is taken first.
fn halves(mut part: Vec<usize>) -> [Vec<usize>; 2] {
    let back = part.split_off(part.len() / 2);
    [back, part]
}

fn at<'a>(rows: &'a [Row], places: &[usize]) -> Vec<&'a Row> {
    places.iter().map(|&place| &rows[place]).collect()
}

/// Whether org B refuses a record, or the whole call, for a field.
fn refuses_a_field(answer: &Result<Vec<WriteResult>, ApiError>) -> bool {
    match answer {
        Ok(results) => results.iter().flat_map(|result| &result.errors).any(is_about_a_field),
        Err(error) => is_refused_for_a_field(error),
    }
}

/// Whether an error says that a field is not there or may not be written.
pub(crate) fn is_about_a_field(error: &RecordError) -> bool {
    FIELD_REFUSED.contains(&error.code.as_str()) && !error.means_no_parent()
}

/// The same, of a whole call.
pub(crate) fn is_refused_for_a_field(error: &ApiError) -> bool {
    matches!(error, ApiError::Answer { errors, .. } if errors.first().is_some_and(is_about_a_field))
}

fn pick<T: Clone>(all: &[T], part: &[usize]) -> Vec<T> {
    part.iter().map(|&index| all[index].clone()).collect()
}

/// What a call with a single record failed of. What can never succeed is refused at once.
pub(crate) fn alone(error: &ApiError) -> Answer {
    if let ApiError::Answer { errors, .. } = error
        && let Some(first) = errors.first()
    {
        match first.disposition() {
            Disposition::Reject | Disposition::Gone => return Answer::Refused(first.clone()),
            Disposition::Retry => return Answer::Passing(first.clone()),
            Disposition::Probe | Disposition::Org | Disposition::Reauthenticate => {}
        }
    }
    Answer::Alone(Rejection {
        code: error.code().unwrap_or("NO_USABLE_ANSWER").to_owned(),
        message: format!(
            "{}; the org answers other calls, so this record makes the call fail",
            error.with_causes()
        ),
        fields: Vec::new(),
    })
}
