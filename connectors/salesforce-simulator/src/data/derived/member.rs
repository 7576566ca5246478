//! A campaign member shows the lead or contact that it is, and whether that one has responded.

use super::derivation::Draft;
use crate::data::value::Value;

/// Fields of the member, and the fields of a lead and of a contact that they show.
const PERSON: [(&str, &str, &str); 20] = [
    ("Salutation", "Salutation", "Salutation"),
    ("Name", "Name", "Name"),
    ("FirstName", "FirstName", "FirstName"),
    ("LastName", "LastName", "LastName"),
    ("Title", "Title", "Title"),
    ("Street", "Street", "MailingStreet"),
    ("City", "City", "MailingCity"),
    ("State", "State", "MailingState"),
    ("PostalCode", "PostalCode", "MailingPostalCode"),
    ("Country", "Country", "MailingCountry"),
    ("Email", "Email", "Email"),
    ("Phone", "Phone", "Phone"),
    ("Fax", "Fax", "Fax"),
    ("MobilePhone", "MobilePhone", "MobilePhone"),
    ("Description", "Description", "Description"),
    ("DoNotCall", "DoNotCall", "DoNotCall"),
    ("HasOptedOutOfEmail", "HasOptedOutOfEmail", "HasOptedOutOfEmail"),
    ("HasOptedOutOfFax", "HasOptedOutOfFax", "HasOptedOutOfFax"),
    ("LeadSource", "LeadSource", "LeadSource"),
    ("LeadOrContactOwnerId", "OwnerId", "OwnerId"),
];

/// The fields of a lead that its members show.
pub(super) const OF_LEAD: [&str; 21] = {
    let mut fields = ["Company"; 21];
    let mut at = 0;
    while at < PERSON.len() {
        fields[at] = PERSON[at].1;
        at += 1;
    }
    fields
};

/// The fields of a contact that its members show, or find what they show by.
pub(super) const OF_CONTACT: [&str; 21] = {
    let mut fields = ["AccountId"; 21];
    let mut at = 0;
    while at < PERSON.len() {
        fields[at] = PERSON[at].2;
        at += 1;
    }
    fields
};

pub(super) fn derive(draft: &mut Draft<'_>) {
    let responded = draft.text("Status") == Some("Responded");
    draft.set("HasResponded", Value::Bool(responded));
    if responded && draft.value("FirstRespondedDate").is_null() {
        let today = draft.now.event();
        draft.set("FirstRespondedDate", today.get(..10).map_or(Value::Null, Value::text));
    }
    // Of a record that names both, only the contact is taken.
    if !draft.value("ContactId").is_null() {
        draft.set("LeadId", Value::Null);
    }
    let (reference, kind) = match (draft.value("ContactId"), draft.value("LeadId")) {
        (Value::Text(_), _) => ("ContactId", "Contact"),
        (_, Value::Text(_)) => ("LeadId", "Lead"),
        _ => return,
    };
    for (field, of_lead, of_contact) in PERSON {
        let value = draft.parent(reference, if kind == "Lead" { of_lead } else { of_contact });
        draft.set(field, value);
    }
    let company = if kind == "Lead" { draft.parent(reference, "Company") } else { employer(draft) };
    draft.set("CompanyOrAccount", company);
    draft.set("Type", Value::text(kind));
    let id = draft.value(reference).clone();
    draft.set("LeadOrContactId", id);
}

/// The name of the account of the member's contact.
fn employer(draft: &Draft<'_>) -> Value {
    let account = draft.parent("ContactId", "AccountId");
    let found = account.as_text().and_then(|id| draft.store.row(id));
    let name = found.and_then(|(object, row)| {
        let at = draft.store.schema.object(object).field("Name")?;
        Some(row.value(at).clone())
    });
    name.unwrap_or(Value::Null)
}
