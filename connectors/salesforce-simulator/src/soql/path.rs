//! A field of the queried object or of one of its parents: `Name`, `Account.Owner.Name`.

use std::borrow::Cow;

use super::mistake::{invalid_field, no_column, no_parent};
use super::name_fields;
use crate::data::{Refusal, Row, Store, Value};
use crate::schema::{Field, Object, ObjectIndex, Right, Schema, Trait};

/// Parents of parents a path may go up.
const LEVELS: usize = 5;

/// A field and the way to it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    /// References to follow.
    pub(crate) hops: Vec<Hop>,
    /// What the field belongs to.
    pub(crate) of: Of,
    /// The field.
    pub(crate) field: usize,
}

/// A reference to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    /// What the reference belongs to.
    pub(crate) from: Of,
    /// The reference.
    pub(crate) reference: usize,
    /// What it leads to.
    pub(crate) to: Of,
}

/// What fields are looked up in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    /// One object.
    Object(ObjectIndex),
    /// Whichever object a polymorphic reference leads to.
    Any,
}

impl Of {
    /// The name that messages use.
    pub(crate) fn name(self, schema: &Schema) -> &str {
        match self {
            Self::Object(at) => &schema.object(at).name,
            Self::Any => name_fields::OBJECT,
        }
    }

    /// A field that the user may see.
    pub(crate) fn field(self, schema: &Schema, name: &str) -> Option<usize> {
        match self {
            Self::Object(at) => {
                let object = schema.object(at);
                object.field(name).filter(|at| object.fields.get(*at).is_some_and(Field::visible))
            }
            Self::Any => name_fields::field(name),
        }
    }

    /// All its fields.
    pub(crate) fn fields(self, schema: &Schema) -> &[Field] {
        match self {
            Self::Object(at) => &schema.object(at).fields,
            Self::Any => name_fields::fields(),
        }
    }

    /// The reference behind the name of a parent, and what it leads to.
    pub(crate) fn parent(self, schema: &Schema, name: &str) -> Option<Hop> {
        let reference = match self {
            Self::Object(at) => schema.object(at).relationship(name)?,
            Self::Any => name_fields::relationship(name)?,
        };
        let field = self.fields(schema).get(reference).filter(|field| field.visible())?;
        let to = match field.reference_to.as_slice() {
            [only] => Self::Object(schema.find(only).filter(|at| readable(schema.object(*at)))?),
            _ => Self::Any,
        };
        Some(Hop { from: self, reference, to })
    }
}

impl Path {
    /// Finds the field that a path means in a query of `object`. `at` is where the path stands in the query.
    pub(crate) fn resolve(
        schema: &Schema,
        object: Of,
        parts: &[&str],
        query: &str,
        at: usize,
    ) -> Result<Self, Refusal> {
        let (name, parents) =
            parts.split_last().ok_or_else(|| no_column(query, at, "", object.name(schema)))?;
        if parents.len() > LEVELS {
            let what = format!("Relationship references cannot be nested deeper than {LEVELS} levels");
            return Err(invalid_field(query, at, &what));
        }
        let mut here = object;
        let mut hops = Vec::new();
        for part in parents {
            let hop = here.parent(schema, part).ok_or_else(|| no_parent(query, at, part))?;
            hops.push(hop);
            here = hop.to;
        }
        let field = here.field(schema, name).ok_or_else(|| no_column(query, at, name, here.name(schema)))?;
        Ok(Self { hops, of: here, field })
    }

    /// A field of the queried object itself.
    pub(crate) fn own(object: ObjectIndex, field: usize) -> Self {
        Self { hops: Vec::new(), of: Of::Object(object), field }
    }

    /// As it is written, in the letter case of the describe: `Account.Owner.Name`.
    pub(crate) fn name(&self, schema: &Schema) -> String {
        let parents = self.hops.iter().filter_map(|hop| hop.from.fields(schema).get(hop.reference));
        let parents = parents.filter_map(|field| field.relationship.as_deref());
        parents.chain([self.definition(schema).name.as_str()]).collect::<Vec<_>>().join(".")
    }

    /// The definition of the field.
    pub(crate) fn definition<'a>(&self, schema: &'a Schema) -> &'a Field {
        &self.of.fields(schema)[self.field]
    }

    /// Whether it is the `Id` of the queried object.
    pub(crate) fn is_id(&self) -> bool {
        self.hops.is_empty() && self.field == 0
    }

    /// Its value in a row; null when a parent on the way is missing.
    pub(crate) fn value<'a>(&self, store: &'a Store, row: &'a Row) -> Cow<'a, Value> {
        if let (true, Of::Object(object)) = (self.hops.is_empty(), self.of) {
            return store.value(object, row, self.field);
        }
        // The object of the row is only asked for behind a polymorphic reference, which sets it.
        let mut here = (0, row);
        for hop in &self.hops {
            match parent(store, *hop, here) {
                Some(parent) => here = parent,
                None => return Cow::Owned(Value::Null),
            }
        }
        match self.of {
            Of::Object(object) => store.value(object, here.1, self.field),
            Of::Any => name_fields::value(store.schema.object(here.0), here.1, self.field),
        }
    }
}

/// Whether the user may see records of an object in queries.
fn readable(object: &Object) -> bool {
    object.is(Trait::Queryable) && object.may(Right::Read)
}

/// The record that a reference leads to, with its object.
pub(crate) fn parent<'a>(
    store: &'a Store,
    hop: Hop,
    (object, row): (ObjectIndex, &'a Row),
) -> Option<(ObjectIndex, &'a Row)> {
    let reference = match hop.from {
        Of::Object(_) => Cow::Borrowed(row.value(hop.reference)),
        Of::Any => name_fields::value(store.schema.object(object), row, hop.reference),
    };
    let id = reference.as_text()?;
    match hop.to {
        Of::Object(object) => Some((object, store.table(object).row(id)?)),
        Of::Any => store.row(id),
    }
}
