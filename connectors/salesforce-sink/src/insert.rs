//! Records that are made without anything in org B to find them by.
//!
//! Sent twice, such a record would be there twice. So a note of it is durable before the call (D6), and a record whose note
//! has no answer, be it that the call was cut or that the process was killed, is looked for before it is sent again.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{BootInstant, Insert, Intent, Made, Rejection, StoreError};
use orgstream_salesforce::{
    ApiError, Blame, BreakerState, COLLECTION, Executed, Row, SalesforceId, WriteResult,
};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::deliver::{Delivery, Done};
use crate::parents::Trouble;
use crate::put::Prepared;
use crate::references;
use crate::target::Target;
use crate::tenure::Tenure;
use crate::unanswered::{Found, UnderWay, undecided};
use crate::work::Verdict;
use crate::write::{Answer, alone, is_about_a_field, is_refused_for_a_field};

/// How much earlier than the note org B's machines may date the record.
const MARGIN_MS: i64 = 60_000;

/// How long after its note a call may still be under way: the org works on one for ten minutes at most.
pub(crate) const OVER_MS: i64 = 720_000;

/// How old a note may be when the call starts, which with the call's own time-out leaves the ten minutes.
const NOTE_IS_GOOD_FOR: Duration = Duration::from_secs(30);

/// Answers in a row that a record may lose together with others before it travels alone.
const LOST_TOGETHER: u32 = 2;

impl Delivery {
    /// Makes records of one object.
    pub(crate) async fn insert(&self, inserts: Vec<Prepared>, done: &mut Done) -> Result<(), StoreError> {
        let Some(target) = inserts.first().map(|first| Arc::clone(&first.item.change.target)) else {
            return Ok(());
        };
        let (mut fresh, mut doubtful) = (Vec::new(), Vec::new());
        for mut insert in inserts {
            if let Some(field) = &target.external_id
                && !insert.item.change.external.is_empty()
            {
                insert.row.insert(field.clone(), Json::String(insert.item.change.external.clone()));
            }
            match self.intents.known(&insert.item.change.version.at) {
                None | Some(Insert::NotMade) => fresh.push(insert),
                Some(Insert::Unanswered(_)) => doubtful.push(insert),
                // Its outcome was on its way when the process ended.
                Some(Insert::Made(made)) => match SalesforceId::parse(&made.target) {
                    Ok(id) => {
                        self.owe_rest(&mut insert, &[]);
                        self.close(insert, Answer::Written(created(id)), done);
                    }
                    Err(_) => doubtful.push(insert),
                },
            }
        }
        for insert in self.look_for(&target, doubtful, UnderWay::Perhaps, done).await? {
            if insert.item.papers.attempts.lost() < LOST_TOGETHER {
                fresh.push(insert);
            } else {
                // Whenever it is sent the answer is lost: it is to blame.
                done.push(insert.item, Verdict::Suspect(never_answered(self.wire.org.name())));
            }
        }
        self.make(&target, fresh, done).await
    }

