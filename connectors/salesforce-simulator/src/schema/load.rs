//! From YAML to a schema: the standard objects, and the user's files on top of them.

use super::catalog::Schema;
use super::custom::Customization;
use super::object::Object;
use crate::error::SimulatorError;

const STANDARD: [&str; 20] = [
    include_str!("account.yaml"),
    include_str!("contact.yaml"),
    include_str!("lead.yaml"),
    include_str!("opportunity.yaml"),
    include_str!("case.yaml"),
    include_str!("task.yaml"),
    include_str!("event.yaml"),
    include_str!("campaign.yaml"),
    include_str!("campaign_member.yaml"),
    include_str!("product2.yaml"),
    include_str!("pricebook2.yaml"),
    include_str!("pricebook_entry.yaml"),
    include_str!("opportunity_line_item.yaml"),
    include_str!("user.yaml"),
    include_str!("group.yaml"),
    include_str!("profile.yaml"),
    include_str!("record_type.yaml"),
    include_str!("organization.yaml"),
    include_str!("push_topic.yaml"),
    include_str!("streaming_channel.yaml"),
];
const DEFAULT: &str = include_str!("custom.yaml");

/// A file of the user: what it is called in errors, and its text.
#[derive(Clone, Debug)]
pub(crate) struct ObjectsFile {
    /// Its path, or what else people know it by.
    pub(crate) origin: String,
    /// YAML.
    pub(crate) text: String,
}

impl Schema {
    /// The standard objects with what these files add, or with the default custom fields when there are none.
    pub(crate) fn load(files: &[ObjectsFile]) -> Result<Self, SimulatorError> {
        let mut objects = Vec::new();
        for text in STANDARD {
            let mut object: Object =
                serde_saphyr::from_str(text).map_err(|error| SimulatorError::Objects(error.to_string()))?;
            object.index();
            objects.push(object);
        }
        let mut customization = Customization::new(objects);
        if files.is_empty() {
            customization.add("the default", DEFAULT).map_err(SimulatorError::Objects)?;
        }
        for file in files {
            customization.add(&file.origin, &file.text).map_err(SimulatorError::Objects)?;
        }
        customization.finish().map_err(SimulatorError::Objects)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(yaml: &str) -> Result<Schema, SimulatorError> {
        Schema::load(&[ObjectsFile { origin: "test".to_owned(), text: yaml.to_owned() }])
    }

    #[test]
    fn every_shipped_definition_loads_and_names_its_key_prefix() {
        let schema = Schema::load(&[]).unwrap();
        for (name, prefix, fields) in [("account", "001", 60), ("CONTACT", "003", 60), ("Lead", "00Q", 58)] {
            let object = schema.object(schema.find(name).unwrap());
            assert_eq!(object.key_prefix, prefix);
            assert!(object.fields.len() >= fields, "{name} has {}", object.fields.len());
            assert_eq!(object.fields[object.field("orga_id__c").unwrap()].length, 18);
        }
    }

    #[test]
    fn the_sample_files_load_alone_and_together() {
        let files = [
            include_str!("../../../../config/sandbox/events.yaml"),
            include_str!("../../../../config/sandbox/invoices.yaml"),
            include_str!("../../../../config/sandbox/objects.yaml"),
            include_str!("../../../../config/sandbox/rules.yaml"),
        ];
        let file = |text: &str| ObjectsFile { origin: "test".to_owned(), text: text.to_owned() };
        for text in files {
            Schema::load(&[file(text)]).unwrap();
        }
        let schema = Schema::load(&files.map(file)).unwrap();
        assert!(schema.object(schema.find("Account").unwrap()).field("Tier__c").is_some());
        assert_eq!(schema.object(schema.find("Invoice_Line__c").unwrap()).key_prefix, "a01");
        assert_eq!(schema.channels().len(), 1);
    }

    #[test]
    fn a_custom_object_has_the_fields_that_every_one_has() {
        let schema = load(
            "objects:
  Invoice__c: { label: Invoice, plural: Invoices, name_field: { auto_number: 'INV-{0000}' } }
  Line__c:
    label: Line
    plural: Lines
    fields: [{ name: Invoice__c, type: reference, label: Invoice, reference_to: [Invoice__c], on_delete: master_detail }]
  Paid__e: { label: Paid, plural: Paid, fields: [{ name: Amount__c, type: currency, label: Amount, precision: 18, scale: 2 }] }
",
        )
        .unwrap();
        let invoice = schema.object(schema.find("Invoice__c").unwrap());
        assert_eq!(invoice.key_prefix, "a00");
        assert!(invoice.system.owner_id.is_some() && invoice.system.modstamp.is_some());
        assert!(invoice.fields[invoice.field("Name").unwrap()].auto_number.is_some());
        let line = schema.object(schema.find("Line__c").unwrap());
        assert_eq!(line.key_prefix, "a01");
        assert!(line.system.owner_id.is_none(), "a detail belongs to its master");
        assert_eq!(
            line.fields[line.relationship("Invoice__r").unwrap()].children.as_deref(),
            Some("Lines__r")
        );
        let paid = schema.object(schema.find("Paid__e").unwrap());
        assert!(paid.field("ReplayId").is_some() && paid.field("Name").is_none());
    }
}
