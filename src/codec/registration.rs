//! Which schema of a registry records are written with, and in which subject it stands.

use super::error::Part;

/// How the schemas of one half of records come into the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registration {
    /// Which schema is taken.
    pub schemas: Schemas,
    /// What its subject is called.
    pub subject: SubjectName,
}

/// Which schema of its subject a record is written with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Schemas {
    /// The record's own, which is registered when it is new.
    #[default]
    Register,
    /// The record's own, which somebody else has registered.
    Registered,
    /// The latest that somebody else has registered, into which the record has to fit.
    Latest,
}

/// What a subject is named after: Confluent's strategies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SubjectName {
    /// `TopicNameStrategy`: the topic and the half.
    #[default]
    Topic,
    /// `RecordNameStrategy`: the name of the record's schema.
    Record,
    /// `TopicRecordNameStrategy`: both.
    TopicRecord,
}

impl SubjectName {
    /// The subject of records of this name on a topic.
    pub(super) fn of(self, topic: &str, part: Part, record: &str) -> String {
        match self {
            Self::Topic => format!("{topic}-{part}"),
            Self::Record => record.to_owned(),
            Self::TopicRecord => format!("{topic}-{record}"),
        }
    }
}
