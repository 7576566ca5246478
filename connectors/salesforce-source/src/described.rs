//! An object's description, with what is derived of it once and used for every record.

use std::borrow::Cow;
use std::sync::Arc;

use orgstream_api::Part;
use orgstream_salesforce::Describe;

use crate::config::SourceObject;
use crate::form::Form;

/// The description of an object. Records share it, so that whole rows differ only in their values.
#[derive(Debug)]
pub(crate) struct Described {
    describe: Arc<Describe>,
    /// The `carried` header of a row with all fields.
    all: String,
    /// What records have other fields than the object; `None`: nothing.
    form: Option<Form>,
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
    pub(crate) fn new(describe: Arc<Describe>) -> Self {
        let all = names(describe.fields.iter().map(|field| field.name.as_str()));
        Self { describe, all, form: None }
    }

    /// The description of an object whose records are to be as `wanted` says.
    ///
    /// # Errors
    /// The file names a field that the object does not have.
    pub(crate) fn wanted(describe: Arc<Describe>, wanted: &SourceObject) -> Result<Self, String> {
        let form = if wanted.fields.is_empty() { None } else { Some(Form::new(&describe, &wanted.fields)?) };
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
        Ok(Self { form, ..Self::new(describe) })
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

    /// The `carried` header: a JSON array of names.
    pub(crate) fn carried(&self, carried: &Carried) -> Cow<'_, str> {
        match carried {
            Carried::All => Cow::Borrowed(&self.all),
            Carried::Some(places) => {
                let fields = places.iter().filter_map(|place| self.describe.fields.get(*place));
                Cow::Owned(names(fields.map(|field| field.name.as_str())))
            }
        }
    }
}

pub(crate) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<serde_json::Value>().to_string()
}
