//! A custom field: from its line in an objects file, or as a client of the Tooling API means it, to one that Salesforce
//! would have. What it would not have is refused with what to write.

use serde_json::Value as Json;

use super::default_value;
use super::field::{Field, Flag, OnDelete, PicklistValue};
use super::field_type::FieldType;
use super::object::{Object, ObjectKind, Trait};
use super::written::{Mapping, shown, text};

/// Text longer than this cannot be searched by queries.
const MAX_FILTERABLE: usize = 255;
/// Most digits of a decimal number, before and after its point.
const MAX_PRECISION: u32 = 18;
/// Most digits of an int.
const MAX_DIGITS: u32 = 9;
/// Most characters of a name, without `__c`.
const MAX_NAME: usize = 40;

/// Whether fields of a type have something.
type Has = fn(FieldType) -> bool;

/// The keys of every line.
const KEYS: [&str; 18] = [
    "name",
    "type",
    "label",
    "length",
    "precision",
    "scale",
    "digits",
    "picklist",
    "default",
    "reference_to",
    "relationship",
    "children",
    "on_delete",
    "formula",
    "auto_number",
    "first_number",
    "help",
    "flags",
];
/// What only fields of some types have.
const PER_TYPE: [(&str, Has); 9] = [
    ("length", FieldType::is_text),
    ("precision", FieldType::is_decimal),
    ("scale", FieldType::is_decimal),
    ("digits", |kind| kind == FieldType::Int),
    ("picklist", FieldType::is_picklist),
    ("reference_to", |kind| kind == FieldType::Reference),
    ("relationship", |kind| kind == FieldType::Reference),
    ("children", |kind| kind == FieldType::Reference),
    ("on_delete", |kind| kind == FieldType::Reference),
];
/// The types of custom fields.
const TYPES: [&str; 18] = [
    "string",
    "textarea",
    "picklist",
    "multipicklist",
    "boolean",
    "int",
    "double",
    "currency",
    "percent",
    "date",
    "datetime",
    "time",
    "email",
    "phone",
    "url",
    "encryptedstring",
    "location",
    "reference",
];
const FLAGS: [&str; 13] = [
    "create",
    "update",
    "nillable",
    "defaulted",
    "external_id",
    "id_lookup",
    "unique",
    "case_sensitive",
    "name_field",
    "restricted",
    "no_filter",
    "no_sort",
    "no_group",
];
const ON_DELETE: [&str; 4] = ["clear", "restrict", "cascade", "master_detail"];
/// What may be taken from the user of a field.
pub(super) const FIELD_RIGHTS: [&str; 2] = ["read", "edit"];

/// Adds the field of one line to an object, once it was found good. The error names the field.
pub(super) fn add(object: &mut Object, line: Json) -> Result<String, String> {
    let name = match line.get("name") {
        Some(name) => text("name", name).map_err(|reason| format!("fields: {reason}"))?,
        None if line.is_object() => {
            return Err("fields: one has no name; write name, type and label".to_owned());
        }
        None => {
            let line = shown(&line);
            return Err(format!(
                "fields: {line} stands where a field belongs; write {{ name, type, label, … }}"
            ));
        }
    };
    let at = |reason: String| format!(".{name}: {reason}");
    let mut field = read(line).map_err(at)?;
    let plain = field.flags.is_empty();
    complete_field(object, &mut field, plain);
    check_field(object, &field).map_err(at)?;
    let members = members(&field);
    if field.on_delete == OnDelete::MasterDetail {
        // A detail is owned by who owns its master.
        object.fields.retain(|field| field.name != "OwnerId");
    }
    object.fields.push(field);
    object.fields.extend(members);
    object.index();
    Ok(name)
}

fn read(line: Json) -> Result<Field, String> {
    let keys: Vec<&str> = KEYS.into_iter().chain(["denied"]).collect();
    let line = Mapping::read(line, &keys)?;
    let missing = || format!("type is missing; write one of {}", TYPES.join(", "));
    let kind: FieldType = line.word("type", &TYPES)?.ok_or_else(missing)?;
    if let Some((key, _)) = PER_TYPE.iter().find(|(key, has)| line.has(key) && !has(kind)) {
        return Err(format!("{key}: a {} has none; leave {key} out", kind.name()));
    }
    let small = |key: &str| Ok::<u32, String>(line.number(key)?.unwrap_or_default());
    if line.has("flags") && line.list("flags")?.is_empty() {
        return Err("flags: the list is empty; leave flags out, or write at least one".to_owned());
    }
    Ok(Field {
        name: line.needed("name")?,
        kind,
        label: line.needed("label")?,
        help: line.text("help")?,
        length: usize::try_from(small("length")?).unwrap_or(usize::MAX),
        precision: small("precision")?,
        scale: small("scale")?,
        digits: small("digits")?,
        picklist: line.list("picklist")?.iter().map(picklist_value).collect::<Result<_, _>>()?,
        default: line.value("default").cloned(),
        reference_to: line.texts("reference_to")?,
        relationship: line.text("relationship")?,
        children: line.text("children")?,
        on_delete: line.word("on_delete", &ON_DELETE)?.unwrap_or_default(),
        formula: line.text("formula")?,
        auto_number: line.text("auto_number")?,
        first_number: u64::from(small("first_number")?),
        denied: line.words("denied", &FIELD_RIGHTS)?,
        flags: line.words("flags", &FLAGS)?,
        ..Field::default()
    })
}

