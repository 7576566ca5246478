//! Custom fields, made by the Tooling API.

use reqwest::Method;
use serde::Serialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

/// A text field that finds records by the ids that they have in another org.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalIdField<'a> {
    /// The object's API name.
    pub object: &'a str,
    /// The field's API name, which ends in `__c`.
    pub name: &'a str,
    /// What people read.
    pub label: &'a str,
    /// The most characters it takes.
    pub length: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CustomField<'a> {
    full_name: String,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    label: &'a str,
    length: u32,
    external_id: bool,
    unique: bool,
    required: bool,
}

impl Org {
    /// Makes a field. The org shows it to those whom a profile or a permission set gives access to, which the one who
    /// made it need not be.
    ///
    /// # Errors
    /// As any call; `DUPLICATE_DEVELOPER_NAME` where a field of that name is there, also one that the user may not see.
    pub async fn create_external_id(&self, field: ExternalIdField<'_>) -> Result<(), ApiError> {
        let ExternalIdField { object, name, label, length } = field;
        let metadata =
            Metadata { kind: "Text", label, length, external_id: true, unique: true, required: false };
        let body = CustomField { full_name: format!("{object}.{name}"), metadata };
        let call = Call::as_read(Method::POST, &["tooling", "sobjects", "CustomField"]).json(&body);
        self.call(call).await.map(drop)
    }
}