    /// Sends inserts, in calls that are halved where they fail.
    async fn make(&self, target: &Target, inserts: Vec<Prepared>, done: &mut Done) -> Result<(), StoreError> {
        let mut parts = Vec::new();
        let mut rest = inserts;
        while rest.len() > COLLECTION {
            parts.push(rest.split_off(rest.len() - COLLECTION));
        }
        parts.push(rest);
        while let Some(part) = parts.pop() {
            if self.wire.org.breaker().state() != BreakerState::Closed {
                for insert in part {
                    self.close(insert, Answer::Org, done);
                }
                continue;
            }
            let Some((part, timeout)) = self.noted(target, part, done).await? else { continue };
            // From here to the start of the call nothing is awaited: a partition cannot be lost in between.
            self.counters.called();
            let rows: Vec<Row> = part.iter().map(|insert| insert.row.clone()).collect();
            let started = Instant::now();
            let answered = self.wire.org.create_many(&target.object, &rows, timeout).await;
            self.wire.pace.took(started.elapsed(), rows.len());
            match answered {
                Ok(results) => {
                    let refused = results.iter().flat_map(|result| &result.errors).any(is_about_a_field);
                    let lost = if refused { self.wire.lost(&target.object, &rows).await } else { None };
                    let mut again = Vec::new();
                    for (mut insert, result) in part.into_iter().zip(results) {
                        let answer = match &lost {
                            Some(lost) if result.errors.iter().any(is_about_a_field) => {
                                Answer::Lost(lost.clone())
                            }
                            _ => self.wire.judge(result),
                        };
                        if self.give_to_fallback(&mut insert, &answer) {
                            self.not_made(&insert);
                            again.push(insert);
                            continue;
                        }
                        self.answered(insert, answer, done);
                    }
                    if !again.is_empty() {
                        parts.push(again);
                    }
                }
                Err(error) => {
                    let refused = is_refused_for_a_field(&error);
                    let lost = if refused { self.wire.lost(&target.object, &rows).await } else { None };
                    let mut left = self.after_failure(target, part, &error, done).await?;
                    if let Some(lost) = lost {
                        for insert in left {
                            self.answered(insert, Answer::Lost(lost.clone()), done);
                        }
                    } else if left.len() > 1 {
                        let back = left.split_off(left.len() / 2);
                        parts.extend([back, left]);
                    } else if let Some(insert) = left.pop() {
                        self.answered(insert, alone(&error), done);
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes notes of inserts and waits until the call may start; `None` when none of them is left.
    async fn noted(
        &self,
        target: &Target,
        mut part: Vec<Prepared>,
        done: &mut Done,
    ) -> Result<Option<(Vec<Prepared>, Duration)>, StoreError> {
        while !part.is_empty() {
            let began = BootInstant::now();
            self.intents.note(part.iter().map(|insert| self.intent(target, insert)).collect()).await?;
            let all: Vec<usize> = (0..part.len()).collect();
            let tenures: Vec<&Tenure> = part.iter().map(|insert| &insert.item.papers.tenure).collect();
            let timeout = self.wire.permission(&all, &tenures).await;
            let (kept, over): (Vec<_>, Vec<_>) =
                part.into_iter().partition(|insert| !insert.item.papers.tenure.is_over());
            for insert in over {
                self.answered(insert, Answer::Over, done);
            }
            match timeout {
                Some(timeout) if !kept.is_empty() && began.elapsed() < NOTE_IS_GOOD_FOR => {
                    return Ok(Some((kept, timeout)));
                }
                _ => part = kept,
            }
        }
        Ok(None)
    }

    fn intent(&self, target: &Target, insert: &Prepared) -> Intent {
        let now = self.wire.org.now();
        let fields = target.recognition.names(&insert.row);
        Intent {
            at: insert.item.change.version.at.clone(),
            object: target.object.clone(),
            since: now.map_or(0, |now| now - MARGIN_MS),
            // An org that never told the time is waited for.
            over: now.map_or(i64::MAX, |now| now + OVER_MS),
            user: self.wire.org.token().user().map(|user| user.as_str().to_owned()),
            print: target.recognition.print(&fields, &insert.row).unwrap_or_default(),
            fields,
        }
    }

    /// Those inserts of a failed call that made nothing, if the call is to blame.
    async fn after_failure(
        &self,
        target: &Target,
        mut part: Vec<Prepared>,
        error: &ApiError,
        done: &mut Done,
    ) -> Result<Vec<Prepared>, StoreError> {
        let blame = self.wire.org.report(error).await;
        if error.executed() == Executed::No {
            for insert in &part {
                self.not_made(insert);
            }
        }
        match (blame, error.executed()) {
            (Blame::Org, _) => {
                // Where notes have no answer, the next attempt looks first.
                for insert in part {
                    self.close(insert, Answer::Org, done);
                }
                Ok(Vec::new())
            }
            (Blame::Call, Executed::No) => Ok(part),
            (Blame::Call, Executed::Perhaps) => self.look_for(target, part, UnderWay::No, done).await,
            (Blame::Call, Executed::PerhapsLater) => {
                for insert in &mut part {
                    insert.item.papers.attempts.lose();
                }
                self.look_for(target, part, UnderWay::Perhaps, done).await
            }
        }
    }

    /// Settles inserts without an answer, but for those that made nothing.
    async fn look_for(
        &self,
        target: &Target,
        inserts: Vec<Prepared>,
        under_way: UnderWay,
        done: &mut Done,
    ) -> Result<Vec<Prepared>, StoreError> {
        if inserts.is_empty() {
            return Ok(inserts);
        }
        let found = match self.found(target, &inserts, under_way).await {
            Ok(found) => found,
            Err(Trouble::Store(error)) => return Err(error),
            // Only org B is asked.
            Err(Trouble::Org(error) | Trouble::Source(error)) => {
                let blame = self.wire.org.report(&error).await;
                for insert in inserts {
                    done.push(insert.item, self.not_asked(&error, blame));
                }
                return Ok(Vec::new());
            }
        };
        let mut not_there = Vec::new();
        for (mut insert, found) in inserts.into_iter().zip(found) {
            match found {
                Found::There(id) => {
                    let written = self.unanswered(&insert).map_or_else(Vec::new, |intent| intent.fields);
                    self.owe_rest(&mut insert, &written);
                    self.answered(insert, Answer::Written(created(id)), done);
                }
                Found::NotThere => {
                    self.not_made(&insert);
                    not_there.push(insert);
                }
                Found::NotYet(pause) => done.push(insert.item, Verdict::Later(pause)),
                Found::Undecided(candidates, why) => {
                    let rejection = undecided(self.wire.org.name(), &candidates, why);
                    done.push(insert.item, Verdict::rejected(rejection));
                }
            }
        }
        Ok(not_there)
    }

    /// What an attempt that made a record long ago could not write is written as what is owed.
    fn owe_rest(&self, insert: &mut Prepared, written: &[String]) {
        references::owe_rest(&insert.item.change, &self.targets, written, &mut insert.resolved);
    }

    fn not_asked(&self, error: &ApiError, blame: Blame) -> Verdict {
        match blame {
            Blame::Org => Verdict::Again,
            Blame::Call => Verdict::Retry(undecided(
                self.wire.org.name(),
                &[],
                &format!("asked, {}", error.with_causes()),
            )),
        }
    }

    /// A record was not made. Of a partition that was taken away, and may have come back, others know more.
    fn not_made(&self, insert: &Prepared) {
        if !insert.item.papers.tenure.is_over() {
            self.intents.not_made(&insert.item.change.version.at);
        }
    }

    /// Keeps what is known of an insert that was answered, or never sent.
    fn answered(&self, insert: Prepared, answer: Answer, done: &mut Done) {
        let at = &insert.item.change.version.at;
        match &answer {
            Answer::Written(WriteResult { id: Some(id), .. }) => self.intents.made(Made {
                at: at.clone(),
                object: insert.item.change.target.object.clone(),
                target: id.as_str().to_owned(),
                when: self.wire.org.now().unwrap_or_default(),
            }),
            // Made, but nobody says what: it is looked for.
            Answer::Written(_) => {}
            Answer::Refused(_)
            | Answer::Passing(_)
            | Answer::Alone(_)
            | Answer::Lost(_)
            | Answer::Org
            | Answer::Over => {
                self.not_made(&insert);
            }
        }
        let answer = match answer {
            Answer::Written(WriteResult { id: Some(id), .. }) => Answer::Written(created(id)),
            other => other,
        };
        self.close(insert, answer, done);
    }
}

fn created(id: SalesforceId) -> WriteResult {
    WriteResult { id: Some(id), success: true, created: Some(true), errors: Vec::new() }
}

fn never_answered(org: &str) -> Rejection {
    Rejection {
        code: "NO_USABLE_ANSWER".to_owned(),
        message: format!(
            "org `{org}` answers no call that makes this record, and does not make it; it answers other calls"
        ),
        fields: Vec::new(),
    }
}
