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
    /// The newest one, such as `65.0`.
    pub(crate) async fn newest_version(&self) -> Result<String, ApiError> {
        let reply = self.call(Call::get_at("/services/data/".to_owned())).await?;
        let versions: Vec<Version> = reply.json()?;
        let number = |version: &Version| version.version.parse::<f64>().unwrap_or_default();
        let newest = versions.into_iter().max_by(|one, other| number(one).total_cmp(&number(other)));
        newest.map(|newest| newest.version).ok_or_else(|| reply.unreadable("it names no version"))
    }
}
