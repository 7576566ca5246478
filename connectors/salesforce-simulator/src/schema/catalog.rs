//! All objects of an org, found by name or by the prefix of an id, and its custom channels.

use std::collections::{HashMap, HashSet};

use super::custom_field::members;
use super::field::{Field, Flag, OnDelete};
use super::object::Object;
use super::right::Right;
use crate::formula::Formulas;
use crate::timestamp::Timestamp;

/// The place of an object in its schema. It never changes while an org runs.
pub(crate) type ObjectIndex = usize;

/// All objects of an org. A schema never changes: an org that grows swaps it for a new one, in which every object
/// and field of the old one keeps its place, so a call may finish with the schema that it began with.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    objects: Vec<Object>,
    channels: Vec<Channel>,
    changed: Timestamp,
    formulas: Formulas,
    by_name: HashMap<String, ObjectIndex>,
    by_prefix: HashMap<String, ObjectIndex>,
}

/// A channel that several kinds of events come through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// Such as `Sales__chn`.
    pub(crate) name: String,
    /// Such as `AccountChangeEvent`, or a platform event.
    pub(crate) members: Vec<String>,
}

impl Schema {
    /// A schema of these objects and channels; the error says which formula is wrong.
    pub(crate) fn new(mut objects: Vec<Object>, channels: Vec<Channel>) -> Result<Self, String> {
        objects.iter_mut().for_each(Object::index);
        let by_name = objects.iter().enumerate().map(|(at, o)| (o.name.to_ascii_lowercase(), at)).collect();
        let by_prefix = objects.iter().enumerate().map(|(at, o)| (o.key_prefix.clone(), at)).collect();
        let mut schema = Self {
            objects,
            channels,
            formulas: Formulas::default(),
            changed: Timestamp::default(),
            by_name,
            by_prefix,
        };
        schema.check_children()?;
        schema.formulas = Formulas::of(&schema)?;
        Ok(schema)
    }

    /// Every child relationship of an object has a name of its own: queries and trees reach it by nothing else.
    fn check_children(&self) -> Result<(), String> {
        let mut taken = HashSet::new();
        for (object, field) in self.objects.iter().flat_map(|o| o.fields.iter().map(move |field| (o, field)))
        {
            let Some(name) = &field.children else { continue };
            let lower = name.to_ascii_lowercase();
            let twice = field.reference_to.iter().find(|to| !taken.insert((to.as_str(), lower.clone())));
            if let Some(parent) = twice {
                return Err(format!(
                    "{}.{}: {parent} already has a child relationship {name}; write another name under children",
                    object.name, field.name
                ));
            }
        }
        Ok(())
    }

    /// The same, last changed at this moment.
    #[must_use]
    pub(crate) fn changed_at(self, changed: Timestamp) -> Self {
        Self { changed, ..self }
    }

    /// The same for a user that may do everything.
    pub(crate) fn denying_nothing(&self) -> Self {
        let mut all = self.clone();
        for object in &mut all.objects {
            object.denied.clear();
            object.fields.iter_mut().for_each(|field| field.denied.clear());
        }
        all
    }

    /// The same with one more field, and the parts of that field if it has any. A detail of a master loses its owner.
    /// The error says what is wrong with the field's formula.
    pub(crate) fn with_field(
        &self,
        object: ObjectIndex,
        field: Field,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut grown = self.clone().changed_at(now);
        if let Some(object) = grown.objects.get_mut(object) {
            if field.on_delete == OnDelete::MasterDetail {
                object.fields.iter_mut().filter(|field| field.name == "OwnerId").for_each(Field::remove);
            }
            let members = members(&field);
            object.fields.push(field);
            object.fields.extend(members);
            object.index();
        }
        grown.formulas = Formulas::of(&grown)?;
        Ok(grown)
    }

    /// The same without a field and its parts, whose places stay empty.
    #[must_use]
    pub(crate) fn without_field(&self, object: ObjectIndex, at: usize, now: Timestamp) -> Self {
        let mut shrunk = self.clone().changed_at(now);
        if let Some(object) = shrunk.objects.get_mut(object) {
            let name = object.fields.get(at).map(|field| field.name.clone());
            let gone = |field: &Field| {
                Some(&field.name) == name.as_ref() || (field.compound.is_some() && field.compound == name)
            };
            object.fields.iter_mut().filter(|field| gone(field)).for_each(Field::remove);
            object.index();
        }
        shrunk
    }

    /// When it came to be what it is: the start of the org, or the last change by a client.
    pub(crate) fn changed(&self) -> Timestamp {
        self.changed
    }

    /// All objects.
    pub(crate) fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The formulas of its fields and rules.
    pub(crate) fn formulas(&self) -> &Formulas {
        &self.formulas
    }

    /// All custom channels.
    pub(crate) fn channels(&self) -> &[Channel] {
        &self.channels
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

    /// The object and field behind a child relationship such as `Contacts`, as far as the user may see them.
    pub(crate) fn child_relationship(&self, of: ObjectIndex, name: &str) -> Option<(ObjectIndex, usize)> {
        let named =
            |field: &Field| field.children.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let seen = |child: ObjectIndex| self.object(child).may(Right::Read);
        let mut fields = self.references_to(of);
        let found = fields.find(|(child, _, field)| named(field) && field.visible() && seen(*child));
        found.map(|(child, at, _)| (child, at))
    }

    /// The same, to take rights away. Names and places of fields must stay as they are.
    pub(crate) fn object_mut(&mut self, at: ObjectIndex) -> &mut Object {
        &mut self.objects[at]
    }

    /// Fields of any object that refer to this one, with the object they are in.
    pub(crate) fn references_to(
        &self,
        to: ObjectIndex,
    ) -> impl Iterator<Item = (ObjectIndex, usize, &Field)> {
        let name = &self.object(to).name;
        self.objects.iter().enumerate().flat_map(move |(object, definition)| {
            let fields = definition.fields.iter().enumerate();
            fields
                .filter(move |(_, field)| field.reference_to.contains(name) && !field.is(Flag::Gone))
                .map(move |(at, field)| (object, at, field))
        })
    }
}
