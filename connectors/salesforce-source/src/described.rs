//! An object's description, with what is derived of it once and used for every record.

use std::borrow::Cow;
use std::sync::Arc;

use orgstream_salesforce::Describe;

/// The description of an object. Records share it, so that whole rows differ only in their values.
#[derive(Debug)]
pub(crate) struct Described {
    describe: Arc<Describe>,
    /// The `carried` header of a row with all fields.
    all: String,
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
        Self { describe, all }
    }

    pub(crate) fn describe(&self) -> &Arc<Describe> {
        &self.describe
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

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<serde_json::Value>().to_string()
}
