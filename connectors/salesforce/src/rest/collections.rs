//! Writes of up to 200 records in one call, each with its own result (`allOrNone` is false).

use std::time::Duration;

use reqwest::Method;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::call::{Call, Reply};
use crate::error::{ApiError, RecordError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;

/// Records that one call takes, and one collection of a composite call.
pub const COLLECTION: usize = 200;

/// What became of one record of a write. Results stand in the order of the records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WriteResult {
    /// The record's id; `None` for a create that failed.
    #[serde(default)]
    pub id: Option<SalesforceId>,
    /// Whether it was written.
    pub success: bool,
    /// Whether an upsert made a new record; `None` for other writes.
    #[serde(default)]
    pub created: Option<bool>,
    /// Why it was not written.
    #[serde(default)]
    pub errors: Vec<RecordError>,
}

/// The body of a write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Records<'a> {
    all_or_none: bool,
    records: Vec<Typed<'a>>,
}

/// A record with the name of its object, as collections want it.
struct Typed<'a> {
    object: &'a str,
    row: &'a Row,
}

#[derive(Serialize)]
struct Attributes<'a> {
    r#type: &'a str,
}

impl Org {
    /// Creates records of `object`, without ids.
    pub async fn create_many(
        &self,
        object: &str,
        records: &[Row],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        let call = Call::new(Method::POST, &["composite", "sobjects"], timeout);
        self.write(call, object, records).await
    }

    /// Changes records of `object`; each has its `Id` beside the fields to change.
    pub async fn update_many(
        &self,
        object: &str,
        records: &[Row],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        let call = Call::new(Method::PATCH, &["composite", "sobjects"], timeout);
        self.write(call, object, records).await
    }

    /// Creates or changes records of `object`, found by the value of `external_id_field`, which each has beside the
    /// other fields. No two records of a call may have the same value.
    pub async fn upsert_many(
        &self,
        object: &str,
        external_id_field: &str,
        records: &[Row],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        let path = ["composite", "sobjects", object, external_id_field];
        self.write(Call::new(Method::PATCH, &path, timeout), object, records).await
    }

    /// Moves records, of any objects, to the recycle bin.
    pub async fn delete_many(
        &self,
        ids: &[SalesforceId],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        let list: Vec<&str> = ids.iter().map(SalesforceId::as_str).collect();
        let call = Call::new(Method::DELETE, &["composite", "sobjects"], timeout)
            .query("ids", list.join(","))
            .query("allOrNone", "false")
            .headers(self.writing.of_call());
        results(&self.call(call).await?, ids.len())
    }

    async fn write(&self, call: Call, object: &str, records: &[Row]) -> Result<Vec<WriteResult>, ApiError> {
        let body = Records::of(object, records.iter());
        let call = call.headers(self.writing.of_fields(object)).json(&body);
        results(&self.call(call).await?, records.len())
    }
}

impl<'a> Records<'a> {
    /// Records of `object`, each for itself.
    pub(super) fn of(object: &'a str, rows: impl Iterator<Item = &'a Row>) -> Self {
        Self { all_or_none: false, records: rows.map(|row| Typed { object, row }).collect() }
    }
}

impl Serialize for Typed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attributes", &Attributes { r#type: self.object })?;
        for (name, value) in self.row.iter().filter(|(name, _)| *name != "attributes") {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The results of a write. Records and results are matched by their place alone, so another number of results than
/// of records says nothing about any of them.
pub(super) fn matched(
    reply: &Reply,
    results: Vec<WriteResult>,
    records: usize,
) -> Result<Vec<WriteResult>, ApiError> {
    if results.len() == records {
        Ok(results)
    } else {
        Err(reply.unreadable(format!("{} results for {records} records", results.len())))
    }
}

fn results(reply: &Reply, records: usize) -> Result<Vec<WriteResult>, ApiError> {
    matched(reply, reply.json()?, records)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_sent_with_its_object_and_without_foreign_attributes() {
        let row = json!({"attributes": {"type": "Lead", "url": "/x"}, "Name": "Acme", "Phone": null});
        let typed = Typed { object: "Account", row: row.as_object().unwrap() };
        let sent = serde_json::to_string(&typed).unwrap();
        assert_eq!(sent, r#"{"attributes":{"type":"Account"},"Name":"Acme","Phone":null}"#);
    }

    #[test]
    fn results_are_read_in_every_shape_the_org_sends() {
        let results: Vec<WriteResult> = serde_json::from_value(json!([
            {"id": "0015g00000AAAAAAA5", "success": true, "errors": [], "created": true},
            {"success": false, "errors": [
                {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]", "fields": ["Name"]}
            ]},
        ]))
        .unwrap();
        assert_eq!(results[0].id, Some(SalesforceId::parse("0015g00000AAAAA").unwrap()));
        assert_eq!(results[0].created, Some(true));
        assert_eq!((results[1].id, results[1].created), (None, None));
        assert_eq!(results[1].errors[0].code, "REQUIRED_FIELD_MISSING");
        assert_eq!(results[1].errors[0].fields, ["Name"]);
    }
}
