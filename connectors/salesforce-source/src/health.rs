//! What the status shows of a source: whether changes flow, and how fresh everything is.
//!
//! Pure: made of what the source knows and of what is wrong. Of several things that are true the worst is shown.

use std::time::Duration;

use orgstream_api::{ChannelHealth, Flow, OrgTime, Progress, SourceHealth};

use crate::clock::OrgClock;
use crate::condition::Troubles;
use crate::feed::Feed;
use crate::object::Object;
use crate::subjects::Subjects;

/// How far a polled object may be behind for longer than its pause before its changes count as old.
const BEHIND: Duration = Duration::from_mins(10);

/// What the source knows.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    org_time: Option<OrgTime>,
    /// Each channel as it is while the session delivers and its objects are well.
    channels: Vec<ChannelHealth>,
    /// Each object that no channel brings, likewise.
    polled: Vec<ChannelHealth>,
    snapshots: Vec<Progress>,
    /// Whether changes are missing that are being read.
    repairs: bool,
}

impl Facts {
    /// `has_target`: whether what the target has can be compared with the org.
    pub(crate) fn of(subjects: &Subjects, clock: &OrgClock, has_target: bool) -> Self {
        let name = |index: &usize| subjects.objects[*index].target.name.clone();
        let channel = |feed: &Feed| ChannelHealth {
            name: feed.channel.as_str().to_owned(),
            objects: feed.objects.iter().map(name).collect(),
            flow: feed.flow(),
            as_of: feed.position.map(|position| position.as_of.0),
            remark: None,
        };
        let now = clock.now();
        let polled = |object: &Object| {
            let through = object.sweeps.position.map(|position| position.through);
            let flow = match (through, now) {
                (Some(through), Some(now)) if now <= through + object.sweeps.pause() + BEHIND => Flow::Live,
                (Some(_), Some(_)) => Flow::CatchingUp,
                _ => Flow::Connecting,
            };
            ChannelHealth {
                name: format!("polling {}", object.target.name),
                objects: vec![object.target.name.clone()],
                flow,
                as_of: through.map(|through| through.0),
                remark: object.polled.and_then(|polled| polled.remark(has_target)),
            }
        };
        let objects = &subjects.objects;
        Self {
            org_time: clock.heard(),
            channels: subjects.feeds.iter().map(channel).collect(),
            polled: objects.iter().filter(|object| object.is_polled()).map(polled).collect(),
            snapshots: objects.iter().filter_map(Object::progress).collect(),
            repairs: subjects.open_gaps().next().is_some(),
        }
    }
}

/// What is shown.
pub(crate) fn of(troubles: &Troubles, facts: &Facts) -> SourceHealth {
    let channels = facts.channels.iter().map(|channel| shown(channel, troubles));
    let polled = facts.polled.iter().map(|polled| without_session(polled, troubles));
    let channels: Vec<_> = channels.chain(polled).collect();
    let mut flow = troubles.worst().map_or(Flow::Live, Flow::Degraded);
    if !troubles.is_streaming {
        flow = flow.or_worse(Flow::Connecting);
    }
    if facts.repairs {
        flow = flow.or_worse(Flow::Repairing);
    }
    if !facts.snapshots.is_empty() {
        flow = flow.or_worse(Flow::CatchingUp);
    }
    let flow = channels.iter().fold(flow, |flow, channel| flow.or_worse(channel.flow.clone()));
    // A channel that was never subscribed has no place yet, and so everything together has none.
    let as_of = channels.iter().map(|channel| channel.as_of).min().flatten();
    SourceHealth { flow, as_of, org_time: facts.org_time, channels, snapshots: facts.snapshots.clone() }
}

/// Whatever the session does, a polled object gets on as long as calls do.
fn without_session(polled: &ChannelHealth, troubles: &Troubles) -> ChannelHealth {
    let of_object = polled.objects.iter().find_map(|object| troubles.objects.get(object));
    let trouble = of_object.or(troubles.calls.as_ref()).cloned();
    let flow = trouble.map_or_else(|| polled.flow.clone(), Flow::Degraded);
    ChannelHealth { flow, ..polled.clone() }
}

fn shown(channel: &ChannelHealth, troubles: &Troubles) -> ChannelHealth {
    let of_object = channel.objects.iter().find_map(|object| troubles.objects.get(object));
    let trouble = of_object.or(troubles.stream.as_ref()).or(troubles.calls.as_ref()).cloned();
    let flow = trouble.map_or_else(|| channel.flow.clone(), Flow::Degraded);
    let flow = if troubles.is_streaming { flow } else { flow.or_worse(Flow::Connecting) };
    ChannelHealth { flow, ..channel.clone() }
}

#[cfg(test)]
mod tests {
    use orgstream_api::Trouble;
    use tokio::time::Instant;

    use super::*;

    fn trouble(reason: &str) -> Trouble {
        Trouble { reason: reason.to_owned(), since: Instant::now().into_std(), next_attempt: None }
    }

    fn channel(object: &str, flow: Flow, as_of: Option<i64>) -> ChannelHealth {
        ChannelHealth {
            name: format!("/topic/{object}"),
            objects: vec![object.to_owned()],
            flow,
            as_of,
            remark: None,
        }
    }

    fn word(troubles: &Troubles, facts: &Facts) -> String {
        match of(troubles, facts).flow {
            Flow::Degraded(trouble) => trouble.reason,
            flow => flow.as_str().to_owned(),
        }
    }

    /// One after the other each thing that is worse than those before it comes true.
    #[test]
    fn of_all_that_is_true_the_worst_is_shown() {
        let mut troubles = Troubles { is_streaming: true, ..Troubles::default() };
        let live = channel("Lead", Flow::Live, Some(9));
        let mut facts = Facts { channels: vec![live], ..Facts::default() };
        assert_eq!(word(&troubles, &facts), "live");
        facts.channels.push(channel("Case", Flow::CatchingUp, Some(7)));
        assert_eq!(word(&troubles, &facts), "catching_up");
        facts.channels[1].flow = Flow::Live;
        facts.snapshots = vec![Progress::default()];
        assert_eq!(word(&troubles, &facts), "catching_up");
        facts.repairs = true;
        assert_eq!(word(&troubles, &facts), "repairing");
        troubles.is_streaming = false;
        assert_eq!(word(&troubles, &facts), "connecting");
        troubles.objects.insert("Lead".to_owned(), trouble("no Lead"));
        troubles.objects.insert("Case".to_owned(), trouble("no Case"));
        assert_eq!(word(&troubles, &facts), "no Case; no Lead");
        troubles.calls = Some(trouble("no calls"));
        assert_eq!(word(&troubles, &facts), "no calls");
        troubles.stream = Some(trouble("no session"));
        assert_eq!(word(&troubles, &facts), "no session");
    }

    #[test]
    fn a_channel_is_degraded_with_its_object_and_the_others_are_not() {
        let mut troubles = Troubles { is_streaming: true, ..Troubles::default() };
        troubles.objects.insert("Lead".to_owned(), trouble("no Lead"));
        let channels = vec![channel("Lead", Flow::Live, Some(3)), channel("Case", Flow::Live, Some(9))];
        let mut facts = Facts { channels, ..Facts::default() };
        let shown = of(&troubles, &facts);
        assert_eq!(shown.channels[0].flow.as_str(), "degraded");
        assert_eq!(shown.channels[1].flow, Flow::Live);
        assert_eq!(shown.as_of, Some(3), "the oldest of all places");
        facts.channels[1].as_of = None;
        assert_eq!(of(&troubles, &facts).as_of, None);
    }
}
