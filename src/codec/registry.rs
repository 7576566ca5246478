//! The schema registry.
use orgstream_api::HealthReporter;
use super::CodecError;
/// A client of a schema registry. Clones share it.
#[derive(Clone)]
pub struct Registry {}
impl Registry {
    /// A client of the registry at `url`. Waits up to 30 s for it to answer.
    pub async fn connect(url: &url::Url, health: HealthReporter) -> Result<Self, CodecError> { todo!() }
}
