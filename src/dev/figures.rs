//! One look at a `dev` run: the tasks, the orgs, what is different between them.

use std::time::Duration;

use orgstream_salesforce::datetime::parse_datetime;
use tokio::time::Instant;

use crate::control::{Kind, Status, TaskStatus};

/// The tasks look every few seconds, and so does `dev`; a figure of this age is one that could not be had.
const OLD: Duration = Duration::from_secs(10);

/// What is seen.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The tasks.
    pub status: Status,
    /// Records of each object in both orgs.
    pub counts: Vec<Count>,
    /// When they were counted; `None` before the first time.
    pub counted: Option<Instant>,
    /// What the last comparison found; `None` before the first.
    pub differences: Option<Differences>,
    /// Whether the snapshot is through: all its rows are in Kafka, and the sink has settled them.
    pub snapshot_done: bool,
    /// What the user did last.
    pub user: String,
    /// What goes wrong on purpose; empty when nothing does.
    pub trouble: String,
    /// The last warning or error of the log.
    pub last_warning: Option<String>,
}

/// Records of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Its API name.
    pub object: String,
    /// In org A.
    pub in_a: u64,
    /// In org B.
    pub in_b: u64,
}

/// What a comparison of the orgs found.
#[derive(Debug, Clone, Copy)]
pub struct Differences {
    /// How many that last; what is merely on its way is not one. At most a hundred of each object are looked at.
    pub count: u64,
    /// When it ended.
    pub at: Instant,
}

impl Figures {
    /// Records in org A and in org B.
    pub fn totals(&self) -> (u64, u64) {
        self.counts.iter().fold((0, 0), |(a, b), count| (a + count.in_a, b + count.in_b))
    }

    /// Whether org B holds as many records as org A.
    pub fn as_many(&self) -> bool {
        let (in_a, in_b) = self.totals();
        self.counted.is_some() && in_b >= in_a
    }

    /// Offsets that the sinks have not settled.
    pub fn lag(&self) -> i64 {
        self.sinks().flat_map(|task| &task.lag).map(crate::control::PartitionLag::lag).sum()
    }

    /// References that wait for their parents, in Kafka.
    pub fn owed(&self) -> u64 {
        self.sinks().map(|task| task.owed).sum()
    }

    /// Records that went to the dead-letter topic.
    pub fn rejected(&self) -> u64 {
        self.sinks().map(|task| task.rejected).sum()
    }

    /// Records per second that the sources read and the sinks wrote.
    pub fn rates(&self) -> (f64, f64) {
        let of = |kind| self.tasks().filter(move |task| task.kind == kind);
        let rate_in = of(Kind::Source).map(|task| task.rate_in).sum();
        (rate_in, of(Kind::Sink).map(|task| task.rate_out).sum())
    }

    /// What is wrong now, or was last.
    pub fn last_error(&self) -> Option<&str> {
        self.tasks().find_map(|task| task.reason.as_deref()).or(self.last_warning.as_deref())
    }

    /// How long ago the orgs were counted.
    pub fn counted_ago(&self) -> Option<Duration> {
        self.counted.map(|at| at.elapsed())
    }

    /// How long before this look the brokers told the lag, of the sink that has waited longest.
    pub fn lag_ago(&self) -> Option<Duration> {
        let now = parse_datetime(&self.status.at).ok()?;
        let asked = self.sinks().filter_map(|task| parse_datetime(task.lag_at.as_deref()?).ok()).min()?;
        u64::try_from(now - asked).ok().map(Duration::from_millis)
    }

    /// How long ago the orgs were compared.
    pub fn compared_ago(&self) -> Option<Duration> {
        self.differences.map(|differences| differences.at.elapsed())
    }

    /// All tasks.
    pub fn tasks(&self) -> impl Iterator<Item = &TaskStatus> {
        self.status.pipelines.iter().flat_map(|pipeline| &pipeline.tasks)
    }

    fn sinks(&self) -> impl Iterator<Item = &TaskStatus> {
        self.tasks().filter(|task| task.kind == Kind::Sink)
    }
}

/// A remark on a figure that could not be had lately; nothing on one that is fresh.
pub(super) fn age(ago: Option<Duration>) -> String {
    match ago {
        Some(ago) if ago >= OLD => format!(" ({} s ago)", ago.as_secs()),
        _ => String::new(),
    }
}
