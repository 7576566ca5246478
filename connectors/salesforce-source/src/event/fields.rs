//! The fields of a record as an event brought them: text that is read once the description of the object is at hand.
//!
//! Events wait in memory while Kafka takes those before them; as text they take the room that they are counted with.

use orgstream_salesforce::{Row, SalesforceId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The text of a JSON object.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Fields(Box<RawValue>);

/// What a record is told by.
#[derive(Deserialize)]
struct Identified {
    #[serde(rename = "Id")]
    id: SalesforceId,
}

impl Fields {
    /// These fields, unless `text` is no object, or holds an escape that is half a character: what is not looked into
    /// would show that only later.
    pub(crate) fn new(text: &RawValue) -> Option<Self> {
        let fields = Self(text.to_owned());
        let is_whole = || !fields.text().contains("\\u") || fields.row().is_ok();
        (fields.text().starts_with('{') && is_whole()).then_some(fields)
    }

    /// The record's id, where the fields hold one.
    pub(crate) fn id(&self) -> Option<SalesforceId> {
        let Identified { id } = serde_json::from_str(self.text()).ok()?;
        Some(id)
    }

    pub(crate) fn text(&self) -> &str {
        self.0.get()
    }

    /// The fields by name.
    pub(crate) fn row(&self) -> serde_json::Result<Row> {
        serde_json::from_str(self.text())
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl From<&Row> for Fields {
    fn from(row: &Row) -> Self {
        Self(serde_json::value::to_raw_value(row).expect("a JSON object is one"))
    }
}
