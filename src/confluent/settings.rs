//! A connector's or a worker's properties, read by the types they have.

use std::collections::BTreeMap;

use super::catalog::{self, Default, Fate, Known, Type};
use super::finding::{Finding, Verdict};
use super::given::{Given, trimmed};
use super::kind::Kind;
use crate::config::nearest;

/// The properties with what is known of them.
pub(super) struct Settings<'a> {
    /// As they were given.
    pub(super) given: &'a Given,
    /// The connector; `None` for a worker.
    kind: Option<Kind>,
    /// What became of them so far.
    findings: BTreeMap<(String, Verdict), Vec<Finding>>,
}

impl<'a> Settings<'a> {
    /// The properties of a connector, each looked up and its value compared with its type.
    pub(super) fn of_connector(kind: Kind, given: &'a Given) -> Self {
        Self::new(Some(kind), given)
    }

    /// The properties of a worker.
    pub(super) fn of_worker(given: &'a Given) -> Self {
        Self::new(None, given)
    }

    fn new(kind: Option<Kind>, given: &'a Given) -> Self {
        let mut settings = Self { given, kind, findings: BTreeMap::new() };
        for finding in &given.findings {
            settings.add(finding.clone());
        }
        for (name, value) in &given.properties {
            settings.look_up(name, trimmed(value));
        }
        for name in settings.missing() {
            settings.refuse(
                name,
                format!("Missing required configuration \"{name}\" which has no default value."),
            );
        }
        settings
    }

