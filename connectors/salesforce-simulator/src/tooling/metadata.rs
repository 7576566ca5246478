//! What the Tooling API says of a custom field, and the field it means: both ways, with Salesforce's refusals.

use serde_json::{Map, Value as Json, json};

use crate::data::Refusal;
use crate::schema::{Field, FieldType, Flag, OnDelete, PicklistValue, developer_name};

/// Name of the type, type, and which of length, precision and referenceTo it needs.
const TYPES: [(&str, FieldType, &str); 20] = [
    ("AutoNumber", FieldType::String, "displayFormat"),
    ("Checkbox", FieldType::Boolean, ""),
    ("Currency", FieldType::Currency, "precision"),
    ("Date", FieldType::Date, ""),
    ("DateTime", FieldType::Datetime, ""),
    ("Email", FieldType::Email, ""),
    ("EncryptedText", FieldType::Encryptedstring, "length"),
    ("Html", FieldType::Textarea, "length"),
    ("Location", FieldType::Location, ""),
    ("LongTextArea", FieldType::Textarea, "length"),
    ("Lookup", FieldType::Reference, "referenceTo"),
    ("MasterDetail", FieldType::Reference, "referenceTo"),
    ("MultiselectPicklist", FieldType::Multipicklist, "valueSet"),
    ("Number", FieldType::Double, "precision"),
    ("Percent", FieldType::Percent, "precision"),
    ("Phone", FieldType::Phone, ""),
    ("Picklist", FieldType::Picklist, "valueSet"),
    ("Text", FieldType::String, "length"),
    ("TextArea", FieldType::Textarea, ""),
    ("Time", FieldType::Time, ""),
];

/// The type of a field that holds a link; it stands apart since its length is fixed.
const URL: (&str, FieldType, &str) = ("Url", FieldType::Url, "");

/// `Account.Foo__c` in two.
pub(super) fn split(full_name: &str) -> Result<(&str, &str), Refusal> {
    let wrong = || {
        integrity(
            "The Custom Field Name can only contain underscores and alphanumeric characters. It must be unique, begin \
             with a letter, not include spaces, not end with an underscore, and not contain two consecutive underscores.",
        )
    };
    let (object, name) = full_name.split_once('.').ok_or_else(wrong)?;
    let stem = name.strip_suffix("__c").ok_or_else(wrong)?;
    if developer_name(stem) { Ok((object, name)) } else { Err(wrong()) }
}

/// The field that this `Metadata` means.
pub(super) fn field(name: &str, metadata: &Json) -> Result<Field, Refusal> {
    let given = metadata.as_object().ok_or_else(|| missing("Metadata"))?;
    let text = |key: &str| given.get(key).and_then(Json::as_str);
    let label = text("label").ok_or_else(|| missing("label"))?;
    let kind_name = text("type").ok_or_else(|| missing("type"))?;
    let known = TYPES.iter().chain([&URL]).find(|(name, ..)| *name == kind_name);
    let (_, kind, needs) = *known.ok_or_else(|| {
        let message = format!("Field Type: bad value for restricted picklist field: {kind_name}");
        Refusal::record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, &["type"])
    })?;
    let formula = text("formula").map(str::to_owned);
    if formula.is_none() && !needs.is_empty() && given.get(needs).is_none_or(Json::is_null) {
        // Value sets were called picklists once.
        if needs != "valueSet" || !given.contains_key("picklist") {
            return Err(integrity(format!("Must specify '{needs}' for a CustomField of type {kind_name}")));
        }
    }
    let mut field = Field {
        name: name.to_owned(),
        kind,
        label: label.to_owned(),
        help: text("inlineHelpText").map(str::to_owned),
        length: length(kind_name, given),
        precision: small(given, "precision"),
        scale: small(given, "scale"),
        extra: (kind_name == "Html").then(|| "richtextarea".to_owned()),
        formula,
        auto_number: text("displayFormat").filter(|_| kind_name == "AutoNumber").map(str::to_owned),
        ..Field::default()
    };
    values(&mut field, given);
    reference(&mut field, kind_name, given);
    field.default = default(&field, given)?;
    field.flags = flags(&field, kind_name, given)?;
    Ok(field)
}

