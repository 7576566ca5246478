//! What goes wrong on the way.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use proptest::prelude::*;

use super::replica::Way;

/// Longer than a call may take here, in milliseconds.
const TOO_LONG: u64 = 1_300;

#[derive(Debug, Clone)]
pub(super) enum Trouble {
    Locked(u32),
    Refused { kind: CallKind, status: u16, times: u32 },
    Cut { kind: CallKind, times: u32 },
    CutAfter { kind: CallKind, times: u32 },
    TooLong(CallKind),
    JobRefused,
    JobCut(&'static str),
    JobAnswerLost(&'static str),
    JobLocked(u32),
    JobEnds,
}

impl Trouble {
    pub(super) fn fault(&self) -> Fault {
        let answer = |status, code: &str| Effect::Answer {
            status,
            code: code.to_owned(),
            message: "on demand".to_owned(),
        };
        let locked = || Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".into(), message: String::new() };
        match *self {
            Self::Locked(times) => Fault::new(CallKind::Write, locked()).times(times),
            Self::Refused { kind, status, times } => {
                Fault::new(kind, answer(status, "SERVER_UNAVAILABLE")).times(times)
            }
            Self::Cut { kind, times } => Fault::new(kind, Effect::Cut).times(times),
            Self::CutAfter { kind, times } => Fault::new(kind, Effect::CutAfter).times(times),
            Self::TooLong(kind) => Fault::new(kind, Effect::Delay { ms: TOO_LONG }).times(1),
            Self::JobRefused => Fault::new(CallKind::Bulk, answer(400, "INVALIDJOB"))
                .containing("externalIdFieldName")
                .times(1),
            Self::JobCut(part) => Fault::new(CallKind::Bulk, Effect::Cut).containing(part).times(1),
            Self::JobAnswerLost(part) => {
                Fault::new(CallKind::Bulk, Effect::CutAfter).containing(part).times(1)
            }
            Self::JobLocked(times) => Fault::new(CallKind::Bulk, locked()).times(times),
            Self::JobEnds => Fault::new(CallKind::BulkChunk, answer(500, "InternalServerError")).times(1),
        }
    }
}

/// Trouble that the way may meet.
pub(super) fn trouble(way: Way) -> BoxedStrategy<Trouble> {
    let kinds =
        || prop::sample::select(vec![CallKind::Write, CallKind::Write, CallKind::Query, CallKind::Soap]);
    let lost = vec!["externalIdFieldName", "batches", "UploadComplete", "successfulResults"];
    let any = prop_oneof![
        3 => (1..4_u32).prop_map(move |times| Trouble::Locked(times * way.twins())),
        2 => (kinds(), prop::sample::select(vec![500_u16, 503]), 1..3_u32)
            .prop_map(|(kind, status, times)| Trouble::Refused { kind, status, times }),
        1 => (1..5_u32).prop_map(|times| Trouble::Refused { kind: CallKind::Any, status: 503, times }),
        2 => (kinds(), 1..3_u32).prop_map(|(kind, times)| Trouble::Cut { kind, times }),
        2 => (kinds(), 1..3_u32).prop_map(|(kind, times)| Trouble::CutAfter { kind, times }),
        1 => kinds().prop_map(Trouble::TooLong),
    ];
    let job = prop_oneof![
        Just(Trouble::JobRefused),
        prop::sample::select(lost.clone()).prop_map(Trouble::JobCut),
        prop::sample::select(lost).prop_map(Trouble::JobAnswerLost),
        (1..4_u32).prop_map(move |times| Trouble::JobLocked(times * way.twins())),
        Just(Trouble::JobEnds),
    ];
    match way {
        Way::Bulk => prop_oneof![1 => any, 1 => job].boxed(),
        Way::Single | Way::Collections | Way::Composite => any.boxed(),
    }
}
