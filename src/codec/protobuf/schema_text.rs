//! The `.proto` file of a schema of ours, as Confluent's ProtobufConverter makes it of the same Connect schema when it is
//! told to keep nulls (`optional.for.nullables`).
//!
//! Differences: messages stand beside each other and not within one another, because a field and a message within one
//! message cannot share a name, as `Address` does; and numbers are those of earlier versions, not places.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use orgstream_api::{Field, Schema, Type};

use super::numbers::Numbers;

/// The text of `schema`, whose fields have the numbers that are known.
pub(in crate::codec) fn schema_text(schema: &Schema, numbers: &Numbers) -> Result<String, String> {
    let (package, _) = parts(schema.name());
    let mut file =
        File { package, numbers, imports: BTreeSet::new(), waiting: vec![schema], seen: HashMap::new() };
    file.seen.insert(full_name(package, schema), schema);
    let mut messages = String::new();
    let mut next = 0;
    while let Some(schema) = file.waiting.get(next).copied() {
        file.message(schema, &mut messages)?;
        next += 1;
    }
    let mut text = "syntax = \"proto3\";\n".to_owned();
    if !package.is_empty() {
        writeln!(text, "package {package};").expect("text grows");
    }
    text.push('\n');
    for import in &file.imports {
        writeln!(text, "import \"{import}\";").expect("text grows");
    }
    Ok(text + &messages)
}

/// The full name of the message that a schema of records becomes.
pub(in crate::codec) fn message_name(schema: &Schema) -> String {
    full_name(parts(schema.name()).0, schema)
}

/// The full name of the message that a schema becomes in a file of this package.
pub(super) fn full_name(package: &str, schema: &Schema) -> String {
    let (_, name) = parts(schema.name());
    let name: String = name.chars().map(|c| if is_part_of_names(c) { c } else { '_' }).collect();
    if package.is_empty() { name } else { format!("{package}.{name}") }
}

/// The package and the name. A namespace that is none of Protobuf's is left out.
pub(super) fn parts(name: &str) -> (&str, &str) {
    match name.rsplit_once('.') {
        Some((package, name)) if package.split('.').all(is_name) => (package, name),
        Some((_, name)) => ("", name),
        None => ("", name),
    }
}

fn is_part_of_names(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(is_part_of_names)
}

struct File<'s> {
    package: &'s str,
    numbers: &'s Numbers,
    imports: BTreeSet<&'static str>,
    /// Messages in the order in which they are written; the first is the record's own.
    waiting: Vec<&'s Schema>,
    seen: HashMap<String, &'s Schema>,
}

impl<'s> File<'s> {
    fn message(&mut self, schema: &'s Schema, text: &mut String) -> Result<(), String> {
        let full_name = full_name(self.package, schema);
        let name = full_name.rsplit('.').next().unwrap_or(&full_name);
        if !is_name(name) {
            return Err(format!("Protobuf has no message of the name {}", schema.name()));
        }
        writeln!(text, "\nmessage {name} {{").expect("text grows");
        let mut numbers = self.numbers.of(&full_name);
        check_clashes(schema)?;
        for field in schema.fields() {
            let within = |error| format!("field {} of {}: {error}", field.name, schema.name());
            if !is_name(&field.name) {
                return Err(within("Protobuf has no field of this name".to_owned()));
            }
            let kind = self.kind(&field.kind).map_err(within)?;
            let label = match &field.kind {
                Type::Array(_) => "repeated ",
                // Messages are there or not without a word.
                Type::Date | Type::Time | Type::Timestamp | Type::Struct(_) => "",
                _ if field.optional => "optional ",
                _ => "",
            };
            let number = numbers.take(&field.name);
            writeln!(text, "  {label}{kind} {} = {number};", field.name).expect("text grows");
        }
        for (name, number) in numbers.left() {
            writeln!(text, "  reserved {number};\n  reserved \"{name}\";").expect("text grows");
        }
        text.push_str("}\n");
        Ok(())
    }

    fn kind(&mut self, kind: &'s Type) -> Result<String, String> {
        let (word, import) = match kind {
            Type::Boolean => ("bool", None),
            Type::Int32 => ("int32", None),
            Type::Int64 => ("int64", None),
            Type::Float64 => ("double", None),
            Type::String => ("string", None),
            Type::Date => (".google.type.Date", Some("google/type/date.proto")),
            Type::Time => (".google.type.TimeOfDay", Some("google/type/timeofday.proto")),
            Type::Timestamp => (".google.protobuf.Timestamp", Some("google/protobuf/timestamp.proto")),
            Type::Array(items) => match &**items {
                Type::Array(_) => return Err("Protobuf has no lists of lists".to_owned()),
                items => return self.kind(items),
            },
            Type::Struct(schema) => return self.refer(schema),
        };
        self.imports.extend(import);
        Ok(word.to_owned())
    }

    fn refer(&mut self, schema: &'s Schema) -> Result<String, String> {
        let name = full_name(self.package, schema);
        match self.seen.get(&name) {
            Some(known) if **known == *schema => {}
            Some(_) => return Err(format!("two different schemas have the name {name}")),
            None => {
                self.seen.insert(name.clone(), schema);
                self.waiting.push(schema);
            }
        }
        Ok(format!(".{name}"))
    }
}

/// Refuses fields whose names are alike where the underscores go, as in JSON: compilers take no file with two of them.
fn check_clashes(schema: &Schema) -> Result<(), String> {
    let mut by_json: HashMap<String, &Field> = HashMap::new();
    for field in schema.fields() {
        if let Some(other) = by_json.insert(json_name(&field.name), field) {
            return Err(format!(
                "field {} of {}: Protobuf cannot tell it from field {}, since only underscores and capitals part them; leave \
                 one of them out, or write another format",
                field.name,
                schema.name(),
                other.name
            ));
        }
    }
    Ok(())
}

fn json_name(name: &str) -> String {
    let mut json = String::with_capacity(name.len());
    let mut is_after_underscore = false;
    for character in name.chars() {
        match character {
            '_' => is_after_underscore = true,
            character if is_after_underscore => {
                json.push(character.to_ascii_uppercase());
                is_after_underscore = false;
            }
            character => json.push(character),
        }
    }
    json
}
