//! Field values, from Salesforce's JSON and back.

use orgstream_api::Value;

use crate::describe::DescribeField;

/// A value does not fit its field.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("field `{field}`: {what}")]
pub struct ValueError {
    /// The field.
    pub field: String,
    /// What does not fit, without the value itself where it is long.
    pub what: String,
}

/// The value of `field` in a row (REST) or an event (streaming); both spell datetimes and addresses differently.
pub fn to_value(field: &DescribeField, json: &serde_json::Value) -> Result<Value, ValueError> {
    todo!()
}

/// `value` as a write to `field` of the target org sends it. Compound values cannot be written.
pub fn to_json(field: &DescribeField, value: &Value) -> Result<serde_json::Value, ValueError> {
    todo!()
}
