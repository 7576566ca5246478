//! The field of org B that holds a record's id of org A: whether it is fit for that, and what to do where it is not.

use orgstream_salesforce::{Describe, FieldKind};

use crate::config::{Operation, SinkObject};

/// Characters of a record id, which the field must take.
pub(crate) const ID_LENGTH: u32 = 18;

/// What org B has for an object's external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExternalId<'a> {
    /// The object needs none and names none.
    Unused,
    /// The object needs one and names none.
    Unnamed,
    /// There is no field of this name, or the user may not see it.
    Missing(&'a str),
    /// There is one that cannot be used, for these reasons.
    Unfit(&'a str, Vec<&'static str>),
    /// There is one that can be used.
    Fit(&'a str),
}

impl<'a> ExternalId<'a> {
    /// What `describe` says of the field that `object` names.
    pub(crate) fn of(object: &'a SinkObject, describe: &Describe, operation: Operation) -> Self {
        let Some(name) = &object.external_id else {
            let needed = operation.needs_external_id();
            return if needed { Self::Unnamed } else { Self::Unused };
        };
        let Some(field) = describe.field(name) else { return Self::Missing(name) };
        let mut wrong = Vec::new();
        if field.kind != FieldKind::Text || field.length < ID_LENGTH {
            wrong.push("it is no text of 18 characters or more");
        }
        if !field.external_id {
            wrong.push("`External ID` is not ticked");
        }
        if !field.unique {
            wrong.push("`Unique` is not ticked");
        }
        if !field.createable || !field.updateable {
            wrong.push("the user may not edit it");
        }
        if wrong.is_empty() { Self::Fit(name) } else { Self::Unfit(name, wrong) }
    }

    /// What is wrong for a sink that writes `object` to `org`, and what to do; `None` when nothing is.
    pub(crate) fn fault(&self, object: &str, operation: Operation, org: &str) -> Option<String> {
        match self {
            Self::Unused | Self::Fit(_) => None,
            Self::Unnamed => Some(format!(
                "object {object} has no `external_id`, which operation `{}` needs: name a text field of org `{org}` that \
                 is an external id and unique",
                operation.as_str()
            )),
            Self::Missing(name) => Some(format!(
                "object {object} has no field `{name}`: `orgstream prepare` makes it, or create it under {} → New as Text \
                 of length {ID_LENGTH} with `Unique` and `External ID` ticked, and let the user see and edit it",
                place(object)
            )),
            Self::Unfit(name, wrong) => Some(format!(
                "field {object}.{name} cannot be the external id: {}; change it under {}",
                wrong.join(", "),
                place(object)
            )),
        }
    }
}

/// Where people find the fields of `object`.
pub(crate) fn place(object: &str) -> String {
    format!("Setup → Object Manager → {object} → Fields & Relationships")
}