/// A text, or `{value, label, active}`.
fn picklist_value(json: &Json) -> Result<PicklistValue, String> {
    if !json.is_object() {
        let value = text("picklist", json)?;
        return Ok(PicklistValue { label: value.clone(), value, active: true });
    }
    let within = |reason: String| format!("picklist: {reason}");
    let line = Mapping::read(json.clone(), &["value", "label", "active"]).map_err(within)?;
    let value = line.needed("value").map_err(within)?;
    Ok(PicklistValue {
        label: line.text("label").map_err(within)?.unwrap_or_else(|| value.clone()),
        active: line.yes("active").map_err(within)?.unwrap_or(true),
        value,
    })
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

/// Why a custom field cannot be, and what could.
pub(crate) fn check_field(object: &Object, field: &Field) -> Result<(), String> {
    if object.kind() == ObjectKind::Standard && !object.is(Trait::Layoutable) {
        return Err("this object has no custom fields".to_owned());
    }
    if !developer_name(field.name.strip_suffix("__c").unwrap_or_default()) {
        return Err(
            "the name of a custom field is letters, digits and single underscores, begins with a letter and ends in __c"
                .to_owned(),
        );
    }
    if object.field(&field.name).is_some() {
        return Err("this field is there twice; leave one out".to_owned());
    }
    if field.formula.is_some() && field.auto_number.is_some() {
        return Err("a field has a formula or an auto_number; leave one out".to_owned());
    }
    if let Some(format) = &field.auto_number {
        if field.kind != FieldType::String {
            return Err("an auto_number is of type string".to_owned());
        }
        check_auto_number(format)?;
    }
    check_size(field)?;
    check_values(field)?;
    if field.kind == FieldType::Reference {
        check_reference(object, field)?;
    }
    default_value::check(field)
}

/// Whether this is the name of something custom, without `__c`.
pub(crate) fn developer_name(stem: &str) -> bool {
    stem.starts_with(|first: char| first.is_ascii_alphabetic())
        && stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !stem.ends_with('_')
        && !stem.contains("__")
        && stem.len() <= MAX_NAME
}

/// Refuses a format without a place for the number.
pub(super) fn check_auto_number(format: &str) -> Result<(), String> {
    let digits = format.split('{').skip(1).filter_map(|part| part.split_once('}'));
    match digits.filter(|(digits, _)| !digits.is_empty() && digits.bytes().all(|byte| byte == b'0')).count() {
        1 => Ok(()),
        _ => Err("auto_number needs the number's digits once, such as INV-{00000}".to_owned()),
    }
}

/// The longest text of a type.
fn max_length(kind: FieldType) -> usize {
    match kind {
        FieldType::Textarea => 131_072,
        FieldType::Multipicklist => 4099,
        FieldType::Encryptedstring => 175,
        FieldType::Email => 80,
        FieldType::Phone => 40,
        _ => 255,
    }
}

fn check_size(field: &Field) -> Result<(), String> {
    let Field { kind, length, precision, scale, digits, .. } = field;
    let computed = field.formula.is_some() || field.auto_number.is_some();
    let max = max_length(*kind);
    if kind.is_text() && !computed && !(1..=max).contains(length) {
        return Err(format!("length of a {}: write a number from 1 to {max}", kind.name()));
    }
    if kind.is_decimal() && (!(1..=MAX_PRECISION).contains(precision) || scale > precision) {
        return Err(format!(
            "precision and scale: write the digits in all, from 1 to {MAX_PRECISION}, and how many of them are after the point"
        ));
    }
    if *kind == FieldType::Int && !(1..=MAX_DIGITS).contains(digits) {
        return Err(format!("digits of an int: write a number from 1 to {MAX_DIGITS}"));
    }
    Ok(())
}

fn check_values(field: &Field) -> Result<(), String> {
    if !field.kind.is_picklist() || field.formula.is_some() {
        return Ok(());
    }
    if field.picklist.is_empty() {
        return Err("picklist is missing; write its values, such as [New, Old]".to_owned());
    }
    for (nth, known) in field.picklist.iter().enumerate() {
        if known.value.chars().count() > field.length {
            return Err(format!("picklist: {} is longer than length {}", known.value, field.length));
        }
        if field.picklist.iter().take(nth).any(|earlier| earlier.value == known.value) {
            return Err(format!("picklist: {} is there twice; leave one out", known.value));
        }
    }
    Ok(())
}

fn check_reference(object: &Object, field: &Field) -> Result<(), String> {
    if field.reference_to.is_empty() {
        return Err(
            "reference_to is missing; write the objects that it refers to, such as [Account]".to_owned()
        );
    }
    if field.on_delete != OnDelete::MasterDetail {
        return Ok(());
    }
    match field.reference_to.as_slice() {
        [master] if master.eq_ignore_ascii_case(&object.name) => {
            Err("an object is not its own master; write on_delete: clear".to_owned())
        }
        [_] => Ok(()),
        _ => Err("a detail has one master; write one object in reference_to".to_owned()),
    }
}
