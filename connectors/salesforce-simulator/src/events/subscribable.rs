//! Which channels of an org can be subscribed to, and what is said of the others.

use super::push_topic::PushTopic;
use crate::schema::Schema;

/// What a subscription is judged by.
#[derive(Debug)]
pub(crate) struct Subscribable<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) topics: &'a [PushTopic],
}

impl Subscribable<'_> {
    /// Refuses a channel, or fields to filter it by, with Salesforce's `code:args:message`.
    pub(crate) fn check(&self, channel: &str, filtered_by: &[&str]) -> Result<(), String> {
        if !channel.starts_with("/topic/") {
            return Err("403:denied_by_security_policy:create_denied".to_owned());
        }
        let topic = self.topics.iter().find(|topic| *topic.channel == *channel).ok_or_else(|| {
            format!("400::The channel you requested to subscribe to does not exist {{{channel}}}")
        })?;
        let unknown: Vec<&str> =
            filtered_by.iter().copied().filter(|field| !topic.selects(self.schema, field)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(format!("400::Query fields {{{}}} do not exist on the topic entity", unknown.join(", ")))
    }
}
