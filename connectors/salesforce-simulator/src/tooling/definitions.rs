//! The ids of custom objects and fields, and which fields clients made or deleted: what the files of the user do not
//! say, and a restart must not forget.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::Store;
use crate::ids::IdSource;
use crate::schema::{Field, Flag, ObjectKind, Schema};
use crate::timestamp::Timestamp;

/// First characters of the id of a custom field.
pub(super) const FIELD: &str = "00N";
/// First characters of the id of a custom object.
const OBJECT: &str = "01I";

/// One change of the definitions, as the data file keeps it. Its name is `Object__c` or `Object.Field__c`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Definition {
    /// It has this id; a client made it if its field stands here.
    Known { name: String, id: String, field: Option<Box<Field>> },
    /// A client deleted it.
    Deleted { name: String },
}

/// What is custom in an org.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    ids: BTreeMap<String, String>,
    made: BTreeSet<String>,
    deleted: BTreeSet<String>,
}

impl Definitions {
    /// Brings a change from the data file back. A field that the files of the user have by now is theirs.
    pub(crate) fn restore(&mut self, store: &mut Store, definition: Definition, now: Timestamp) {
        match definition {
            Definition::Known { name, id, field } => {
                store.ids.seen(&id);
                if let Some(field) = field
                    && let Some(object) = name.split('.').next().and_then(|object| store.schema.find(object))
                    && store.schema.object(object).field(&field.name).is_none()
                    && let Ok(grown) = store.schema.with_field(object, *field, now)
                {
                    store.schema = Arc::new(grown);
                    self.made.insert(name.clone());
                }
                self.ids.insert(name, id);
            }
            Definition::Deleted { name } => {
                if let Some((object, field)) = find(&store.schema, &name) {
                    store.schema = Arc::new(store.schema.without_field(object, field, now));
                }
                self.forget(&name);
            }
        }
    }

    /// Gives an id to everything custom that has none.
    pub(crate) fn complete(&mut self, schema: &Schema, ids: &mut IdSource) {
        for object in schema.objects() {
            if object.kind() != ObjectKind::Standard {
                self.ids.entry(object.name.clone()).or_insert_with(|| ids.next(OBJECT));
            }
            for field in object.fields.iter().filter(|field| is_custom_field(field)) {
                let name = format!("{}.{}", object.name, field.name);
                self.ids.entry(name).or_insert_with(|| ids.next(FIELD));
            }
        }
    }

    /// Everything there is to know, for the data file. What was deleted comes first: a client may have made a field of
    /// that name since.
    pub(crate) fn entries(&self, schema: &Schema) -> Vec<Definition> {
        let known = self.ids.iter().map(|(name, id)| {
            let made = find(schema, name).filter(|_| self.made.contains(name));
            let field = made.and_then(|(object, at)| schema.object(object).fields.get(at));
            Definition::Known { name: name.clone(), id: id.clone(), field: field.cloned().map(Box::new) }
        });
        let deleted = self.deleted.iter().map(|name| Definition::Deleted { name: name.clone() });
        deleted.chain(known).collect()
    }

    /// The id of a custom object or field.
    pub(crate) fn id(&self, name: &str) -> Option<&str> {
        self.ids.get(name).map(String::as_str)
    }

    /// The custom field with this id, as `Object.Field__c`.
    pub(super) fn named(&self, id: &str) -> Option<&str> {
        self.ids.iter().find(|(_, known)| *known == id).map(|(name, _)| name.as_str())
    }

    /// Notes a field that a client made.
    pub(super) fn made(&mut self, name: String, id: String) {
        self.made.insert(name.clone());
        self.ids.insert(name, id);
    }

    /// Notes that a field was deleted. One from the files of the user must not come back with them.
    pub(super) fn forget(&mut self, name: &str) {
        self.ids.remove(name);
        if !self.made.remove(name) {
            self.deleted.insert(name.to_owned());
        }
    }
}

/// Object and field behind `Object.Field__c`.
pub(super) fn find(schema: &Schema, name: &str) -> Option<(usize, usize)> {
    let (object, field) = name.split_once('.')?;
    let at = schema.find(object)?;
    Some((at, schema.object(at).field(field)?))
}

/// Parts of a location are no fields of their own here.
pub(super) fn is_custom_field(field: &Field) -> bool {
    field.name.ends_with("__c") && !field.is(Flag::Gone)
}
