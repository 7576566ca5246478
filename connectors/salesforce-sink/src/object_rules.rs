//! What the user's file says of an object: which of its records are written, and what their fields hold in org B.

use std::collections::BTreeMap;
use std::sync::Arc;

use orgstream_api::Expression;

mod adapted;
pub use adapted::Adapted;

/// The rules of one object. By default every record is written, and every field as it is carried.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The condition for a record to be looked at at all, whatever it is.
    pub when: Option<Arc<dyn Expression>>,
    /// Conditions that all have to hold for a record to be written. Deletions are never asked.
    pub filter: Vec<Arc<dyn Expression>>,
    /// What becomes of a record of org B for which the filter holds no more.
    pub on_leave: OnLeave,
    /// Fields whose value is computed.
    pub fields: Vec<FieldRule>,
    /// Fields whose values are other ones in org B.
    pub values: Vec<ValueMap>,
    /// What becomes of text that is longer than its field.
    pub too_long: TooLong,
    /// Whether no reference is written at all.
    pub ignore_references: bool,
}

/// A field of org B that is computed.
#[derive(Debug, Clone)]
pub struct FieldRule {
    /// Its API name in org B.
    pub name: String,
    /// Its value; of a reference an id of org A.
    pub value: Arc<dyn Expression>,
}

/// The values of a field, as org A and as org B name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueMap {
    /// The field of org B.
    pub field: String,
    /// From values of org A to those of org B.
    pub values: BTreeMap<String, String>,
    /// What every other value becomes; without it such values stay as they are.
    pub others: Option<String>,
}

/// What becomes of a record of org B for which the filter holds no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLeave {
    /// It stays as it was when the filter last held.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
}

/// What becomes of text that is longer than its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TooLong {
    /// Org B refuses the record.
    #[default]
    Reject,
    /// The text is cut, where a part of it still means something.
    Truncate,
}

impl Rules {
    /// The same rules with the names of fields as org B writes them, which differ at most in case.
    pub(crate) fn named(&self, name_in_org: impl Fn(&str) -> Option<String>) -> Self {
        let mut rules = self.clone();
        let fields = rules.fields.iter_mut().map(|rule| &mut rule.name);
        for name in fields.chain(rules.values.iter_mut().map(|map| &mut map.field)) {
            if let Some(known) = name_in_org(name) {
                *name = known;
            }
        }
        rules
    }

    /// Whether the field `name` of org B is computed.
    pub(crate) fn computes(&self, name: &str) -> bool {
        self.fields.iter().any(|rule| rule.name == name)
    }

    /// Whether the value of a field is computed from the field `name` of org A.
    pub(crate) fn uses(&self, name: &str) -> bool {
        self.fields.iter().filter_map(|rule| rule.value.fields()).any(|named| named.contains(&name))
    }
}

impl ValueMap {
    /// What `value` is in org B.
    pub fn apply<'a>(&'a self, value: &'a str) -> &'a str {
        self.values.get(value).or(self.others.as_ref()).map_or(value, String::as_str)
    }

    /// As [`ValueMap::apply`], of several values that are separated by semicolons.
    pub fn apply_to_each(&self, values: &str) -> String {
        let values: Vec<&str> = values.split(';').map(|value| self.apply(value)).collect();
        values.join(";")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_not_mapped_stays_unless_there_is_a_word_for_all_others() {
        let mut map = ValueMap {
            field: "Status".to_owned(),
            values: BTreeMap::from([("Open".to_owned(), "New".to_owned())]),
            others: None,
        };
        assert_eq!([map.apply("Open"), map.apply("Closed")], ["New", "Closed"]);
        assert_eq!(map.apply_to_each("Closed;Open"), "Closed;New");
        map.others = Some("Other".to_owned());
        assert_eq!([map.apply("Open"), map.apply("Closed")], ["New", "Other"]);
    }
}
