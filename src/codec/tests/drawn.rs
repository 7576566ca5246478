//! Records of every shape, for tests of all formats.

use std::sync::Arc;

use orgstream_api::{Field, Schema, Struct, Type, Value};
use proptest::prelude::*;

/// A lead, cut down to one field of each kind; the text is what Confluent's connector registers.
pub(in crate::codec) fn lead() -> Schema {
    let address = Arc::new(Schema::new(
        "io.confluent.salesforce.Address",
        vec![
            Field::optional("GeocodeAccuracy", Type::String),
            Field::optional("State", Type::String).with_doc(""),
            Field::optional("Latitude", Type::Float64),
        ],
    ));
    Schema::new(
        "io.confluent.salesforce.Lead",
        vec![
            Field::required("Id", Type::String).with_doc("Unique identifier for the object."),
            Field::optional("IsConverted", Type::Boolean),
            Field::optional("NumberOfEmployees", Type::Int32),
            Field::optional("ConvertedDate", Type::Date),
            Field::optional("CreatedDate", Type::Timestamp),
            Field::optional("Start__c", Type::Time),
            Field::optional("Views__c", Type::Int64),
            Field::optional("Address", Type::Struct(Arc::clone(&address))),
            Field::optional("Other__c", Type::Struct(address)),
            Field::optional("_EventType", Type::String),
        ],
    )
}

/// A schema with a value of each field, drawn together.
pub(in crate::codec) fn structs(name: &'static str, depth: u32) -> BoxedStrategy<Struct> {
    prop::collection::vec((any::<bool>(), prop::option::of("[ -~é]{0,8}"), field_value(depth)), 1..6)
        .prop_map(move |drawn| {
            let mut fields = Vec::new();
            let mut values = Vec::new();
            for (index, (optional, doc, (kind, value))) in drawn.into_iter().enumerate() {
                // A doc belongs to a type that can carry one.
                let doc = doc.filter(|_| !matches!(kind, Type::Struct(_)));
                let optional = optional || value.is_null();
                fields.push(Field { name: format!("f{index}__c"), doc, optional, kind });
                values.push(value);
            }
            let schema = Arc::new(Schema::new(name, fields));
            let mut value = Struct::new(Arc::clone(&schema));
            for (field, drawn) in schema.fields().iter().zip(values) {
                value.set(&field.name, drawn);
            }
            value
        })
        .boxed()
}

fn field_value(depth: u32) -> BoxedStrategy<(Type, Value)> {
    let plain = prop_oneof![
        any::<bool>().prop_map(|v| (Type::Boolean, Value::Boolean(v))),
        any::<i32>().prop_map(|v| (Type::Int32, Value::Int32(v))),
        any::<i64>().prop_map(|v| (Type::Int64, Value::Int64(v))),
        any::<f64>()
            .prop_filter("NaN is not equal to itself", |v| !v.is_nan())
            .prop_map(|v| (Type::Float64, Value::Float64(v))),
        any::<String>().prop_map(|v| (Type::String, Value::String(v))),
        any::<i32>().prop_map(|v| (Type::Date, Value::Date(v))),
        any::<i32>().prop_map(|v| (Type::Time, Value::Time(v))),
        any::<i64>().prop_map(|v| (Type::Timestamp, Value::Timestamp(v))),
        Just((Type::String, Value::Null)),
    ];
    if depth == 0 {
        return plain.boxed();
    }
    // Different structs of one name cannot stand in one schema, so only the first level nests, and once by name.
    let nested =
        structs("n.Inner", depth - 1).prop_map(|v| (Type::Struct(Arc::clone(v.schema())), Value::Struct(v)));
    prop_oneof![7 => plain, 2 => array(depth), 1 => nested].boxed()
}

/// Elements of one type, of lists too.
pub(in crate::codec) fn array(depth: u32) -> BoxedStrategy<(Type, Value)> {
    let of = |kind: Type, values: BoxedStrategy<Value>| {
        let kind = Type::Array(Arc::new(kind));
        prop::collection::vec(values, 0..4)
            .prop_map(move |values| (kind.clone(), Value::Array(values)))
            .boxed()
    };
    let texts = || of(Type::String, any::<String>().prop_map(Value::String).boxed());
    let lists = of(Type::Array(Arc::new(Type::String)), texts().prop_map(|(_, list)| list).boxed());
    let structs = structs("n.Element", depth - 1).prop_map(|element| {
        let kind = Type::Struct(Arc::clone(element.schema()));
        (
            Type::Array(Arc::new(kind)),
            Value::Array(vec![Value::Struct(element.clone()), Value::Struct(element)]),
        )
    });
    prop_oneof![
        texts(),
        of(Type::Int64, any::<i64>().prop_map(Value::Int64).boxed()),
        of(Type::Timestamp, any::<i64>().prop_map(Value::Timestamp).boxed()),
        lists,
        structs,
    ]
    .boxed()
}
