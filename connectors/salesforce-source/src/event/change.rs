//! A change event of Change Data Capture: what happened to one record, or to several alike.

use std::str::FromStr;

use orgstream_api::EventType;
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::Value;

use super::{Missing, What, object, take};
use crate::moment::Moment;

/// The record id of an event that stands for more changes than events tell of.
const NO_RECORD: &str = "000000000000000AAA";

/// The member of the payload that is no field of the record.
const HEADER: &str = "ChangeEventHeader";

/// A change, with the records that it changed alike.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChangeEvent {
    pub(crate) header: Header,
    /// The id of the schema of the payload.
    pub(crate) schema: String,
    /// What the payload shows of each of the records: nothing of a deleted one, what is not empty of a new one, what
    /// changed of any other.
    pub(crate) fields: Row,
}

/// What the event says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The object's API name.
    pub(crate) entity: String,
    pub(crate) kind: ChangeKind,
    pub(crate) ids: Ids,
    /// The fields that an update changed, members of compound ones as `Compound.Member`.
    pub(crate) changed: Vec<String>,
    /// The API and the client that changed it; empty for what no API did.
    pub(crate) origin: String,
    pub(crate) transaction: String,
    /// The place in the transaction, from 1 and with holes.
    pub(crate) sequence: i64,
    /// When it was committed: whole seconds.
    pub(crate) committed: Moment,
    /// No order across instances.
    pub(crate) commit_number: i64,
    pub(crate) user: String,
}

/// `changeType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// Told with its fields.
    Change(EventType),
    /// Told without, because they could not be captured.
    Gap(EventType),
    /// More happened to the object than events tell of.
    Overflow,
}

/// `recordIds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ids {
    /// These records.
    Records(Vec<SalesforceId>),
    /// Records that are not named: a wildcard such as `001*`, or those of an overflow.
    Unnamed,
}

pub(super) fn read(data: &mut Value) -> Result<(Moment, What), Missing> {
    let header = match object(data, "/payload", "data.payload")?.get(HEADER) {
        Some(Value::Object(header)) => Header::read(header)?,
        _ => return Err(Missing("data.payload.ChangeEventHeader")),
    };
    let schema = data.get("schema").and_then(Value::as_str).ok_or(Missing("data.schema"))?.to_owned();
    let committed = header.committed;
    let mut fields = take(data, "/payload");
    fields.shift_remove(HEADER);
    Ok((committed, What::Change(Box::new(ChangeEvent { header, schema, fields }))))
}

impl Header {
    fn read(header: &Row) -> Result<Self, Missing> {
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let texts = |name: &str| -> Option<Vec<String>> {
            let list = header.get(name)?.as_array()?;
            list.iter().map(|text| text.as_str().map(str::to_owned)).collect()
        };
        let number = |name: &str| header.get(name).and_then(Value::as_i64);
        let kind = text("changeType").and_then(|kind| kind.parse().ok());
        let kind = kind.ok_or(Missing("data.payload.ChangeEventHeader.changeType"))?;
        let ids = texts("recordIds").and_then(|ids| Ids::read(&ids));
        let committed = number("commitTimestamp");
        // Some lists are left out where they are empty.
        let changed = match header.get("changedFields") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(_) => texts("changedFields"),
        };
        Ok(Self {
            entity: text("entityName")
                .ok_or(Missing("data.payload.ChangeEventHeader.entityName"))?
                .to_owned(),
            kind,
            ids: ids.ok_or(Missing("data.payload.ChangeEventHeader.recordIds"))?,
            changed: changed.ok_or(Missing("data.payload.ChangeEventHeader.changedFields"))?,
            origin: text("changeOrigin").unwrap_or_default().to_owned(),
            transaction: text("transactionKey").unwrap_or_default().to_owned(),
            sequence: number("sequenceNumber").unwrap_or_default(),
            committed: Moment(committed.ok_or(Missing("data.payload.ChangeEventHeader.commitTimestamp"))?),
            commit_number: number("commitNumber").unwrap_or_default(),
            user: text("commitUser").unwrap_or_default().to_owned(),
        })
    }
}

impl ChangeKind {
    /// What happened to each record; `None` where that is not said.
    pub(crate) fn event_type(self) -> Option<EventType> {
        match self {
            Self::Change(kind) | Self::Gap(kind) => Some(kind),
            Self::Overflow => None,
        }
    }

