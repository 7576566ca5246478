//! What a source is told: which objects to read, from when on, and where their records go.

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{HealthReporter, Links, Order, Produced, Seen, SourceHealth, SourcePosition};
use tokio::sync::{mpsc, watch};

/// How long an org retains PushTopic events.
pub const RETENTION: Duration = Duration::from_hours(24);

/// A source task.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// The pipeline's name, for logs.
    pub pipeline: String,
    /// Where to begin when nothing is stored.
    pub start: Start,
    /// The objects to read. A snapshot goes through them in this order, so parents stand before their children.
    pub objects: Vec<SourceObject>,
    /// How long the org retains events: [`RETENTION`], unless it is a simulated one that says otherwise.
    pub retention: Duration,
}

/// Where a source begins when nothing is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With the first event after the first subscription.
    Latest,
    /// With the oldest event that the org retains.
    Earliest,
    /// With all rows, and every event after the first subscription. Also repairs a gap.
    Snapshot,
}

/// One object of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceObject {
    /// The API name.
    pub name: String,
    /// The topic of its records.
    pub topic: String,
}

/// What the runtime gives a source.
pub struct SourceContext {
    /// The positions that are stored, of all kinds.
    pub positions: Vec<SourcePosition>,
    /// Whether all rows are to be read anew, wherever the positions are. The first batch puts that on record, so that
    /// sources that are started later go on with it without being asked again.
    pub anew: bool,
    /// What lies on the topics already.
    pub produced: Arc<dyn Produced>,
    /// What the pipeline's own sink has brought to its target; `None` without a sink.
    pub links: Option<Arc<dyn Links>>,
    /// What was produced while a snapshot runs. Empty at the start.
    pub seen: Arc<dyn Seen>,
    /// What people ask of the source while it runs.
    pub commands: mpsc::Receiver<Order>,
    /// The task's line in the status.
    pub health: HealthReporter,
    /// Whether changes flow, for the status.
    pub source_health: watch::Sender<SourceHealth>,
}
