//! Custom objects, custom fields and rules from the user's YAML. Every mistake is named with the object and field it
//! is in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::catalog::{Channel, Schema};
use super::field::{Field, Flag, OnDelete};
use super::field_type::FieldType;
use super::object::{Object, ObjectKind, Trait};
use super::right::Right;
use super::rules::{DuplicateRule, RecordType, ValidationRule};

/// What every custom object has, but for its names.
const CUSTOM_OBJECT: &str = include_str!("custom_object.yaml");
/// What every platform event has, but for its names.
const PLATFORM_EVENT: &str = include_str!("platform_event.yaml");

/// Text longer than this cannot be searched by queries.
const MAX_FILTERABLE: usize = 255;

/// Objects while files are added to them.
#[derive(Debug)]
pub(crate) struct Customization {
    objects: Vec<Object>,
    channels: Vec<Channel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    objects: Map<String, Json>,
    #[serde(default)]
    channels: BTreeMap<String, Vec<String>>,
}

/// What a file says of one object. For a standard object, or one of an earlier file, everything adds to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    label: Option<String>,
    plural: Option<String>,
    key_prefix: Option<String>,
    name_field: Option<NameField>,
    #[serde(default)]
    fields: Vec<Map<String, Json>>,
    #[serde(default)]
    record_types: Vec<RecordType>,
    #[serde(default)]
    validation_rules: Vec<ValidationRule>,
    #[serde(default)]
    duplicate_rules: Vec<DuplicateRule>,
    #[serde(default)]
    denied: Vec<Right>,
    #[serde(default)]
    denied_fields: BTreeMap<String, Vec<Right>>,
    #[serde(default)]
    change_data_capture: bool,
}

/// The `Name` of a custom object, where it is not plain text with the default label.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameField {
    label: Option<String>,
    auto_number: Option<String>,
}

impl Customization {
    /// Starts with the standard objects.
    pub(crate) fn new(objects: Vec<Object>) -> Self {
        Self { objects, channels: Vec::new() }
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, yaml: &str) -> Result<(), String> {
        let file: File = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
        for (name, json) in file.objects {
            self.extend(&name, json).map_err(|reason| located(&name, &reason))?;
        }
        for (name, members) in file.channels {
            if !name.ends_with("__chn") {
                return Err(format!("channel {name}: the name of a custom channel ends in __chn"));
            }
            self.channels.push(Channel { name, members });
        }
        Ok(())
    }

    /// The schema, once everything that refers to something else was found to be there.
    pub(crate) fn finish(mut self) -> Result<Schema, String> {
        self.objects
            .iter_mut()
            .filter(|object| !object.record_types.is_empty())
            .for_each(add_record_type_field);
        let schema = Schema::new(self.objects, self.channels)?;
        for object in schema.objects() {
            check_references(&schema, object)?;
            check_rules(object)?;
        }
        Ok(schema)
    }

    fn extend(&mut self, name: &str, json: Json) -> Result<(), String> {
        let extension: Extension = match json {
            Json::Array(_) => serde_json::from_value(serde_json::json!({"fields": json})),
            json => serde_json::from_value(json),
        }
        .map_err(|error| error.to_string())?;
        let at = match self.objects.iter().position(|object| object.name.eq_ignore_ascii_case(name)) {
            Some(at) if extension.label.is_some() || extension.plural.is_some() => {
                let known = &self.objects[at].name;
                return Err(format!("{known} is there already: leave label and plural out to add to it"));
            }
            Some(at) => at,
            None => {
                let object = self.new_object(name, &extension)?;
                self.objects.push(object);
                self.objects.len() - 1
            }
        };
        let object = &mut self.objects[at];
        for line in extension.fields {
            add_field(object, line)?;
        }
        for (field, denied) in extension.denied_fields {
            let at = object.field(&field).ok_or_else(|| format!(".{field}: there is no such field"))?;
            object.fields[at].denied = denied;
        }
        object.record_types.extend(extension.record_types);
        object.validation_rules.extend(extension.validation_rules);
        object.duplicate_rules.extend(extension.duplicate_rules);
        object.denied.extend(extension.denied);
        object.change_data_capture |= extension.change_data_capture;
        Ok(())
    }

