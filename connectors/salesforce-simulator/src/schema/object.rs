//! One object and all objects of an org, found by name without regard to letter case, as Salesforce does.

use std::collections::HashMap;

use super::field::{Field, FieldType};

/// The place of an object in its schema.
pub(crate) type ObjectIndex = usize;

/// An object and its fields in describe order.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// API name.
    pub(crate) name: String,
    /// Label for one record.
    pub(crate) label: String,
    /// Label for several.
    pub(crate) plural: String,
    /// First three characters of its ids.
    pub(crate) key_prefix: String,
    /// PushTopics may watch it.
    pub(crate) streamable: bool,
    /// Deleted records can come back.
    pub(crate) undeletable: bool,
    /// Clients cannot write it.
    pub(crate) read_only: bool,
    /// Its fields.
    pub(crate) fields: Vec<Field>,
    by_name: HashMap<String, usize>,
    by_relationship: HashMap<String, usize>,
    /// Places of the fields that the org sets itself.
    pub(crate) system: SystemFields,
}

/// Where the fields are that every write touches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SystemFields {
    pub(crate) is_deleted: Option<usize>,
    pub(crate) owner_id: Option<usize>,
    pub(crate) created_date: Option<usize>,
    pub(crate) created_by: Option<usize>,
    pub(crate) modified_date: Option<usize>,
    pub(crate) modified_by: Option<usize>,
    pub(crate) modstamp: Option<usize>,
    /// `Name`, `FirstName`, `LastName` of a person, whose `Name` is made of the other two.
    pub(crate) person_name: Option<(usize, usize, usize)>,
}

/// All objects of an org.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    objects: Vec<Object>,
    by_name: HashMap<String, ObjectIndex>,
    by_prefix: HashMap<String, ObjectIndex>,
}

impl Object {
    /// An object from its parts; `fields` must start with `Id`.
    pub(crate) fn new(names: [String; 4], traits: [bool; 3], fields: Vec<Field>) -> Self {
        let [name, label, plural, key_prefix] = names;
        let [streamable, undeletable, read_only] = traits;
        let lower = |text: &str| text.to_ascii_lowercase();
        let by_name: HashMap<String, usize> =
            fields.iter().enumerate().map(|(at, field)| (lower(&field.name), at)).collect();
        let by_relationship = fields
            .iter()
            .enumerate()
            .filter_map(|(at, field)| Some((lower(field.relationship.as_deref()?), at)))
            .collect();
        let at = |name: &str| by_name.get(name).copied();
        let person = at("firstname").zip(at("lastname")).zip(at("name"));
        let system = SystemFields {
            is_deleted: at("isdeleted"),
            owner_id: at("ownerid"),
            created_date: at("createddate"),
            created_by: at("createdbyid"),
            modified_date: at("lastmodifieddate"),
            modified_by: at("lastmodifiedbyid"),
            modstamp: at("systemmodstamp"),
            person_name: person.map(|((first, last), name)| (name, first, last)),
        };
        Self {
            name,
            label,
            plural,
            key_prefix,
            streamable,
            undeletable,
            read_only,
            fields,
            by_name,
            by_relationship,
            system,
        }
    }

    /// The place of a field, by its name in any letter case.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The reference field behind a relationship such as `Owner`.
    pub(crate) fn relationship(&self, name: &str) -> Option<usize> {
        self.by_relationship.get(&name.to_ascii_lowercase()).copied()
    }

    /// Fields that belong to a compound field, in describe order.
    pub(crate) fn members(&self, compound: &str) -> impl Iterator<Item = (usize, &Field)> {
        let compound = compound.to_owned();
        self.fields.iter().enumerate().filter(move |(_, field)| field.compound.as_ref() == Some(&compound))
    }

    /// Whether values of this field are looked up: unique and external-id fields, and references to stored
    /// objects other than users.
    pub(crate) fn indexed(&self, at: usize) -> bool {
        use super::field::Flag::{ExternalId, Unique};
        self.fields.get(at).is_some_and(|field| {
            field.is(ExternalId)
                || field.is(Unique)
                || field.upsertable()
                || (field.kind == FieldType::Reference && !field.reference_to.iter().any(|to| to == "User"))
        })
    }
}

impl Schema {
    /// A schema of these objects.
    pub(crate) fn new(objects: Vec<Object>) -> Self {
        let by_name = objects.iter().enumerate().map(|(at, o)| (o.name.to_ascii_lowercase(), at)).collect();
        let by_prefix = objects.iter().enumerate().map(|(at, o)| (o.key_prefix.clone(), at)).collect();
        Self { objects, by_name, by_prefix }
    }

    /// All objects.
    pub(crate) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The place of an object, by its name in any letter case.
    pub(crate) fn find(&self, name: &str) -> Option<ObjectIndex> {
        self.by_name.get(&name.to_ascii_lowercase()).copied()
    }

    /// The object whose ids start as this one does.
    pub(crate) fn of_id(&self, id: &str) -> Option<ObjectIndex> {
        self.by_prefix.get(id.get(..3)?).copied()
    }

    /// The object at a place that [`Schema::find`] gave.
    pub(crate) fn object(&self, at: ObjectIndex) -> &Object {
        &self.objects[at]
    }

    /// Fields of any object that refer to this one, with the object they are in.
    pub(crate) fn references_to(
        &self,
        to: ObjectIndex,
    ) -> impl Iterator<Item = (ObjectIndex, usize, &Field)> {
        let name = self.object(to).name.clone();
        self.objects.iter().enumerate().flat_map(move |(object, definition)| {
            let name = name.clone();
            definition
                .fields
                .iter()
                .enumerate()
                .filter(move |(_, field)| field.reference_to.contains(&name))
                .map(move |(at, field)| (object, at, field))
        })
    }
}
