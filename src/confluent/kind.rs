//! Which connector a set of properties is of.

/// A connector that orgstream takes the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The PushTopic source.
    PushTopic,
    /// The Change Data Capture source.
    Cdc,
    /// The platform-event source.
    PlatformEvent,
    /// The SObject sink.
    Sink,
}

/// All kinds with their classes; the second is the name in Confluent's cloud.
const CLASSES: [(Kind, &str, &str); 4] = [
    (
        Kind::PushTopic,
        "io.confluent.salesforce.SalesforcePushTopicSourceConnector",
        "SalesforcePushTopicSource",
    ),
    (Kind::Cdc, "io.confluent.salesforce.SalesforceCdcSourceConnector", "SalesforceCdcSource"),
    (
        Kind::PlatformEvent,
        "io.confluent.salesforce.SalesforcePlatformEventSourceConnector",
        "SalesforcePlatformEventSource",
    ),
    (Kind::Sink, "io.confluent.salesforce.SalesforceSObjectSinkConnector", "SalesforceSObjectSink"),
];

/// Connectors of Confluent's that orgstream has no counterpart for, with what there is instead.
const OTHERS: [(&str, &str); 5] = [
    ("SalesforcePlatformEventSink", "records are written to objects; platform events are not published"),
    (
        "SalesforceBulkApiV2",
        "the SObject sink and the sources use Bulk API 2.0 by themselves where it saves calls",
    ),
    (
        "SalesforceBulkApi",
        "the SObject sink and the sources use Bulk API 2.0 by themselves where it saves calls",
    ),
    ("SalesforceSourceV2", "take the PushTopic or the CDC source, or a file with `start: snapshot`"),
    ("SalesforceSourceConnector", "take the PushTopic source"),
];

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::PushTopic, Self::Cdc, Self::PlatformEvent, Self::Sink];

    /// The kind of a `connector.class`: the whole name, or its last part with or without `Connector`, as Kafka Connect takes it.
    ///
    /// # Errors
    /// Why there is no such connector, and what to take instead.
    pub fn of_class(class: &str) -> Result<Self, String> {
        let class = class.trim();
        let is = |full: &str, cloud: &str| {
            let short = full.rsplit('.').next().unwrap_or(full);
            class == full
                || class == short
                || Some(class) == short.strip_suffix("Connector")
                || class == cloud
        };
        if let Some((kind, ..)) = CLASSES.iter().find(|(_, full, cloud)| is(full, cloud)) {
            return Ok(*kind);
        }
        let last = class.rsplit('.').next().unwrap_or(class);
        Err(match OTHERS.iter().find(|(start, _)| last.starts_with(start)) {
            Some((_, instead)) => format!("there is no counterpart to `{last}`; {instead}"),
            None => {
                let known: Vec<_> = CLASSES.iter().map(|(_, full, _)| format!("`{full}`")).collect();
                format!("`{class}` is none of the connectors that run here: {}", known.join(", "))
            }
        })
    }

    /// The class in Confluent Platform.
    pub fn class(self) -> &'static str {
        CLASSES.iter().find(|(kind, ..)| *kind == self).map_or("", |(_, full, _)| full)
    }

    /// Whether it brings records into Kafka.
    pub fn is_source(self) -> bool {
        self != Self::Sink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_known_by_its_whole_name_and_by_its_last_part() {
        for kind in Kind::ALL {
            let short = kind.class().rsplit('.').next().unwrap();
            for class in
                [kind.class(), short, short.strip_suffix("Connector").unwrap(), " SalesforceSObjectSink "]
            {
                assert!(Kind::of_class(class).is_ok(), "{class}");
            }
            assert_eq!(Kind::of_class(kind.class()), Ok(kind));
        }
    }

    #[test]
    fn what_has_no_counterpart_says_what_to_take_instead() {
        for (class, instead) in [
            ("io.confluent.salesforce.SalesforcePlatformEventSinkConnector", "not published"),
            ("io.confluent.connect.salesforce.SalesforceBulkApiSinkConnector", "by themselves"),
            ("SalesforceBulkApiV2Source", "by themselves"),
            ("org.apache.kafka.connect.file.FileStreamSinkConnector", "none of the connectors that run here"),
        ] {
            let refused = Kind::of_class(class).unwrap_err();
            assert!(refused.contains(instead), "{refused}");
        }
    }
}
