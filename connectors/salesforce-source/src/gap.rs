//! When a channel can no longer deliver all that happened, and what to say then.
//!
//! D9: a position that the org can no longer serve opens a gap; it is never jumped. Only the age of the position
//! decides: a replay id that the org refuses may be old merely because nothing happened since.

use std::time::Duration;

use crate::channel::Channel;
use crate::moment::Moment;
use crate::position::{ChannelPosition, Gap, GapState};

/// How much earlier than the org forgets an event it is taken as forgotten.
const MARGIN: Duration = Duration::from_hours(1);

/// The gap between `position` and what the org retains at `now`; `None` when the two meet.
pub(crate) fn find(
    object: &str,
    position: &ChannelPosition,
    now: Moment,
    retention: Duration,
) -> Option<Gap> {
    let oldest = now - retention.saturating_sub(MARGIN);
    (position.as_of < oldest).then(|| Gap {
        object: object.to_owned(),
        from: position.as_of,
        to: now,
        cause: match position.replay_id {
            Some(id) => format!("the org no longer serves what follows replay id {id}"),
            None => "the org no longer retains what happened since the source was last subscribed".to_owned(),
        },
        state: GapState::Open,
    })
}

/// What happened, where, and what to do, for all channels of an org that have a gap.
pub(crate) fn message<'a>(
    org: &str,
    pipeline: &str,
    gaps: impl IntoIterator<Item = (&'a Channel, &'a Gap)>,
) -> String {
    let missing: Vec<String> = gaps
        .into_iter()
        .map(|(channel, gap)| {
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
    use crate::replay_id::ReplayId;

    const HOUR: Duration = Duration::from_hours(1);
    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn only_an_old_position_leaves_a_gap() {
        let now = Moment(1_767_262_830_000);
        let of_age =
            |age| ChannelPosition { replay_id: Some(ReplayId(7)), as_of: now - age, from: Moment(0) };
        assert_eq!(find("Account", &of_age(HOUR * 22), now, DAY), None);
        let gap = find("Account", &of_age(HOUR * 24), now, DAY).unwrap();
        assert_eq!((gap.from, gap.to), (now - HOUR * 24, now));
        let text = message("a", "crm", [(&Channel::of_push_topic("t"), &gap)]);
        for part in ["`a`", "/topic/t", "2025-12-31T10:20:30.000Z", "--snapshot crm`", "replay id 7"] {
            assert!(text.contains(part), "{text}");
        }
    }
}
