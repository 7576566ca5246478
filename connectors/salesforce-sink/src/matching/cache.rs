//! Answers that are kept for a while, so many of them at most.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// Entries at most; the oldest go first.
const ENTRIES: usize = 50_000;

/// How long an answer that found something is believed.
const FOUND: Duration = Duration::from_mins(10);

/// The same of one that found nothing: somebody is about to make what is missing.
const MISSED: Duration = Duration::from_mins(1);

/// Answers by question.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    answers: HashMap<K, Answer<V>>,
    order: VecDeque<K>,
    most: usize,
}

#[derive(Debug)]
struct Answer<V> {
    value: V,
    until: Instant,
}

impl<K: Clone + Eq + Hash, V: Clone> Default for Cache<K, V> {
    fn default() -> Self {
        Self { answers: HashMap::new(), order: VecDeque::new(), most: ENTRIES }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// The answer to `question`, where one is known that is young enough at `now`.
    pub(super) fn get(&self, question: &K, now: Instant) -> Option<V> {
        let answer = self.answers.get(question).filter(|answer| now < answer.until)?;
        Some(answer.value.clone())
    }

    /// Keeps an answer; `found` says whether it found something.
    pub(super) fn put(&mut self, question: K, value: V, found: bool, now: Instant) {
        let until = now + if found { FOUND } else { MISSED };
        if self.answers.insert(question.clone(), Answer { value, until }).is_none() {
            self.order.push_back(question);
        }
        while self.answers.len() > self.most {
            let Some(oldest) = self.order.pop_front() else { return };
            self.answers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_believed_longer_than_what_was_not() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.put("there", 1, true, start);
        cache.put("missing", 0, false, start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!((cache.get(&"there", at(59)), cache.get(&"missing", at(59))), (Some(1), Some(0)));
        assert_eq!((cache.get(&"there", at(61)), cache.get(&"missing", at(61))), (Some(1), None));
        assert_eq!(cache.get(&"there", at(601)), None);
    }

    #[test]
    fn it_holds_so_many_answers_at_most_however_often_each_is_renewed() {
        let (mut cache, now) = (Cache { most: 3, ..Cache::default() }, Instant::now());
        for round in 0..5 {
            for question in 0..3 {
                cache.put(question, round, true, now);
            }
        }
        assert_eq!(cache.order.len(), 3);
        cache.put(3, 0, true, now);
        assert_eq!((cache.get(&0, now), cache.get(&1, now), cache.get(&3, now)), (None, Some(4), Some(0)));
        assert_eq!((cache.answers.len(), cache.order.len()), (3, 3));
    }
}
