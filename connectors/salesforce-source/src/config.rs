//! What a source is told: which objects to read, from when on, by which channels, and where their records go.
//!
//! # Layout, in reading order
//!
//! - this file: the task and its objects
//! - `channel`: what brings changes, and in which form they are written
//! - `push_topic`: the PushTopic of an object
//! - `sweep`: what is done about changes that no event brought
//! - `snapshot`: how all rows are read
//! - `stream`: the streaming connection
//! - `shape`: what becomes of a record before it is produced

use std::sync::Arc;
use std::time::Duration;

use orgstream_api::{
    Expression, HealthReporter, Links, Order, Produced, Seen, SourceHealth, SourcePosition, TopicTemplate,
};
use tokio::sync::{mpsc, watch};

mod channel;
pub use channel::{CdcChannel, Changes, EventChannel, Records};

mod push_topic;
pub use push_topic::{Manage, Notify, NotifyForFields, PushTopicConfig};

mod sweep;
pub use sweep::{OnGap, SweepConfig};

mod snapshot;
pub use snapshot::SnapshotConfig;

mod stream;
pub use stream::{StreamConfig, Transport};

mod shape;
pub use shape::{FieldRule, FieldSource};

/// How long an org retains PushTopic events.
pub const RETENTION: Duration = Duration::from_hours(24);

/// How often objects are described anew.
pub const DESCRIBE_EVERY: Duration = Duration::from_mins(10);

/// How often an object without events is read.
pub const POLL_EVERY: Duration = Duration::from_mins(1);

/// A source task.
#[derive(Debug, Clone)]
pub struct SourceConfig {
    /// The pipeline's name, for logs.
    pub pipeline: String,
    /// Where to begin when nothing is stored.
    pub start: Start,
    /// The objects to read. A snapshot goes through them in this order, so parents stand before their children.
    pub objects: Vec<SourceObject>,
    /// Channels of messages that are about no object.
    pub events: Vec<EventChannel>,
    /// Which channels bring the change events of the objects that are read by them.
    pub cdc: CdcChannel,
    /// Whether `changedFields` of change events has the names of the record's fields, as Confluent's key of that name does.
    pub convert_changed_fields: bool,
    /// What is done about a gap.
    pub on_gap: OnGap,
    /// How changes are found that no event brought.
    pub sweep: SweepConfig,
    /// How all rows are read.
    pub snapshot: SnapshotConfig,
    /// How often objects are described anew, to find what changed in them.
    pub describe_every: Duration,
    /// The streaming connection.
    pub stream: StreamConfig,
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
#[derive(Debug, Clone)]
pub struct SourceObject {
    /// The API name.
    pub name: String,
    /// The topic of its records.
    pub topic: TopicTemplate,
    /// What brings its changes.
    pub changes: Changes,
    /// The form of its records.
    pub records: Records,
    /// Whether the rows of its events are read, so that records are whole.
    pub hydrate: bool,
    /// How often it is read where nothing brings its changes.
    pub poll_every: Duration,
    /// Its PushTopic, where it is that which brings its changes.
    pub push_topic: PushTopicConfig,
    /// Records of which one of these does not hold are not produced. Deletions always are.
    pub filter: Vec<Arc<dyn Expression>>,
    /// Changes of which one of these does not hold are not produced, deletions among them.
    pub only: Vec<Arc<dyn Expression>>,
    /// Fields that are renamed, computed or left out.
    pub fields: Vec<FieldRule>,
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

impl SourceConfig {
    /// A source with everything as it is when the file says nothing of it.
    pub fn new(pipeline: impl Into<String>, start: Start, objects: Vec<SourceObject>) -> Self {
        Self {
            pipeline: pipeline.into(),
            start,
            objects,
            events: Vec::new(),
            cdc: CdcChannel::default(),
            convert_changed_fields: false,
            on_gap: OnGap::default(),
            sweep: SweepConfig::default(),
            snapshot: SnapshotConfig::default(),
            describe_every: DESCRIBE_EVERY,
            stream: StreamConfig::default(),
            retention: RETENTION,
        }
    }
}

impl SourceObject {
    /// An object with everything as it is when the file says nothing of it.
    pub fn new(name: impl Into<String>, topic: TopicTemplate) -> Self {
        Self {
            name: name.into(),
            topic,
            changes: Changes::default(),
            records: Records::default(),
            hydrate: true,
            poll_every: POLL_EVERY,
            push_topic: PushTopicConfig::default(),
            filter: Vec::new(),
            only: Vec::new(),
            fields: Vec::new(),
        }
    }
}
