//! What the file says of fields, against the fields that org B has.

use orgstream_salesforce::{Describe, DescribeField, FieldKind};

use crate::config::SinkObject;
use crate::left_out::LeftOut;
use crate::object_rules::ValueMap;

/// What is wrong with the rules of an object, each with what to do.
pub(super) fn faults(object: &SinkObject, describe: &Describe, org: &str) -> Vec<String> {
    let check = Check { object, describe, org };
    let computed = object.rules.fields.iter().map(|rule| check.written("fields", &rule.name).err());
    let mapped = object.rules.values.iter().map(|map| check.mapped(map));
    let ignored = object.ignore_fields.iter().map(|name| check.ignored(name));
    computed.chain(mapped).chain(ignored).flatten().collect()
}

/// Whether one name is the other with a slip or two. `Line1__c` and `Line2__c` are two names.
fn is_slip(given: &str, known: &str) -> bool {
    let plain = |name: &str| name.to_lowercase().replace(|c: char| c.is_ascii_digit(), "");
    let (given, known) = (plain(given), plain(known));
    let most = if known.len() < SHORT { 1 } else { 2 };
    given != known && strsim::damerau_levenshtein(&given, &known) <= most
}

/// So few letters leave room for one slip only.
const SHORT: usize = 8;

struct Check<'a> {
    object: &'a SinkObject,
    describe: &'a Describe,
    org: &'a str,
}

impl Check<'_> {
    /// The field `name`, which the key `key` names, if it can be written.
    fn written(&self, key: &str, name: &str) -> Result<&DescribeField, String> {
        let object = &self.object.name;
        let Some(field) = self.describe.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
        else {
            return Err(format!(
                "object {object} has no field `{name}`, which `{key}` names: correct the name, create the field in org \
                 `{}` under Setup → Object Manager → {object} → Fields & Relationships, or let the user see it",
                self.org
            ));
        };
        if self.object.external_id.as_ref().is_some_and(|external| external.eq_ignore_ascii_case(name)) {
            return Err(format!(
                "field {object}.{name} is the external id, whose value is not for `{key}` to say; take it out of there"
            ));
        }
        if field.kind == FieldKind::Id {
            return Err(format!(
                "field {object}.{name}, which `{key}` names, is the record's id, which the org gives"
            ));
        }
        match LeftOut::of(field, self.object) {
            None => Ok(field),
            Some(reason) => Err(format!(
                "field {object}.{name}, which `{key}` names, is never written: {reason}; take it out of `{key}`, or make it a \
                 field that the user may edit"
            )),
        }
    }

    /// What is wrong with a name of `ignore_fields`. It may be one that only records have, but what is misspelt protects nothing.
    fn ignored(&self, name: &str) -> Option<String> {
        let names = || {
            let fields = self.describe.fields.iter();
            fields.flat_map(|field| [Some(&field.name), field.relationship_name.as_ref()]).flatten()
        };
        if names().any(|known| known.eq_ignore_ascii_case(name)) {
            return None;
        }
        let meant = names().find(|known| is_slip(name, known))?;
        let object = &self.object.name;
        Some(format!(
            "object {object} has no field `{name}`, which `ignore_fields` names: did you mean `{meant}`? Fields that only the \
             records have are not written anyway; take `{name}` out if it is one of them"
        ))
    }

    fn mapped(&self, map: &ValueMap) -> Option<String> {
        let field = match self.written("values", &map.field) {
            Ok(field) => field,
            Err(fault) => return Some(fault),
        };
        let (object, name) = (&self.object.name, &map.field);
        if !field.kind.is_text() {
            return Some(format!("field {object}.{name}, which `values` names, is no picklist and no text"));
        }
        if !field.restricted_picklist || field.picklist_values.is_empty() {
            return None;
        }
        let known = |value: &&String| {
            field.picklist_values.iter().any(|listed| listed.active && listed.value == **value)
        };
        let unknown: Vec<_> = map.values.values().chain(&map.others).filter(|value| !known(value)).collect();
        (!unknown.is_empty()).then(|| {
            let unknown: Vec<_> = unknown.into_iter().map(|value| format!("`{value}`")).collect();
            format!(
                "picklist {object}.{name} takes values of its list only, and `values` gives it {}, which are not on the list \
                 of org `{}`: correct them, or add them to the list",
                unknown.join(", "),
                self.org
            )
        })
    }
}
