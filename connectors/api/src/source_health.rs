//! Whether changes can flow from an org, as its source says.
//!
//! Times are by two clocks, which are never compared: the org's, in milliseconds since the epoch, for what is in
//! Kafka; and the monotonic one of this machine, for since when something is as it is.

use std::time::{Duration, Instant};

/// What a source says of itself while it runs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceHealth {
    /// Whether changes flow.
    pub flow: Flow,
    /// Everything that happened in the org up to here is in Kafka: the oldest such place of all channels. `None` before
    /// all of them were subscribed for the first time.
    pub as_of: Option<i64>,
    /// What time it is in the org; `None` before its first answer.
    pub org_time: Option<OrgTime>,
    /// Each channel, in the order they were opened.
    pub channels: Vec<ChannelHealth>,
    /// Each snapshot that is not done.
    pub snapshots: Vec<Progress>,
}

/// Whether changes flow. Where several are true, the first of `Failed`, `Degraded`, `Connecting`, `Repairing`,
/// `CatchingUp` and `Live` is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Flow {
    /// There is no session, or it has not answered yet. Nothing is wrong.
    #[default]
    Connecting,
    /// What happens comes at once.
    Live,
    /// What happens comes, but what happened earlier still has to be read.
    CatchingUp,
    /// What is missing is being read.
    Repairing,
    /// Something does not come.
    Degraded(Trouble),
    /// The source has ended, and says why.
    Failed(String),
}

/// Something that is waited out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What happened, where, and what to do.
    pub reason: String,
    /// When it began.
    pub since: Instant,
    /// When the next attempt is made; `None` where one is under way, or where something outside decides that.
    pub next_attempt: Option<Instant>,
}

/// What time it is in an org, in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgTime {
    /// What an answer of the org said.
    pub said: i64,
    /// When.
    pub at: Instant,
}

/// One channel of a source, or one object that none brings, which is polled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelHealth {
    /// As the org names it, or `polling` with the object.
    pub name: String,
    /// The objects whose changes it brings.
    pub objects: Vec<String>,
    /// Whether it brings them.
    pub flow: Flow,
    /// As [`SourceHealth::as_of`].
    pub as_of: Option<i64>,
    /// What it never brings, by its nature.
    pub remark: Option<String>,
}

/// How far a snapshot is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// The object.
    pub object: String,
    /// Rows read.
    pub rows: u64,
    /// Rows there are to read; `None` where the org does not say.
    pub total: Option<u64>,
    /// Rows per second, since this run began to read them.
    pub rate: f64,
    /// Calls made for it.
    pub calls: u64,
    /// Records that came back from the recycle bin and that rows of the object may point at: these are read, or wait their turn.
    pub returned: u64,
}

impl SourceHealth {
    /// How old the newest state is that Kafka holds of everything. Grows while nothing comes from the org.
    pub fn age(&self) -> Option<Duration> {
        age(self.as_of, self.org_time)
    }

    /// As [`SourceHealth::age`], of one channel.
    pub fn age_of(&self, channel: &ChannelHealth) -> Option<Duration> {
        age(channel.as_of, self.org_time)
    }
}

impl Flow {
    /// The word shown.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::CatchingUp => "catching_up",
            Self::Repairing => "repairing",
            Self::Degraded(_) => "degraded",
            Self::Failed(_) => "failed",
        }
    }

    /// The one of the two that is shown; this one where both are the same.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Live => 0,
            Self::CatchingUp => 1,
            Self::Repairing => 2,
            Self::Connecting => 3,
            Self::Degraded(_) => 4,
            Self::Failed(_) => 5,
        }
    }
}

impl OrgTime {
    /// What time it is there now, if its clock runs as ours does.
    pub fn now(&self) -> i64 {
        self.said.saturating_add(i64::try_from(self.at.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

impl Progress {
    /// How long the rest takes at this rate; `None` where nobody knows how much it is.
    pub fn rest(&self) -> Option<Duration> {
        let left = self.total?.saturating_sub(self.rows);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        Duration::try_from_secs_f64(left as f64 / self.rate).ok()
    }
}

fn age(as_of: Option<i64>, org_time: Option<OrgTime>) -> Option<Duration> {
    let age = org_time?.now().saturating_sub(as_of?);
    Some(Duration::from_millis(u64::try_from(age).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_flows_the_worse_is_shown_and_of_two_troubles_the_first() {
        let trouble = |reason: &str| {
            Flow::Degraded(Trouble {
                reason: reason.to_owned(),
                since: tokio::time::Instant::now().into_std(),
                next_attempt: None,
            })
        };
        let worst_first = [
            Flow::Failed("gone".to_owned()),
            trouble("one"),
            Flow::Connecting,
            Flow::Repairing,
            Flow::CatchingUp,
            Flow::Live,
        ];
        for (place, flow) in worst_first.iter().enumerate() {
            for better in &worst_first[place..] {
                assert_eq!(flow.clone().or_worse(better.clone()), *flow);
                assert_eq!(better.clone().or_worse(flow.clone()), *flow);
            }
        }
        assert_eq!(trouble("one").or_worse(trouble("other")).as_str(), "degraded");
        let Flow::Degraded(shown) = trouble("one").or_worse(trouble("other")) else { panic!() };
        assert_eq!(shown.reason, "one");
    }

    #[test]
    fn the_age_grows_without_the_source_saying_anything() {
        let long_ago = tokio::time::Instant::now().into_std().checked_sub(Duration::from_secs(30)).unwrap();
        let org_time = Some(OrgTime { said: 100_000, at: long_ago });
        let health = SourceHealth { as_of: Some(40_000), org_time, ..SourceHealth::default() };
        let age = health.age().unwrap();
        assert!(age >= Duration::from_secs(90) && age < Duration::from_secs(100), "{age:?}");
        assert_eq!(SourceHealth { as_of: None, ..health }.age(), None);
    }

    #[test]
    fn what_is_left_of_a_snapshot_is_told_where_its_size_is_known() {
        let known = Progress { rows: 200, total: Some(1_000), rate: 100.0, ..Progress::default() };
        assert_eq!(known.rest(), Some(Duration::from_secs(8)));
        assert_eq!(Progress { total: None, ..known.clone() }.rest(), None);
        assert_eq!(Progress { rate: 0.0, ..known }.rest(), None);
    }
}
