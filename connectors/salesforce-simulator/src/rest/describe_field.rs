//! What the describe says of one field: all of it follows from the definition.

use serde_json::{Value as Json, json};

use crate::schema::{Field, FieldType, Flag, Object, OnDelete, PicklistValue, Right};

/// A field as the describe shows it.
pub(super) fn describe(object: &Object, field: &Field) -> Json {
    let kind = field.kind;
    let length = if kind.is_id() { 18 } else { field.length };
    let bytes = if kind.is_id() { 18 } else { length * 3 };
    let picklist: Vec<Json> = field.picklist.iter().map(|value| picklist_value(field, value)).collect();
    let edit = field.may(Right::Edit);
    let master_detail = field.on_delete == OnDelete::MasterDetail;
    let masked = kind == FieldType::Encryptedstring;
    json!({
        "aggregatable": aggregatable(field),
        "aiPredictionField": false,
        "autoNumber": field.auto_number.is_some(),
        "byteLength": bytes,
        "calculated": field.formula.is_some(),
        "calculatedFormula": field.formula,
        "cascadeDelete": master_detail,
        "caseSensitive": field.is(Flag::CaseSensitive),
        "compoundFieldName": field.compound,
        "controllerName": null,
        "createable": edit && field.is(Flag::Create),
        "custom": field.custom(),
        "defaultValue": field.default,
        "defaultValueFormula": null,
        "defaultedOnCreate": field.is(Flag::Defaulted),
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "digits": field.digits,
        "displayLocationInDecimal": false,
        "encrypted": masked,
        "externalId": field.is(Flag::ExternalId),
        "extraTypeInfo": field.extra,
        "filterable": !field.is(Flag::NoFilter),
        "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": false,
        "groupable": groupable(field),
        "highScaleNumber": false,
        "htmlFormatted": field.extra.as_deref() == Some("richtextarea"),
        "idLookup": field.is(Flag::IdLookup) || field.is(Flag::ExternalId),
        "inlineHelpText": field.help,
        "label": field.label,
        "length": length,
        "mask": masked.then_some("*"),
        "maskType": masked.then_some("all"),
        "name": field.name,
        "nameField": field.is(Flag::NameField),
        "namePointing": field.polymorphic(),
        "nillable": field.is(Flag::Nillable),
        "permissionable": permissionable(field),
        "picklistValues": picklist,
        "polymorphicForeignKey": field.polymorphic(),
        "precision": field.precision,
        "queryByDistance": kind.is_compound(),
        "referenceTargetField": null,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship,
        "relationshipOrder": master_detail.then(|| relationship_order(object, field)),
        "restrictedDelete": field.custom() && field.on_delete == OnDelete::Restrict,
        "restrictedPicklist": field.is(Flag::Restricted),
        "scale": field.scale,
        "searchPrefilterable": kind == FieldType::Reference,
        "soapType": kind.soap_type(),
        "sortable": sortable(field),
        "type": kind.name(),
        "unique": field.is(Flag::Unique),
        "updateable": edit && field.is(Flag::Update),
        "writeRequiresMasterRead": false,
    })
}

fn sortable(field: &Field) -> bool {
    !field.kind.is_compound() && !field.is(Flag::NoSort) && !field.is(Flag::NoFilter)
}

fn aggregatable(field: &Field) -> bool {
    !field.kind.is_compound() && field.kind != FieldType::Boolean && !field.is(Flag::NoFilter)
}

fn groupable(field: &Field) -> bool {
    sortable(field)
        && !field.is(Flag::NoGroup)
        && !field.kind.is_decimal()
        && field.kind != FieldType::Datetime
        && field.kind != FieldType::Time
}

/// Whether profiles can take the field away: nobody can be without what a record needs or the org sets.
fn permissionable(field: &Field) -> bool {
    if field.custom() {
        let optional = field.is(Flag::Nillable) || field.kind == FieldType::Boolean;
        return optional || field.formula.is_some() || field.auto_number.is_some();
    }
    let written = field.is(Flag::Create) && field.is(Flag::Update);
    let optional =
        field.is(Flag::Nillable) || (field.kind == FieldType::Boolean && field.name != "IsUnreadByOwner");
    field.kind.is_compound()
        || (optional
            && written
            && field.extra.as_deref() != Some("personname")
            && field.name != "RecordTypeId")
}

/// Zero for the first master of an object, one for the second.
fn relationship_order(object: &Object, field: &Field) -> usize {
    let masters = object.fields.iter().filter(|other| other.on_delete == OnDelete::MasterDetail);
    masters.take_while(|other| other.name != field.name).count()
}

fn picklist_value(field: &Field, value: &PicklistValue) -> Json {
    let default = field.default.as_ref().and_then(Json::as_str) == Some(&value.value);
    json!({"active": value.active, "defaultValue": default, "label": value.label, "validFor": null, "value": value.value})
}
