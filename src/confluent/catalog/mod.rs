//! Every property that is known, with its default there and what becomes of it here.
//!
//! - [`connection`]: logging in and calling the org
//! - [`sources`], [`sink`]: what the connectors add
//! - [`framework`]: Kafka Connect's own properties of a connector
//! - [`worker`]: a worker's properties

mod connection;
mod framework;
mod sink;
mod sources;
mod worker;

use super::kind::Kind;

/// What the text of a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Any text.
    Text,
    /// Text that is never shown.
    Secret,
    /// `true` or `false`, in any case.
    Boolean,
    /// A whole number of these bounds.
    Number(i64, i64),
    /// Texts separated by commas.
    List,
    /// One of these, in any case.
    Word(&'static [&'static str]),
}

/// What holds where a property is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It must be there.
    Required,
    /// Nothing.
    Null,
    /// This.
    Is(&'static str),
}

/// What becomes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// This key takes its place and does the same.
    Same(&'static str),
    /// This key takes its place, or nothing has to, and this is other than there.
    Differs(&'static str, &'static str),
    /// It is accepted and has no effect, because of this.
    Ignored(&'static str),
    /// Nothing can run with it; this is to be used instead.
    Refused(&'static str),
}

/// A property.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// Its name; a `*` in it stands for anything.
    pub name: &'static str,
    /// The connectors that have it; none for a worker's.
    pub of: &'static [Kind],
    /// What its value is.
    pub kind: Type,
    /// What holds without it.
    pub default: Default,
    /// What becomes of it.
    pub fate: Fate,
}

/// A property as a row of one of the tables.
const fn known(name: &'static str, of: &'static [Kind], kind: Type, default: Default, fate: Fate) -> Known {
    Known { name, of, kind, default, fate }
}

/// The sources.
const SOURCES: &[Kind] = &[Kind::PushTopic, Kind::Cdc, Kind::PlatformEvent];
/// Those of them that know positions of an event bus.
const BUS: &[Kind] = &[Kind::Cdc, Kind::PlatformEvent];
/// All connectors.
const ALL: &[Kind] = &Kind::ALL;
/// The sink.
const SINK: &[Kind] = &[Kind::Sink];
/// No upper bound that anybody reaches.
const MANY: i64 = i64::MAX;

/// Every property of connectors.
pub fn connectors() -> impl Iterator<Item = &'static Known> {
    let tables = [framework::TABLE, connection::TABLE, sources::TABLE, sink::TABLE];
    tables.into_iter().flatten()
}

/// Every property of a worker.
pub fn worker() -> impl Iterator<Item = &'static Known> {
    worker::TABLE.iter()
}

/// The property `name` of a connector of this kind; a name that stands there as it is goes before a pattern.
pub(crate) fn of_connector(kind: Kind, name: &str) -> Option<&'static Known> {
    found(connectors().filter(|known| known.of.contains(&kind)), name)
}

/// The property `name` of any connector, for those that do not have it.
pub(super) fn of_any(name: &str) -> Option<&'static Known> {
    found(connectors(), name)
}

/// The property `name` of a worker.
pub(super) fn of_worker(name: &str) -> Option<&'static Known> {
    found(worker(), name)
}

fn found(mut all: impl Iterator<Item = &'static Known>, name: &str) -> Option<&'static Known> {
    let mut like = None;
    let exact = all.find(|known| {
        if like.is_none() && is_like(name, known.name) {
            like = Some(*known);
        }
        known.name == name
    });
    exact.or(like)
}

/// Whether `name` is `pattern`, in which one star stands for anything.
fn is_like(name: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((before, behind)) => name.strip_prefix(before).is_some_and(|rest| rest.ends_with(behind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (name, pattern) in [
            ("confluent.topic", "confluent.topic*"),
            ("confluent.topic.ssl.x", "confluent.topic*"),
            ("topic.creation.default.partitions", "topic.creation.*.partitions"),
            ("reporter.error.topic.key.format", "reporter.*.topic.key.format"),
            ("metadata.max.age.ms", "*.ms"),
        ] {
            assert!(is_like(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [
            ("confluent.license", "confluent.topic*"),
            ("topic.creation.default.include", "topic.creation.*.partitions"),
            ("reporter.error.topic.name", "reporter.*.topic.key.format"),
        ] {
            assert!(!is_like(name, pattern), "{name} {pattern}");
        }
    }

    #[test]
    fn no_property_of_a_kind_stands_in_the_tables_twice() {
        for kind in Kind::ALL {
            let mut names: Vec<_> =
                connectors().filter(|known| known.of.contains(&kind)).map(|known| known.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{kind:?}");
        }
    }
}
