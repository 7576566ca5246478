//! Objects whose records go by no job for some time, and why.
//!
//! What an org refuses for one object it may take for another, so a refusal concerns its object alone. A disk that takes no
//! rows concerns all.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

/// How long no job is tried after one that could not do it.
const REST: Duration = Duration::from_mins(10);

/// Who rests, objects by their place in the configuration.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    objects: HashMap<usize, Instant>,
    /// Objects that no job can do.
    unfit: HashSet<usize>,
    /// All rest, for this reason.
    all: Option<(Instant, String)>,
}

impl Rests {
    /// Records of an object go by no job for some time.
    pub(crate) fn rest(&mut self, object: usize, now: Instant) {
        self.objects.insert(object, now + REST);
    }

    /// Records of an object go by no job.
    pub(crate) fn exclude(&mut self, object: usize) {
        self.unfit.insert(object);
    }

    /// No record goes by a job for some time.
    pub(crate) fn rest_all(&mut self, reason: String, now: Instant) {
        self.all = Some((now + REST, reason));
    }

    /// Whether records of an object go by no job now.
    pub(crate) fn has(&self, object: usize, now: Instant) -> bool {
        self.trouble(now).is_some()
            || self.unfit.contains(&object)
            || self.objects.get(&object).is_some_and(|until| now < *until)
    }

    /// What the status says of it.
    pub(crate) fn trouble(&self, now: Instant) -> Option<&str> {
        self.all.as_ref().filter(|(until, _)| now < *until).map(|(_, reason)| reason.as_str())
    }

    /// When the status changes by itself.
    pub(crate) fn wake(&self, now: Instant) -> Option<Instant> {
        self.all.as_ref().map(|(until, _)| *until).filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_concerns_its_object_and_a_full_disk_all_of_them() {
        let (mut rests, now) = (Rests::default(), Instant::now());
        rests.rest(0, now);
        rests.exclude(1);
        assert_eq!([0, 1, 2].map(|object| rests.has(object, now)), [true, true, false]);
        assert_eq!([0, 1, 2].map(|object| rests.has(object, now + REST)), [false, true, false]);
        rests.rest_all("full".to_owned(), now);
        assert!(rests.has(2, now) && rests.trouble(now) == Some("full"));
        assert!(!rests.has(2, now + REST) && rests.trouble(now + REST).is_none());
    }
}
