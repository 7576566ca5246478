//! Changes of one record that wait together, as one write.
//!
//! Only what waits is folded: never what is in a call, in a bulk job, or was in one before. What belongs together is what came
//! in one after the other through one partition, so that it is also taken away together.
//!
//! | before | then | is one |
//! |---|---|---|
//! | upsert | upsert | upsert |
//! | update | update | update |
//! | undelete | upsert, undelete | undelete |
//! | upsert, update, undelete, delete | delete | delete |
//! | delete | undelete | undelete |
//!
//! All else stays what it is. A record that is made anew after its deletion must not keep what only the deleted one had. An
//! insert has a note at its own place, by which it is known again.

use orgstream_api::{IdLink, Outcome, Rejection, Skip, Ticket};

use crate::change::Change;
use crate::holds::Standing;
use crate::plan::Kind;
use crate::room::Seat;
use crate::versions::{Version, superseded};
use crate::work::{Papers, Task, Work};

/// A change that is written with a later one of its record.
#[derive(Debug)]
pub(crate) struct Member {
    /// Proof that it is in flight.
    pub(crate) ticket: Ticket,
    /// Its space in the sink.
    pub(crate) seat: Option<Seat>,
    /// Its place in the record's history.
    pub(crate) version: Version,
    kind: Kind,
    /// Why it needs no write, where it needs none for itself.
    skip: Option<Skip>,
}

/// Makes one item of the last one of a lane and the next, or gives the next one back.
pub(crate) fn fold(waiting: &mut Work, mut next: Work) -> Option<Work> {
    let Some(kind) = together(waiting, &next) else { return Some(next) };
    std::mem::swap(waiting, &mut next);
    let Work { papers, task } = next;
    let (Task::Change(newest), Task::Change(earlier), Some(ticket)) =
        (&mut waiting.task, task, papers.ticket)
    else {
        unreachable!("only changes with tickets are folded");
    };
    let mut members = papers.earlier;
    let (version, seat) = (earlier.version.clone(), papers.seat);
    members.push(Member { ticket, seat, version, kind: earlier.kind, skip: None });
    waiting.papers.earlier = members;
    waiting.papers.standing = standing(papers.standing, waiting.papers.standing, kind);
    newest.follow(*earlier, kind);
    None
}

/// What two items need together; `None` where they are two.
fn together(waiting: &Work, next: &Work) -> Option<Kind> {
    let (Task::Change(before), Task::Change(then)) = (&waiting.task, &next.task) else { return None };
    let is_next = before.version.at.partition == then.version.at.partition
        && before.version.at.offset < then.version.at.offset
        && !waiting.papers.tenure.is_over();
    let is_same = before.target.index == then.target.index
        && before.external == then.external
        && !before.makes_anew()
        && !then.makes_anew();
    let has_tickets = waiting.papers.ticket.is_some() && next.papers.ticket.is_some();
    // What was parked has an entry of its own, and goes as it came.
    let was_parked = waiting.papers.waited.is_some() || next.papers.waited.is_some();
    if !is_next || !is_same || !has_tickets || was_parked || waiting.papers.attempts.have_begun() {
        return None;
    }
    folded(before.kind, then.kind)
}

/// The table.
fn folded(before: Kind, then: Kind) -> Option<Kind> {
    match (before, then) {
        (Kind::Upsert, Kind::Upsert) => Some(Kind::Upsert),
        (Kind::Update, Kind::Update) => Some(Kind::Update),
        (Kind::Undelete, Kind::Upsert | Kind::Undelete) | (Kind::Delete, Kind::Undelete) => {
            Some(Kind::Undelete)
        }
        (Kind::Upsert | Kind::Update | Kind::Undelete | Kind::Delete, Kind::Delete) => Some(Kind::Delete),
        _ => None,
    }
}

/// What the fold is to deletions of other records: what waits for one of its changes waits for all of them. A deletion in it
/// waits as it would alone.
fn standing(before: Option<Standing>, then: Option<Standing>, kind: Kind) -> Option<Standing> {
    let (before, then) = (before?, then?);
    let after = before.after.or(then.after).filter(|_| kind == Kind::Delete);
    Some(Standing { arrival: before.arrival, object: then.object, kind, after })
}

/// Leaves out what is written already, now that the record's link is known, and says so for each such change.
pub(crate) fn leave_out_written(papers: &mut Papers, change: &mut Change, link: Option<&IdLink>) {
    for member in papers.earlier.iter_mut().filter(|member| member.skip.is_none()) {
        match superseded(&member.version, member.kind, link) {
            Some(skip) => member.skip = Some(skip),
            // From here on they are newer than the link, which the first of them would have moved.
            None => return change.forget_before(&member.version.at),
        }
    }
    change.forget_before(&change.version.at.clone());
}

impl Papers {
    /// Whether the deletion of a record ends what its own fold begins: a write of the same record.
    pub(crate) fn cancel_out(&self) -> bool {
        self.earlier.iter().any(|member| member.skip.is_none() && member.kind != Kind::Delete)
    }

    /// Gives the room up, for as long as the item lies elsewhere, and says how many bytes it was.
    pub(crate) fn leave_room(&mut self) -> usize {
        let earlier = self.earlier.iter_mut().filter_map(|member| member.seat.take());
        earlier.chain(self.seat.take()).map(|seat| seat.size()).sum()
    }

    /// How many of the records that came are in this.
    pub(crate) fn records(&self) -> usize {
        self.earlier.len() + usize::from(self.keeps.is_some())
    }
}

impl Member {
    /// Whether it needs no write.
    pub(crate) fn is_over(&self) -> bool {
        self.skip.is_some()
    }

    /// Its own outcome, where the write of which it is a part has this one.
    pub(crate) fn outcome(&self, whole: &Outcome) -> Outcome {
        match (&self.skip, whole) {
            (Some(skip), _) => Outcome::Skipped(skip.clone()),
            (None, Outcome::Delivered(delivered)) => {
                let target = delivered.target.clone();
                // What a deletion takes in was never there to be seen.
                let target = target.filter(|_| self.kind == Kind::Delete || !delivered.is_deletion());
                Outcome::Skipped(Skip::Merged { target })
            }
            // The link goes with the newest of them.
            (None, Outcome::Skipped(Skip::Cancelled(_))) => Outcome::Skipped(Skip::Cancelled(None)),
            (None, whole) => whole.clone(),
        }
    }
}

/// The refusal of a write, as it is told for each of its `members` and the newest change.
pub(crate) fn refused(members: &[Member], mut rejection: Rejection) -> Rejection {
    if let Some(first) = members.iter().find(|member| member.skip.is_none()) {
        let count = members.iter().filter(|member| member.skip.is_none()).count() + 1;
        rejection.message = format!(
            "{} ({count} changes of the record, from {} on, are one write, as `algorithm: merged` has it)",
            rejection.message, first.version.at
        );
    }
    rejection
}
