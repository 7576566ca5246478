//! Protobuf schemas: compiled, and compared by the one change that records of an org need, fields that are added.
//!
//! A text is either the source of a `.proto` file or, from clients that have compiled it themselves, its descriptor in
//! base64. Both forms of one file are the same schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost_types::field_descriptor_proto::Label;
use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, OneofDescriptorProto,
};

use super::Source;
use crate::codec::protobuf::compile;

/// Compiles a text together with what it imports.
pub(super) fn parse(source: &Source) -> Result<FileDescriptorProto, String> {
    let imports = source.referenced.iter().map(|other| (other.name.as_str(), other.text.as_str()));
    let mut main = compile(&source.text, imports)?.file.pop().ok_or("the compiler answers nothing")?;
    main.source_code_info = None;
    main.name = None;
    main.message_type.iter_mut().for_each(forget_json_names);
    Ok(main)
}

/// The descriptor in base64, as Protobuf clients ask for it.
pub(super) fn serialized(file: &FileDescriptorProto) -> String {
    STANDARD.encode(file.encode_to_vec())
}

/// Why `reader` may not read all that was written with `writer`.
pub(super) fn obstacle(reader: &FileDescriptorProto, writer: &FileDescriptorProto) -> Option<String> {
    compare(reader, writer).err()
}

/// Compilers differ in whether they write out the names that JSON has by default.
fn forget_json_names(message: &mut DescriptorProto) {
    for field in &mut message.field {
        if field.json_name.as_deref() == Some(&default_json_name(field.name())) {
            field.json_name = None;
        }
    }
    message.nested_type.iter_mut().for_each(forget_json_names);
}

fn default_json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        match character {
            '_' => upper = true,
            character if upper => {
                json.push(character.to_ascii_uppercase());
                upper = false;
            }
            character => json.push(character),
        }
    }
    json
}

fn compare(reader: &FileDescriptorProto, writer: &FileDescriptorProto) -> Result<(), String> {
    if reader.package() != writer.package() {
        return Err(format!("its package is {}, not {}", reader.package(), writer.package()));
    }
    if reader.syntax() != writer.syntax() || reader.extension != writer.extension {
        return Err(unchecked("the file", "its syntax or its extensions"));
    }
    messages(&reader.message_type, &writer.message_type, "")?;
    enums(&reader.enum_type, &writer.enum_type, "")
}

fn messages(reader: &[DescriptorProto], writer: &[DescriptorProto], within: &str) -> Result<(), String> {
    for written in writer {
        let name = format!("{within}{}", written.name());
        let Some(read) = reader.iter().find(|read| read.name() == written.name()) else {
            return Err(format!("message {name} is not known"));
        };
        fields(read, written, &name)?;
        if read.extension != written.extension || read.extension_range != written.extension_range {
            return Err(unchecked(&format!("message {name}"), "its extensions"));
        }
        let within = format!("{name}.");
        messages(&read.nested_type, &written.nested_type, &within)?;
        enums(&read.enum_type, &written.enum_type, &within)?;
    }
    Ok(())
}

fn fields(reader: &DescriptorProto, writer: &DescriptorProto, message: &str) -> Result<(), String> {
    for written in &writer.field {
        let name = format!("field {} of message {message}", written.name());
        match reader.field.iter().find(|read| read.number() == written.number()) {
            Some(read) if meaning(reader, read) == meaning(writer, written) => {}
            Some(_) => return Err(unchecked(&name, "its name, its type or its place in a oneof")),
            // A reader passes over what it does not know. In a oneof, it would take another member for the value.
            None if written.oneof_index.is_none() || written.proto3_optional() => {}
            None => return Err(format!("{name} belongs to a oneof and is not known")),
        }
    }
    let old =
        |read: &FieldDescriptorProto| writer.field.iter().any(|written| written.number() == read.number());
    match reader.field.iter().find(|read| read.label() == Label::Required && !old(read)) {
        Some(field) => Err(format!(
            "field {} of message {message} is required, and that data has no such field",
            field.name()
        )),
        None => Ok(()),
    }
}

/// Everything that decides how a field is read, apart from its number.
fn meaning<'a>(message: &'a DescriptorProto, field: &'a FieldDescriptorProto) -> impl PartialEq + use<'a> {
    let oneof = field.oneof_index.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    (
        (field.name(), field.label(), field.r#type(), field.type_name()),
        (field.default_value.as_deref(), field.proto3_optional(), oneof.map(OneofDescriptorProto::name)),
    )
}

fn enums(reader: &[EnumDescriptorProto], writer: &[EnumDescriptorProto], within: &str) -> Result<(), String> {
    for written in writer {
        let name = format!("{within}{}", written.name());
        let Some(read) = reader.iter().find(|read| read.name() == written.name()) else {
            return Err(format!("enum {name} is not known"));
        };
        let known = |value: &EnumValueDescriptorProto| {
            read.value.iter().any(|read| read.name() == value.name() && read.number() == value.number())
        };
        if let Some(value) = written.value.iter().find(|value| !known(value)) {
            return Err(format!("value {} of enum {name} is not known", value.name()));
        }
    }
    Ok(())
}

fn unchecked(at: &str, what: &str) -> String {
    format!("{at}: a change of {what} cannot be checked; only fields that are not required may be added")
}
