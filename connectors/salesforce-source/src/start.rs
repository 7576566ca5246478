//! Starts a source: reads its positions, describes its objects, makes sure of its PushTopics, opens its session.

use std::collections::HashSet;
use std::sync::Arc;

use orgstream_api::TaskError;
use orgstream_salesforce::Org;

use crate::as_event::{EventForm, Names};
use crate::batch::Parts;
use crate::bayeux::{Session, Subscription, Surroundings, Timing};
use crate::clock::OrgClock;
use crate::condition::Condition;
use crate::config::{
    Changes, EventChannel, OnGap, Records, SourceConfig, SourceContext, SourceObject, Start, SweepConfig,
};
use crate::counters::SourceCounters;
use crate::deletions::{Deletions, OVERTAKES};
use crate::describing::Describing;
use crate::descriptions::Descriptions;
use crate::end::EndCheck;
use crate::error::SourceError;
use crate::evolution::TypesOnRecord;
use crate::filter::Filter;
use crate::gap;
use crate::inbox::Inbox;
use crate::object::{Object, Rules, Target};
use crate::open::{Opened, open_as_wanted};
use crate::patience::Patience;
use crate::position::Positions;
use crate::produce::{Destination, Topics};
use crate::push_topic::Watch;
use crate::recent::Recent;
use crate::returned::Returned;
use crate::rows::Rows;
use crate::snapshot::{Ground, Orders};
use crate::source::PushTopicSource;
use crate::subjects::Subjects;
use crate::sweep::Feeder;
use crate::way::Way;

/// Starts a source at the stored positions of `context`.
///
/// Where the file says that a gap stops the source, an open one is refused unless a snapshot is to be made, which repairs
/// it (D9). An object that cannot be read fails
/// alone; only when none is left is that an error of the configuration.
pub async fn start(
    config: SourceConfig,
    org: Org,
    context: SourceContext,
) -> Result<PushTopicSource, TaskError> {
    let timing = Timing { answer: org.timeouts().stream, ..Timing::default() };
    start_with(config, org, context, timing).await
}

pub(crate) async fn start_with(
    config: SourceConfig,
    org: Org,
    context: SourceContext,
    timing: Timing,
) -> Result<PushTopicSource, TaskError> {
    let mut stored = Positions::read(&context.positions).map_err(SourceError::from)?;
    let topics = Topics::new(std::mem::take(&mut stored.topics));
    let counters = Arc::new(SourceCounters::default());
    let objects = objects(&config, &org, &stored, &counters, context.anew)?;
    if config.on_gap == OnGap::Fail && objects.iter().any(Object::is_broken) {
        let gaps = objects.iter().flat_map(|object| object.gaps.repairable());
        return Err(TaskError::Gap(gap::message(org.name(), &config.pipeline, gaps)));
    }
    let condition = Condition::new(context.health, context.source_health);
    let types = std::mem::take(&mut stored.fields);
    let before = TypesOnRecord::new(types.clone());
    let descriptions = Descriptions::new(&config.objects, before, condition.clone(), Arc::clone(&counters));
    let rows = Rows::new(Patience::new(org.clone(), condition.clone()), descriptions);
    let opened = open_all(&rows, &objects).await?;

    let clock = Arc::new(OrgClock::default());
    if objects.iter().any(Object::is_polled) {
        // No session needs to follow.
        clock.heard_by(&org);
    }
    let around = Surroundings {
        org: org.clone(),
        clock: Arc::clone(&clock),
        condition: condition.clone(),
        counters: Arc::clone(&counters),
        stream: config.stream,
    };
    let subjects =
        Subjects::new(objects, stored, config.start, config.on_gap, config.retention, timing.again);
    let (subjects, subscriptions, failed) = subscribe(subjects, opened, &condition);
    let (session, deliveries) = Session::start(around, timing, subscriptions);
    tracing::info!(pipeline = %config.pipeline, org = org.name(), objects = config.objects.len(), "the source starts");
    let recent = Recent::default();
    if let Some(as_of) = subjects.as_of().filter(|_| !subjects.objects.iter().all(|object| object.hydrates)) {
        let names: Vec<Arc<str>> =
            subjects.objects.iter().map(|object| object.target.name.as_str().into()).collect();
        recent.read_back(context.produced.as_ref(), &names, as_of - OVERTAKES).await?;
    }
    let config_snapshot = config.snapshot;
    let push_topics = Watch::new(&config.objects, condition.clone());
    let mut parts = Parts {
        _describing: Describing::start(rows.clone(), push_topics, config.describe_every),
        rows,
        types: TypesOnRecord::new(types),
        config,
        subjects,
        topics,
        session,
        inbox: Inbox::new(deliveries),
        clock,
        condition,
        counters,
        end: EndCheck::default(),
        recent,
        produced: Arc::clone(&context.produced),
        links: context.links,
        commands: context.commands,
        deletions: Deletions::default(),
        ground: Ground {
            config: config_snapshot,
            produced: context.produced,
            seen: context.seen,
            ready: Arc::default(),
        },
        orders: Orders::default(),
        told: None,
        spent_jobs: Vec::new(),
        returned: Returned::default(),
        names: Names::default(),
        stored: None,
    };
    for (index, error) in failed {
        parts.fail(index, &error)?;
    }
    Ok(PushTopicSource::new(parts, context.anew))
}

