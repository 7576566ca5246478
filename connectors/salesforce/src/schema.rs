//! From a describe to the schema of its records: the format of Confluent's PushTopic source, so that either half of
//! a pipeline can be Confluent's.

use std::sync::{Arc, LazyLock};

use orgstream_api::{Field, Schema, Type, record};

use crate::describe::{DescribeField, FieldKind};

const NAMESPACE: &str = "io.confluent.salesforce";
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
        | FieldKind::Text => Type::String,
    }
}

fn id_field(name: &str) -> Field {
    Field::required(name, Type::String).with_doc(ID_DOC)
}