    fn new_object(&self, name: &str, extension: &Extension) -> Result<Object, String> {
        let (template, first_prefix) = if name.ends_with("__c") {
            (CUSTOM_OBJECT, 'a')
        } else if name.ends_with("__e") {
            (PLATFORM_EVENT, 'e')
        } else {
            return Err(
                "there is no such standard object; the name of a custom object ends in __c, of a platform \
                        event in __e"
                    .to_owned(),
            );
        };
        let mut object: Object = serde_saphyr::from_str(template).map_err(|error| error.to_string())?;
        name.clone_into(&mut object.name);
        object.label = extension.label.clone().ok_or("a new object needs label and plural")?;
        object.plural = extension.plural.clone().ok_or("a new object needs label and plural")?;
        object.key_prefix = match &extension.key_prefix {
            Some(prefix) => self.free_prefix(prefix)?,
            None => self.next_prefix(first_prefix)?,
        };
        object.index();
        if let Some(at) = object.field("Name") {
            let field = &mut object.fields[at];
            let given = extension.name_field.as_ref();
            field.label =
                given.and_then(|name| name.label.clone()).unwrap_or_else(|| format!("{} Name", object.label));
            if let Some(format) = given.and_then(|name| name.auto_number.clone()) {
                check_auto_number(&format)?;
                field.auto_number = Some(format);
                field.flags = vec![Flag::Defaulted, Flag::IdLookup, Flag::NameField];
            }
        }
        Ok(object)
    }

    fn free_prefix(&self, prefix: &str) -> Result<String, String> {
        if prefix.len() != 3 || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!("key_prefix {prefix} is not three letters or digits"));
        }
        match self.objects.iter().find(|object| object.key_prefix == prefix) {
            Some(other) => Err(format!("key_prefix {prefix} belongs to {}", other.name)),
            None => Ok(prefix.to_owned()),
        }
    }

    /// a00, a01, … in the order of the files.
    fn next_prefix(&self, first: char) -> Result<String, String> {
        let mut prefixes = (0..100).map(|number| format!("{first}{number:02}"));
        let free = prefixes.find(|prefix| self.objects.iter().all(|object| &object.key_prefix != prefix));
        free.ok_or_else(|| format!("a hundred objects begin with {first} already; give it a key_prefix"))
    }
}

/// An object with record types says in each record which one it has.
fn add_record_type_field(object: &mut Object) {
    use Flag::{Create, Defaulted, Nillable, Update};
    let field = Field {
        name: "RecordTypeId".to_owned(),
        kind: FieldType::Reference,
        label: "Record Type ID".to_owned(),
        reference_to: vec!["RecordType".to_owned()],
        relationship: Some("RecordType".to_owned()),
        flags: vec![Create, Update, Nillable, Defaulted],
        ..Field::default()
    };
    object.fields.push(field);
}

/// Adds the field of one line, once it was found good.
fn add_field(object: &mut Object, line: Map<String, Json>) -> Result<(), String> {
    let name = line.get("name").and_then(Json::as_str).unwrap_or("a field without name").to_owned();
    let at = |reason: String| format!(".{name}: {reason}");
    let plain = !line.contains_key("flags");
    let mut field: Field =
        serde_json::from_value(Json::Object(line)).map_err(|error| at(error.to_string()))?;
    complete_field(object, &mut field, plain);
    check_field(object, &field).map_err(|reason| at(reason.to_owned()))?;
    let members = members(&field);
    if field.on_delete == OnDelete::MasterDetail {
        // A detail is owned by who owns its master.
        object.fields.retain(|field| field.name != "OwnerId");
    }
    object.fields.push(field);
    object.fields.extend(members);
    object.index();
    Ok(())
}

/// Fills in what a line may leave out.
pub(crate) fn complete_field(object: &Object, field: &mut Field, plain: bool) {
    if field.kind == FieldType::Reference {
        let stem = field.name.strip_suffix("__c").unwrap_or(&field.name);
        field.relationship.get_or_insert_with(|| format!("{stem}__r"));
        field.children.get_or_insert_with(|| format!("{}__r", object.plural.replace(' ', "_")));
    }
    if field.kind == FieldType::Boolean && field.formula.is_none() {
        field.default.get_or_insert(Json::Bool(false));
    }
    if field.auto_number.is_some() {
        field.length = 30;
    } else if field.formula.is_some() && field.kind.is_text() {
        field.length = 1300;
    }
    if plain {
        use Flag::{Create, Defaulted, Nillable, Update};
        field.flags = match field {
            Field { auto_number: Some(_), .. } => vec![Defaulted],
            Field { formula: Some(_), .. } | Field { kind: FieldType::Location, .. } => vec![Nillable],
            Field { kind: FieldType::Boolean, .. } => vec![Create, Update, Defaulted],
            Field { on_delete: OnDelete::MasterDetail, .. } => vec![Create],
            _ => vec![Create, Update, Nillable],
        };
    }
    let long = field.kind == FieldType::Textarea && field.length > MAX_FILTERABLE;
    match field.kind {
        _ if long => field.flags.push(Flag::NoFilter),
        FieldType::Encryptedstring => field.flags.push(Flag::NoFilter),
        FieldType::Multipicklist => field.flags.extend([Flag::NoSort, Flag::NoGroup]),
        _ => {}
    }
    if field.kind == FieldType::Textarea {
        field.extra.get_or_insert_with(|| "plaintextarea".to_owned());
    }
}

