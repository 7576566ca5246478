//! Where a sink begins in partitions of which its group has committed nothing.

use std::collections::BTreeMap;
use std::fmt;

use orgstream_salesforce::datetime::format_datetime;

/// Where a sink begins. It holds once for each partition: what is committed comes before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SinkStart {
    /// At the very first record, which has to be there still.
    #[default]
    Beginning,
    /// At the first record that is still there.
    Earliest,
    /// Behind the last record that is there when the process starts.
    Latest,
    /// Nowhere: without a commit the sink does not start.
    Nowhere,
    /// At the first record of this time or later, milliseconds since the epoch.
    Time(i64),
    /// By topic, in the order of its partitions; other topics at their very first record.
    Offsets(BTreeMap<String, Vec<PartitionStart>>),
    /// Where this group has committed; else at the very first record.
    Group(String),
}

/// Where one partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionStart {
    /// At this offset.
    At(i64),
    /// At the first record that is still there.
    Earliest,
    /// Behind the last record.
    Latest,
}

/// As the file has it.
impl fmt::Display for SinkStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("beginning"),
            Self::Earliest => f.write_str("earliest"),
            Self::Latest => f.write_str("latest"),
            Self::Nowhere => f.write_str("none"),
            Self::Time(millis) => write!(f, "{{ time: {} }}", format_datetime(*millis)),
            Self::Offsets(_) => f.write_str("{ offsets: … }"),
            Self::Group(group) => write!(f, "{{ group: {group} }}"),
        }
    }
}
