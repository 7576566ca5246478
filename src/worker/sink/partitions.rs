//! Partitions that come, wait, are committed and go.

use std::collections::{BTreeSet, HashMap};

use orgstream_api::{InputOffset, OpenJobs, TaskError, TopicPartition};
use tokio::time::Instant;

use super::lettered::Due;
use super::view::Oldest;
use super::{Parts, SinkWorker};
use crate::clock::now_ms;
use crate::kafka::{Assigned, Error, Event, Revocation, topics};

impl SinkWorker {
    pub(super) async fn event(&mut self, event: Event) -> Result<(), TaskError> {
        match event {
            Event::Messages(messages) => self.take_in(messages).await,
            Event::Assigned(partitions) => self.assigned(partitions).await,
            Event::Revoking(revocation) => self.revoking(revocation).await,
            Event::Lost(partitions) => {
                tracing::warn!(
                    pipeline = %self.parts.task.pipeline, partitions = partitions.len(),
                    "Partitions were lost without notice; what was in flight is delivered again to their next owner."
                );
                self.forget(&partitions);
                Ok(())
            }
            Event::Advanced(places) => {
                for place in places {
                    self.ledger.passed(&place.partition, place.offset);
                }
                Ok(())
            }
            Event::Error(error @ Error::Failed { .. }) => {
                self.is_degraded = true;
                self.parts.health.degraded(format!("records are waited for: {error}"));
                Ok(())
            }
            Event::Error(error) => Err(error.into()),
        }
    }

    /// Takes partitions over: what waits in them is read before their first record is written.
    async fn assigned(&mut self, assigned: Vec<Assigned>) -> Result<(), TaskError> {
        let inputs: BTreeSet<String> = assigned.iter().map(|new| new.at.partition.topic.clone()).collect();
        let ends = self.parts.admin.end_offsets(&inputs.into_iter().collect::<Vec<_>>()).await?;
        let starts: Vec<InputOffset> = assigned.iter().map(|new| new.at.clone()).collect();
        self.widen(&starts).await?;
        if let Some(intents) = &self.parts.intents {
            // D6: before the first of their records is written.
            intents.assigned(&starts).await?;
        }
        let numbers: BTreeSet<i32> = assigned.iter().map(|new| new.at.partition.partition).collect();
        // Before the ledger has their partitions: a commit of those without the names would forget the jobs.
        let jobs = assigned.iter().filter(|new| !new.jobs.is_empty());
        let adopted: OpenJobs = jobs.map(|new| (new.at.partition.clone(), new.jobs.clone())).collect();
        if !adopted.is_empty() {
            self.parts.sink.adopt_jobs(adopted);
        }
        for Assigned { at, committed, .. } in assigned {
            let end = ends.get(&at.partition).copied().unwrap_or(at.offset);
            if committed {
                self.has_commit.insert(at.partition.clone());
            } else {
                self.forget_offsets(&at.partition).await?;
            }
            let rank = self.parts.sink.rank(&at.partition.topic);
            self.ledger.assign(at.partition.clone(), at.offset);
            self.catch_up.assign(at.partition, rank, at.offset, end);
        }
        self.parts.view.hold(self.ledger.partitions());
        for number in numbers {
            self.read_parked(number, &starts).await?;
        }
        self.read_letters_back(&starts).await?;
        self.commit_now().await?;
        self.end_bygone().await?;
        let mut parents = self.book.parents();
        parents.extend(self.parked.parents());
        self.submit_linked(parents).await
    }

    /// An input may have got more partitions while it is read. What waits of them has to have a place, before it is looked for.
    async fn widen(&mut self, starts: &[InputOffset]) -> Result<(), TaskError> {
        let Some(highest) = starts.iter().map(|start| start.partition.partition).max() else { return Ok(()) };
        let Parts { task, admin, intents, .. } = &self.parts;
        admin.widen(&topics::parked(&task.pipeline), highest + 1).await?;
        if intents.is_some() {
            admin.widen(&topics::intents(&task.pipeline), highest + 1).await?;
        }
        Ok(())
    }

    async fn read_letters_back(&mut self, starts: &[InputOffset]) -> Result<(), TaskError> {
        let Parts { task, kafka, admin, health, .. } = &self.parts;
        let due = Due { pipeline: &task.pipeline, places: starts, parked: &self.parked };
        self.lettered.read_back(due, kafka, admin, health).await
    }

