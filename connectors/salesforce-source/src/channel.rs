//! The name of what a subscription reads.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A channel's full name, such as `/topic/orgstream_Account`. Case sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Channel(Arc<str>);

/// What a channel brings. Its name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `/topic/X`: the changes that the PushTopic X selects.
    Topic,
    /// `/data/XChangeEvent`, `/data/ChangeEvents`, `/data/X__chn`: Change Data Capture.
    Change,
    /// `/event/X__e`, `/event/X__chn`: platform events.
    Platform,
    /// `/u/X`: text that is pushed through it.
    Generic,
}

impl Channel {
    /// The channel of the PushTopic `name`.
    pub(crate) fn of_push_topic(name: &str) -> Self {
        Self(format!("/topic/{name}").into())
    }

    /// The Change Data Capture channel `name`, such as `AccountChangeEvent`, `ChangeEvents` or `Mine__chn`.
    pub(crate) fn of_changes(name: &str) -> Self {
        Self(format!("/data/{name}").into())
    }

    /// The channel of a platform event or of several: `X__e`, `X__chn`; or a generic channel, which begins with `/u/`.
    pub(crate) fn of_messages(name: &str) -> Self {
        if name.starts_with("/u/") { Self::named(name) } else { Self(format!("/event/{name}").into()) }
    }

    /// The name as it came over the wire.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// What it brings; `None` for a name of no known form.
    pub(crate) fn family(&self) -> Option<Family> {
        let (family, _) = self.0.strip_prefix('/')?.split_once('/')?;
        match family {
            "topic" => Some(Family::Topic),
            "data" => Some(Family::Change),
            "event" => Some(Family::Platform),
            "u" => Some(Family::Generic),
            _ => None,
        }
    }
}

impl Family {
    /// How long an org retains its events.
    pub(crate) fn retention(self) -> Duration {
        match self {
            Self::Topic | Self::Generic => Duration::from_hours(24),
            Self::Change | Self::Platform => Duration::from_hours(72),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_its_channel_brings_and_how_long_that_is_retained() {
        for (channel, family, hours) in [
            (Channel::of_push_topic("orgstream_Account"), Family::Topic, 24),
            (Channel::of_changes("ChangeEvents"), Family::Change, 72),
            (Channel::of_messages("Order__e"), Family::Platform, 72),
            (Channel::of_messages("Orders__chn"), Family::Platform, 72),
            (Channel::of_messages("/u/notes"), Family::Generic, 24),
        ] {
            assert_eq!(channel.family(), Some(family), "{channel}");
            assert_eq!(family.retention(), Duration::from_hours(hours), "{channel}");
        }
        assert_eq!(Channel::named("/nothing/x").family(), None);
        assert_eq!(Channel::named("odd").family(), None);
    }
}