    /// The word in the header.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Change(EventType::Created) => "CREATE",
            Self::Change(EventType::Updated) => "UPDATE",
            Self::Change(EventType::Deleted) => "DELETE",
            Self::Change(EventType::Undeleted) => "UNDELETE",
            Self::Gap(EventType::Created) => "GAP_CREATE",
            Self::Gap(EventType::Updated) => "GAP_UPDATE",
            Self::Gap(EventType::Deleted) => "GAP_DELETE",
            Self::Gap(EventType::Undeleted) => "GAP_UNDELETE",
            Self::Overflow => "GAP_OVERFLOW",
        }
    }
}

impl FromStr for ChangeKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let kind = |text| match text {
            "CREATE" => Ok(EventType::Created),
            "UPDATE" => Ok(EventType::Updated),
            "DELETE" => Ok(EventType::Deleted),
            "UNDELETE" => Ok(EventType::Undeleted),
            _ => Err(()),
        };
        match text.strip_prefix("GAP_") {
            Some("OVERFLOW") => Ok(Self::Overflow),
            Some(gap) => kind(gap).map(Self::Gap),
            None => kind(text).map(Self::Change),
        }
    }
}

impl Ids {
    fn read(ids: &[String]) -> Option<Self> {
        // Before they are parsed: neither is the id of a record.
        if ids.iter().any(|id| id.ends_with('*') || id == NO_RECORD) {
            return Some(Self::Unnamed);
        }
        let ids: Option<Vec<SalesforceId>> = ids.iter().map(|id| SalesforceId::parse(id).ok()).collect();
        ids.filter(|ids| !ids.is_empty()).map(Self::Records)
    }

    /// Those that are named.
    pub(crate) fn records(&self) -> &[SalesforceId] {
        match self {
            Self::Records(ids) => ids,
            Self::Unnamed => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::fixture;

    fn change(name: &str) -> ChangeEvent {
        match fixture(name).what {
            What::Change(change) => *change,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_kind_of_change_is_read_with_its_records() {
        use ChangeKind::{Change, Gap, Overflow};
        use EventType::{Created, Deleted, Undeleted, Updated};
        for (name, kind, records, fields) in [
            ("cdc_create", Change(Created), 1, 6),
            ("cdc_update", Change(Updated), 1, 4),
            ("cdc_update_of_three", Change(Updated), 3, 2),
            ("cdc_delete", Change(Deleted), 1, 0),
            ("cdc_undelete", Change(Undeleted), 1, 3),
            ("cdc_diff", Change(Updated), 1, 2),
            ("cdc_gap_create", Gap(Created), 1, 0),
            ("cdc_gap_update", Gap(Updated), 2, 0),
            ("cdc_gap_delete", Gap(Deleted), 1, 0),
            ("cdc_gap_undelete", Gap(Undeleted), 1, 0),
            ("cdc_gap_overflow", Overflow, 0, 0),
            ("cdc_gap_wildcard", Gap(Updated), 0, 0),
        ] {
            let change = change(name);
            assert_eq!(change.header.kind, kind, "{name}");
            assert_eq!(change.header.ids.records().len(), records, "{name}");
            assert_eq!(change.fields.len(), fields, "{name}");
            assert_eq!(change.header.kind.as_str().parse(), Ok(kind), "{name}");
        }
        assert_eq!("SNAPSHOT".parse::<ChangeKind>(), Err(()), "it is reserved");
    }

    #[test]
    fn the_header_of_a_change_is_read_whole() {
        let header = change("cdc_update").header;
        assert_eq!(header.entity, "Account");
        assert_eq!(header.changed, ["Industry", "Phone", "BillingAddress.City", "LastModifiedDate"]);
        assert_eq!(header.origin, "com/salesforce/api/rest/59.0;client=mirror-tool");
        assert_eq!(header.transaction, "0002b3f1-9e41-1a2b-0f6d-4d2a17c9e001");
        assert_eq!((header.sequence, header.commit_number), (1, 10_915_706_370_983));
        assert_eq!(header.committed, Moment(1_767_262_830_000));
        assert_eq!(header.user, "0055g00000AbCdEAAV");
        assert_eq!(fixture("cdc_update").created, header.committed);
    }

    #[test]
    fn ids_that_name_no_record_are_not_malformed() {
        assert_eq!(change("cdc_gap_overflow").header.ids, Ids::Unnamed);
        assert_eq!(change("cdc_gap_wildcard").header.ids, Ids::Unnamed);
        assert_eq!(Ids::read(&["odd".to_owned()]), None);
        assert_eq!(Ids::read(&[]), None, "an event of no record says nothing");
    }
}
