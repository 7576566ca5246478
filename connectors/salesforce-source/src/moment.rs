//! Moments by the org's clock. Ours is never compared with the org's.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use orgstream_api::Stamp;
use orgstream_salesforce::datetime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the epoch, by the org's clock. Written as ISO 8601 in UTC, in positions and in SOQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    /// Before everything that an org retains.
    pub(crate) const BEGINNING: Self = Self(0);

    /// The beginning of its second.
    pub(crate) fn whole_second(self) -> Self {
        Self(self.0 - self.0.rem_euclid(1000))
    }

    /// Cut to the second, as versions are compared.
    pub(crate) fn stamp(self) -> Stamp {
        Stamp(self.0.div_euclid(1000))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0.saturating_add(millis(time)))
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(millis(time)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&datetime::format_datetime(self.0))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        datetime::parse_datetime(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
