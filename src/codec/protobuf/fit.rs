//! What a message of somebody else's may ask for that records cannot give.

use orgstream_api::Schema;
use protox::prost_reflect::{Cardinality, FieldDescriptor, MessageDescriptor};

/// Refuses a message that cannot hold each record of the schema, with the field and what to do.
pub(super) fn fits(message: &MessageDescriptor, schema: &Schema) -> Result<(), String> {
    let is_written = |field: &FieldDescriptor| schema.field(field.name()).is_some();
    for field in message.fields() {
        let name = field.name();
        let is_required = field.cardinality() == Cardinality::Required;
        if is_required && schema.field(name).is_none_or(|own| own.optional) {
            return Err(format!(
                "field {name} of {} is `required` there, and the records may lack it; make it `optional` in a newer version",
                message.full_name()
            ));
        }
        if field.is_group() && is_written(&field) {
            return Err(format!(
                "field {name} of {} is a group, which is not written; make it a message in a newer version",
                message.full_name()
            ));
        }
    }
    for choice in message.oneofs().filter(|choice| !choice.is_synthetic()) {
        let written: Vec<_> = choice.fields().filter(is_written).collect();
        if let [first, second, ..] = written.as_slice() {
            return Err(format!(
                "fields {} and {} are in the oneof {} of {}, which holds one of them, and a record may hold both; take them \
                 out of the oneof in a newer version, or all but one out of the records",
                first.name(),
                second.name(),
                choice.name(),
                message.full_name()
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use orgstream_api::{Field, Schema, Type};

    use crate::codec::protobuf::Encoder;

    fn refusal(syntax: &str, fields: &str) -> Result<(), String> {
        let text = format!("syntax = \"{syntax}\"; package p; message Lead {{ {fields} }}");
        let inner = Arc::new(Schema::new("p.Home", vec![Field::optional("City", Type::String)]));
        let schema = Schema::new(
            "p.Lead",
            vec![
                Field::required("Id", Type::String),
                Field::optional("Name", Type::String),
                Field::optional("home", Type::Struct(inner)),
            ],
        );
        Encoder::compile(&text, &[], &Arc::new(schema)).map(|_| ())
    }

    #[test]
    fn a_message_that_some_record_does_not_fit_into_is_refused_by_field() {
        let own = "required string Id = 1; optional string Name = 2;";
        let (within, home) = ("message Address { optional string City = 1; }", "optional Address home = 3;");
        let group = "optional group Home = 3 { optional string City = 1; }";
        let strict = "message Address { required bool x = 2; optional string City = 1; }";
        for (syntax, fields, said) in [
            (
                "proto3",
                format!("oneof which {{ string Id = 1; string Name = 2; }} {within} {home}"),
                "fields Id and Name are in the oneof which of p.Lead",
            ),
            (
                "proto2",
                format!("required string Id = 1; required string Name = 2; {within} {home}"),
                "field Name of p.Lead is `required`",
            ),
            (
                "proto2",
                format!("{own} required bool New = 4; {within} {home}"),
                "field New of p.Lead is `required`",
            ),
            ("proto2", format!("{own} {group}"), "field home of p.Lead is a group"),
            ("proto2", format!("{own} {strict} {home}"), "field x of p.Lead.Address is `required`"),
        ] {
            let refused = refusal(syntax, &fields).expect_err(said);
            assert!(refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn one_field_of_a_oneof_and_required_fields_that_are_never_null_are_taken() {
        let home = "message Address { optional string City = 1; } optional Address home = 3;";
        let chosen = "oneof which { string Name = 2; string Other = 4; }";
        assert_eq!(refusal("proto3", &format!("string Id = 1; {chosen} {home}")), Ok(()));
        let required = format!("required string Id = 1; optional string Name = 2; {home}");
        assert_eq!(refusal("proto2", &required), Ok(()));
    }
}
