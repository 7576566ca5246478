//! What a source would find in org A, for who asks before anything runs. The org is not changed: no PushTopic is made.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_api::{HealthReporter, SourceHealth, TaskError};
use orgstream_salesforce::{Describe, Org, Surveyed};
use tokio::sync::watch;

use crate::condition::Condition;
use crate::config::{EventChannel, SourceConfig, SourceObject};
use crate::counters::SourceCounters;
use crate::descriptions::Descriptions;
use crate::error::SourceError;
use crate::evolution::TypesOnRecord;
use crate::open::{describe, with_stamp, without_stamp};
use crate::patience::Patience;
use crate::polled::Polled;
use crate::push_topic::{Prospect, PushTopic};
use crate::rows::Rows;
use crate::way::Way;

/// Looks at the objects of `config` in org A, and returns what was found with the names of the fields that records of each
/// object bring.
///
/// # Errors
/// When the org does not answer, or refuses its user.
pub async fn survey(
    config: &SourceConfig,
    org: &Org,
) -> Result<(Vec<Surveyed>, BTreeMap<String, Vec<String>>), TaskError> {
    let (health, _) = HealthReporter::new();
    let condition = Condition::new(health, watch::Sender::new(SourceHealth::default()));
    let before = TypesOnRecord::new(HashMap::new());
    let counters = Arc::new(SourceCounters::default());
    let descriptions = Descriptions::new(&config.objects, before, condition.clone(), counters);
    let rows = Rows::new(Patience::new(org.clone(), condition), descriptions);
    let mut all = Vec::with_capacity(config.objects.len() + config.events.len());
    let mut carried = BTreeMap::new();
    for object in &config.objects {
        let mut surveyed = Surveyed::of(&object.name);
        match look(object, &Way::of(object, config), &rows, &mut surveyed).await {
            Ok(describe) => {
                let fields = describe.fields.iter().map(|field| field.name.clone()).collect();
                carried.insert(object.name.clone(), fields);
            }
            Err(error) => surveyed.faults.push(of_one_object(error)?),
        }
        all.push(surveyed);
    }
    for channel in &config.events {
        let mut surveyed = Surveyed::of(&channel.name);
        if let Err(error) = channel_there(channel, org, &mut surveyed).await {
            surveyed.faults.push(of_one_object(error)?);
        }
        all.push(surveyed);
    }
    Ok((all, carried))
}

/// What is wrong with one object; an error that is not its own is handed on.
fn of_one_object(error: SourceError) -> Result<String, TaskError> {
    if error.is_of_one_object() { Ok(error.to_string()) } else { Err(error.into()) }
}

async fn look(
    object: &SourceObject,
    way: &Way,
    rows: &Rows,
    surveyed: &mut Surveyed,
) -> Result<Arc<Describe>, SourceError> {
    let org = rows.patience().org();
    let described = match way {
        Way::Polling => {
            let described = describe(org, &object.name).await?;
            if Polled::of(&described).is_none() {
                return Err(without_stamp(org, &described));
            }
            described
        }
        _ => with_stamp(org, &object.name).await?,
    };
    rows.check(&described.object).await?;
    if !described.queryable {
        surveyed.faults.push(format!(
            "{} of org `{}` cannot be queried by its user, so that no row can be read: give the user the right to read it",
            described.object,
            org.name()
        ));
    }
    surveyed.found.push(format!("{} fields are read", described.fields.len()));
    match way {
        Way::PushTopic { config, by_events } => {
            let push_topic = PushTopic::of(&described, config, *by_events)?;
            let prospect = push_topic.survey(org).await?;
            push_topic_found(&push_topic, prospect, org, surveyed).await?;
        }
        Way::Change(_) => surveyed.unseen.push(format!(
            "whether {} is chosen under Setup → Change Data Capture; without that no change event comes",
            described.object
        )),
        Way::Polling | Way::Messages(_) => {}
    }
    Ok(described)
}

async fn push_topic_found(
    push_topic: &PushTopic,
    prospect: Prospect,
    org: &Org,
    surveyed: &mut Surveyed,
) -> Result<(), SourceError> {
    let name = push_topic.name();
    let (needed, may) = match &prospect {
        Prospect::Fits => {
            surveyed.found.push(format!("PushTopic `{name}` is there"));
            return Ok(());
        }
        Prospect::Drifted(drift) => {
            surveyed.warnings.push(drift.clone());
            return Ok(());
        }
        Prospect::Makes => {
            surveyed.found.push(format!("PushTopic `{name}` will be made"));
            ("create", describe(org, "PushTopic").await?.createable)
        }
        Prospect::Changes(differences) => {
            surveyed.warnings.push(format!(
                "PushTopic `{name}` of org `{}` will be changed, since it differs: {differences}",
                org.name()
            ));
            ("edit", describe(org, "PushTopic").await?.updateable)
        }
    };
    if !may {
        surveyed.faults.push(format!(
            "the user of org `{}` may not {needed} PushTopics, and `{name}` is needed: give the right on the object `PushTopic` in a \
             permission set of the user, or have an administrator do it and write `push_topic: {{ manage: never }}`",
            org.name()
        ));
    }
    Ok(())
}

/// A custom channel and a generic one have no description, so that only a subscription shows whether they are there.
async fn channel_there(
    channel: &EventChannel,
    org: &Org,
    surveyed: &mut Surveyed,
) -> Result<(), SourceError> {
    if channel.name.ends_with("__e") {
        describe(org, &channel.name).await?;
        surveyed.found.push("the platform event is there".to_owned());
    } else {
        surveyed
            .unseen
            .push(format!("whether channel {} is there: only a subscription shows it", channel.name));
    }
    Ok(())
}
