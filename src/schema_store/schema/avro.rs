//! Avro schemas: understood and compared by the Avro project's own crate.
//!
//! That crate compares a type by its name wherever it was defined before, on either side. So each use of a name is
//! replaced by its definition first; otherwise a type that merely moved would be refused, and one that changed where
//! the other side does not define it would pass.

use std::collections::HashMap;

pub(super) use apache_avro::Schema;
use apache_avro::error::CompatibilityError;
use apache_avro::schema::{Name, ResolvedSchema, UnionSchema};
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};

use super::Source;

/// How many types a schema may have once each name is replaced by its definition. A few lines of text can stand for
/// billions; an object of an org has hundreds.
const MOST_TYPES: usize = 20_000;
/// How deep they may nest then. What compares them recurses, and the stack is finite.
const DEEPEST: usize = 256;

type Definitions<'a> = HashMap<Name, &'a Schema>;

/// Understands a text together with what it refers to, all names replaced by their definitions. A type that contains
/// itself keeps its name where it does.
pub(super) fn parse(source: &Source) -> Result<Schema, String> {
    // A type may be referred to in several ways; it is defined once.
    let mut texts: Vec<&str> = Vec::new();
    for other in &source.referenced {
        if !texts.contains(&other.text.as_str()) {
            texts.push(&other.text);
        }
    }
    let (schema, others) =
        Schema::parse_str_with_list(&source.text, texts).map_err(|error| error.to_string())?;
    let schemata = others.iter().chain([&schema]).collect();
    let resolved = ResolvedSchema::new_with_schemata(schemata).map_err(|error| error.to_string())?;
    let mut expansion =
        Expansion { definitions: resolved.get_names(), open: Vec::new(), depth: 0, left: MOST_TYPES };
    expansion.of(&schema)
}

/// Why `reader` cannot read all that was written with `writer`.
pub(super) fn obstacle(reader: &Schema, writer: &Schema) -> Option<String> {
    match SchemaCompatibility::can_read(writer, reader) {
        Ok(Compatibility::Full) => None,
        Ok(Compatibility::Partial) => Some(
            "a value of a union or a symbol of an enum that was written before is not among those it knows"
                .to_owned(),
        ),
        Err(error) => Some(reason(&error)),
    }
}

struct Expansion<'a> {
    definitions: &'a Definitions<'a>,
    /// The records around the present place.
    open: Vec<Name>,
    /// All types around the present place.
    depth: usize,
    left: usize,
}

impl Expansion<'_> {
    fn of(&mut self, schema: &Schema) -> Result<Schema, String> {
        if self.depth == DEEPEST {
            return Err(format!("it nests more than {DEEPEST} levels deep once its names are followed"));
        }
        self.depth += 1;
        let expanded = self.expanded(schema)?;
        self.depth -= 1;
        Ok(expanded)
    }

    fn expanded(&mut self, schema: &Schema) -> Result<Schema, String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            format!(
                "it stands for more than {MOST_TYPES} types once its names are followed, too many to check"
            )
        })?;
        Ok(match schema {
            Schema::Ref { name } if self.open.contains(name) => schema.clone(),
            Schema::Ref { name } => {
                let definitions = self.definitions;
                let definition =
                    definitions.get(name).ok_or_else(|| format!("the type {name} is not defined"))?;
                self.of(definition)?
            }
            Schema::Record(record) => {
                let mut record = record.clone();
                self.open.push(record.name.clone());
                for field in &mut record.fields {
                    field.schema = self.of(&field.schema)?;
                }
                self.open.pop();
                Schema::Record(record)
            }
            Schema::Array(array) => {
                let mut array = array.clone();
                *array.items = self.of(&array.items)?;
                Schema::Array(array)
            }
            Schema::Map(map) => {
                let mut map = map.clone();
                *map.types = self.of(&map.types)?;
                Schema::Map(map)
            }
            Schema::Union(union) => {
                let variants: Result<Vec<Schema>, String> =
                    union.variants().iter().map(|variant| self.of(variant)).collect();
                Schema::Union(UnionSchema::new(variants?).map_err(|error| error.to_string())?)
            }
            other => other.clone(),
        })
    }
}

/// The reason in one short line: the crate's own text shows whole schemas.
fn reason(error: &CompatibilityError) -> String {
    match error {
        CompatibilityError::FieldTypeMismatch(field, inner) => format!("field {field}: {}", reason(inner)),
        CompatibilityError::MissingDefaultValue(field) => {
            format!("field {field} has no default, and that data has no such field")
        }
        CompatibilityError::WrongType { .. } => "its type cannot be read from the one written".to_owned(),
        CompatibilityError::MissingUnionElements | CompatibilityError::SchemaMismatchAllUnionElements => {
            "no type of the union fits the one written".to_owned()
        }
        CompatibilityError::NameMismatch { writer_name, reader_name } => {
            format!("its name is {reader_name}, and that of the data is {writer_name}")
        }
        other => other.to_string(),
    }
}
