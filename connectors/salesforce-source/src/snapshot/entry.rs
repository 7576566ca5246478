//! What is stored of a snapshot: how far it is, and where it goes on after a restart.

use orgstream_api::{Offsets, SourcePosition};
use orgstream_salesforce::SalesforceId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::moment::Moment;
use crate::returned::Return;

/// A snapshot of one object, as it is stored. Members that an earlier version did not write may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SnapshotEntry {
    pub(crate) state: SnapshotState,
    /// When its first page was asked for; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<Moment>,
    /// When its last row was produced, or when it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<Moment>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Rows that were deleted since then become deletes; absent where none can be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repairs: Option<Moment>,
    /// Why it is made though nobody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) returned: Option<Return>,
    /// The condition of its rows, in SOQL.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<String>,
    /// Where the next row is; absent before the first and in what an earlier version wrote.
    #[serde(flatten)]
    pub(crate) cursor: Option<Cursor>,
    /// Rows read, those included that were left out.
    #[serde(default)]
    pub(crate) rows: u64,
    /// Rows there were when it began, where the org said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<u64>,
    /// Calls made for it.
    #[serde(default)]
    pub(crate) calls: u64,
    /// Where the object's topics ended when it began. What the stream produced behind that decides about older rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read_from: Option<Offsets>,
}

/// Where the next row of a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub(crate) enum Cursor {
    /// In a query, after this id; `None` before the first.
    Query {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<SalesforceId>,
    },
    /// In the results of a job: so many rows behind this locator, or behind the start.
    Bulk {
        job: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locator: Option<String>,
        row: u64,
    },
}

/// The position of a snapshot that somebody ordered and that the next source takes; `object` is its name in the org.
pub fn ordered_snapshot(object: &str, order: &str, filter: Option<String>) -> SourcePosition {
    let name = SnapshotName { object: object.to_owned(), order: Some(order.to_owned()) };
    SnapshotEntry::asked(filter, None).stored(&name)
}

/// How far a snapshot is. One that is not done is gone on with by the next run, wherever its source is told to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SnapshotState {
    /// It is to be made, and no page of it was produced.
    Asked,
    Running,
    Done,
    /// It was ordered, and the org cannot read its rows: nobody repeats that.
    Failed,
}

impl SnapshotState {
    /// Whether nothing more becomes of it.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// Which snapshot of an object: its own, or one that somebody ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SnapshotName {
    pub(crate) object: String,
    pub(crate) order: Option<String>,
}

impl SnapshotName {
    /// The name in a position; `None` for another kind of position.
    pub(crate) fn read(position: &SourcePosition) -> Option<Self> {
        let text = |member| position.partition.get(member).and_then(serde_json::Value::as_str);
        Some(Self { object: text("snapshot")?.to_owned(), order: text("order").map(str::to_owned) })
    }

    /// Nothing is stored of it any more.
    pub(crate) fn forgotten(&self) -> SourcePosition {
        SourcePosition { partition: self.partition(), offset: serde_json::Value::Null }
    }

    fn partition(&self) -> serde_json::Value {
        match &self.order {
            None => json!({"snapshot": self.object}),
            Some(order) => json!({"snapshot": self.object, "order": order}),
        }
    }
}

impl SnapshotEntry {
    /// One that is to be made.
    pub(crate) fn asked(filter: Option<String>, repairs: Option<Moment>) -> Self {
        Self {
            state: SnapshotState::Asked,
            started: None,
            done: None,
            reason: None,
            repairs,
            returned: None,
            filter,
            cursor: None,
            rows: 0,
            total: None,
            calls: 0,
            read_from: None,
        }
    }

    pub(crate) fn stored(&self, name: &SnapshotName) -> SourcePosition {
        SourcePosition { partition: name.partition(), offset: json!(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(entry: &SnapshotEntry) -> SnapshotEntry {
        serde_json::from_value(json!(entry)).unwrap()
    }

    #[test]
    fn an_entry_comes_back_as_it_was_stored() {
        let id = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let asked = SnapshotEntry::asked(Some("Name != null".to_owned()), Some(Moment(1_000)));
        let job = || Cursor::Bulk { job: "750x".to_owned(), locator: None, row: 5_000 };
        for cursor in
            [None, Some(Cursor::Query { after: None }), Some(Cursor::Query { after: Some(id) }), Some(job())]
        {
            let read_from = Some(Offsets::from([("a.Account".to_owned(), [(0, 17), (5, 0)].into())]));
            let entry = SnapshotEntry { cursor, read_from, total: Some(9), ..asked.clone() };
            assert_eq!(again(&entry), entry);
        }
        let stored = SnapshotEntry { cursor: Some(job()), ..SnapshotEntry::asked(None, None) };
        assert_eq!(
            json!(stored),
            json!({"state": "asked", "by": "bulk", "job": "750x", "row": 5_000, "rows": 0, "calls": 0})
        );
    }

    #[test]
    fn what_an_earlier_version_stored_is_still_read() {
        let earlier: SnapshotEntry = serde_json::from_value(json!({"state": "running"})).unwrap();
        assert_eq!((earlier.state, earlier.cursor, earlier.read_from), (SnapshotState::Running, None, None));
    }

    #[test]
    fn an_ordered_snapshot_stands_beside_the_objects_own() {
        let own = SnapshotName { object: "Account".to_owned(), order: None };
        let ordered = SnapshotName { order: Some("0a1b2c3d".to_owned()), ..own.clone() };
        assert_eq!(ordered.forgotten().partition, json!({"snapshot": "Account", "order": "0a1b2c3d"}));
        for name in [own, ordered] {
            assert_eq!(SnapshotName::read(&name.forgotten()), Some(name));
        }
    }
}
