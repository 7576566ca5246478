//! When a case was closed, and how its contact is reached.

use super::derivation::Draft;
use crate::data::value::Value;

/// Fields of the case, and those of the contact that they show.
const CONTACT: [(&str, &str); 4] = [
    ("ContactPhone", "Phone"),
    ("ContactMobile", "MobilePhone"),
    ("ContactEmail", "Email"),
    ("ContactFax", "Fax"),
];

/// The fields of a contact that its cases show.
pub(super) const OF_CONTACT: [&str; 4] = [CONTACT[0].1, CONTACT[1].1, CONTACT[2].1, CONTACT[3].1];

pub(super) fn derive(draft: &mut Draft<'_>) {
    let closed = draft.text("Status") == Some("Closed");
    draft.set("IsClosed", Value::Bool(closed));
    draft.since("ClosedDate", closed);
    for (field, of_contact) in CONTACT {
        let value = draft.parent("ContactId", of_contact);
        draft.set(field, value);
    }
}
