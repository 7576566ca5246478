//! What the user's file says of refused records, and the stop that it may ask for.
//!
//! A sink that is to stop starts no call more. It still hands out what is settled, calls in flight included, so that only
//! the records that it stopped at stay unsettled (D2) and their offsets uncommitted (D1).

use orgstream_api::{InputOffset, Outcome, Rejection, Skip, TaskError, Ticket};

use super::SalesforceSink;
use crate::failures::Fate;
use crate::work::{Papers, Verdict};

/// Why a sink writes nothing more, and the tickets of the records that stay unsettled for it.
#[derive(Debug, Default)]
pub(super) struct Halt {
    reason: Option<String>,
    /// Kept, since a ticket that is dropped is another failure (D4).
    unsettled: Vec<Ticket>,
}

/// A record in the words of a message.
pub(super) struct Subject {
    /// Its id in its own org.
    pub(super) id: Option<String>,
    /// Its place; `None` for an owed reference, which has no offset to keep.
    pub(super) at: Option<InputOffset>,
}

impl Subject {
    /// The record of an item.
    pub(super) fn of(papers: &Papers) -> Self {
        let parked = papers.waited.as_ref().map(|waited| &waited.at);
        Self { id: Some(papers.key.id.clone()), at: papers.keeps.as_ref().or(parked).cloned() }
    }
}

impl SalesforceSink {
    /// Why nothing more may be written.
    pub(super) fn halted(&self) -> Option<String> {
        self.halt.reason.clone().or_else(|| self.tally.tripped())
    }

    /// The end of the task, where it has come.
    pub(super) fn end_of_task(&self) -> Option<TaskError> {
        let reason = self.halted()?;
        Some(TaskError::failed(format!("pipeline `{}`: {reason}", self.config.pipeline)))
    }

    /// The verdict, with what the file says of its code.
    pub(super) fn by_policy(&self, verdict: Verdict) -> Verdict {
        let on_error = &self.config.failures.on_error;
        match verdict {
            Verdict::Retry(rejection) | Verdict::InUse(rejection) | Verdict::Suspect(rejection)
                if on_error.ends(&rejection) =>
            {
                Verdict::rejected(rejection)
            }
            Verdict::Settled(settled) => match settled.outcome {
                Outcome::Rejected(rejection) if on_error.retries(&rejection.code) => {
                    Verdict::Retry(rejection)
                }
                _ => Verdict::Settled(settled),
            },
            verdict => verdict,
        }
    }

    /// The outcome of a record, with what the file says of its refusal. `None`: the task stops here, and the record keeps
    /// its ticket.
    pub(super) fn end_of_record(
        &mut self,
        ticket: Ticket,
        subject: &Subject,
        outcome: Outcome,
    ) -> Option<(Ticket, Outcome)> {
        let outcome = match outcome {
            Outcome::Rejected(rejection) => match self.config.failures.on_error.fate(&rejection.code) {
                Fate::Reject => Outcome::Rejected(rejection),
                Fate::Skip => {
                    tracing::warn!(
                        record = subject.id.as_deref(), %rejection,
                        "A record is refused, and passed over as `on_error` says."
                    );
                    Outcome::Skipped(Skip::Refused(Box::new(rejection)))
                }
                Fate::Stop => {
                    self.halt.unsettled.push(ticket);
                    self.halt.reason.get_or_insert_with(|| stopped(subject, &rejection));
                    return None;
                }
            },
            outcome => outcome,
        };
        match &outcome {
            Outcome::Rejected(rejection) => self.tally.note(Some(&rejection.code)),
            Outcome::Delivered(_) | Outcome::Skipped(_) if subject.at.is_some() => self.tally.note(None),
            // What becomes of a parked record is not known yet.
            Outcome::Delivered(_) | Outcome::Skipped(_) | Outcome::Parked(_) => {}
        }
        Some((ticket, outcome))
    }
}

fn stopped(subject: &Subject, rejection: &Rejection) -> String {
    let id = subject.id.as_deref().unwrap_or("without an id");
    let at = match &subject.at {
        Some(at) => format!(" at {at}"),
        None => ", a reference of which is to be set,".to_owned(),
    };
    format!(
        "record {id}{at} is refused and `on_error` says `stop`: {rejection}. Nothing more is written, and it is not settled: it \
         comes again at the next start. Mend the cause; or let such records pass, with `on_error: {{ {}: reject }}` into the \
         dead letters, with `skip` counted only",
        rejection.code
    )
}
