//! One row and how it is shown: REST and events write times and addresses differently.
//!
//! A row keeps only what it sets itself; what all rows of a transaction have in common (defaults, owner, stamps) is
//! kept once and shared. A million rows fit into a gigabyte that way.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::store::Store;
use super::value::Value;
use crate::schema::{Object, ObjectIndex};
use crate::timestamp::Timestamp;

/// A row: the values of an object's fields, by their place in the object. `Id` is at place 0.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    own: Values,
    shared: Base,
    binned: Option<Box<Binned>>,
    lost: Option<Box<Lost>>,
}

/// Values that many rows have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Base(Arc<Values>);

/// How a row came into the recycle bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binned {
    /// When.
    pub(crate) since: Timestamp,
    /// Why, and so what brings it back.
    pub(crate) cause: Cause,
}

/// Why a row is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// By itself.
    Alone,
    /// Because the record with this id was; it comes back with that one.
    With(String),
    /// For good: nothing brings it back.
    Hard,
}

/// What emptied look-ups pointed at, by the places of their fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lost(BTreeMap<usize, String>);

/// How a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// REST: offset `+0000`, address members in lower camel case.
    Rest,
    /// Events: `Z`, address members capitalised.
    Event,
}

/// Values with the places of their fields, in the order of those. The two lists are as long as each other: a pair
/// of both would take a quarter more room.
#[derive(Clone, Debug, Default)]
struct Values {
    places: Vec<u16>,
    values: Vec<Value>,
}

impl Row {
    /// A row in use, with this id and nothing else.
    pub(crate) fn live(id: &str) -> Self {
        let mut row = Self::on(&Base::default());
        row.set(0, Value::text(id));
        row
    }

    /// A row in use that has the values of `base` until it is given others.
    pub(crate) fn on(base: &Base) -> Self {
        Self { own: Values::default(), shared: base.clone(), binned: None, lost: None }
    }

    /// What it has, to be shared by other rows.
    pub(crate) fn into_base(self) -> Base {
        Base(Arc::new(self.own))
    }

    /// 18 characters; empty as long as it has none.
    pub(crate) fn id(&self) -> &str {
        self.value(0).as_text().unwrap_or_default()
    }

    /// Whether it is in the recycle bin.
    pub(crate) fn deleted(&self) -> bool {
        self.binned.is_some()
    }

    /// How it came into the recycle bin, if it is there.
    pub(crate) fn binned(&self) -> Option<&Binned> {
        self.binned.as_deref()
    }

    /// Moves it into the recycle bin, or out of it.
    pub(crate) fn put_in_bin(&mut self, binned: Option<Binned>) {
        self.binned = binned.map(Box::new);
    }

    /// The value of a field; null for compound fields.
    pub(crate) fn value(&self, at: usize) -> &Value {
        self.own.get(at).or_else(|| self.shared.0.get(at)).unwrap_or(&Value::Null)
    }

    /// Replaces the value of a field. What the field had lost is of no account any more.
    pub(crate) fn set(&mut self, at: usize, value: Value) {
        if let Some(lost) = &mut self.lost {
            lost.0.remove(&at);
            self.lost.take_if(|lost| lost.0.is_empty());
        }
        if *self.shared.0.get(at).unwrap_or(&Value::Null) == value {
            self.own.remove(at);
        } else {
            self.own.put(at, value);
        }
    }

    /// Empties a look-up because the record that it points at was deleted.
    pub(crate) fn lose(&mut self, at: usize) {
        let Some(id) = self.value(at).as_text().map(str::to_owned) else { return };
        self.set(at, Value::Null);
        self.has_lost(at, id);
    }

    /// Notes what an emptied look-up pointed at.
    pub(crate) fn has_lost(&mut self, at: usize, id: String) {
        self.lost.get_or_insert_default().0.insert(at, id);
    }

    /// What emptied look-ups pointed at, by the places of their fields, unless somebody wrote the field since.
    pub(crate) fn lost(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lost.iter().flat_map(|lost| lost.0.iter()).map(|(at, id)| (*at, id.as_str()))
    }