/// The `Metadata` of a field.
pub(super) fn of(field: &Field) -> Json {
    let values: Vec<Json> = field
        .picklist
        .iter()
        .map(|value| {
            let default = field.default.as_ref().and_then(Json::as_str) == Some(&value.value);
            json!({"color": null, "default": default, "description": null, "isActive": value.active, "label": value.label, "urls": null, "valueName": value.value})
        })
        .collect();
    let value_set = field.kind.is_picklist().then(|| {
        json!({
            "controllingField": null,
            "restricted": field.is(Flag::Restricted),
            "valueSetDefinition": {"sorted": false, "value": values},
            "valueSetName": null,
            "valueSettings": [],
        })
    });
    let decimal = field.kind.is_decimal();
    let constraint = match field.on_delete {
        _ if field.kind != FieldType::Reference => None,
        OnDelete::Clear => Some("SetNull"),
        OnDelete::Restrict => Some("Restrict"),
        OnDelete::Cascade | OnDelete::MasterDetail => Some("Cascade"),
    };
    json!({
        "caseSensitive": field.is(Flag::Unique).then(|| field.is(Flag::CaseSensitive)),
        "defaultValue": field.default.as_ref().filter(|_| !field.kind.is_picklist()).map(literal),
        "deleteConstraint": constraint,
        "description": null,
        "displayFormat": field.auto_number,
        "externalId": field.is(Flag::ExternalId),
        "formula": field.formula,
        "inlineHelpText": field.help,
        "label": field.label,
        "length": (field.kind.is_text() && field.length > 0).then_some(field.length),
        "precision": decimal.then_some(field.precision),
        "referenceTo": field.reference_to.first(),
        "relationshipName": field.children.as_deref().map(|name| name.trim_end_matches("__r")),
        "required": field.required(),
        "scale": decimal.then_some(field.scale),
        "trackHistory": false,
        "type": type_name(field),
        "unique": field.is(Flag::Unique),
        "valueSet": value_set,
    })
}

/// A definition that contradicts itself.
pub(super) fn integrity(message: impl Into<String>) -> Refusal {
    Refusal::record("FIELD_INTEGRITY_EXCEPTION", message, &[])
}

fn missing(field: &str) -> Refusal {
    Refusal::record("REQUIRED_FIELD_MISSING", format!("Required fields are missing: [{field}]"), &[field])
}

/// The name of a field's type in the Tooling API.
pub(super) fn type_name(field: &Field) -> &'static str {
    match (field.kind, field.length) {
        _ if field.auto_number.is_some() => "AutoNumber",
        (FieldType::Textarea, _) if field.extra.as_deref() == Some("richtextarea") => "Html",
        (FieldType::Textarea, length) if length > 255 => "LongTextArea",
        (FieldType::Textarea, _) => "TextArea",
        (FieldType::Reference, _) if field.on_delete == OnDelete::MasterDetail => "MasterDetail",
        (FieldType::Reference, _) => "Lookup",
        (FieldType::Int, _) => "Number",
        (FieldType::String, _) => "Text",
        (FieldType::Url, _) => "Url",
        (kind, _) => TYPES.iter().find(|(_, other, _)| *other == kind).map_or("Text", |(name, ..)| name),
    }
}

fn length(kind: &str, given: &Map<String, Json>) -> usize {
    let asked = usize::try_from(small(given, "length")).unwrap_or_default();
    match kind {
        "Email" => 80,
        "Phone" => 40,
        "Url" | "TextArea" | "Picklist" => 255,
        "MultiselectPicklist" => 4099,
        _ => asked,
    }
}

/// A number, which some clients write as text.
fn small(given: &Map<String, Json>, key: &str) -> u32 {
    let value = given.get(key);
    let number = value.and_then(Json::as_u64).and_then(|number| u32::try_from(number).ok());
    number.or_else(|| value?.as_str()?.parse().ok()).unwrap_or_default()
}

