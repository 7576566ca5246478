//! Keys of a sink that its operation gives nothing to do. What is written must have an effect, or whoever wrote it is deceived.

use super::Report;
use crate::config::raw::{Algorithm, DeletedTarget, OnLeave, Operation, Sink};

/// Refuses the keys of the sink of `pipeline` that can have no effect. `has_filters` says whether any object has a filter of its
/// own.
pub(super) fn effects(pipeline: &str, sink: &Sink, has_filters: bool, report: &mut Report<'_>) {
    let at = |key| ["pipelines", pipeline, "sink", key];
    let operation = sink.operation.unwrap_or(Operation::Sync);
    match (operation, sink.on_deleted_target) {
        (_, None | Some(DeletedTarget::Undelete)) => {}
        (Operation::Insert, Some(_)) => report.fault(
            &at("on_deleted_target"),
            "has no effect: operation `insert` makes new records and changes none",
        ),
        (Operation::Delete, Some(_)) => report.fault(
            &at("on_deleted_target"),
            "has no effect: operation `delete` only deletes, and a record that is gone already is deleted",
        ),
        (Operation::Update, Some(DeletedTarget::Recreate)) => report.fault(
            &at("on_deleted_target"),
            "`recreate` has no effect: operation `update` never makes a record; `sync` and `upsert` do",
        ),
        _ => {}
    }
    if matches!((operation, sink.algorithm), (Operation::Insert, Some(Algorithm::Merged))) {
        report.fault(
            &at("algorithm"),
            "`merged` has no effect: with operation `insert` each record is a new one",
        );
    }
    if sink.on_unknown_event.is_some() && !matches!(operation, Operation::Sync | Operation::ByEventType) {
        report.fault(
            &at("on_unknown_event"),
            "has no effect: only `sync` and `by_event_type` go by the event; a fixed operation does the same whatever happened",
        );
    }
    let deletes_what_leaves = matches!((operation, sink.on_leave), (Operation::Sync, Some(OnLeave::Delete)));
    if deletes_what_leaves && sink.filter.is_none() && !has_filters {
        report.fault(&at("on_leave"), "`delete` has no effect: there is no filter that a record could leave");
    }
}
