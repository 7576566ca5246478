//! Which channels of an org can be subscribed to, and what is said of the others.

use super::feeds::Feeds;
use super::generic;
use super::push_topic::PushTopic;
use crate::data::Store;
use crate::schema::{ObjectKind, Right};

/// What a subscription is judged by.
#[derive(Debug)]
pub(crate) struct Subscribable<'a> {
    pub(crate) store: &'a Store,
    pub(crate) feeds: &'a Feeds,
}

impl Subscribable<'_> {
    /// Refuses a channel, or fields to filter it by, with Salesforce's `code:args:message`.
    pub(crate) fn check(&self, channel: &str, filtered_by: &[&str]) -> Result<(), String> {
        match channel.get(1..).and_then(|path| path.split_once('/')) {
            Some(("topic", _)) => self.check_topic(channel, filtered_by),
            Some(("data", _)) => self.check_changes(channel),
            Some(("event", name)) => self.check_platform_events(name),
            Some(("u", _)) => self.check_generic(channel),
            _ => Err(denied()),
        }
    }

    /// Rights are asked for where a channel is for one object; the other channels leave out what may not be seen.
    fn check_changes(&self, channel: &str) -> Result<(), String> {
        let schema = &self.store.schema;
        let capture = &self.feeds.capture;
        if !capture.brings(channel) {
            return Err(denied());
        }
        match capture.only_object(schema, channel) {
            Some(object) if !schema.object(object).may(Right::Read) => {
                Err("403::User not allowed to subscribe CDC without View All Data permissions".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn check_platform_events(&self, name: &str) -> Result<(), String> {
        let schema = &self.store.schema;
        let known = schema.objects().iter().any(|object| {
            object.kind() == ObjectKind::PlatformEvent && object.name == name && object.may(Right::Read)
        });
        let custom = schema.channels().iter().any(|channel| {
            channel.name == name && channel.members.iter().any(|member| member.ends_with("__e"))
        });
        if known || custom { Ok(()) } else { Err(denied()) }
    }

    fn check_generic(&self, channel: &str) -> Result<(), String> {
        let schema = &self.store.schema;
        if !schema.find(generic::OBJECT).is_some_and(|at| schema.object(at).may(Right::Read)) {
            return Err("403::No access on channel".to_owned());
        }
        let mut alike =
            generic::names(self.store).filter(|name| name.eq_ignore_ascii_case(channel)).peekable();
        if alike.peek().is_none() {
            return Err("404::Unknown channel".to_owned());
        }
        if alike.any(|name| name == channel) {
            return Ok(());
        }
        Err("404::channel names may not vary only by case".to_owned())
    }

    fn check_topic(&self, channel: &str, filtered_by: &[&str]) -> Result<(), String> {
        let schema = &self.store.schema;
        let readable = schema.find(PushTopic::OBJECT).is_some_and(|at| schema.object(at).may(Right::Read));
        if !readable {
            return Err("403::User not enabled for streaming".to_owned());
        }
        let named = |topic: &&PushTopic| topic.channels.first().is_some_and(|name| **name == *channel);
        let topic = self.feeds.topics.iter().find(named).ok_or_else(|| {
            match self.feeds.broken.iter().find(|topic| topic.channel == channel) {
                Some(broken) => {
                    format!("400::The query of the PushTopic is no longer valid: {}", broken.reason)
                }
                None => {
                    format!("400::The channel you requested to subscribe to does not exist {{{channel}}}")
                }
            }
        })?;
        topic.check_rights(schema)?;
        let unknown: Vec<&str> =
            filtered_by.iter().copied().filter(|field| !topic.selects(schema, field)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(format!("400::Query fields {{{}}} do not exist on the topic entity", unknown.join(", ")))
    }
}

fn denied() -> String {
    "403:denied_by_security_policy:create_denied".to_owned()
}
