//! The condition of a query and whether a row meets it.
//!
//! Text is compared without letter case, ids and case-sensitive fields with it. A missing value is unequal to
//! everything and neither below nor above anything.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::path::Path;
use crate::data::{Row, Store, Value};
use crate::schema::{Field, Schema};

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// All of them.
    And(Vec<Filter>),
    /// One of them.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A field against a value.
    Compare { path: Path, comparison: Comparison, value: Value },
    /// A field against a set of values, by index key; `null` says whether a missing value is in it.
    In { path: Path, keys: HashSet<String>, null: bool, negated: bool },
    /// A field against a pattern with `%` and `_`, already in lower case.
    Like { path: Path, pattern: Vec<char> },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Filter {
    /// Whether a row meets the condition.
    pub(crate) fn matches(&self, store: &Store, row: &Row) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.matches(store, row)),
            Self::Or(any) => any.iter().any(|filter| filter.matches(store, row)),
            Self::Not(filter) => !filter.matches(store, row),
            Self::Compare { path, comparison, value } => {
                let field = path.definition(&store.schema);
                comparison.holds(field, path.value(store, row), value)
            }
            Self::In { path, keys, null, negated } => {
                let value = path.value(store, row);
                let within = match key(path.definition(&store.schema), value) {
                    Some(key) => keys.contains(&key),
                    None => *null,
                };
                within != *negated
            }
            Self::Like { path, pattern } => path.value(store, row).as_text().is_some_and(|text| {
                let text: Vec<char> = text.to_lowercase().chars().collect();
                like(&text, pattern)
            }),
        }
    }

    /// Every field the condition looks at.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Not(part) => part.paths(),
            Self::Compare { path, .. } | Self::In { path, .. } | Self::Like { path, .. } => vec![path],
        }
    }

    /// Conditions that must all hold: the parts of an outermost AND, or the condition itself.
    pub(crate) fn conjuncts(&self) -> &[Filter] {
        match self {
            Self::And(all) => all,
            other => std::slice::from_ref(other),
        }
    }

    /// Fields of the queried object itself that the condition looks at.
    pub(crate) fn fields(&self) -> Vec<usize> {
        self.paths().into_iter().filter(|path| path.hops.is_empty()).map(|path| path.field).collect()
    }

    /// Whether the condition uses fields that may not be filtered by; names the first.
    pub(crate) fn unfilterable<'a>(&self, schema: &'a Schema) -> Option<&'a Field> {
        use crate::schema::Flag::NoFilter;
        self.paths().into_iter().map(|path| path.definition(schema)).find(|field| field.is(NoFilter))
    }
}

impl Comparison {
    /// The comparison that a symbol stands for.
    pub(crate) fn of(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "!=" => Self::Unequal,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }

    fn holds(self, field: &Field, left: &Value, right: &Value) -> bool {
        let order = order(field, left, right);
        match self {
            Self::Equal => order == Some(Ordering::Equal) || (left.is_null() && right.is_null()),
            Self::Unequal => !(order == Some(Ordering::Equal) || (left.is_null() && right.is_null())),
            Self::Less => order == Some(Ordering::Less),
            Self::AtMost => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => order == Some(Ordering::Greater),
            Self::AtLeast => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

/// How two values of a field are ordered; `None` when one is missing.
pub(crate) fn order(field: &Field, left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Double(a), Value::Double(b)) => a.partial_cmp(b),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) if field.kind.is_id() => Some(a.cmp(b)),
        (Value::Text(_), Value::Text(_)) => key(field, left).zip(key(field, right)).map(|(a, b)| a.cmp(&b)),
        _ => None,
    }
}

/// The text under which a value is in a set: the index key, and a form of its own for the other types.
pub(crate) fn key(field: &Field, value: &Value) -> Option<String> {
    match value {
        Value::Bool(value) => Some(value.to_string()),
        Value::Time(time) => Some(time.millis().to_string()),
        other => other.index_key(field),
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some(('%', after)), _) => {
            (0..=text.len()).any(|skip| text.get(skip..).is_some_and(|text| like(text, after)))
        }
        (Some(('_', after)), Some((_, rest))) => like(rest, after),
        (Some(('\\', after)), Some((first, rest))) => match after.split_first() {
            Some((escaped, after)) => first == escaped && like(rest, after),
            None => false,
        },
        (Some((wanted, after)), Some((first, rest))) => first == wanted && like(rest, after),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn like_knows_both_wildcards_and_their_escapes() {
        let like = |text: &str, pattern: &str| {
            super::like(&text.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
        };
        assert!(like("acme corp", "acme%") && like("acme", "a_me") && like("50%", "50\\%") && like("", "%"));
        assert!(!like("acme", "acm") && !like("500", "50\\%") && !like("acme", "a_e"));
    }
}
