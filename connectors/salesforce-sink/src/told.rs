//! What the value of a record tells of its change: as orgstream and Confluent's PushTopic source write it, in two fields
//! of the value, or as a change event with its header, as Confluent's CDC source does.

use std::borrow::Cow;

use orgstream_api::record::field;
use orgstream_api::{EventType, Schema, Struct, Value};

/// The header of a change event.
const HEADER: &str = "ChangeEventHeader";

/// What a value tells.
#[derive(Debug)]
pub(crate) enum Told<'a> {
    /// It stands in the value.
    Fields(&'a Struct),
    /// It stands in the header of a change event.
    ChangeEvent(&'a Struct),
}

impl<'a> Told<'a> {
    /// By what `value` is.
    pub(crate) fn by(value: &'a Struct) -> Self {
        match value.value(HEADER) {
            Some(Value::Struct(header)) => Self::ChangeEvent(header),
            _ => Self::Fields(value),
        }
    }

    /// The object, where the value names it.
    pub(crate) fn object(&self) -> Option<&'a str> {
        match self {
            Self::Fields(value) => text(value, field::OBJECT_TYPE),
            Self::ChangeEvent(header) => text(header, "entityName"),
        }
    }

    /// What happened, in orgstream's word where it has one.
    pub(crate) fn event(&self) -> Option<&'a str> {
        let header = match self {
            Self::Fields(value) => return text(value, field::EVENT_TYPE),
            Self::ChangeEvent(header) => header,
        };
        let event = match text(header, "changeType")? {
            "CREATE" => EventType::Created,
            "UPDATE" => EventType::Updated,
            "DELETE" => EventType::Deleted,
            "UNDELETE" => EventType::Undeleted,
            // Gaps among them, which say that something happened and not what.
            other => return Some(other),
        };
        Some(event.as_str())
    }

    /// The record's id; that of one record, if the header lists several.
    pub(crate) fn id(&self) -> Option<&'a str> {
        match self {
            Self::Fields(value) => text(value, field::ID),
            Self::ChangeEvent(header) => match header.value("recordIds")? {
                Value::Array(ids) if ids.len() == 1 => ids[0].as_str(),
                _ => None,
            },
        }
    }

    /// The places in `schema` of the fields that an update changed, so that a null among them clears its field; `None`
    /// where it is not told.
    pub(crate) fn changed(&self, schema: &Schema) -> Option<Vec<usize>> {
        let Self::ChangeEvent(header) = self else { return None };
        let Some(Value::Array(changed)) = header.value("changedFields") else { return None };
        if self.event() != Some(EventType::Updated.as_str()) {
            return None;
        }
        let place = |name: &str| flat_names(name).find_map(|flat| schema.position(&flat));
        Some(changed.iter().filter_map(Value::as_str).filter_map(place).collect())
    }
}

/// The names that a changed field may have in its record. Members of compound fields are fields of their own there:
/// `FirstName` for `Name.FirstName`, `BillingCity` for `BillingAddress.City`, `Place__Latitude__s` for `Place__c.Latitude`.
fn flat_names(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let member = name.split_once('.').map(|(compound, member)| {
        let address = compound.strip_suffix("Address").map(|prefix| format!("{prefix}{member}"));
        let place = compound.strip_suffix("__c").map(|prefix| format!("{prefix}__{member}__s"));
        [address, place, Some(member.to_owned())].into_iter().flatten().map(Cow::Owned)
    });
    std::iter::once(Cow::Borrowed(name)).chain(member.into_iter().flatten())
}

fn text<'a>(value: &'a Struct, name: &str) -> Option<&'a str> {
    value.value(name)?.as_str()
}
