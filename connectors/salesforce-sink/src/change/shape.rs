//! What the user's file makes of a change: whether it is written, and with which values.

use orgstream_api::record::{field, header};
use orgstream_api::{EventScope, EventType, Headers, Rejection, Scope, Struct};

use super::{Carried, Change, filter, said, text};
use crate::config::Operation;
use crate::plan::Kind;

/// The change as the rules of its object have it. Deletions pass as they are: nothing but their id is known.
///
/// # Errors
/// An expression that cannot be evaluated for the record.
pub(super) fn shape(
    mut change: Change,
    key: Option<&Struct>,
    headers: &Headers,
    operation: Operation,
) -> Result<Change, Rejection> {
    let event = text(&change.value, field::EVENT_TYPE).and_then(|text| text.parse::<EventType>().ok());
    let is_deletion =
        event == Some(EventType::Deleted) || (change.kind == Kind::Delete && operation != Operation::Delete);
    if is_deletion {
        return Ok(change);
    }
    let names = || carried_names(&change);
    let scope = Scope {
        value: &change.value,
        key,
        headers,
        event: EventScope {
            kind: event,
            object: &change.target.object,
            id: Some(&change.key.id),
            replay_id: headers.text(header::REPLAY_ID).and_then(|text| text.parse().ok()),
            channel: headers.text(header::CHANNEL),
            time: change.timestamp,
            carried: &names,
        },
        at: Some(&change.version.at),
    };
    if !filter::holds(&change, &scope)? {
        change.kind = Kind::Leave;
        return Ok(change);
    }
    if change.kind != Kind::Delete {
        change.said = said::computed(&change, &scope)?;
        said::adapt(&mut change);
    }
    Ok(change)
}

fn carried_names(change: &Change) -> Vec<&str> {
    let fields = change.value.iter().enumerate();
    let carried = fields.filter(|(place, (_, value))| match &change.carried {
        Carried::Named(marks) => marks[*place],
        Carried::NotNull => !value.is_null(),
        Carried::All => true,
    });
    carried.map(|(_, (name, _))| name).collect()
}
