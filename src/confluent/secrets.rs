//! Values that never stand in the file: each is an environment variable there.

use std::collections::BTreeMap;

use super::document::Value;

/// Secrets by the environment variables that the file names in their place.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    variables: BTreeMap<String, String>,
}

impl Secrets {
    /// What stands in the file for the value of `property` of `connector`.
    pub(super) fn hide(&mut self, connector: &str, property: &str, value: &str) -> String {
        if is_variable(value) {
            return value.to_owned();
        }
        let mut name = variable(&format!("{connector}_{property}"));
        // Names that differ in signs alone become the same variable.
        while self.variables.get(&name).is_some_and(|known| known != value) {
            name.push('_');
        }
        self.variables.insert(name.clone(), value.to_owned());
        format!("${{env:{name}}}")
    }

    /// As [`Self::hide`] where the file would take a part of `value` for a place to look at; else the value itself.
    pub(super) fn plain(&mut self, connector: &str, property: &str, value: &str) -> String {
        if looks_elsewhere(value) { self.hide(connector, property, value) } else { value.to_owned() }
    }

    /// `value` with variables in place of its texts. A number, and yes or no, say nothing of a secret.
    pub(super) fn veiled(&mut self, connector: &str, property: &str, value: Value) -> Value {
        match value {
            Value::Text(text) => Value::Text(self.hide(connector, property, &text)),
            Value::List(list) => {
                Value::List(list.iter().map(|text| self.hide(connector, property, text)).collect())
            }
            value @ (Value::Plain(_) | Value::Map(_)) => value,
        }
    }

    /// The variables.
    pub(super) fn into_variables(self) -> BTreeMap<String, String> {
        self.variables
    }
}

/// Whether `value` is `${env:NAME}`, which the file can say as it is.
fn is_variable(value: &str) -> bool {
    let name = value.strip_prefix("${env:").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether a part of `value` would be substituted in a file.
fn looks_elsewhere(value: &str) -> bool {
    let behind = value.split("${").skip(1);
    value.contains("{{")
        || behind.into_iter().any(|rest| rest.split('}').next().is_some_and(|name| name.contains(':')))
}

/// Letters, digits and underscores, a letter first.
fn variable(text: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = text.chars().map(sign).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_variable_of_its_own_unless_it_is_one_already() {
        let mut secrets = Secrets::default();
        assert_eq!(
            secrets.hide("lead-sink", "salesforce.password", "a"),
            "${env:LEAD_SINK_SALESFORCE_PASSWORD}"
        );
        assert_eq!(
            secrets.hide("lead.sink", "salesforce.password", "b"),
            "${env:LEAD_SINK_SALESFORCE_PASSWORD_}"
        );
        assert_eq!(secrets.hide("lead-sink", "salesforce.password", "${env:PW}"), "${env:PW}");
        assert_eq!(secrets.plain("1", "x", "a.${object}"), "a.${object}");
        assert_eq!(secrets.plain("1", "x", "a${b:c}"), "${env:_1_X}");
        let variables = secrets.into_variables();
        assert_eq!(variables["LEAD_SINK_SALESFORCE_PASSWORD_"], "b");
        assert_eq!(variables["_1_X"], "a${b:c}");
    }
}
