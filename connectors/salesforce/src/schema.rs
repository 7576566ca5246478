//! From a describe to the schema of its records: the format of Confluent's PushTopic source, so that either half of
//! a pipeline can be Confluent's.

use std::sync::{Arc, LazyLock};

use orgstream_api::{Field, Schema, Type, record};

use crate::describe::{DescribeField, FieldKind};

pub(crate) const NAMESPACE: &str = "io.confluent.salesforce";
const ID_DOC: &str = "Unique identifier for the object.";

/// The members of an address, in Confluent's order; the two codes came later and stand last.
static ADDRESS: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let text = |name| Field::optional(name, Type::String);
    let number = |name| Field::optional(name, Type::Float64);
    Arc::new(Schema::new(
        format!("{NAMESPACE}.Address"),
        vec![
            text("GeocodeAccuracy"),
            // Confluent's schema has an empty doc here, which a comparison of schemas sees.
            text("State").with_doc(""),
            text("Street"),
            text("PostalCode"),
            text("Country"),
            number("Latitude"),
            text("City"),
            number("Longitude"),
            text("CountryCode"),
            text("StateCode"),
        ],
    ))
});

static LOCATION: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    Arc::new(Schema::new(
        format!("{NAMESPACE}.Location"),
        vec![Field::optional("latitude", Type::Float64), Field::optional("longitude", Type::Float64)],
    ))
});

/// The value schema of `object`.
pub fn value_schema(object: &str, fields: &[DescribeField]) -> Schema {
    let own = fields.iter().map(|field| match field.kind {
        FieldKind::Id => id_field(&field.name),
        kind => Field::optional(&field.name, type_of(kind)),
    });
    let metadata = [record::field::OBJECT_TYPE, record::field::EVENT_TYPE]
        .map(|name| Field::optional(name, Type::String));
    Schema::new(format!("{NAMESPACE}.{object}"), own.chain(metadata).collect())
}

/// The key schema of `object`.
pub fn key_schema(object: &str) -> Schema {
    Schema::new(format!("{NAMESPACE}.{object}Key"), vec![id_field(record::field::ID)])
}

/// The type of the values of a field. A type that nobody has heard of is text: new Salesforce releases bring new
/// types, and one of them must not stop a pipeline.
pub fn type_of(kind: FieldKind) -> Type {
    match kind {
        FieldKind::Boolean => Type::Boolean,
        FieldKind::Int => Type::Int32,
        FieldKind::Long => Type::Int64,
        FieldKind::Double => Type::Float64,
        FieldKind::Date => Type::Date,
        FieldKind::Datetime => Type::Timestamp,
        FieldKind::Time => Type::Time,
        FieldKind::Address => Type::Struct(Arc::clone(&ADDRESS)),
        FieldKind::Location => Type::Struct(Arc::clone(&LOCATION)),
        FieldKind::Id
        | FieldKind::Reference
        | FieldKind::Currency
        | FieldKind::Textarea
        | FieldKind::Base64
        | FieldKind::Picklist
        | FieldKind::Multipicklist
        | FieldKind::Exact
        | FieldKind::Text => Type::String,
    }
}

pub(crate) fn id_field(name: &str) -> Field {
    Field::required(name, Type::String).with_doc(ID_DOC)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::describe::Describe;

    fn lead() -> Describe {
        let fields: Vec<_> = [
            ("Id", "id"),
            ("Company", "string"),
            ("Description", "textarea"),
            ("AnnualRevenue", "currency"),
            ("NumberOfEmployees", "int"),
            ("Latitude", "double"),
            ("Likelihood__c", "percent"),
            ("IsConverted", "boolean"),
            ("ConvertedDate", "date"),
            ("CreatedDate", "datetime"),
            ("Opens__c", "time"),
            ("Address", "address"),
            ("Place__c", "location"),
            ("OwnerId", "reference"),
            ("Mystery__c", "somethingOf2031"),
        ]
        .map(|(name, kind)| json!({"name": name, "type": kind}))
        .into();
        serde_json::from_value(json!({"name": "Lead", "createable": true, "fields": fields})).unwrap()
    }

    #[test]
    fn the_value_schema_is_confluents() {
        let schema = lead().schema();
        assert_eq!(schema.name(), "io.confluent.salesforce.Lead");
        let fields: Vec<_> =
            schema.fields().iter().map(|field| (field.name.as_str(), field.kind.clone())).collect();
        assert_eq!(
            fields,
            [
                ("Id", Type::String),
                ("Company", Type::String),
                ("Description", Type::String),
                ("AnnualRevenue", Type::String),
                ("NumberOfEmployees", Type::Int32),
                ("Latitude", Type::Float64),
                ("Likelihood__c", Type::Float64),
                ("IsConverted", Type::Boolean),
                ("ConvertedDate", Type::Date),
                ("CreatedDate", Type::Timestamp),
                ("Opens__c", Type::Time),
                ("Address", Type::Struct(Arc::clone(&ADDRESS))),
                ("Place__c", Type::Struct(Arc::clone(&LOCATION))),
                ("OwnerId", Type::String),
                ("Mystery__c", Type::String),
                ("_ObjectType", Type::String),
                ("_EventType", Type::String),
            ]
        );
        let required: Vec<_> = schema.fields().iter().filter(|field| !field.optional).collect();
        assert_eq!(required.len(), 1, "only the id is required");
        assert_eq!(required[0].doc.as_deref(), Some("Unique identifier for the object."));
    }

    #[test]
    fn the_key_schema_is_the_id_alone() {
        let schema = lead().key_schema();
        assert_eq!(schema.name(), "io.confluent.salesforce.LeadKey");
        assert_eq!(schema.fields(), [id_field("Id")]);
    }

    #[test]
    fn an_address_has_its_members_in_confluents_order() {
        let names: Vec<_> = ADDRESS.fields().iter().map(|field| field.name.as_str()).collect();
        assert_eq!(
            names.join(" "),
            "GeocodeAccuracy State Street PostalCode Country Latitude City Longitude CountryCode StateCode"
        );
        assert_eq!(ADDRESS.field("State").unwrap().doc.as_deref(), Some(""));
    }
}