/// The objects of the file with what is stored of them.
fn objects(
    config: &SourceConfig,
    org: &Org,
    stored: &Positions,
    counters: &Arc<SourceCounters>,
    anew: bool,
) -> Result<Vec<Object>, SourceError> {
    let mut names = HashSet::new();
    if let Some(twice) = config.objects.iter().find(|object| !names.insert(object.name.to_ascii_lowercase()))
    {
        return Err(SourceError::Config(format!("the object {} stands twice in a source", twice.name)));
    }
    if config.objects.is_empty() && config.events.is_empty() {
        return Err(SourceError::Config("a source needs at least one object".to_owned()));
    }
    let object = |wanted: &SourceObject| {
        let filter = Filter::new(&config.pipeline, &wanted.name, wanted.filter.clone(), Arc::clone(counters));
        let filter = filter.with_only(wanted.only.clone());
        let destination = Destination { org: *org.id(), topic: wanted.topic.clone(), filter };
        let target = Target { name: wanted.name.clone(), destination };
        let (feeder, every) = match wanted.changes {
            Changes::PushTopic | Changes::Cdc => (Feeder::Channel, config.sweep.every),
            Changes::Polling => (Feeder::Polls, Some(wanted.poll_every)),
        };
        let sweep = SweepConfig { every, ..config.sweep };
        let rules = Rules { start: config.start, on_gap: config.on_gap, sweep, feeder };
        let mut object = Object::new(target, stored, &rules, anew);
        object.way = Arc::new(Way::of(wanted, config));
        object.hydrates = wanted.hydrate;
        if wanted.records == Records::Event {
            object.form = EventForm::Changes { convert: config.convert_changed_fields };
        }
        object
    };
    let channel = |wanted: &EventChannel| {
        let filter = Filter::default();
        let destination = Destination { org: *org.id(), topic: wanted.topic.clone(), filter };
        let target = Target { name: wanted.name.clone(), destination };
        // There are no rows to begin with.
        let start = if config.start == Start::Snapshot { Start::Latest } else { config.start };
        let sweep = SweepConfig { every: None, ..config.sweep };
        let rules = Rules { start, on_gap: config.on_gap, sweep, feeder: Feeder::Channel };
        let mut channel = Object::new(target, stored, &rules, false);
        channel.way = Arc::new(Way::Messages(wanted.clone()));
        channel.form = EventForm::Messages { entities: wanted.entities.clone() };
        channel
    };
    Ok(config.objects.iter().map(object).chain(config.events.iter().map(channel)).collect())
}

/// Opens every object. An error when none can be read, or when the trouble is not an object's own.
async fn open_all(rows: &Rows, objects: &[Object]) -> Result<Vec<Result<Opened, SourceError>>, SourceError> {
    let mut all = Vec::with_capacity(objects.len());
    for object in objects {
        match open_as_wanted(rows, &object.target.name, &object.way).await {
            Err(error) if !error.is_of_one_object() => return Err(error),
            opened => all.push(opened),
        }
    }
    if all.iter().all(Result::is_err) {
        let why: Vec<String> =
            all.iter().filter_map(|opened| opened.as_ref().err()).map(ToString::to_string).collect();
        return Err(SourceError::Config(why.join("; ")));
    }
    Ok(all)
}

/// Objects that could be opened with what to subscribe to for them, and those that could not.
fn subscribe(
    mut subjects: Subjects,
    opened: Vec<Result<Opened, SourceError>>,
    condition: &Condition,
) -> (Subjects, Vec<Subscription>, Vec<(usize, SourceError)>) {
    // What such a channel brings of an object that fails is missed by it from the first event on.
    for index in 0..subjects.objects.len() {
        if let Some(channel) = subjects.objects[index].way.shared_channel() {
            subjects.feed_of(index, channel);
        }
    }
    let mut subscriptions = Vec::with_capacity(opened.len());
    let mut failed = Vec::new();
    for (index, opened) in opened.into_iter().enumerate() {
        match opened {
            Ok(opened) => {
                condition.notes(&opened.name, "push_topic", opened.ensured.drift());
                subscriptions.extend(subjects.opened(index, opened));
            }
            Err(error) => failed.push((index, error)),
        }
    }
    (subjects, subscriptions, failed)
}
