//! Expressions over a source's record whose value becomes JSON: keys, headers and values that the file makes itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cel::objects::Key;
use cel::{Context, Program, Value as Cel};
use orgstream_api::record::field;
use orgstream_api::{ExpressionError, Scope};
use serde_json::Value as Json;

use super::references::References;
use super::{ENV, VARIABLES, add_record, failed, read_program, said};

/// An expression of a source. Clones share it.
#[derive(Clone)]
pub(crate) struct JsonExpression(Arc<Inner>);

struct Inner {
    text: String,
    program: Program,
    references: References,
}

impl JsonExpression {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (program, references) = read_program(text, &VARIABLES)?;
        Ok(Self(Arc::new(Inner { text: text.to_owned(), program, references })))
    }

    /// Its value for a record.
    ///
    /// # Errors
    /// That it has none.
    pub(crate) fn of(&self, scope: &Scope<'_>) -> Result<Json, ExpressionError> {
        let Inner { text, program, references } = &*self.0;
        let mut context = Context::with_env(Arc::clone(&ENV));
        add_record(&mut context, references, scope);
        let value = program.execute(&context).map_err(|error| failed(text, said(&error)))?;
        json(&value).map_err(|what| failed(text, what))
    }

    /// Whether its value is the same for all changes of one record, as far as its text shows: it asks for nothing but
    /// which record that is.
    pub(crate) fn is_of_the_record(&self) -> bool {
        let references = &self.0.references;
        references.variables.iter().all(|variable| {
            let known: &[&str] = match variable.as_str() {
                "key" => return true,
                "value" => &[field::ID, field::OBJECT_TYPE],
                "event" => &["id", "object"],
                "headers" => return false,
                // A type's name.
                _ => return true,
            };
            let named = references.fields_of(variable);
            named.is_some_and(|named| named.iter().all(|name| known.contains(&name.as_str())))
        })
    }
}

impl fmt::Debug for JsonExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.text)
    }
}

/// The JSON of a value. The names of a map are in the order of the alphabet, so that equal values have equal bytes.
///
/// # Errors
/// That JSON has no such value.
pub(super) fn json(value: &Cel) -> Result<Json, String> {
    Ok(match value {
        Cel::Null => Json::Null,
        Cel::Bool(value) => Json::from(*value),
        Cel::Int(number) => Json::from(*number),
        Cel::UInt(number) => Json::from(*number),
        Cel::Float(number) => Json::from(*number),
        Cel::String(text) => Json::from(text.as_str()),
        Cel::List(values) => values.iter().map(json).collect::<Result<_, _>>()?,
        Cel::Map(map) => {
            let entry = |(key, value): (&Key, &Cel)| Ok::<_, String>((name(key), json(value)?));
            let sorted = map.map.iter().map(entry).collect::<Result<BTreeMap<_, _>, _>>()?;
            Json::Object(sorted.into_iter().collect())
        }
        other => return Err(format!("is {}, which JSON does not have", other.type_of())),
    })
}

fn name(key: &Key) -> String {
    match key {
        Key::String(text) => text.as_ref().clone(),
        Key::Int(number) => number.to_string(),
        Key::Uint(number) => number.to_string(),
        Key::Bool(value) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_only_which_record_it_is_is_the_same_for_all_its_changes() {
        for (text, is) in [
            ("event.id", true),
            ("event.object + '-' + value.Id", true),
            ("string(key.Id).substring(0, 3)", true),
            ("'all'", true),
            ("value.AccountId", false),
            ("event.type", false),
            ("value['Id']", false),
            ("headers['orgstream.org']", false),
            ("event.id + string(event.time)", false),
        ] {
            let expression = JsonExpression::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(expression.is_of_the_record(), is, "{text}");
        }
    }
}
