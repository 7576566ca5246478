//! References to records that were deleted so long ago that they cannot come back: nothing is owed any more.
//!
//! A reference whose parent was deleted stays owed, since the parent may come back. Without an end it would be for ever.

use std::collections::HashMap;
use std::time::Duration;

use orgstream_api::{IdLink, IdMap as _, TaskError};
use tokio::time::Instant;

use super::SinkWorker;
use crate::clock::now_ms;
use crate::kafka::Outgoing;
use crate::worker::owed::Parent;

/// How often such references are looked for. Their parents' links are kept for two more weeks.
const LOOK: Duration = Duration::from_hours(24);

impl SinkWorker {
    /// Ends what is owed to such records, from time to time.
    pub(super) async fn end_bygone_now_and_then(&mut self) -> Result<(), TaskError> {
        if self.looked_for_bygone.elapsed() < LOOK {
            return Ok(());
        }
        self.end_bygone().await
    }

    /// Ends what is owed to such records.
    pub(super) async fn end_bygone(&mut self) -> Result<(), TaskError> {
        self.looked_for_bygone = Instant::now();
        let now = now_ms();
        let links = self.links_of(self.book.parents()).await?;
        let mut ended: Vec<Outgoing> = Vec::new();
        for (parent, _) in links.iter().filter(|(_, link)| link.state.is_final(now)) {
            for key in self.book.waiting_for(parent) {
                ended.extend(self.end(&key));
            }
        }
        if !ended.is_empty() {
            tracing::info!(
                pipeline = self.parts.task.pipeline,
                references = ended.len(),
                "References are no longer owed: their parents were deleted and cannot come back."
            );
            self.parts.producer.send(ended).await?;
        }
        Ok(())
    }

    /// The links of `parents`, of those that have one.
    pub(super) async fn links_of(
        &mut self,
        parents: Vec<Parent>,
    ) -> Result<Vec<(Parent, IdLink)>, TaskError> {
        let mut groups: HashMap<(String, String), Vec<String>> = HashMap::new();
        for (org, object, id) in parents {
            groups.entry((org, object)).or_default().push(id);
        }
        let mut found = Vec::new();
        for ((org, object), ids) in groups {
            let links = self.parts.ids.resolve(&org, &object, &self.parts.target_org, &ids).await;
            let links = links.map_err(TaskError::restart)?.into_iter().flatten();
            found.extend(links.map(|link| ((org.clone(), object.clone(), link.source_id.clone()), link)));
        }
        Ok(found)
    }
}
