//! What was produced of a record last, and which snapshot rows may follow it.
//!
//! Per record id, topic order is version order. The rows of a snapshot are read ahead of the stream, so they can be older
//! than what the stream produced meanwhile; such a row must not follow, and least of all bring back a deleted record.

use orgstream_api::{Sight, Stamp};

/// The state of a record at one moment, by the org's clock cut to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It lives, with this `SystemModstamp`.
    Row(Stamp),
    /// It was deleted at this time.
    Deleted(Stamp),
}

/// Whether a row of a snapshot may be produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passes,
    /// The stream produced this state or a newer one.
    Superseded,
    /// The stream produced some fields of it. Only a row that is read now has the others, and is not older.
    ReadAgain,
}

impl Standing {
    pub(crate) fn stamp(self) -> Stamp {
        match self {
            Self::Row(stamp) | Self::Deleted(stamp) => stamp,
        }
    }

    pub(crate) fn is_deleted(self) -> bool {
        matches!(self, Self::Deleted(_))
    }

    /// What is remembered of a record that was produced in this state, with all its fields or not.
    pub(crate) fn sight(self, whole: bool) -> Sight {
        Sight { stamp: self.stamp(), deleted: self.is_deleted(), whole }
    }
}

/// Whether a snapshot may produce `read`, which it read some time ago, of a record of which it has `seen` this since.
///
/// Stamps are cut to the second, and within one second nothing says which of two states came first. So a tie goes to the
/// stream: if the snapshot's state is the newer one, its event follows.
pub(crate) fn verdict(seen: Option<Sight>, read: Standing) -> Verdict {
    match (seen, read) {
        (None, _) => Verdict::Passes,
        (Some(Sight { deleted: false, whole: false, .. }), Standing::Row(_)) => Verdict::ReadAgain,
        // A deletion after a deletion changes nothing on the topic.
        (Some(Sight { deleted: true, .. }), Standing::Deleted(_)) => Verdict::Superseded,
        (Some(seen), read) if read.stamp() > seen.stamp => Verdict::Passes,
        (Some(_), _) => Verdict::Superseded,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// The org changes the record: it lives or not after this many seconds more.
        Change { lives: bool, after: i64 },
        /// The stream brings the event of the oldest change that it has not brought, with the row as it is now.
        Stream { whole: bool },
        /// The snapshot produces a state that it read `ago` changes before.
        Page { ago: usize },
        /// The process is killed: what it has seen is read back from the topic.
        Kill,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (any::<bool>(), 0_i64..3).prop_map(|(lives, after)| Step::Change { lives, after }),
            2 => prop::bool::weighted(0.8).prop_map(|whole| Step::Stream { whole }),
            2 => (0_usize..4).prop_map(|ago| Step::Page { ago }),
            1 => Just(Step::Kill),
        ]
    }

    /// A state with the number of the change that made it, which the org does not tell.
    type Version = (usize, Standing);

    /// One record: its org, its topic, and what a snapshot of it knows.
    struct Run {
        history: Vec<Standing>,
        /// Changes whose events are produced.
        streamed: usize,
        /// Whether the stream brought each state, and with all fields; `None` for a snapshot's row.
        topic: Vec<(Version, Option<bool>)>,
        seen: Option<Sight>,
    }

    impl Run {
        fn new() -> Self {
            Self { history: vec![Standing::Row(Stamp(0))], streamed: 1, topic: Vec::new(), seen: None }
        }

        fn now(&self) -> Version {
            let last = self.history.len() - 1;
            (last, self.history[last])
        }

        fn stream(&mut self, whole: bool) {
            if self.streamed == self.history.len() {
                return;
            }
            let event = (self.streamed, self.history[self.streamed]);
            self.streamed += 1;
            // A row is read after its event; one that is gone by then is left to its delete event.
            let produced = match (event.1, self.now()) {
                (Standing::Deleted(_), _) => event,
                (Standing::Row(_), now) if !now.1.is_deleted() => now,
                _ => return,
            };
            self.topic.push((produced, Some(whole)));
            self.note(produced.1.sight(whole));
        }

        fn note(&mut self, sight: Sight) {
            if self.seen.is_none_or(|seen| seen.stamp <= sight.stamp) {
                self.seen = Some(sight);
            }
        }

        fn page(&mut self, ago: usize) {
            let at = self.history.len().saturating_sub(1 + ago);
            let read = (at, self.history[at]);
            // A snapshot that repairs nothing reads living rows alone.
            if read.1.is_deleted() {
                return;
            }
            match verdict(self.seen, read.1) {
                Verdict::Passes => self.topic.push((read, None)),
                Verdict::ReadAgain if !self.now().1.is_deleted() => self.topic.push((self.now(), None)),
                Verdict::Superseded | Verdict::ReadAgain => {}
            }
        }
    }

    proptest! {
        /// Pages may be read as late or as early as they like, and a kill may come at any time: once all events are
        /// through, the topic ends with the org's state. Nothing is lost, overwritten or brought back to life.
        #[test]
        fn whatever_comes_between_its_pages_the_topic_ends_with_the_orgs_state(
            steps in prop::collection::vec(step(), 1..60),
            last in 0_usize..4,
        ) {
            let mut run = Run::new();
            for step in steps {
                match step {
                    Step::Change { lives, after } => {
                        let at = Stamp(run.now().1.stamp().0 + after);
                        run.history.push(if lives { Standing::Row(at) } else { Standing::Deleted(at) });
                    }
                    Step::Stream { whole } => run.stream(whole),
                    Step::Page { ago } => run.page(ago),
                    Step::Kill => {
                        run.seen = None;
                        let topic: Vec<_> = run.topic.clone();
                        for ((_, standing), whole) in topic {
                            if let Some(whole) = whole {
                                run.note(standing.sight(whole));
                            }
                        }
                    }
                }
            }
            run.page(last);
            while run.streamed < run.history.len() {
                run.stream(true);
            }
            let (now, end) = (run.now(), run.topic.last());
            match (now.1, end) {
                (Standing::Deleted(_), end) => {
                    prop_assert!(end.is_none_or(|((_, end), _)| end.is_deleted()), "{:?}", run.topic);
                }
                (Standing::Row(_), Some(((change, _), _))) => prop_assert_eq!(*change, now.0, "{:?}", run.topic),
                (Standing::Row(_), None) => prop_assert_eq!(now.0, 0, "only what never changed may be unread"),
            }
        }

        /// What is filtered is never news: a state of a later second always passes.
        #[test]
        fn a_newer_state_always_passes(at in 0_i64..100, later in 1_i64..100, was: bool, is: bool) {
            let state = |deleted, at| if deleted { Standing::Deleted(Stamp(at)) } else { Standing::Row(Stamp(at)) };
            prop_assert_eq!(verdict(None, state(is, at)), Verdict::Passes);
            let read = verdict(Some(state(was, at).sight(true)), state(is, at + later));
            let news = !(was && is);
            prop_assert_eq!(read, if news { Verdict::Passes } else { Verdict::Superseded });
        }
    }

    #[test]
    fn within_one_second_the_stream_has_the_word() {
        let (row, deleted) = (Standing::Row(Stamp(5)), Standing::Deleted(Stamp(5)));
        for seen in [row, deleted] {
            for read in [row, deleted] {
                assert_eq!(verdict(Some(seen.sight(true)), read), Verdict::Superseded, "{seen:?} {read:?}");
            }
        }
        assert_eq!(
            verdict(Some(row.sight(false)), row),
            Verdict::ReadAgain,
            "some of its fields are not there"
        );
    }
}
