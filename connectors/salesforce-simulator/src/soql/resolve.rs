//! From a query as it is written to one that knows its objects and fields, or to what is wrong with it.

mod conditions;
mod grouping;
mod select;

use super::mistake::{malformed, no_children, pointed};
use super::parser;
use super::path::Path;
use super::query::{Columns, OrderBy, Query};
use super::scope::{Scope, Use};
use super::syntax::{Ordered, Statement};
use super::value_order::Collation;
use crate::data::Refusal;
use crate::schema::{Field, FieldType, Schema};

/// OFFSET goes so far.
const FARTHEST: usize = 2_000;
/// Lists of children within lists of children go so deep.
const CHILD_LEVELS: usize = 4;

impl Query {
    /// Reads a query against a schema.
    pub(crate) fn parse(schema: &Schema, text: &str) -> Result<Self, Refusal> {
        let statement = parser::parse(text)?;
        let (from, _) =
            statement.from.first().ok_or_else(|| malformed(text, 0, "unexpected token: '<EOF>'"))?;
        let object = Scope::find(schema, text, from)?;
        let scope = Scope::new(schema, text, object, &statement.from)?;
        let query = Resolver { scope, level: 0 }.query(&statement)?;
        Ok(query)
    }
}

struct Resolver<'a> {
    scope: Scope<'a>,
    /// How many lists of children this query is within.
    level: usize,
}

impl Resolver<'_> {
    fn query(&self, statement: &Statement) -> Result<Query, Refusal> {
        let scope = &self.scope;
        let filter = statement.filter.as_ref().map(|condition| self.filter(condition)).transpose()?;
        let mut query = Query {
            object: scope.object,
            columns: Columns::Count,
            filter,
            owned_by_user: self.owned_by_user(statement)?,
            order: Vec::new(),
            limit: statement.limit.as_ref().map(|count| count.rows),
            offset: self.offset(statement)?,
        };
        if Self::is_count(statement) {
            return Ok(query);
        }
        if Self::groups(statement) {
            let mut grouping = self.grouping(statement)?;
            (grouping.limit, grouping.offset) = (query.limit.take(), std::mem::take(&mut query.offset));
            query.columns = Columns::Groups(Box::new(grouping));
        } else {
            query.columns = Columns::Rows(self.columns(statement)?);
            query.order =
                statement.order.iter().map(|ordered| self.row_order(ordered)).collect::<Result<_, _>>()?;
        }
        Ok(query)
    }

    /// The query of a list of children, and the reference that makes them children of this query's object.
    fn children(&self, statement: &Statement) -> Result<(String, usize, Query), Refusal> {
        let scope = &self.scope;
        let Some((from, _)) = statement.from.first() else {
            return Err(malformed(scope.text, 0, "unexpected token: '<EOF>'"));
        };
        if self.level + 1 > CHILD_LEVELS {
            let what = "SOQL statements cannot query aggregate relationships more than 5 levels away from the root \
                        entity object.";
            return Err(malformed(scope.text, from.at.0, what));
        }
        let parts = scope.parts(&from.text);
        let named = parts.last().copied().unwrap_or_default();
        let known = scope.schema.child_relationship(scope.object, named);
        let Some((object, reference)) = known.filter(|_| parts.len() == 1) else {
            return Err(no_children(scope.text, from.at.0, named));
        };
        let field = scope.schema.object(object).fields.get(reference);
        let name = field.and_then(|field| field.children.clone()).unwrap_or_default();
        let scope = Scope::new(scope.schema, scope.text, object, &statement.from)?;
        let inner = Resolver { scope, level: self.level + 1 };
        if Self::groups(statement) || Self::is_count(statement) {
            return Err(malformed(
                inner.scope.text,
                from.at.0,
                "Only root queries support aggregate expressions",
            ));
        }
        Ok((name, reference, inner.query(statement)?))
    }

    fn row_order(&self, ordered: &Ordered) -> Result<OrderBy, Refusal> {
        let by = self.scope.term(&ordered.by, Use::Sort)?;
        let field = by.path.definition(self.scope.schema);
        let picklist = if by.function.is_none() { picklist(field) } else { Vec::new() };
        let (collation, descending, nulls_last) =
            (Collation::of(field), ordered.descending, ordered.nulls_last);
        Ok(OrderBy { by, collation, picklist, descending, nulls_last })
    }

    fn owned_by_user(&self, statement: &Statement) -> Result<Option<usize>, Refusal> {
        let Some(name) = &statement.scope else { return Ok(None) };
        let object = self.scope.schema.object(self.scope.object);
        match name.text.to_ascii_lowercase().as_str() {
            "everything" => Ok(None),
            "mine" if object.system.owner_id.is_some() => Ok(object.system.owner_id),
            _ => {
                let what = format!("Scope '{}' is not supported for {}", name.text, object.name);
                Err(pointed("INVALID_QUERY_SCOPE", self.scope.text, name.at.0, &what))
            }
        }
    }

    fn offset(&self, statement: &Statement) -> Result<usize, Refusal> {
        let Some(offset) = &statement.offset else { return Ok(0) };
        if offset.rows > FARTHEST {
            let what = format!("Maximum SOQL offset allowed is {FARTHEST}");
            return Err(pointed("NUMBER_OUTSIDE_VALID_RANGE", self.scope.text, offset.at.0, &what));
        }
        Ok(offset.rows)
    }
}

/// The values of a picklist in their order; none for other fields.
fn picklist(field: &Field) -> Vec<String> {
    if field.kind != FieldType::Picklist {
        return Vec::new();
    }
    field.picklist.iter().map(|value| value.value.clone()).collect()
}

/// The last part of a path's name, in the letter case of the describe: what a group shows it under.
fn last_name(schema: &Schema, path: &Path) -> String {
    path.definition(schema).name.clone()
}
