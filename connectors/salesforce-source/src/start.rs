//! Starts a source: reads its positions, describes its objects, makes sure of its PushTopics, opens its session.

use std::collections::HashSet;
use std::sync::Arc;

use orgstream_api::TaskError;
use orgstream_salesforce::{ApiError, Org};

use crate::bayeux::{Cursor, Session, Subscription, Surroundings, Timing};
use crate::channel::Channel;
use crate::clock::OrgClock;
use crate::condition::Condition;
use crate::config::{SourceConfig, SourceContext, SourceObject, Start};
use crate::counters::SourceCounters;
use crate::end::EndCheck;
use crate::error::SourceError;
use crate::gap;
use crate::inbox::Inbox;
use crate::moment::Moment;
use crate::object::{Object, Target};
use crate::patience::{Patience, is_lasting};
use crate::position::{ChannelPosition, Gap, GapState, Positions, SnapshotPosition, SnapshotState};
use crate::push_topic::PushTopic;
use crate::record::{Destination, STAMP};
use crate::rows::Rows;
use crate::snapshot::Snapshot;
use crate::source::{Parts, PushTopicSource};

/// Starts a source at the stored positions of `context`.
///
/// An open gap is refused unless a snapshot is to be made, which repairs it (D9).
pub async fn start(
    config: SourceConfig,
    org: Org,
    context: SourceContext,
) -> Result<PushTopicSource, TaskError> {
    start_with(config, org, context, Timing::default()).await
}

pub(crate) async fn start_with(
    config: SourceConfig,
    org: Org,
    context: SourceContext,
    timing: Timing,
) -> Result<PushTopicSource, TaskError> {
    let positions = Positions::read(&context.positions).map_err(SourceError::from)?;
    let mut objects = Vec::with_capacity(config.objects.len());
    let mut channels = HashSet::new();
    for wanted in &config.objects {
        let object = open(&config, &org, wanted, &positions, context.anew).await?;
        if !channels.insert(object.target.channel.clone()) {
            let name = &object.target.name;
            return Err(SourceError::Config(format!("the object {name} stands twice in a source")).into());
        }
        objects.push(object);
    }
    if objects.iter().any(|object| object.gap.is_some() && object.snapshot.is_none()) {
        let gaps = objects.iter().filter_map(Object::open_gap);
        return Err(TaskError::Gap(gap::message(org.name(), &config.pipeline, gaps)));
    }
    if objects.is_empty() {
        return Err(SourceError::Config("a source needs at least one object".to_owned()).into());
    }

    let subscriptions = objects
        .iter()
        .map(|object| Subscription {
            channel: object.target.channel.clone(),
            cursor: cursor(config.start, object.position.as_ref()),
        })
        .collect();
    let clock = Arc::new(OrgClock::default());
    let counters = Arc::new(SourceCounters::default());
    let condition = Condition::new(context.health);
    let around = Surroundings {
        org: org.clone(),
        clock: Arc::clone(&clock),
        condition: condition.clone(),
        counters: Arc::clone(&counters),
    };
    let (session, deliveries) = Session::start(around, timing, subscriptions);
    tracing::info!(pipeline = %config.pipeline, org = org.name(), objects = objects.len(), "the source starts");
    let parts = Parts {
        config,
        rows: Rows::new(Patience::new(org, condition.clone())),
        objects,
        session,
        inbox: Inbox::new(deliveries),
        clock,
        condition,
        counters,
        end: EndCheck::new(context.produced),
    };
    Ok(PushTopicSource::new(parts, context.anew))
}

/// One object with what is stored about it, its PushTopic being there.
async fn open(
    config: &SourceConfig,
    org: &Org,
    wanted: &SourceObject,
    positions: &Positions,
    anew: bool,
) -> Result<Object, TaskError> {
    // Asked anew, since a source may be started again because the object has changed.
    let describe =
        org.describe_again(&wanted.name).await.map_err(|error| undescribed(org, &wanted.name, error))?;
    if describe.field(STAMP).is_none() {
        return Err(SourceError::Config(format!(
            "{} of org `{}` has no `{STAMP}` that the user may read, without which its records have no order",
            describe.object,
            org.name()
        ))
        .into());
    }
    let push_topic = PushTopic::of(&describe.object);
    let channel = Channel::of_push_topic(push_topic.name());
    let position = positions.channels.get(&channel).copied();
    let gap = positions.gaps.get(&channel).filter(|gap| gap.state == GapState::Open).cloned();
    push_topic.ensure(org).await?;

    let destination = Destination { org: *org.id(), topic: wanted.topic.clone() };
    let name = describe.object.clone();
    let mut object = Object::new(Target { name, channel, destination }, position);
    let stored = positions.snapshots.get(&object.target.name);
    object.snapshot = snapshot(config.start, stored, gap.as_ref(), anew);
    object.gap = gap;
    Ok(object)
}

/// The snapshot that an object needs.
fn snapshot(
    start: Start,
    stored: Option<&SnapshotPosition>,
    gap: Option<&Gap>,
    anew: bool,
) -> Option<Snapshot> {
    let running = stored.filter(|snapshot| snapshot.state == SnapshotState::Running);
    let by_start = start == Start::Snapshot && (stored.is_none() || gap.is_some());
    let needed = anew || running.is_some() || by_start;
    // Whoever asks for everything anew misses something, of which nobody knows since when.
    let asked = anew.then_some(Moment::BEGINNING);
    let repairs = [asked, running.and_then(|snapshot| snapshot.repairs), gap.map(|gap| gap.from)];
    needed.then(|| Snapshot::new(repairs.into_iter().flatten().min()))
}

fn undescribed(org: &Org, object: &str, error: ApiError) -> SourceError {
    if error.is_refused() || !is_lasting(&error) {
        return error.into();
    }
    SourceError::Config(format!(
        "org `{}` does not describe `{object}`: {error}; check the object's name and that the user may read it",
        org.name()
    ))
}

/// Where the channel's first subscription of this run begins.
fn cursor(start: Start, position: Option<&ChannelPosition>) -> Cursor {
    match position {
        Some(ChannelPosition { replay_id: Some(id), .. }) => Cursor::After(*id),
        Some(ChannelPosition { from, .. }) => Cursor::Since(*from),
        None if start == Start::Earliest => Cursor::Since(Moment::BEGINNING),
        None => Cursor::New,
    }
}
