//! The versions of its APIs that an org has.

use serde::Deserialize;

use crate::call::Call;
use crate::error::ApiError;
use crate::org::Org;

#[derive(Deserialize)]
struct Version {
    version: String,
}

impl Org {
    /// All of them, such as `65.0`, the newest last.
    pub async fn versions(&self) -> Result<Vec<String>, ApiError> {
        let reply = self.call(Call::get_at("/services/data/".to_owned())).await?;
        let versions: Vec<Version> = reply.json()?;
        let mut versions: Vec<String> = versions.into_iter().map(|version| version.version).collect();
        let number = |version: &String| version.parse::<f64>().unwrap_or_default();
        versions.sort_by(|one, other| number(one).total_cmp(&number(other)));
        if versions.is_empty() { Err(reply.unreadable("it names no version")) } else { Ok(versions) }
    }

    /// The newest one.
    pub(crate) async fn newest_version(&self) -> Result<String, ApiError> {
        Ok(self.versions().await?.pop().unwrap_or_default())
    }
}