    /// Lets partitions go in good order: calls in flight end, what they did is settled and committed.
    async fn revoking(&mut self, revocation: Revocation) -> Result<(), TaskError> {
        let partitions = revocation.partitions().to_vec();
        let answers = self.parts.sink.drain(&partitions, revocation.deadline()).await?;
        self.answer(answers).await?;
        let offsets = places(
            self.ledger.committable().into_iter().filter(|(partition, _)| partitions.contains(partition)),
        );
        let stand = self.commits_stand().await;
        let offsets = if matches!(stand, Ok(true)) { offsets } else { Vec::new() };
        if let Err(error) = revocation.release(offsets).await {
            tracing::warn!(%error, "The last offsets of revoked partitions were not committed; their records are delivered again.");
        }
        self.forget(&partitions);
        stand.map(drop)
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        for partition in partitions {
            self.ledger.revoke(partition);
            self.book.revoke(partition);
            self.parked.revoke(partition);
            self.catch_up.revoke(partition);
            self.has_commit.remove(partition);
        }
        self.parts.view.hold(self.ledger.partitions());
        self.parts.sink.revoke(partitions);
        // Not before: nobody calls whose note was not taken because the partition is gone.
        if let Some(intents) = &self.parts.intents {
            intents.revoke(partitions);
        }
        self.backlog.retain(|tracked| !partitions.contains(tracked.item.partition()));
        let ledger = &self.ledger;
        self.flights.retain(|ticket, _| ledger.standing(*ticket) == crate::worker::ledger::Redeemed::Live);
    }

    /// Tells the consumer which partitions are to wait: those with a record in retry, and children while their
    /// parents catch up.
    pub(super) fn pause(&mut self) {
        if self.catch_up.open().next().is_some() {
            // What waits for topics of a higher rank must not keep them from being read.
            let held = self.parts.sink.held();
            let waits = |at| held.get(at).copied().unwrap_or_default();
            let reached: Vec<_> = self
                .catch_up
                .open()
                .filter(|(at, end)| self.ledger.open_before(at, *end).is_some_and(|open| open <= waits(at)))
                .map(|(at, end)| (at.clone(), end))
                .collect();
            for (partition, end) in reached {
                self.catch_up.reached(&partition, end);
            }
        }
        let mut behind: HashMap<String, usize> = HashMap::new();
        for (at, end) in self.catch_up.open() {
            *behind.entry(at.topic.clone()).or_default() += self.ledger.left_before(at, end);
        }
        self.parts.sink.behind(behind);
        let mut paused = self.parts.sink.paused();
        paused.extend(self.catch_up.waiting().cloned());
        let later = self.parts.sink.later();
        if !later.is_empty() {
            let partitions = self.ledger.partitions().into_iter();
            paused.extend(partitions.filter(|partition| later.contains(&partition.topic)));
        }
        paused.sort();
        paused.dedup();
        self.parts.consumer.set_paused(&paused);
    }

    /// Commits when something is settled, or when the lease wants renewing.
    pub(super) async fn commit_due(&mut self) -> Result<(), TaskError> {
        let due = self.renewed.elapsed() >= self.parts.renewal;
        if due || !self.ledger.uncommitted().is_empty() || self.parts.sink.open_jobs() != self.kept {
            self.commit_now().await?;
        }
        self.parked.wake_due(now_ms());
        self.parts.view.show_oldest(Oldest { owed: self.book.oldest(), parked: self.parked.oldest() });
        match &self.parts.intents {
            Some(intents) => intents.sweep().await,
            None => Ok(()),
        }
    }

    /// Commits everything that is settled (D1), changed or not.
    pub(super) async fn commit_now(&mut self) -> Result<(), TaskError> {
        let offsets = self.ledger.committable();
        if offsets.is_empty() || !self.commits_stand().await? {
            return Ok(());
        }
        let jobs = self.parts.sink.open_jobs();
        self.parts.consumer.keep(jobs.clone());
        match self.parts.consumer.commit(places(offsets.iter().cloned())).await {
            Ok(()) => {
                self.ledger.committed(&offsets);
                self.has_commit.extend(offsets.iter().map(|(partition, _)| partition.clone()));
                // D5: a job begins when its name is with every partition of its rows.
                self.parts.sink.jobs_kept(&jobs);
                self.kept = jobs;
                if let Some(intents) = &self.parts.intents {
                    intents.committed(&offsets);
                }
                // What the sink says of itself is the sink's to take back.
                if std::mem::take(&mut self.is_degraded) {
                    self.parts.health.running();
                }
                self.renewed = Instant::now();
            }
            // The offsets stay uncommitted and are tried again; without a commit the lease runs out and no call starts.
            Err(error) => {
                self.is_degraded = true;
                self.parts.health.degraded(format!("offsets wait to be committed: {error}"));
            }
        }
        Ok(())
    }
}

fn places(offsets: impl Iterator<Item = (TopicPartition, i64)>) -> Vec<InputOffset> {
    offsets.map(|(partition, offset)| InputOffset { partition, offset }).collect()
}
