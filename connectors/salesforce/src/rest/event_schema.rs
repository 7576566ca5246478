//! The names of events, by the ids of their schemas.

use serde::Deserialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

#[derive(Deserialize)]
struct EventSchema {
    name: String,
}

impl Org {
    /// The name of the event whose schema has this id, such as `Order__e`: a custom channel brings several events, and
    /// each names its schema alone.
    pub async fn event_name(&self, schema_id: &str) -> Result<String, ApiError> {
        let call = Call::get(&["event", "eventSchema", schema_id]).query("payloadFormat", "COMPACT");
        let schema: EventSchema = self.call(call).await?.json()?;
        Ok(schema.name)
    }
}