    fn known(&self, name: &str) -> Option<&'static Known> {
        match self.kind {
            Some(kind) => catalog::of_connector(kind, name),
            None => catalog::of_worker(name),
        }
    }

    /// What becomes of one property.
    fn look_up(&mut self, name: &str, value: &str) {
        let Some(known) = self.known(name) else {
            let message = self.unknown(name);
            return self.find(name, Verdict::Unknown, message);
        };
        if let Some(wrong) = wrong(known.kind, value) {
            let hidden = known.kind == Type::Secret || self.given.hidden.contains(name);
            let shown = if hidden { "[hidden]" } else { value };
            return self.refuse(name, format!("Invalid value {shown} for configuration {name}: {wrong}"));
        }
        let is_default = match (known.default, known.kind) {
            (Default::Is(default), Type::Boolean | Type::Word(_)) => default.eq_ignore_ascii_case(value),
            (Default::Is(default), _) => default == value,
            (Default::Required | Default::Null, _) => false,
        };
        let (verdict, message) = match known.fate {
            Fate::Same(key) => (Verdict::Honoured, format!("`{key}`")),
            // A switch that is off asks for nothing.
            Fate::Differs("", _) if is_default && value.eq_ignore_ascii_case("false") => {
                (Verdict::Honoured, "as it is without it".to_owned())
            }
            Fate::Differs("", how) => (Verdict::Differs, how.to_owned()),
            Fate::Differs(key, how) => (Verdict::Differs, format!("`{key}`: {how}")),
            Fate::Ignored(why) => (Verdict::Ignored, why.to_owned()),
            Fate::Refused(_) if is_default => (Verdict::Honoured, "as it is without it".to_owned()),
            Fate::Refused(instead) => (Verdict::Refused, instead.to_owned()),
        };
        self.find(name, verdict, message);
    }

    fn unknown(&self, name: &str) -> String {
        if self.kind.is_some() && catalog::of_any(name).is_some() {
            return "this connector has no such property; it has no effect".to_owned();
        }
        let names: Vec<_> = match self.kind {
            Some(kind) => catalog::connectors()
                .filter(|known| known.of.contains(&kind))
                .map(|known| known.name)
                .collect(),
            None => catalog::worker().map(|known| known.name).collect(),
        };
        match nearest(name, names.iter().copied()) {
            Some(near) => format!("no such property is known; it has no effect. Is `{near}` meant?"),
            None => "no such property is known; it has no effect".to_owned(),
        }
    }

    /// Properties that must be there and are not.
    fn missing(&self) -> Vec<&'static str> {
        let all: Vec<_> = match self.kind {
            Some(kind) => catalog::connectors().filter(|known| known.of.contains(&kind)).collect(),
            None => catalog::worker().collect(),
        };
        let required = all.into_iter().filter(|known| known.default == Default::Required);
        let given = |name: &str| self.given.properties.contains_key(name);
        required
            .map(|known| known.name)
            .filter(|name| !(given(name) || *name == "topics" && given("topics.regex")))
            .filter(|name| !(*name == "salesforce.cdc.channel" && given("salesforce.cdc.name")))
            .filter(|name| {
                !(*name == "salesforce.platform.event.name"
                    && given("salesforce.platform.custom.channel.name"))
            })
            .collect()
    }

    fn add(&mut self, finding: Finding) {
        self.findings.entry((finding.property.clone(), finding.verdict)).or_default().push(finding);
    }

    fn find(&mut self, name: &str, verdict: Verdict, message: impl Into<String>) {
        let finding = self.given.finding(name, verdict, message);
        self.add(finding);
    }

    /// Says that nothing can run with `name` as it is.
    pub(super) fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.find(name, Verdict::Refused, message);
    }

    /// Says that `name` is honoured in another way.
    pub(super) fn differs(&mut self, name: &str, message: impl Into<String>) {
        self.find(name, Verdict::Differs, message);
    }

    /// Says that `name` does what it does there after all.
    pub(super) fn same(&mut self, name: &str, message: impl Into<String>) {
        let given = &self.given.findings;
        for verdict in [Verdict::Differs, Verdict::Honoured] {
            if let Some(found) = self.findings.get_mut(&(name.to_owned(), verdict)) {
                found.retain(|finding| given.contains(finding));
            }
        }
        self.find(name, Verdict::Honoured, message);
    }

    /// Says that `name` has no effect.
    pub(super) fn ignore(&mut self, name: &str, message: impl Into<String>) {
        self.find(name, Verdict::Ignored, message);
    }

    /// Everything that was found, by property; of what a property is refused for, nothing milder is said.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        let refused: Vec<String> = self
            .findings
            .keys()
            .filter(|(_, verdict)| *verdict == Verdict::Refused)
            .map(|(name, _)| name.clone())
            .collect();
        let told = self
            .findings
            .into_iter()
            .filter(|((name, verdict), _)| *verdict == Verdict::Refused || !refused.contains(name));
        let mut all: Vec<_> = told.flat_map(|(_, findings)| findings).collect();
        // What is said of the very value goes before what the table says, which is honoured alone.
        let said: Vec<String> = all
            .iter()
            .filter(|finding| finding.verdict != Verdict::Honoured)
            .map(|finding| finding.property.clone())
            .collect();
        all.retain(|finding| finding.verdict != Verdict::Honoured || !said.contains(&finding.property));
        all.dedup();
        all
    }

    /// Whether `name` is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.properties.contains_key(name)
    }

    /// Whether `name` is given with what holds without it.
    pub(super) fn is_default(&self, name: &str) -> bool {
        let default = self.known(name).map(|known| known.default);
        self.given.get(name).is_some_and(
            |text| matches!(default, Some(Default::Is(default)) if default.eq_ignore_ascii_case(text)),
        )
    }

    /// The value of `name`, or what holds without it.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let default = || match self.known(name)?.default {
            Default::Is(text) => Some(text),
            Default::Required | Default::Null => None,
        };
        self.given.get(name).or_else(default).map(str::to_owned)
    }

    /// As [`Self::text`]; empty text is none.
    pub(super) fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// A word in lower case.
    pub(super) fn word(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_lowercase()
    }

    /// Whether it is true. What is neither true nor false is reported already.
    pub(super) fn is(&self, name: &str) -> bool {
        self.word(name) == "true"
    }

    /// A number that is given. What is none is reported already.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.given.get(name)?.parse().ok()
    }

    /// A list. Empty where it is not given.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        listed(&self.text(name).unwrap_or_default())
    }
}

/// The texts of a list.
pub(super) fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// What is wrong with a value, in the words of Kafka Connect.
fn wrong(kind: Type, value: &str) -> Option<String> {
    match kind {
        Type::Text | Type::Secret | Type::List => None,
        Type::Boolean => (!value.eq_ignore_ascii_case("true") && !value.eq_ignore_ascii_case("false"))
            .then(|| "Expected value to be either true or false".to_owned()),
        Type::Number(least, most) => match value.parse::<i64>() {
            Err(_) if most > i64::from(i32::MAX) => Some("Not a number of type LONG".to_owned()),
            Err(_) => Some("Not a number of type INT".to_owned()),
            Ok(number) if number < least => Some(format!("Value must be at least {least}")),
            Ok(number) if number > most => Some(format!("Value must be no more than {most}")),
            Ok(_) => None,
        },
        Type::Word(words) => (!words.iter().any(|word| word.eq_ignore_ascii_case(value)))
            .then(|| format!("String must be one of: {}", words.join(", "))),
    }
}
