//! Says where the target has records already that no link leads to.

use orgstream_salesforce::{ApiError, Org};
use orgstream_salesforce_sink::{SinkConfig, SinkObject};

use crate::store::IdStore;

/// Looks at the objects of which no link leads to `org`, and says which of them have records that links could lead to. What
/// cannot be looked at is no trouble: such records are found by their external ids as they come.
pub(super) async fn say_unlinked(config: &SinkConfig, ids: &IdStore, org: &Org) {
    let mut unlinked = Vec::new();
    for object in &config.objects {
        let Ok(false) = ids.has_any(&object.name, org.id().as_str()).await else { continue };
        if let Ok(true) = has_rows(object, org).await {
            unlinked.push(object.name.as_str());
        }
    }
    if !unlinked.is_empty() {
        tracing::info!(
            pipeline = %config.pipeline, org = org.name(), objects = unlinked.join(", "),
            "The org has records with external ids already, and no links lead to them. They are found one by one as they are \
             needed; `orgstream ids bootstrap FILE` fills in the links at once."
        );
    }
}

async fn has_rows(object: &SinkObject, org: &Org) -> Result<bool, ApiError> {
    let Some(field) = &object.external_id else { return Ok(false) };
    let soql = format!("SELECT Id FROM {} WHERE {field} != null LIMIT 1", object.name);
    Ok(!org.query(&soql).await?.rows.is_empty())
}
