//! An object's description, with what is derived of it once and used for every record.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

use orgstream_api::{Part, Schema};
use orgstream_salesforce::Describe;
use orgstream_salesforce::event_schema::change_event_schema;

use crate::way::change_event;

use crate::config::SourceObject;
use crate::counters::{Count, SourceCounters};
use crate::error::RowError;
use crate::evolution::{Evolved, FieldTypes};
use crate::form::Form;

/// Headers of records with some fields that are kept. Updates differ in what they carry, but not without end.
const KEPT: usize = 256;

/// The description of an object. Records share it, so that whole rows differ only in their values.
#[derive(Debug)]
pub(crate) struct Described {
    describe: Arc<Describe>,
    /// The `carried` header of a row with all fields.
    all: Arc<str>,
    /// The same of rows with some fields, by the places of those.
    some: Mutex<HashMap<Vec<usize>, Arc<str>>>,
    /// What records have other fields than the object; `None`: nothing.
    form: Option<Form>,
    /// The types that fields have in records.
    types: Arc<FieldTypes>,
    /// Fields that had a value which does not fit although the description is new.
    unfit: Mutex<HashSet<String>>,
    counters: Arc<SourceCounters>,
    /// The schema of its events that are written as they came.
    event_schema: OnceLock<Arc<Schema>>,
}

/// The fields that an image carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carried {
    /// Every described field.
    All,
    /// Those at these places of the description.
    Some(Vec<usize>),
}

impl Described {
    /// An object whose records have its fields as they are.
    #[cfg(test)]
    pub(crate) fn new(describe: Arc<Describe>) -> Self {
        let evolved = Evolved::of(describe, &[], None);
        Self::evolved(evolved, None, Arc::default()).expect("nothing is asked of it")
    }

    /// The description of an object whose records are to be as `wanted` says.
    ///
    /// # Errors
    /// The file names a field that the object does not have.
    pub(crate) fn evolved(
        evolved: Evolved,
        wanted: Option<&SourceObject>,
        counters: Arc<SourceCounters>,
    ) -> Result<Self, String> {
        let describe = evolved.describe;
        let form = match wanted {
            Some(wanted) => Self::form_of(&describe, wanted)?,
            None => None,
        };
        let all = names(describe.fields.iter().map(|field| field.name.as_str())).into();
        let unfit = evolved.retyped.into_iter().map(|retyped| retyped.field).collect();
        let (types, unfit) = (Arc::new(evolved.types), Mutex::new(unfit));
        Ok(Self {
            describe,
            all,
            some: Mutex::default(),
            form,
            types,
            unfit,
            counters,
            event_schema: OnceLock::new(),
        })
    }

    fn form_of(describe: &Describe, wanted: &SourceObject) -> Result<Option<Form>, String> {
        let form = if wanted.fields.is_empty() { None } else { Some(Form::new(describe, &wanted.fields)?) };
        let missing = |name: &str, of: &str| {
            format!("{of} names the field `{name}`, which {} does not have for this user", describe.object)
        };
        let own = describe.schema();
        let named = wanted.filter.iter().filter_map(|filter| Some((filter, filter.fields()?)));
        for (filter, names) in named {
            if let Some(name) = names.into_iter().find(|name| own.field(name).is_none()) {
                return Err(missing(name, &format!("the filter {filter:?}")));
            }
        }
        let schema = form.as_ref().map_or(own, |form| Arc::clone(form.schema()));
        for part in wanted.topic.variables() {
            if let Part::Field(name) = part
                && schema.field(name).is_none()
            {
                return Err(missing(name, &format!("the topic `{}`", wanted.topic)));
            }
        }
        Ok(form)
    }

    /// The types that fields have in records.
    pub(crate) fn types(&self) -> &Arc<FieldTypes> {
        &self.types
    }

    /// From now on values of this field that do not fit are left out, the description being as new as can be.
    pub(crate) fn forgive(&self, field: &str) {
        if self.unfit.lock().expect("no holder of this lock panics").insert(field.to_owned()) {
            tracing::warn!(
                object = %self.describe.object,
                %field,
                "The org sends values that its own description of the field does not allow. Such values are left out of \
                 records and counted."
            );
        }
    }

    /// What was read of a field; `None` where it does not fit and is left out.
    pub(crate) fn fitting<T>(&self, read: Result<T, RowError>) -> Result<Option<T>, RowError> {
        read.map(Some).or_else(|error| {
            let unfit = self.unfit.lock().expect("no holder of this lock panics");
            if !error.field().is_some_and(|field| unfit.contains(field)) {
                return Err(error);
            }
            self.counters.count(Count::UnreadableValue, 1);
            Ok(None)
        })
    }

    /// The form of its records, where it is not that of the object.
    pub(crate) fn form(&self) -> Option<&Form> {
        self.form.as_ref()
    }

    pub(crate) fn describe(&self) -> &Arc<Describe> {
        &self.describe
    }

    /// The names of the fields that are carried.
    pub(crate) fn carried_names(&self, carried: &Carried) -> Vec<&str> {
        match carried {
            Carried::All => self.describe.fields.iter().map(|field| field.name.as_str()).collect(),
            Carried::Some(places) => {
                let fields = places.iter().filter_map(|place| self.describe.fields.get(*place));
                fields.map(|field| field.name.as_str()).collect()
            }
        }
    }

    /// The schema of the change events of the object.
    pub(crate) fn change_event_schema(&self) -> Arc<Schema> {
        let Describe { object, fields, .. } = &*self.describe;
        self.event_schema(|| change_event_schema(&change_event(object), fields))
    }

    /// The schema of what is written as it came: of change events, where this is an object; of platform events.
    pub(crate) fn event_schema(&self, make: impl FnOnce() -> Schema) -> Arc<Schema> {
        Arc::clone(self.event_schema.get_or_init(|| Arc::new(make())))
    }

    /// The `carried` header: a JSON array of names.
    pub(crate) fn carried(&self, carried: &Carried) -> Arc<str> {
        let Carried::Some(places) = carried else { return Arc::clone(&self.all) };
        let mut known = self.some.lock().expect("no holder of this lock panics");
        if let Some(text) = known.get(places) {
            return Arc::clone(text);
        }
        if known.len() >= KEPT {
            known.clear();
        }
        let text: Arc<str> = names(self.carried_names(carried).into_iter()).into();
        known.insert(places.clone(), Arc::clone(&text));
        text
    }
}

pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<serde_json::Value>().to_string()
}