    /// The fields that have a value, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = (usize, &Value)> {
        let hidden = |at: &usize| self.own.get(*at).is_some();
        let shared = self.shared.0.iter().filter(move |(at, _)| !hidden(at));
        shared.chain(self.own.iter()).filter(|(_, value)| !value.is_null())
    }

    /// How many values it does not share.
    #[cfg(test)]
    pub(crate) fn own(&self) -> usize {
        self.own.values.len()
    }

    /// Gives back the room that it was built in.
    pub(crate) fn shrink(&mut self) {
        self.own.places.shrink_to_fit();
        self.own.values.shrink_to_fit();
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        let all_in = |one: &Self, other: &Self| one.values().all(|(at, value)| other.value(at) == value);
        self.binned == other.binned && self.lost == other.lost && all_in(self, other) && all_in(other, self)
    }
}

impl Values {
    fn get(&self, at: usize) -> Option<&Value> {
        self.values.get(self.place(at).ok()?)
    }

    fn put(&mut self, at: usize, value: Value) {
        match self.place(at) {
            Ok(found) => {
                if let Some(slot) = self.values.get_mut(found) {
                    *slot = value;
                }
            }
            Err(gap) => {
                // No object has as many fields as a place can say.
                let Ok(at) = u16::try_from(at) else { return };
                self.places.insert(gap, at);
                self.values.insert(gap, value);
            }
        }
    }

    fn remove(&mut self, at: usize) {
        if let Ok(found) = self.place(at) {
            self.places.remove(found);
            self.values.remove(found);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &Value)> {
        self.places.iter().copied().map(usize::from).zip(&self.values)
    }

    fn place(&self, at: usize) -> Result<usize, usize> {
        self.places.binary_search_by(|place| usize::from(*place).cmp(&at))
    }
}

/// A field of a row as JSON: compound fields put together, formulas calculated.
pub(crate) fn render(store: &Store, object: ObjectIndex, row: &Row, at: usize, form: Form) -> Json {
    let definition = store.schema.object(object);
    match definition.fields.get(at) {
        Some(field) if field.kind.is_compound() => compound(definition, row, &field.name, form),
        _ => store.value(object, row, at).to_json(match form {
            Form::Rest => Timestamp::rest,
            Form::Event => Timestamp::event,
        }),
    }
}

/// An address or a location, put together from the members that the user may see; null when all of them are.
pub(crate) fn compound(object: &Object, row: &Row, compound: &str, form: Form) -> Json {
    let location = compound.strip_suffix("__c").map(|stem| format!("{stem}__"));
    let prefix = location.as_deref().unwrap_or_else(|| compound.strip_suffix("Address").unwrap_or_default());
    let mut members = Map::new();
    let mut empty = true;
    for (at, field) in object.members(compound).filter(|(_, field)| field.visible()) {
        let member = field.name.strip_prefix(prefix).unwrap_or(&field.name);
        let member = member.strip_suffix("__s").unwrap_or(member);
        let value = row.value(at);
        empty &= value.is_null();
        members.insert(member_name(member, form), value.to_json(Timestamp::rest));
    }
    if empty { Json::Null } else { Json::Object(members) }
}

fn member_name(member: &str, form: Form) -> String {
    let mut chars = member.chars();
    match (form, chars.next()) {
        (Form::Rest, Some(first)) => first.to_lowercase().chain(chars).collect(),
        _ => member.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_24_bytes_and_ids_need_no_room_elsewhere() {
        assert_eq!(size_of::<Value>(), 24);
        assert!(matches!(Value::text("0015g00000AAAAAAA5"), Value::Text(text) if !text.is_heap_allocated()));
    }

    #[test]
    fn a_row_hides_what_it_shares_and_shows_it_again() {
        let mut common = Row::on(&Base::default());
        common.set(3, Value::Bool(false));
        common.set(5, Value::Int(5));
        let mut row = Row::on(&common.into_base());
        row.set(5, Value::Null);
        row.set(4, Value::Int(4));
        assert_eq!(
            (row.value(3), row.value(4), row.value(5)),
            (&Value::Bool(false), &Value::Int(4), &Value::Null)
        );
        assert_eq!(row.values().filter(|(at, _)| *at > 0).count(), 2);
        row.set(5, Value::Int(5));
        assert_eq!(row.value(5), &Value::Int(5));

        let mut same = Row::on(&Base::default());
        same.set(4, Value::Int(4));
        same.set(5, Value::Int(5));
        assert_ne!(row, same);
        same.set(3, Value::Bool(false));
        assert_eq!(row, same);
    }
}
