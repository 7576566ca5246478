//! Which fields that records carry are not written, and why.
//!
//! What a source's records have is known when the first one comes; each field is said once, and stays in the status.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use orgstream_api::{Schema, record::field};
use orgstream_salesforce::{DescribeField, FieldKind};

use crate::config::SinkObject;
use crate::rules::ReferenceRule;
use crate::target::Target;

/// What is said of a field that org B does not have, or does not show to the user.
pub const NOT_THERE: &str = "not in the target org";

/// Why a field that records carry is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeftOut {
    /// Org B has no such field, or shows the user none.
    NotThere,
    /// The file says so.
    Ignored,
    /// It is a reference, and the file says that none is written.
    IgnoredReference,
    /// It is a reference to records that are not the pipeline's, and no rule says how to find them.
    Outside,
    /// Org B computes it.
    Formula,
    /// Org B numbers it.
    AutoNumber,
    /// It is made of other fields, which are written.
    Compound,
    /// A row holds only a link to its bytes.
    File,
    /// The user may see it, but not edit it.
    NoPermission,
    /// Org B sets it itself.
    ReadOnly,
    /// Org B does not have it; a computed field is made of it.
    OnlyUsed,
}

impl LeftOut {
    /// Why a field of org B is never written; `None` where it is.
    pub(crate) fn of(field: &DescribeField, object: &SinkObject) -> Option<Self> {
        if object.ignore_fields.iter().any(|name| name.eq_ignore_ascii_case(&field.name)) {
            return Some(Self::Ignored);
        }
        if field.kind.is_compound() {
            return Some(Self::Compound);
        }
        if field.kind == FieldKind::Base64 {
            return Some(Self::File);
        }
        if field.calculated {
            return Some(Self::Formula);
        }
        if field.createable || field.updateable {
            let is_ignored = || {
                object.rules.ignore_references
                    || *object.references.of(&field.name) == ReferenceRule::LeaveOut
            };
            let ignored = field.kind == FieldKind::Reference && is_ignored();
            return ignored.then_some(Self::IgnoredReference);
        }
        Some(match field {
            field if field.auto_number => Self::AutoNumber,
            field if field.permissionable => Self::NoPermission,
            _ => Self::ReadOnly,
        })
    }

    /// The word used in the status.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotThere => NOT_THERE,
            Self::Ignored => "ignored",
            Self::IgnoredReference => "a reference, ignored",
            Self::Outside => "refers out of the pipeline",
            Self::Formula => "a formula",
            Self::AutoNumber => "numbered by the org",
            Self::Compound => "written by its parts",
            Self::File => "a file",
            Self::NoPermission => "the user may not edit it",
            Self::ReadOnly => "set by the org",
            Self::OnlyUsed => "used for a computed field",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was said already, by object.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    last: BTreeMap<usize, Arc<Schema>>,
    said: BTreeMap<usize, BTreeMap<String, LeftOut>>,
}

impl Remarks {
    /// The fields of a record's schema that are left out and were not said before.
    pub(crate) fn new_of(&mut self, target: &Target, schema: &Arc<Schema>) -> Vec<(String, LeftOut)> {
        // The records of a topic share theirs, as a rule.
        if self.last.get(&target.index).is_some_and(|last| Arc::ptr_eq(last, schema)) {
            return Vec::new();
        }
        self.last.insert(target.index, Arc::clone(schema));
        let said = self.said.entry(target.index).or_default();
        let own = |name: &str| name.starts_with('_') || name == field::ID;
        let mut new = Vec::new();
        for field in schema.fields().iter().filter(|field| !own(&field.name)) {
            if let Some(reason) = target.leaves_out_of(field).filter(|_| !said.contains_key(&field.name)) {
                said.insert(field.name.clone(), reason);
                new.push((field.name.clone(), reason));
            }
        }
        new
    }
}
