//! A row as a query shows it: selected fields in order, parents and children nested.

use serde_json::{Map, Value as Json, json};

use super::format::format;
use super::name_fields;
use super::path::{Hop, Of, Path, parent};
use super::query::{Column, Columns, Query, Shown};
use super::run::Run;
use crate::data::{Form, Row, render};
use crate::schema::ObjectIndex;
use crate::timestamp::Timestamp;

/// Makes the JSON of a list of children, of which those shown come last.
pub(crate) type ListOfChildren<'a, 'r> = &'r mut dyn FnMut(&Query, &[&'a Row], Vec<Json>) -> Json;

/// Shows rows below `base`, such as `/services/data/v59.0`; `list` makes the JSON of a list of children.
pub(crate) struct Show<'a, 'r> {
    pub(crate) run: Run<'a>,
    pub(crate) base: &'r str,
    pub(crate) list: ListOfChildren<'a, 'r>,
    /// So many rows of a list of children are shown at once.
    pub(crate) page: usize,
}

impl<'a> Show<'a, '_> {
    /// A row of a query.
    pub(crate) fn record(&mut self, query: &Query, row: &'a Row) -> Json {
        let mut record = Map::new();
        let here = (query.object, row);
        record.insert("attributes".to_owned(), self.attributes(here));
        let Columns::Rows(columns) = &query.columns else { return Json::Object(record) };
        for column in columns {
            match column {
                Column::Field(path) => self.place(&mut record, here, &path.hops, path, None),
                Column::Shown { path, alias: Some(alias), how } => {
                    let value = self.shown(path, here, *how);
                    record.insert(alias.clone(), value);
                }
                Column::Shown { path, alias: None, how } => {
                    self.place(&mut record, here, &path.hops, path, Some(*how));
                }
                Column::Children { name, reference, query } => {
                    let children = self.children(query, *reference, row);
                    record.insert(name.clone(), children);
                }
                Column::TypeOf { hop, when, otherwise } => {
                    let (name, value) = self.by_type(*hop, here, when, otherwise);
                    record.insert(name, value);
                }
            }
        }
        Json::Object(record)
    }

    fn children(&mut self, query: &Query, reference: usize, row: &'a Row) -> Json {
        let rows = self.run.children(query, reference, row.id());
        if rows.is_empty() {
            return Json::Null;
        }
        let shown = rows.iter().take(self.page).map(|row| self.record(query, row)).collect();
        (self.list)(query, &rows, shown)
    }

    fn attributes(&self, (object, row): (ObjectIndex, &Row)) -> Json {
        let name = &self.run.store.schema.object(object).name;
        let id = row.id();
        json!({"type": name, "url": format!("{}/sobjects/{name}/{id}", self.base)})
    }

    /// Puts the field of a path where it belongs, within its parents.
    fn place(
        &self,
        into: &mut Map<String, Json>,
        here: (ObjectIndex, &'a Row),
        hops: &[Hop],
        path: &Path,
        how: Option<Shown>,
    ) {
        let schema = &self.run.store.schema;
        let Some((hop, rest)) = hops.split_first() else {
            let name = path.definition(schema).name.clone();
            into.insert(name, self.value(path, here, how));
            return;
        };
        let name = hop.from.fields(schema).get(hop.reference).and_then(|field| field.relationship.clone());
        let Some(name) = name else { return };
        let Some(parent) = parent(self.run.store, *hop, here) else {
            into.insert(name, Json::Null);
            return;
        };
        let nested = into.entry(name).or_insert_with(|| json!({"attributes": self.attributes(parent)}));
        if let Some(nested) = nested.as_object_mut() {
            self.place(nested, parent, rest, path, how);
        }
    }

    fn by_type(
        &self,
        hop: Hop,
        here: (ObjectIndex, &'a Row),
        when: &[(ObjectIndex, Vec<Path>)],
        otherwise: &[Path],
    ) -> (String, Json) {
        let fields = hop.from.fields(&self.run.store.schema);
        let name = fields.get(hop.reference).and_then(|field| field.relationship.clone()).unwrap_or_default();
        let Some(parent) = parent(self.run.store, hop, here) else { return (name, Json::Null) };
        let mut record = Map::new();
        record.insert("attributes".to_owned(), self.attributes(parent));
        let chosen =
            when.iter().find(|(object, _)| *object == parent.0).map_or(otherwise, |(_, paths)| paths);
        for path in chosen {
            self.place(&mut record, parent, &path.hops, path, None);
        }
        (name, Json::Object(record))
    }

    /// A function of a field that stands at the end of a path.
    fn shown(&self, path: &Path, here: (ObjectIndex, &'a Row), how: Shown) -> Json {
        let mut here = here;
        for hop in &path.hops {
            match parent(self.run.store, *hop, here) {
                Some(parent) => here = parent,
                None => return Json::Null,
            }
        }
        self.value(path, here, Some(how))
    }

    /// The value of a path's field in the record that has it.
    fn value(&self, path: &Path, (object, row): (ObjectIndex, &Row), how: Option<Shown>) -> Json {
        let definition = self.run.store.schema.object(object);
        let value = match path.of {
            Of::Object(_) if how.is_none() => {
                return render(self.run.store, object, row, path.field, Form::Rest);
            }
            Of::Object(_) => self.run.store.value(object, row, path.field),
            Of::Any => name_fields::value(definition, row, path.field),
        };
        let field = path.definition(&self.run.store.schema);
        match how {
            Some(Shown::Format) => format(field, &value).map_or(Json::Null, Json::String),
            Some(Shown::Label) => {
                let label = field.picklist.iter().find(|one| Some(one.value.as_str()) == value.as_text());
                label.map_or_else(|| value.to_json(Timestamp::rest), |one| json!(one.label))
            }
            None => value.to_json(Timestamp::rest),
        }
    }
}
