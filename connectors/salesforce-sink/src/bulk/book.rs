//! The jobs that write in org B without anybody here, and whose rows came from which partitions.
//!
//! Once a job is closed it goes on whatever becomes of this process. Whoever owns one of its partitions next has to wait for it,
//! or a late row of it could come after newer writes (D5). So the runtime keeps the job's name with the partition's committed
//! offset before the job is closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use orgstream_api::{OpenJobs, TopicPartition};
use tokio::sync::{Notify, watch};

/// The jobs of one sink. Clones are the same book.
#[derive(Debug, Clone, Default)]
pub(crate) struct Book(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    jobs: Mutex<BTreeMap<String, Entry>>,
    /// Of changes of what is wrong.
    told: Notify,
}

#[derive(Debug)]
struct Entry {
    partitions: BTreeSet<TopicPartition>,
    kept: watch::Sender<bool>,
    /// What is wrong with the job, as the status says it.
    trouble: Option<String>,
}

impl Book {
    /// Enters a job, or further partitions of one. The answer turns true when its name is kept.
    pub(crate) fn enter(&self, job: &str, partitions: BTreeSet<TopicPartition>) -> watch::Receiver<bool> {
        let mut book = self.lock();
        let entry = book.entry(job.to_owned()).or_insert_with(|| Entry {
            partitions: BTreeSet::new(),
            kept: watch::Sender::new(false),
            trouble: None,
        });
        entry.partitions.extend(partitions);
        entry.kept.subscribe()
    }

    /// Enters jobs of a former owner, and names them.
    pub(crate) fn adopt(&self, jobs: OpenJobs) -> BTreeSet<String> {
        let mut of: BTreeMap<String, BTreeSet<TopicPartition>> = BTreeMap::new();
        for (partition, jobs) in jobs {
            for job in jobs {
                of.entry(job).or_default().insert(partition.clone());
            }
        }
        for (job, partitions) in &of {
            self.enter(job, partitions.clone());
        }
        of.into_keys().collect()
    }

    /// The job writes no more.
    pub(crate) fn strike(&self, job: &str) {
        self.lock().remove(job);
        self.0.told.notify_one();
    }

    /// What is wrong with a job from now on; `None` when nothing is.
    pub(crate) fn tell(&self, job: &str, trouble: Option<String>) {
        let mut book = self.lock();
        let Some(entry) = book.get_mut(job) else { return };
        if entry.trouble != trouble {
            entry.trouble = trouble;
            self.0.told.notify_one();
        }
    }

    /// What is wrong with one of the jobs.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.lock().values().find_map(|entry| entry.trouble.clone())
    }

    /// The partitions of jobs with which something is wrong: what is read of them only lengthens what comes again.
    pub(crate) fn troubled(&self) -> BTreeSet<TopicPartition> {
        let book = self.lock();
        let troubled = book.values().filter(|entry| entry.trouble.is_some());
        troubled.flat_map(|entry| &entry.partitions).cloned().collect()
    }

    /// Waits for a change of what is wrong; there is one listener. Cancel-safe.
    pub(crate) async fn told(&self) {
        self.0.told.notified().await;
    }

    /// The jobs by partition.
    pub(crate) fn open(&self) -> OpenJobs {
        let mut open = OpenJobs::new();
        for (job, entry) in self.lock().iter() {
            for partition in &entry.partitions {
                open.entry(partition.clone()).or_default().insert(job.clone());
            }
        }
        open
    }

    /// These names are kept now.
    pub(crate) fn kept(&self, kept: &OpenJobs) {
        for (job, entry) in self.lock().iter() {
            let everywhere = entry
                .partitions
                .iter()
                .all(|partition| kept.get(partition).is_some_and(|jobs| jobs.contains(job)));
            if everywhere {
                entry.kept.send_replace(true);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.jobs.lock().expect("no holder of this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_kept_when_it_is_with_every_partition_of_its_rows() {
        let at = |partition| TopicPartition { topic: "a.Account".into(), partition };
        let book = Book::default();
        let is_kept = book.enter("750", BTreeSet::from([at(0), at(1)]));
        let open = book.open();
        assert_eq!(open.keys().cloned().collect::<Vec<_>>(), [at(0), at(1)]);
        book.kept(&OpenJobs::from([(at(0), BTreeSet::from(["750".to_owned()]))]));
        assert!(!*is_kept.borrow());
        book.kept(&open);
        assert!(*is_kept.borrow());
        book.strike("750");
        assert!(book.open().is_empty());
    }

    #[test]
    fn the_partitions_of_a_job_in_trouble_are_known_until_it_is_struck() {
        let at = TopicPartition { topic: "a.Account".into(), partition: 0 };
        let book = Book::default();
        book.enter("750", BTreeSet::from([at.clone()]));
        assert_eq!((book.trouble(), book.troubled().len()), (None, 0));
        book.tell("750", Some("slow".to_owned()));
        assert_eq!((book.trouble().as_deref(), book.troubled()), (Some("slow"), BTreeSet::from([at])));
        book.strike("750");
        assert_eq!((book.trouble(), book.troubled().len()), (None, 0));
    }
}
