//! A consumed record as a change to org B.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, LazyLock};

use orgstream_api::record::field;
use orgstream_api::{Owed, Rejection, Schema, Struct, TopicPartition, Value};
use orgstream_salesforce::SalesforceId;

use crate::lanes::LaneKey;
use crate::plan::Kind;
use crate::target::Target;
use crate::versions::Version;

mod carried;
mod filter;
mod fold;
mod kind;
mod layer;
mod record;
mod said;
mod shape;

pub(crate) use carried::marks;
use fold::Earlier;
pub(crate) use layer::Layer;
pub(crate) use record::{key, read};
use said::Said;

/// One change of one record.
#[derive(Debug)]
pub(crate) struct Change {
    /// The record's lane: its org and its id there.
    pub(crate) key: LaneKey,
    /// Its object in org B.
    pub(crate) target: Arc<Target>,
    /// What org B has to do.
    pub(crate) kind: Kind,
    /// The value by which org B finds the record; empty where it has neither an id nor such a value.
    pub(crate) external: String,
    /// Its place in the record's history.
    pub(crate) version: Version,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
    /// What is written in place of what the record carries.
    pub(crate) said: Said,
    /// What stands for the record that it points at first: the org locks that one while it writes this one.
    pub(crate) parent: Option<u64>,
    value: Struct,
    carried: Carried,
    /// What earlier changes say that are written with it, oldest first.
    earlier: Vec<Earlier>,
}

/// Which fields of a value say something.
#[derive(Debug)]
enum Carried {
    /// Those that are marked, by their place in the schema; a null among them clears its field.
    Named(Vec<bool>),
    /// Records of other producers do not say: a null may mean "unknown", so only values count.
    NotNull,
    /// Nor do these, but the file says that their nulls are meant.
    All,
}

impl Change {
    /// What is written of a field of org B: what this change says of it, else what earlier ones say that are written with it.
    pub(crate) fn carried(&self, name: &str) -> Option<&Value> {
        self.heard(name).map(|(_, value)| value)
    }

    /// What this change says of a field of org B.
    fn own(&self, name: &str) -> Option<&Value> {
        says(&self.target, &self.said, &self.value, &self.carried, name)
    }

    /// The fields that the record has, of whatever it carries.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        self.value.schema()
    }

    /// Whether the record says something of a field.
    fn carries(&self, name: &str) -> bool {
        of_record(&self.value, &self.carried, name).is_some()
    }

    /// The record's values.
    pub(crate) fn value(&self) -> &Struct {
        &self.value
    }

    /// Takes the values out, for the time that they lie elsewhere. Until they are put back the change carries nothing.
    pub(crate) fn take_value(&mut self) -> Struct {
        static NOTHING: LazyLock<Arc<Schema>> =
            LazyLock::new(|| Arc::new(Schema::new("Nothing", Vec::new())));
        std::mem::replace(&mut self.value, Struct::new(Arc::clone(&NOTHING)))
    }

    /// The change, with what stands for the parent that it carries.
    fn with_parent(mut self) -> Self {
        let mut ids =
            self.target.references.iter().filter_map(|reference| self.carried(&reference.field.name));
        self.parent = ids.find_map(Value::as_str).map(|id| {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            hasher.finish()
        });
        self
    }

    /// Puts the values back.
    pub(crate) fn put_value(&mut self, value: Struct) {
        self.value = value;
    }

    /// Whether it is to make a record that nothing in org B finds: always, or where no link says that org B has it.
    pub(crate) fn makes_anew(&self) -> bool {
        match self.kind {
            Kind::Insert | Kind::Create => true,
            Kind::Undelete => self.target.external_id.is_none(),
            Kind::Upsert | Kind::Update | Kind::Delete | Kind::Leave | Kind::Straighten | Kind::Pay => false,
        }
    }

    /// Whether its record has an id in its own org. Others are made and never changed.
    pub(crate) fn is_identified(&self) -> bool {
        SalesforceId::parse(&self.key.id).is_ok()
    }

    /// The references that the change decides, so that nothing older may set them any more.
    pub(crate) fn decision(&self) -> Decision {
        let decided_at = |name: &str| match self.kind {
            Kind::Delete => Some(&self.version.at),
            // What is not written decides nothing.
            Kind::Leave => None,
            _ => self.said_at(name),
        };
        let decided =
            self.target.owable().filter_map(|name| Some((name.to_owned(), decided_at(name)?.offset)));
        Decision { partition: self.version.at.partition.clone(), fields: decided.collect() }
    }
}

/// What one change says of a field of org B: what the file makes of the record, else what that carries.
fn says<'a>(
    target: &Target,
    said: &'a Said,
    value: &'a Struct,
    carried: &Carried,
    name: &str,
) -> Option<&'a Value> {
    match said.of(name) {
        None if target.rules.computes(name) => None,
        None => of_record(value, carried, name),
        said => said,
    }
}

/// The value of a field that a record carries.
fn of_record<'a>(value: &'a Struct, carried: &Carried, name: &str) -> Option<&'a Value> {
    let place = value.schema().position(name)?;
    let value = value.values().get(place)?;
    let carried = match carried {
        Carried::Named(marks) => marks[place],
        Carried::NotNull => !value.is_null(),
        Carried::All => true,
    };
    carried.then_some(value)
}

/// The references of a record that a change to it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    partition: TopicPartition,
    /// Each with the offset of the change that says it: among changes that are written as one, some may be written already.
    fields: Box<[(String, i64)]>,
}

impl Decision {
    /// Whether `owed` comes from an older state than the change, and the change decides its field.
    ///
    /// The record that owes is delivered again after a restart; it is no newer than its own debt, and as a duplicate
    /// it writes nothing, so it must not end the debt.
    pub(crate) fn is_about(&self, owed: &Owed) -> bool {
        self.partition == owed.at.partition
            && self.fields.iter().any(|(field, offset)| *field == owed.field && *offset > owed.at.offset)
    }
}

/// Whether every record says something of a field: what stands for the record itself is never unknown.
pub(crate) fn is_always_known(name: &str) -> bool {
    name == field::ID || name.starts_with('_')
}

fn text<'a>(value: &'a Struct, name: &str) -> Option<&'a str> {
    value.value(name)?.as_str()
}

fn rejected(code: &str, message: &str, field: &str) -> Rejection {
    let fields = if field.is_empty() { Vec::new() } else { vec![field.to_owned()] };
    Rejection { code: code.to_owned(), message: message.to_owned(), fields }
}

#[cfg(test)]
mod tests {
    use orgstream_api::InputOffset;

    use super::*;

    fn at(partition: i32, offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Contact".into(), partition }, offset }
    }

    #[test]
    fn a_record_that_owes_does_not_end_its_own_debt_when_it_is_delivered_again() {
        let owed = Owed {
            at: at(0, 7),
            org: "00D".into(),
            object: "Contact".into(),
            id: "003".into(),
            field: "AccountId".into(),
            parent_objects: vec!["Account".into()],
            parent_id: "001".into(),
        };
        let decision = |at: InputOffset, field: &str| Decision {
            partition: at.partition,
            fields: Box::new([(field.to_owned(), at.offset)]),
        };
        assert!(!decision(at(0, 7), "AccountId").is_about(&owed));
        assert!(!decision(at(0, 6), "AccountId").is_about(&owed));
        assert!(!decision(at(0, 8), "ReportsToId").is_about(&owed));
        assert!(!decision(at(1, 8), "AccountId").is_about(&owed));
        assert!(decision(at(0, 8), "AccountId").is_about(&owed));
    }
}
