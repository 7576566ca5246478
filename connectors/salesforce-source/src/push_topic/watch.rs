//! Looks from time to time whether the org's PushTopics still are what the file says.

use orgstream_salesforce::{Describe, Org};

use super::PushTopic;
use crate::condition::Condition;
use crate::config::{Changes, PushTopicConfig, SourceObject};

/// The PushTopics of a source.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    /// By object: what the file says, and whether events tell by themselves.
    wanted: Vec<(String, PushTopicConfig, bool)>,
    condition: Condition,
}

impl Watch {
    pub(crate) fn new(objects: &[SourceObject], condition: Condition) -> Self {
        let by_topics = objects.iter().filter(|object| object.changes == Changes::PushTopic);
        let wanted =
            by_topics.map(|object| (object.name.clone(), object.push_topic.clone(), !object.hydrate));
        Self { wanted: wanted.collect(), condition }
    }

    /// Says in what the PushTopic of the object of `describe` differs, if it has one. Trouble is said by what meets it next.
    pub(crate) async fn look(&self, org: &Org, describe: &Describe) {
        let is_it =
            |wanted: &&(String, PushTopicConfig, bool)| wanted.0.eq_ignore_ascii_case(&describe.object);
        let Some((_, config, by_events)) = self.wanted.iter().find(is_it) else { return };
        if let Ok(push_topic) = PushTopic::of(describe, config, *by_events)
            && let Ok(drift) = push_topic.drift(org).await
        {
            self.condition.notes(&describe.object, "push_topic", drift.as_deref());
        }
    }
}