/// The two numbers of a location, which are fields of their own.
pub(super) fn members(field: &Field) -> Vec<Field> {
    if field.kind != FieldType::Location {
        return Vec::new();
    }
    let stem = field.name.strip_suffix("__c").unwrap_or(&field.name);
    let parts = ["Latitude", "Longitude"].map(|part| Field {
        name: format!("{stem}__{part}__s"),
        kind: FieldType::Double,
        label: format!("{} ({part})", field.label),
        precision: 18,
        scale: 15,
        compound: Some(field.name.clone()),
        flags: vec![Flag::Create, Flag::Update, Flag::Nillable],
        ..field.clone()
    });
    parts.into()
}

/// Why a custom field cannot be.
pub(crate) fn check_field(object: &Object, field: &Field) -> Result<(), &'static str> {
    if object.kind() == ObjectKind::Standard && !object.is(Trait::Layoutable) {
        return Err("this object has no custom fields");
    }
    if !field.custom() {
        return Err("the name of a custom field ends in __c");
    }
    if object.field(&field.name).is_some() {
        return Err("this field is there twice");
    }
    if let Some(format) = &field.auto_number {
        check_auto_number(format)?;
    }
    match field.kind {
        FieldType::Id | FieldType::Address | FieldType::Anytype | FieldType::Base64 | FieldType::Combobox => {
            Err("a custom field cannot have this type")
        }
        kind if kind.is_text()
            && field.length == 0
            && field.formula.is_none()
            && field.auto_number.is_none() =>
        {
            Err("text needs a length")
        }
        kind if kind.is_decimal() && field.precision == 0 => {
            Err("a decimal number needs precision and scale")
        }
        FieldType::Int if field.digits == 0 => Err("an int needs digits"),
        FieldType::Reference if field.reference_to.is_empty() => Err("a reference needs reference_to"),
        kind if field.auto_number.is_some() && kind != FieldType::String => {
            Err("an auto-number is of type string")
        }
        kind if field.on_delete != OnDelete::Clear && kind != FieldType::Reference => {
            Err("only a reference has on_delete")
        }
        _ => Ok(()),
    }
}

fn check_auto_number(format: &str) -> Result<(), &'static str> {
    let digits = format.split('{').skip(1).filter_map(|part| part.split_once('}'));
    match digits.filter(|(digits, _)| !digits.is_empty() && digits.bytes().all(|byte| byte == b'0')).count() {
        1 => Ok(()),
        _ => Err("auto_number needs the number's digits once, such as INV-{00000}"),
    }
}

fn check_references(schema: &Schema, object: &Object) -> Result<(), String> {
    for field in object.fields.iter().filter(|field| field.custom()) {
        if let Some(unknown) = field.reference_to.iter().find(|to| schema.find(to).is_none()) {
            return Err(format!("{}.{}: there is no object {unknown} to refer to", object.name, field.name));
        }
    }
    Ok(())
}

fn check_rules(object: &Object) -> Result<(), String> {
    let named = object.validation_rules.iter().filter_map(|rule| Some((&rule.name, rule.field.as_ref()?)));
    let matched = object
        .duplicate_rules
        .iter()
        .flat_map(|rule| rule.fields.iter().map(move |field| (&rule.name, field)));
    for (rule, field) in named.chain(matched) {
        if object.field(field).is_none() {
            return Err(format!("{}: rule {rule}: there is no field {field}", object.name));
        }
    }
    match object.record_types.iter().filter(|kind| kind.default).count() {
        0 | 1 => Ok(()),
        _ => Err(format!("{}: only one record type is the default", object.name)),
    }
}

/// `Account.X__c: reason`, or `Account: reason` when the reason names no field.
fn located(object: &str, reason: &str) -> String {
    if reason.starts_with('.') { format!("{object}{reason}") } else { format!("{object}: {reason}") }
}
