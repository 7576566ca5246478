//! What is not changed over REST: the pipelines of a file, which says what they are.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::{Connect, unknown};
use crate::connectors::of_file;
use crate::http::answer::Refusal;

/// What cannot be done with any connector.
pub(super) async fn change(State(connect): State<Connect>, Path(name): Path<String>) -> Refusal {
    match connect.refuse_half(&name).and_then(|()| connect.with(&name, || unknown(&name), |_, _| ())) {
        Err(refusal) => refusal,
        Ok(()) => {
            let message =
                format!("the offsets of connector {name} are not changed over REST; see `orgstream offsets`");
            Refusal::new(StatusCode::CONFLICT, message)
        }
    }
}

impl Connect {
    /// Refuses what would change a part of one of the file's pipelines.
    pub(super) fn refuse_half(&self, name: &str) -> Result<(), Refusal> {
        let connectors = self.connectors();
        let half = connectors.get(name).filter(|connector| connector.is_half);
        let Some(pipeline) = half.and_then(|half| half.pipelines.first()) else { return Ok(()) };
        Err(Refusal::new(StatusCode::CONFLICT, of_file(name, pipeline, &self.files.borrow().file)))
    }
}
