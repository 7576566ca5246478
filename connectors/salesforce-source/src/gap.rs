//! When a channel can no longer deliver all that happened, and what to say then.
//!
//! D9: a position that the org can no longer serve opens a gap; it is never jumped. Only the age of the position
//! decides: a replay id that the org refuses may be old merely because nothing happened since.

use std::time::Duration;

use crate::channel::Channel;
use crate::moment::Moment;
use crate::position::{Cause, ChannelPosition, Gap};

/// How much earlier than the org forgets an event it is taken as forgotten.
const MARGIN: Duration = Duration::from_hours(1);

/// What a channel no longer brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Everything before this is in Kafka.
    pub(crate) from: Moment,
    /// Everything that is still retained at this time comes through the channel.
    pub(crate) to: Moment,
    pub(crate) cause: Cause,
}

/// What lies between `position` and what the org retains at `now`; `None` when the two meet.
pub(crate) fn find(position: &ChannelPosition, now: Moment, retention: Duration) -> Option<Missing> {
    let oldest = now - retention.saturating_sub(MARGIN);
    let cause = match position.replay_id {
        Some(_) => Cause::ExpiredReplayId,
        None => Cause::LongOutage,
    };
    (position.as_of < oldest).then_some(Missing { from: position.as_of, to: now, cause })
}

/// What happened, where, and what to do, for all objects of an org that have a gap.
pub(crate) fn message<'a>(org: &str, pipeline: &str, gaps: impl IntoIterator<Item = &'a Gap>) -> String {
    let missing: Vec<String> = gaps
        .into_iter()
        .map(|gap| {
            let channel = gap.channel.as_ref().map_or("none", Channel::as_str);
            format!("of {} since {} (channel {channel}: {})", gap.object, gap.from, gap.cause)
        })
        .collect();
    format!(
        "org `{org}`: changes may be missing: {}; run once with `--snapshot {pipeline}`: it reads all rows anew \
         and writes a delete for every row that still lies in the recycle bin; a row that was purged from it meanwhile \
         stays in the target until it is deleted there by hand",
        missing.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::GapState;
    use crate::replay_id::ReplayId;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn only_an_old_position_leaves_a_gap() {
        let now = Moment(1_767_262_830_000);
        let of_age =
            |age| ChannelPosition { replay_id: Some(ReplayId(7)), as_of: now - age, from: Moment(0) };
        assert_eq!(find(&of_age(HOUR * 22), now, DAY), None);
        let missing = find(&of_age(HOUR * 24), now, DAY).unwrap();
        assert_eq!((missing.from, missing.to), (now - HOUR * 24, now));
        let gap = Gap {
            object: "Account".to_owned(),
            number: 1,
            channel: Some(Channel::of_push_topic("t")),
            from: missing.from,
            to: missing.to,
            cause: missing.cause,
            state: GapState::Open,
            found: Some(now),
            closed: None,
            rows: 0,
            reason: None,
            cursor: None,
        };
        let text = message("a", "crm", [&gap]);
        for part in
            ["`a`", "of Account", "/topic/t", "2025-12-31T10:20:30.000Z", "--snapshot crm`", "replay id"]
        {
            assert!(text.contains(part), "{text}");
        }
    }
}
