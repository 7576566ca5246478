//! The state of a record as typed values, and how it came to be read.

use std::sync::Arc;

use orgstream_api::record::field;
use orgstream_api::{Struct, Value};
use orgstream_salesforce::{DATES, Describe, PlainRow, Row, SalesforceId, datetime, to_value};
use serde_json::Value as Json;

use crate::described::{Carried, Described};
use crate::error::RowError;
use crate::event::{Event, Fields};
use crate::moment::Moment;

/// The field that dates a row.
pub(crate) const STAMP: &str = "SystemModstamp";

/// When a row was changed last, by the best of its fields.
pub(crate) fn stamp_of(row: &Row) -> Option<Moment> {
    let text = DATES.into_iter().find_map(|name| row.get(name)?.as_str())?;
    datetime::parse_datetime(text).ok().map(Moment)
}

/// A record's state, read as typed values.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) id: SalesforceId,
    /// The row's `SystemModstamp` or what stands for it, or the event's time where no row was read.
    pub(crate) stamp: Moment,
    pub(crate) described: Arc<Described>,
    pub(crate) value: Struct,
    pub(crate) carried: Carried,
}

/// How a record came about.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// By this event.
    Stream { event: Arc<Event> },
    /// By reading all rows.
    Snapshot,
    /// By asking what changed.
    Sweep,
}

impl Origin {
    /// The word in the record's headers.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Stream { .. } => "stream",
            Self::Snapshot => "snapshot",
            Self::Sweep => "sweep",
        }
    }

    /// The channel of the event, and its replay id where it has one; `None` where rows were read without one.
    pub(crate) fn place(&self) -> Option<(&str, Option<i64>)> {
        let Self::Stream { event } = self else { return None };
        Some((event.channel.as_str(), event.replay_id.map(|id| id.0)))
    }

    /// When the event was raised.
    pub(crate) fn time(&self) -> Option<Moment> {
        let Self::Stream { event } = self else { return None };
        Some(event.created)
    }

    /// When an answer brought what the record tells; `None` where the source asked for it.
    pub(crate) fn received(&self) -> Option<std::time::Instant> {
        match self {
            Self::Stream { event } => Some(event.received.into_std()),
            Self::Snapshot | Self::Sweep => None,
        }
    }
}

impl Image {
    /// Reads a row with all its fields.
    pub(crate) fn of_row(described: &Arc<Described>, row: &Row) -> Result<Self, RowError> {
        let text = |name| row.get(name).and_then(serde_json::Value::as_str);
        let id = text(field::ID).and_then(|id| SalesforceId::parse(id).ok());
        let id = id.ok_or(RowError::Missing(field::ID))?;
        Self::of_fields(described, id, stamp_of(row).ok_or(RowError::Missing(STAMP))?, row)
    }

    /// Reads the fields of an event.
    pub(crate) fn of_text(
        described: &Arc<Described>,
        id: SalesforceId,
        stamp: Moment,
        fields: &Fields,
    ) -> Result<Self, RowError> {
        match PlainRow::read(described.describe(), fields.text()) {
            Some(PlainRow { values, places }) => Ok(Self::of_values(described, id, stamp, values, places)),
            // Says what is odd about them.
            None => {
                let fields = fields.row().map_err(|error| RowError::Text(error.to_string()))?;
                Self::of_fields(described, id, stamp, &fields)
            }
        }
    }

    /// Reads the fields there are.
    pub(crate) fn of_fields(
        described: &Arc<Described>,
        id: SalesforceId,
        stamp: Moment,
        fields: &Row,
    ) -> Result<Self, RowError> {
        let describe = described.describe();
        let mut values = vec![Value::Null; describe.schema().fields().len()];
        let mut places = Vec::with_capacity(fields.len());
        for (name, json) in fields.iter().filter(|(name, _)| *name != "attributes") {
            let Some((place, read)) = described.fitting(field_of(describe, name, json))? else { continue };
            values[place] = read;
            places.push(place);
        }
        Ok(Self::of_values(described, id, stamp, values, places))
    }

    /// The image with these `values`, one for each field of the schema, of which those at `places` are known.
    fn of_values(
        described: &Arc<Described>,
        id: SalesforceId,
        stamp: Moment,
        values: Vec<Value>,
        places: Vec<usize>,
    ) -> Self {
        let describe = described.describe();
        let value = Struct::of(describe.schema(), values).expect("there is a value for each field");
        let carried =
            if places.len() == describe.fields.len() { Carried::All } else { Carried::Some(places) };
        Self { id, stamp, described: Arc::clone(described), value, carried }
    }

    /// A deleted record, of which only the id is known. `at` is the time of the deletion.
    pub(crate) fn of_deleted(described: &Arc<Described>, id: SalesforceId, at: Moment) -> Self {
        let schema = described.describe().schema();
        let carried = Carried::Some(schema.position(field::ID).into_iter().collect());
        Self { id, stamp: at, described: Arc::clone(described), value: Struct::new(schema), carried }
    }
}

/// The place of a field in the description, and its value.
fn field_of(describe: &Describe, name: &str, json: &Json) -> Result<(usize, Value), RowError> {
    let place = describe.position(name).ok_or_else(|| RowError::UnknownField(name.to_owned()))?;
    Ok((place, to_value(&describe.fields[place], json)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn described() -> Arc<Described> {
        let describe = json!({"name": "Account", "fields": [
            {"name": "Id", "type": "id"},
            {"name": "Phone", "type": "phone"},
            {"name": "SystemModstamp", "type": "datetime"},
        ]});
        Arc::new(Described::new(Arc::new(serde_json::from_value(describe).unwrap())))
    }

    fn read(json: serde_json::Value) -> Result<Image, RowError> {
        Image::of_row(&described(), &serde_json::from_value(json).unwrap())
    }

    #[test]
    fn a_field_that_is_not_described_is_noticed() {
        let row = json!({"Id": "0015g00000QwErTAAV", "New__c": 1, "SystemModstamp": "2026-01-01T10:20:30Z"});
        assert_eq!(read(row).unwrap_err(), RowError::UnknownField("New__c".to_owned()));
    }

    #[test]
    fn a_whole_row_carries_every_field_in_the_order_of_the_description() {
        let row =
            json!({"SystemModstamp": "2026-01-01T10:20:30Z", "Phone": null, "Id": "0015g00000QwErTAAV"});
        let image = read(row).unwrap();
        assert_eq!(image.carried, Carried::All);
        let text = image.described.carried(&image.carried);
        assert_eq!(&*text, r#"["Id","Phone","SystemModstamp"]"#);
        let part =
            read(json!({"SystemModstamp": "2026-01-01T10:20:30Z", "Id": "0015g00000QwErTAAV"})).unwrap();
        assert_eq!(&*part.described.carried(&part.carried), r#"["SystemModstamp","Id"]"#);
    }
}
