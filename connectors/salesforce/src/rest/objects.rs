//! The objects of the org, by what their record ids begin with.

use std::collections::HashMap;

use serde::Deserialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

#[derive(Deserialize)]
struct Wire {
    sobjects: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    name: String,
    #[serde(default)]
    key_prefix: Option<String>,
}

impl Org {
    /// The API names of all objects that the user may see, by the three characters that ids of their records begin with.
    /// Those of custom objects differ from org to org. One call, whatever the org has.
    pub async fn key_prefixes(&self) -> Result<HashMap<String, String>, ApiError> {
        let wire: Wire = self.call(Call::get(&["sobjects"])).await?.json()?;
        let objects = wire.sobjects.into_iter();
        Ok(objects.filter_map(|object| Some((object.key_prefix?, object.name))).collect())
    }
}
