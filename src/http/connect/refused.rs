//! What is not changed over REST: the pipelines of a file, which says what they are.

use axum::http::StatusCode;

use super::Connect;
use crate::connectors::of_file;
use crate::http::answer::Refusal;

impl Connect {
    /// Refuses what would change a part of one of the file's pipelines.
    pub(super) fn refuse_half(&self, name: &str) -> Result<(), Refusal> {
        let connectors = self.connectors();
        let half = connectors.get(name).filter(|connector| connector.is_half);
        let Some(pipeline) = half.and_then(|half| half.pipelines.first()) else { return Ok(()) };
        Err(Refusal::new(StatusCode::CONFLICT, of_file(name, pipeline, &self.files.borrow().file)))
    }
}
