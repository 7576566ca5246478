//! What org B has to do for an event.

use orgstream_api::record::field;
use orgstream_api::{EventType, Rejection};

use super::rejected;
use crate::config::Operation;
use crate::plan::Kind;

/// What org B has to do for an event, or why that is not known. A delete is never written, and what is not understood is never guessed.
pub(super) fn kind(operation: Operation, event: Option<&str>) -> Result<Kind, Rejection> {
    let deleted = event == Some(EventType::Deleted.as_str());
    match operation {
        Operation::Sync | Operation::ByEventType => {
            let Some(event) = event else {
                let message = format!(
                    "`{}` needs `_EventType` to know what to do; a pipeline of such records needs a fixed operation, or \
                     `sink.on_unknown_event`",
                    operation.as_str()
                );
                return Err(rejected("MISSING_EVENT_TYPE", &message, field::EVENT_TYPE));
            };
            match event.parse::<EventType>() {
                Ok(EventType::Created) if operation == Operation::ByEventType => Ok(Kind::Create),
                Ok(EventType::Updated) if operation == Operation::ByEventType => Ok(Kind::Update),
                Ok(EventType::Created | EventType::Updated) => Ok(Kind::Upsert),
                Ok(EventType::Undeleted) => Ok(Kind::Undelete),
                Ok(EventType::Deleted) => Ok(Kind::Delete),
                Err(error) => Err(rejected("UNKNOWN_EVENT_TYPE", &error.to_string(), field::EVENT_TYPE)),
            }
        }
        Operation::Upsert | Operation::Update | Operation::Insert if deleted => {
            let message = format!(
                "operation `{}` cannot write a deleted event, whose fields are unknown; `sync` deletes the record",
                operation.as_str()
            );
            Err(rejected("DELETED_EVENT_NOT_WRITABLE", &message, field::EVENT_TYPE))
        }
        Operation::Upsert => Ok(Kind::Upsert),
        Operation::Update => Ok(Kind::Update),
        Operation::Delete => Ok(Kind::Delete),
        Operation::Insert => Ok(Kind::Insert),
    }
}

/// Whether an event has one of the names that `_EventType` can have.
pub(super) fn is_known(event: &str) -> bool {
    event.parse::<EventType>().is_ok()
}
