//! What was produced of a record last, and which snapshot rows may follow it.
//!
//! Per record id, topic order is version order. A snapshot reads beside the stream, so its rows can be older than
//! what the stream produced meanwhile; such a row must not follow, and least of all bring back a deleted record.

use std::collections::HashMap;

use orgstream_api::Stamp;
use orgstream_salesforce::SalesforceId;

/// The state of a record at one moment, by the org's clock cut to the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It lives, with this `SystemModstamp`.
    Row(Stamp),
    /// It was deleted at this time.
    Deleted(Stamp),
}

/// The records that the stream produced while a snapshot runs.
#[derive(Debug, Default)]
pub(crate) struct Seen(HashMap<SalesforceId, Standing>);

impl Standing {
    pub(crate) fn stamp(self) -> Stamp {
        match self {
            Self::Row(stamp) | Self::Deleted(stamp) => stamp,
        }
    }

    pub(crate) fn is_deleted(self) -> bool {
        matches!(self, Self::Deleted(_))
    }
}

impl Seen {
    /// The stream produced this of a record.
    pub(crate) fn note(&mut self, id: SalesforceId, standing: Standing) {
        self.0.insert(id, standing);
    }

    /// Whether a snapshot may produce `read` of a record without stepping back behind the stream.
    pub(crate) fn lets_pass(&self, id: &SalesforceId, read: Standing) -> bool {
        match (self.0.get(id), read) {
            (None, _) => true,
            // The same second may hold a newer state; producing an equal one again does no harm.
            (Some(Standing::Row(seen)), Standing::Row(stamp)) => stamp >= *seen,
            // Within one second nothing says which came first, and the loser's own event follows in any case.
            (Some(Standing::Row(seen)), Standing::Deleted(stamp))
            | (Some(Standing::Deleted(seen)), Standing::Row(stamp)) => stamp > *seen,
            (Some(Standing::Deleted(_)), Standing::Deleted(_)) => false,
        }
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
        /// The stream reads the record's state and produces it.
        Stream,
        /// The snapshot produces a state that it read `ago` changes before.
        Page { ago: usize },
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (any::<bool>(), 0_i64..3).prop_map(|(lives, after)| Step::Change { lives, after }),
            2 => Just(Step::Stream),
            2 => (0_usize..4).prop_map(|ago| Step::Page { ago }),
        ]
    }

    proptest! {
        /// Pages may be read as late or as early as they like: what stands on the topic never goes back in time,
        /// and a deleted record comes back only through a state of a later second.
        #[test]
        fn a_snapshot_never_steps_behind_the_stream(steps in prop::collection::vec(step(), 1..60)) {
            let id = SalesforceId::parse("0015g00000QwErT").unwrap();
            let mut history = vec![Standing::Row(Stamp(0))];
            let mut seen = Seen::default();
            let mut streamed: Option<Standing> = None;
            for step in steps {
                let now = *history.last().unwrap();
                match step {
                    Step::Change { lives, after } => {
                        let at = Stamp(now.stamp().0 + after);
                        history.push(if lives { Standing::Row(at) } else { Standing::Deleted(at) });
                    }
                    Step::Stream => {
                        seen.note(id, now);
                        streamed = Some(now);
                    }
                    Step::Page { ago } => {
                        let read = history[history.len().saturating_sub(1 + ago)];
                        if !seen.lets_pass(&id, read) { continue }
                        if let Some(streamed) = streamed {
                            prop_assert!(read.stamp() >= streamed.stamp(), "{read:?} behind {streamed:?}");
                            if streamed.is_deleted() != read.is_deleted() {
                                prop_assert!(read.stamp() > streamed.stamp(), "{read:?} behind {streamed:?}");
                            }
                        }
                    }
                }
            }
        }

        /// What is filtered is never news: a state newer than all that was streamed always passes.
        #[test]
        fn a_newer_state_always_passes(at in 0_i64..100, later in 1_i64..100, was: bool, is: bool) {
            let id = SalesforceId::parse("0015g00000QwErT").unwrap();
            let state = |deleted, at| if deleted { Standing::Deleted(Stamp(at)) } else { Standing::Row(Stamp(at)) };
            let mut seen = Seen::default();
            prop_assert!(seen.lets_pass(&id, state(is, at)));
            seen.note(id, state(was, at));
            // A deletion after a deletion changes nothing on the topic.
            prop_assert_eq!(seen.lets_pass(&id, state(is, at + later)), !(was && is));
        }
    }
}
