//! Protobuf schemas: compiled, and compared by the one change that records of an org need, fields that are added.
//!
//! A text is either the source of a `.proto` file or, from clients that have compiled it themselves, its descriptor in
//! base64. Both forms of one file are the same schema.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost_types::field_descriptor_proto::Label;
use protox::prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, OneofDescriptorProto,
};
use protox::{Compiler, Error};

use super::Source;

/// What the schema itself is called while it is compiled.
const MAIN: &str = "_schema.proto";
/// How deep brackets may nest. The compiler recurses, and the stack is finite.
const DEEPEST: usize = 64;

/// Compiles a text together with what it imports.
pub(super) fn parse(source: &Source) -> Result<FileDescriptorProto, String> {
    let mut files = Files(HashMap::new());
    for other in &source.referenced {
        let named = |error| format!("the reference `{}`: {error}", other.name);
        files.0.insert(other.name.clone(), file(&other.name, &other.text).map_err(named)?);
    }
    files.0.insert(MAIN.to_owned(), file(MAIN, &source.text)?);
    let mut resolver = ChainFileResolver::new();
    resolver.add(files);
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler.open_file(MAIN).map_err(|error| error.to_string())?;
    let mut compiled = compiler.file_descriptor_set().file;
    let mut main = compiled.pop().ok_or("the compiler answers nothing")?;
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

struct Files(HashMap<String, File>);

impl FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        self.0.get(name).cloned().ok_or_else(|| Error::file_not_found(name))
    }
}

fn file(name: &str, text: &str) -> Result<File, String> {
    if let Some(mut descriptor) = decoded(text) {
        descriptor.name = Some(name.to_owned());
        return Ok(File::from_file_descriptor_proto(descriptor));
    }
    let mut depth = 0_usize;
    for character in text.bytes() {
        match character {
            b'{' | b'[' | b'(' | b'<' => depth += 1,
            b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("it nests more than {DEEPEST} levels deep"));
        }
    }
    File::from_source(name, text).map_err(|error| error.to_string())
}

/// A descriptor in base64; no source of a `.proto` file looks like one, since it has at least a semicolon or a brace.
fn decoded(text: &str) -> Option<FileDescriptorProto> {
    FileDescriptorProto::decode(STANDARD.decode(text.trim()).ok()?.as_slice()).ok()
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
