//! Describes, kept for the life of the org.

use std::sync::Arc;

use crate::call::Call;
use crate::describe::Describe;
use crate::error::ApiError;
use crate::org::Org;

impl Org {
    /// The object as the org described it when it was first asked.
    pub async fn describe(&self, object: &str) -> Result<Arc<Describe>, ApiError> {
        let known = {
            let describes = self.inner.describes.lock().expect("no holder of this lock panics");
            describes.get(&object.to_ascii_lowercase()).cloned()
        };
        match known {
            Some(describe) => Ok(describe),
            None => self.describe_again(object).await,
        }
    }

    /// Asks the org anew, for when its fields have changed.
    pub async fn describe_again(&self, object: &str) -> Result<Arc<Describe>, ApiError> {
        let reply = self.call(Call::get(&["sobjects", object, "describe"])).await?;
        let describe: Arc<Describe> = Arc::new(reply.json()?);
        let mut describes = self.inner.describes.lock().expect("no holder of this lock panics");
        describes.insert(object.to_ascii_lowercase(), Arc::clone(&describe));
        Ok(describe)
    }
}
