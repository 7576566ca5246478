//! By which way the changes of an object come.

use crate::channel::Channel;
use crate::config::{CdcChannel, Changes, EventChannel, PushTopicConfig, SourceConfig, SourceObject};

/// What brings the changes of an object, or of what stands in an object's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// The events of its PushTopic, with the fields of the events wanted or not.
    PushTopic {
        config: PushTopicConfig,
        /// Whether events tell by themselves, so that the query has to select every field.
        by_events: bool,
    },
    /// Change events.
    Change(CdcChannel),
    /// Nothing; it is read from time to time.
    Polling,
    /// A channel of messages that are about no record.
    Messages(EventChannel),
}

impl Way {
    /// That of an object of the file.
    pub(crate) fn of(object: &SourceObject, config: &SourceConfig) -> Self {
        match object.changes {
            Changes::PushTopic => {
                Self::PushTopic { config: object.push_topic.clone(), by_events: !object.hydrate }
            }
            Changes::Cdc => Self::Change(config.cdc.clone()),
            Changes::Polling => Self::Polling,
        }
    }

    /// The channel that it has in common with other objects.
    pub(crate) fn shared_channel(&self) -> Option<Channel> {
        match self {
            Self::Change(CdcChannel::All) => Some(Channel::of_changes("ChangeEvents")),
            Self::Change(CdcChannel::Custom(name)) => Some(Channel::of_changes(name)),
            Self::Change(CdcChannel::Single) | Self::PushTopic { .. } | Self::Polling | Self::Messages(_) => {
                None
            }
        }
    }
}

/// The name of the change events of `object`: `AccountChangeEvent`, `Invoice__ChangeEvent`.
pub(crate) fn change_event(object: &str) -> String {
    match object.strip_suffix("__c") {
        Some(custom) => format!("{custom}__ChangeEvent"),
        None => format!("{object}ChangeEvent"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_change_events_of_an_object_have_its_name() {
        assert_eq!(change_event("Account"), "AccountChangeEvent");
        assert_eq!(change_event("Invoice__c"), "Invoice__ChangeEvent");
    }

    #[test]
    fn only_channels_of_several_objects_are_known_before_the_object_is() {
        let shared = |channel| Way::Change(channel).shared_channel();
        assert_eq!(shared(CdcChannel::Single), None);
        assert_eq!(shared(CdcChannel::All), Some(Channel::named("/data/ChangeEvents")));
        let custom = CdcChannel::Custom("Sales__chn".to_owned());
        assert_eq!(shared(custom), Some(Channel::named("/data/Sales__chn")));
    }
}
