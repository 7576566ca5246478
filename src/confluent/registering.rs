//! Which schema of a registry a source's converter writes with, and what its subject is called.

use super::given::Given;

/// What a converter says of schemas, each with the property that says so; nothing where it says what holds anyway.
#[derive(Debug, Clone, Default)]
pub(super) struct Registering {
    /// The word of `schemas`.
    pub(super) schemas: Option<(&'static str, String)>,
    /// The word of `subject`.
    pub(super) subject: Option<(&'static str, String)>,
    /// A property that has no effect, there as here.
    pub(super) idle: Option<String>,
}

/// Confluent's strategies for the names of subjects, with ours.
pub(super) const STRATEGIES: [&str; 3] = [
    "io.confluent.kafka.serializers.subject.TopicNameStrategy",
    "io.confluent.kafka.serializers.subject.RecordNameStrategy",
    "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy",
];
const SUBJECTS: [&str; 3] = ["topic", "record", "topic_record"];

/// What the converter of one half says; `connector` says it for both halves where the converter does not.
pub(super) fn registering(half: &str, converter: &Given, connector: &Given) -> Registering {
    let option = |name: &str| {
        let own = format!("{half}.converter.{name}");
        let of = |given: &Given, property: String| {
            given.get(&property).filter(|text| !text.is_empty()).map(|text| (text.to_owned(), property))
        };
        of(converter, own).or_else(|| of(connector, name.to_owned()))
    };
    let is = |given: &Option<(String, String)>, word: &str| {
        given.as_ref().is_some_and(|(text, _)| text.eq_ignore_ascii_case(word))
    };
    let (register, latest) = (option("auto.register.schemas"), option("use.latest.version"));
    let registers = !is(&register, "false");
    let latest = latest.filter(|(text, _)| text.eq_ignore_ascii_case("true")).map(|(_, property)| property);
    let (schemas, idle) = match (registers, latest) {
        (true, idle) => (None, idle),
        (false, Some(property)) => (Some(("latest", property)), None),
        (false, None) => (register.map(|(_, property)| ("registered", property)), None),
    };
    let strategy = option(&format!("{half}.subject.name.strategy"));
    let subject = strategy.and_then(|(class, property)| {
        // A class that is none of them is refused by its row.
        let known = STRATEGIES.iter().position(|known| known.eq_ignore_ascii_case(&class))?;
        (known > 0).then_some((SUBJECTS[known], property))
    });
    Registering { schemas, subject, idle }
}
