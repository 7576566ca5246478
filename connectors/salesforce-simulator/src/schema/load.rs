//! From YAML to a schema. Every fault of the user's file is named with the object and field it is in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::field::{Field, FieldType};
use super::object::{Object, Schema};
use crate::error::SimulatorError;

const STANDARD: [&str; 6] = [
    include_str!("account.yaml"),
    include_str!("contact.yaml"),
    include_str!("lead.yaml"),
    include_str!("push_topic.yaml"),
    include_str!("user.yaml"),
    include_str!("organization.yaml"),
];
const CUSTOM: &str = include_str!("custom.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectFile {
    name: String,
    label: String,
    plural: String,
    key_prefix: String,
    #[serde(default)]
    streamable: bool,
    #[serde(default = "yes")]
    undeletable: bool,
    #[serde(default)]
    read_only: bool,
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomFile {
    objects: BTreeMap<String, Vec<Field>>,
}

impl Schema {
    /// The standard objects with the custom fields of `yaml`, or with the default ones.
    pub(crate) fn load(yaml: Option<&str>) -> Result<Self, SimulatorError> {
        let wrong = |text: String| SimulatorError::Objects(text);
        let custom: CustomFile =
            serde_saphyr::from_str(yaml.unwrap_or(CUSTOM)).map_err(|error| wrong(error.to_string()))?;
        let mut custom = custom.objects;
        let mut objects = Vec::new();
        for text in STANDARD {
            let mut file: ObjectFile =
                serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
            for field in custom.remove(&file.name).unwrap_or_default() {
                check(&file, &field)
                    .map_err(|reason| wrong(format!("{}.{}: {reason}", file.name, field.name)))?;
                file.fields.push(field);
            }
            objects.push(Object::new(
                [file.name, file.label, file.plural, file.key_prefix],
                [file.streamable, file.undeletable, file.read_only],
                file.fields,
            ));
        }
        match custom.keys().next() {
            Some(unknown) => Err(wrong(format!(
                "there is no object {unknown}; custom fields are for Account, Contact, Lead"
            ))),
            None => Ok(Self::new(objects)),
        }
    }
}

fn yes() -> bool {
    true
}

/// Why a custom field cannot be.
fn check(object: &ObjectFile, field: &Field) -> Result<(), &'static str> {
    if !object.streamable {
        return Err("only Account, Contact and Lead have custom fields here");
    }
    if !field.custom() {
        return Err("the name of a custom field ends in __c");
    }
    if object.fields.iter().any(|other| other.name.eq_ignore_ascii_case(&field.name)) {
        return Err("this field is there twice");
    }
    match field.kind {
        FieldType::Id | FieldType::Address => Err("a custom field cannot have this type"),
        kind if kind.is_text() && field.length == 0 => Err("text needs a length"),
        kind if kind.is_decimal() && field.precision == 0 => {
            Err("a decimal number needs precision and scale")
        }
        FieldType::Int if field.digits == 0 => Err("an int needs digits"),
        FieldType::Reference if field.reference_to.is_empty() || field.relationship.is_none() => {
            Err("a reference needs reference_to and relationship")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_definition_loads_and_names_its_key_prefix() {
        let schema = Schema::load(None).unwrap();
        for (name, prefix, fields) in [("account", "001", 60), ("CONTACT", "003", 60), ("Lead", "00Q", 58)] {
            let object = schema.object(schema.find(name).unwrap());
            assert_eq!(object.key_prefix, prefix);
            assert!(object.fields.len() >= fields, "{name} has {}", object.fields.len());
            assert_eq!(object.fields[object.field("orga_id__c").unwrap()].length, 18);
        }
    }

    #[test]
    fn the_sample_objects_file_loads() {
        let schema = Schema::load(Some(include_str!("../../../../config/sandbox/objects.yaml"))).unwrap();
        assert!(schema.object(schema.find("Account").unwrap()).field("Tier__c").is_some());
    }

    #[test]
    fn a_wrong_objects_file_says_which_field_is_wrong() {
        let refused = |yaml: &str| Schema::load(Some(yaml)).unwrap_err().to_string();
        assert!(
            refused("objects: { Account: [{ name: X, type: string, label: X, length: 5 }] }")
                .contains("Account.X")
        );
        assert!(refused("objects: { Case: [] }").contains("Case"));
        assert!(refused("objects: { Lead: [{ name: X__c, type: string, label: X }] }").contains("length"));
    }
}
