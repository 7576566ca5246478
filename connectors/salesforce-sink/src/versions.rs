//! Whether a record is newer than what was last written of it.

use orgstream_api::{IdLink, InputOffset, Skip, Stamp};

use crate::plan::Kind;

/// The place of a state in its record's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// Where it lies in Kafka: exact within one partition.
    pub(crate) at: InputOffset,
    /// Its second; orders states that came through different partitions.
    pub(crate) stamp: Option<Stamp>,
}

/// Why `version` needs no write, given the newest delivered one; `None` when it does.
pub(crate) fn superseded(version: &Version, kind: Kind, link: Option<&IdLink>) -> Option<Skip> {
    let link = link?;
    if link.last.partition == version.at.partition {
        return (version.at.offset <= link.last.offset).then_some(Skip::Duplicate);
    }
    // What came through another partition is another new record.
    if kind == Kind::Insert {
        return None;
    }
    // A record that comes back carries the stamp of a row that may not have changed since it was deleted.
    if kind == Kind::Undelete {
        return None;
    }
    match (version.stamp, link.stamp) {
        (Some(stamp), Some(last)) if stamp < last => Some(Skip::Stale),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use orgstream_api::{LinkState, TopicPartition};

    use super::*;

    fn at(partition: i32, offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Account".into(), partition }, offset }
    }

    #[test]
    fn offsets_order_one_partition_and_stamps_the_others() {
        let link = IdLink {
            source_org: "00D".into(),
            object: "Account".into(),
            source_id: "001".into(),
            target_org: "00D".into(),
            target_id: Some("001".into()),
            state: LinkState::Live,
            last: at(0, 10),
            stamp: Some(Stamp(100)),
        };
        for (place, stamp, kind, expected) in [
            (at(0, 9), Some(200), Kind::Upsert, Some(Skip::Duplicate)),
            (at(0, 10), Some(200), Kind::Undelete, Some(Skip::Duplicate)),
            (at(0, 11), Some(50), Kind::Upsert, None),
            (at(1, 5), Some(99), Kind::Upsert, Some(Skip::Stale)),
            (at(1, 5), Some(99), Kind::Delete, Some(Skip::Stale)),
            (at(1, 5), Some(100), Kind::Upsert, None),
            (at(1, 5), Some(99), Kind::Undelete, None),
            (at(1, 5), None, Kind::Upsert, None),
            (at(0, 10), Some(200), Kind::Insert, Some(Skip::Duplicate)),
            (at(1, 5), Some(99), Kind::Insert, None),
            (at(1, 5), Some(99), Kind::Create, Some(Skip::Stale)),
        ] {
            let version = Version { at: place, stamp: stamp.map(Stamp) };
            assert_eq!(superseded(&version, kind, Some(&link)), expected, "{version:?} {kind:?}");
            assert_eq!(superseded(&version, kind, None), None);
        }
    }
}