fn values(field: &mut Field, given: &Map<String, Json>) {
    let newer = given.get("valueSet").and_then(|set| set.pointer("/valueSetDefinition/value"));
    let older = given.get("picklist").and_then(|list| list.get("picklistValues"));
    for value in newer.or(older).and_then(Json::as_array).into_iter().flatten() {
        let named = value.get("valueName").or_else(|| value.get("fullName")).and_then(Json::as_str);
        let Some(name) = named else { continue };
        let label = value.get("label").and_then(Json::as_str).unwrap_or(name);
        let active = value.get("isActive").and_then(Json::as_bool).unwrap_or(true);
        field.picklist.push(PicklistValue { value: name.to_owned(), label: label.to_owned(), active });
        if value.get("default").and_then(Json::as_bool) == Some(true) {
            field.default = Some(json!(name));
        }
    }
}

fn reference(field: &mut Field, kind: &str, given: &Map<String, Json>) {
    let text = |key: &str| given.get(key).and_then(Json::as_str);
    if let Some(to) = text("referenceTo").filter(|_| field.kind == FieldType::Reference) {
        field.reference_to = vec![to.to_owned()];
        field.children = text("relationshipName").map(|name| format!("{}__r", name.trim_end_matches("__r")));
        field.on_delete = match text("deleteConstraint") {
            _ if kind == "MasterDetail" => OnDelete::MasterDetail,
            Some("Restrict") => OnDelete::Restrict,
            Some("Cascade") => OnDelete::Cascade,
            _ => OnDelete::Clear,
        };
    }
}

/// A default is the text of a formula; only plain values are understood here.
fn default(field: &Field, given: &Map<String, Json>) -> Result<Option<Json>, Refusal> {
    let Some(value) = given.get("defaultValue").filter(|value| !value.is_null()) else {
        return Ok(field.default.clone());
    };
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let quoted = quoted.or_else(|| text.strip_prefix('\'')?.strip_suffix('\''));
    let plain = match field.kind {
        FieldType::Boolean => text.parse::<bool>().ok().map(Json::from),
        kind if kind.is_decimal() => text.parse::<f64>().ok().map(Json::from),
        kind if kind.is_text() => quoted.map(Json::from),
        _ => None,
    };
    match plain {
        Some(plain) => Ok(Some(plain)),
        None => Err(integrity(format!("Default Value: a sandbox org takes plain values only, not {text}"))),
    }
}

fn flags(field: &Field, kind: &str, given: &Map<String, Json>) -> Result<Vec<Flag>, Refusal> {
    let yes = |key: &str| given.get(key).and_then(Json::as_bool).unwrap_or(false);
    if field.formula.is_some() || field.kind == FieldType::Location {
        return Ok(vec![Flag::Nillable]);
    }
    if kind == "AutoNumber" {
        let external = yes("externalId").then_some(Flag::ExternalId);
        return Ok([Some(Flag::Defaulted), external].into_iter().flatten().collect());
    }
    let mut flags = vec![Flag::Create];
    if kind != "MasterDetail" || yes("reparentableMasterDetail") {
        flags.push(Flag::Update);
    }
    if field.kind == FieldType::Boolean || field.default.is_some() {
        flags.push(Flag::Defaulted);
    }
    let cannot = |what: &str| integrity(format!("Can not specify '{what}' for a CustomField of type {kind}"));
    if yes("required") && matches!(kind, "Checkbox" | "MasterDetail") {
        return Err(cannot("required"));
    }
    if !yes("required") && !matches!(kind, "Checkbox" | "MasterDetail") {
        flags.push(Flag::Nillable);
    }
    for (key, flag) in [("externalId", Flag::ExternalId), ("unique", Flag::Unique)] {
        if yes(key) {
            if !matches!(kind, "Text" | "Number" | "Email") {
                return Err(cannot(key));
            }
            flags.push(flag);
        }
    }
    if yes("caseSensitive") {
        flags.push(Flag::CaseSensitive);
    }
    if given.get("valueSet").and_then(|set| set.get("restricted")).and_then(Json::as_bool) == Some(true) {
        flags.push(Flag::Restricted);
    }
    Ok(flags)
}

/// A default as a formula writes it.
fn literal(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("\"{text}\""))
}
