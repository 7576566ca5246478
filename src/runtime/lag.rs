//! How far a consumer group is behind, looked up now and then for the status.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::time::timeout;

use crate::clock;
use crate::control::PartitionLag;
use crate::kafka::{Admin, Error};

/// How long a last look may take.
const LAST: Duration = Duration::from_secs(2);

/// The lag of each partition, as last seen.
#[derive(Debug, Default)]
pub(super) struct LagTable(Mutex<(Option<SystemTime>, Vec<PartitionLag>)>);

impl LagTable {
    /// When the brokers were asked, and the lag that they told; nothing before the first answer.
    pub(super) fn read(&self) -> (Option<SystemTime>, Vec<PartitionLag>) {
        self.0.lock().expect("no holder of this lock panics").clone()
    }

    /// Looks a last time, when everything that will be committed is.
    pub(super) async fn finish(&self, admin: &Admin, group: &str, topics: &[String]) {
        // Brokers that do not answer leave it as it is.
        timeout(LAST, self.look(admin, group, topics)).await.ok();
    }

    /// Looks now, and answers with what the table has then. Brokers that do not answer leave it as it is; its time tells.
    pub(super) async fn look(&self, admin: &Admin, group: &str, topics: &[String]) -> Vec<PartitionLag> {
        let asked = clock::now();
        if let Ok(lag) = look_up(admin, group, topics).await {
            *self.0.lock().expect("no holder of this lock panics") = (Some(asked), lag);
        }
        self.read().1
    }
}

/// The lag of every partition of `topics` now. Nothing committed counts from the first offset.
pub(super) async fn look_up(
    admin: &Admin,
    group: &str,
    topics: &[String],
) -> Result<Vec<PartitionLag>, Error> {
    let ends = admin.end_offsets(topics).await?;
    let committed = admin.committed(group, topics).await?;
    let lag = |(partition, end): (&orgstream_api::TopicPartition, &i64)| PartitionLag {
        topic: partition.topic.clone(),
        partition: partition.partition,
        settled: committed.get(partition).copied().unwrap_or(0),
        end: *end,
    };
    Ok(ends.iter().map(lag).collect())
}
