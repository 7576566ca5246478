//! Which objects have derived values, and what a derivation sees of the row and of others.

use super::{activities, case, member, opportunity, person, prices};
use crate::data::row::Row;
use crate::data::store::Store;
use crate::data::value::Value;
use crate::schema::Object;
use crate::timestamp::Timestamp;

/// How rows of an object get their derived values.
pub(super) struct Derivation {
    /// The object.
    pub(super) object: &'static str,
    /// What sets the values.
    pub(super) derive: fn(&mut Draft<'_>),
    /// The records that values are taken from.
    pub(super) sources: &'static [Source],
}

/// Records that others derive values from.
pub(super) struct Source {
    /// Their object.
    pub(super) object: &'static str,
    /// Their fields that values are taken from.
    pub(super) fields: &'static [&'static str],
    /// The way to the rows that are derived from one of them.
    pub(super) hops: &'static [Hop],
}

/// A step from a record to those that belong with it.
pub(super) enum Hop {
    /// Down to the records of an object that refer to it with a field.
    Children(&'static str, &'static str),
    /// Up to the record that a field refers to.
    Parent(&'static str),
}

pub(super) const DERIVATIONS: &[Derivation] = &[
    Derivation {
        object: "Opportunity",
        derive: opportunity::derive,
        sources: &[Source {
            object: "OpportunityLineItem",
            fields: &["OpportunityId"],
            hops: &[Hop::Parent("OpportunityId")],
        }],
    },
    Derivation {
        object: "OpportunityLineItem",
        derive: prices::line_item,
        sources: &[
            Source {
                object: "Opportunity",
                fields: &["Name"],
                hops: &[Hop::Children("OpportunityLineItem", "OpportunityId")],
            },
            Source {
                object: "Product2",
                fields: &prices::OF_PRODUCT,
                hops: &[Hop::Children("OpportunityLineItem", "Product2Id")],
            },
        ],
    },
    Derivation {
        object: "PricebookEntry",
        derive: prices::entry,
        sources: &[Source {
            object: "Product2",
            fields: &prices::OF_PRODUCT,
            hops: &[Hop::Children("PricebookEntry", "Product2Id")],
        }],
    },
    Derivation {
        object: "Case",
        derive: case::derive,
        sources: &[Source {
            object: "Contact",
            fields: &case::OF_CONTACT,
            hops: &[Hop::Children("Case", "ContactId")],
        }],
    },
    Derivation { object: "Task", derive: activities::task, sources: &[] },
    Derivation { object: "Event", derive: activities::event, sources: &[] },
    Derivation {
        object: "CampaignMember",
        derive: member::derive,
        sources: &[
            Source {
                object: "Lead",
                fields: &member::OF_LEAD,
                hops: &[Hop::Children("CampaignMember", "LeadId")],
            },
            Source {
                object: "Contact",
                fields: &member::OF_CONTACT,
                hops: &[Hop::Children("CampaignMember", "ContactId")],
            },
            Source {
                object: "Account",
                fields: &["Name"],
                hops: &[Hop::Children("Contact", "AccountId"), Hop::Children("CampaignMember", "ContactId")],
            },
        ],
    },
];

impl Source {
    /// Whether values that are taken from one of them may be others now. Nobody refers to a record that is new, but it
    /// may refer to others.
    pub(super) fn concerned(&self, object: &Object, before: Option<&Row>, after: &Row) -> bool {
        let Some(before) = before else { return matches!(self.hops.first(), Some(Hop::Parent(_))) };
        let changed =
            |field: &&str| object.field(field).is_some_and(|at| before.value(at) != after.value(at));
        before.deleted() != after.deleted() || self.fields.iter().any(changed)
    }
}

/// A row about to be checked and stored.
pub(in crate::data) struct Draft<'a> {
    pub(in crate::data) store: &'a Store,
    pub(in crate::data) object: &'a Object,
    pub(in crate::data) row: &'a mut Row,
    /// The row as it is stored, `None` for a new one.
    pub(in crate::data) before: Option<&'a Row>,
    /// Places of the fields that the call sets.
    pub(in crate::data) given: &'a [usize],
    /// When it is written.
    pub(in crate::data) now: Timestamp,
}

/// Sets what is derived of a row.
pub(in crate::data) fn derive(mut draft: Draft<'_>) {
    person::name(draft.object, draft.row);
    if let Some(known) = DERIVATIONS.iter().find(|known| known.object == draft.object.name) {
        (known.derive)(&mut draft);
    }
}

impl Draft<'_> {
    /// A value as it is now; null for a field that the object does not have.
    pub(super) fn value(&self, field: &str) -> &Value {
        self.object.field(field).map_or(&Value::Null, |at| self.row.value(at))
    }

    /// A text as it is now.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.value(field).as_text()
    }

    /// A decimal number as it is now.
    pub(super) fn number(&self, field: &str) -> Option<f64> {
        match self.value(field) {
            Value::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// A point in time as it is now.
    pub(super) fn time(&self, field: &str) -> Option<Timestamp> {
        match self.value(field) {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    /// Replaces a value.
    pub(super) fn set(&mut self, field: &str, value: Value) {
        if let Some(at) = self.object.field(field) {
            self.row.set(at, value);
        }
    }

    /// Replaces a decimal number, with no more digits than the field has.
    pub(super) fn set_number(&mut self, field: &str, number: Option<f64>) {
        let definition = self.object.field(field).and_then(|at| self.object.fields.get(at));
        let scale = definition.and_then(|field| i32::try_from(field.scale).ok()).unwrap_or(0);
        let value = number.map_or(Value::Null, |number| Value::Double(crate::formula::round(number, scale)));
        self.set(field, value);
    }

    /// Whether the call sets a field to something.
    pub(super) fn given(&self, field: &str) -> bool {
        let at = self.object.field(field).filter(|at| self.given.contains(at));
        at.is_some_and(|at| !self.row.value(at).is_null())
    }

    /// Whether a field has another value than before; always for a new row.
    pub(super) fn changed(&self, field: &str) -> bool {
        let Some(before) = self.before else { return true };
        self.object.field(field).is_some_and(|at| before.value(at) != self.row.value(at))
    }

    /// The name of the object that a field refers to.
    pub(super) fn parent_object(&self, reference: &str) -> Option<&str> {
        let object = self.store.schema.of_id(self.text(reference)?)?;
        Some(&self.store.schema.object(object).name)
    }

    /// A value of the record that a field refers to; null without one.
    pub(super) fn parent(&self, reference: &str, field: &str) -> Value {
        let id = self.text(reference);
        let found = id.and_then(|id| self.store.row(id));
        let value = found.and_then(|(object, row)| {
            let at = self.store.schema.object(object).field(field)?;
            Some(row.value(at).clone())
        });
        value.unwrap_or(Value::Null)
    }

    /// Keeps when a row came to be in a state: set when it enters it, emptied when it leaves it.
    pub(super) fn since(&mut self, field: &str, holds: bool) {
        if !holds {
            self.set(field, Value::Null);
        } else if self.value(field).is_null() {
            self.set(field, Value::Time(self.now.to_second()));
        }
    }
}
