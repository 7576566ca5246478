//! Describe: what objects there are and everything there is to know of their fields, every key of the real answer
//! included, since clients read different ones.

use serde_json::{Map, Value as Json, json};

use super::resource::Resource;
use crate::data::Refusal;
use crate::schema::{Field, FieldType, Flag, Object, ObjectIndex, PicklistValue, Schema, Trait};
use crate::server::Answer;

/// `GET sobjects`.
pub(crate) fn global(resource: &Resource<'_>) -> Answer {
    let objects: Vec<Json> =
        resource.schema.objects().iter().map(|object| Json::Object(entry(resource, object))).collect();
    Answer::json(200, &json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
}

/// `GET sobjects/X`.
pub(crate) fn basic(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.schema.object(resource.named(object)?);
    Ok(Answer::json(200, &json!({"objectDescribe": entry(resource, object), "recentItems": []})))
}

/// `GET sobjects/X/describe`.
pub(crate) fn full(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let schema = &resource.schema;
    let at = resource.named(object)?;
    let object = schema.object(at);
    let mut describe = entry(resource, object);
    let fields: Vec<Json> = object.visible_fields().map(|(_, f)| field(f)).collect();
    let more = json!({
        "actionOverrides": [],
        "childRelationships": child_relationships(schema, at),
        "compactLayoutable": object.is(Trait::Streamable),
        "defaultImplementation": null,
        "extendedBy": null,
        "extendsInterfaces": null,
        "fields": fields,
        "implementedBy": null,
        "implementsInterfaces": null,
        "listviewable": null,
        "lookupLayoutable": null,
        "namedLayoutInfos": [],
        "networkScopeFieldName": null,
        "recordTypeInfos": [{
            "active": true,
            "available": true,
            "defaultRecordTypeMapping": true,
            "developerName": "Master",
            "master": true,
            "name": "Master",
            "recordTypeId": "012000000000000AAA",
            "urls": {"layout": format!("{}/sobjects/{}/describe/layouts/012000000000000AAA", resource.base, object.name)},
        }],
        "searchLayoutable": object.is(Trait::Streamable),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": format!("All {}", object.plural.to_lowercase()), "name": "everything"}],
    });
    if let Json::Object(more) = more {
        describe.extend(more);
    }
    Ok(Answer::json(200, &Json::Object(describe)))
}

/// What the global describe says of an object.
fn entry(resource: &Resource<'_>, object: &Object) -> Map<String, Json> {
    let writable = object.is(Trait::Createable);
    let url = format!("{}/sobjects/{}", resource.base, object.name);
    let entry = json!({
        "activateable": false,
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": writable,
        "custom": false,
        "customSetting": false,
        "deepCloneable": false,
        "deletable": writable,
        "deprecatedAndHidden": false,
        "feedEnabled": object.is(Trait::Streamable),
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.key_prefix,
        "label": object.label,
        "labelPlural": object.plural,
        "layoutable": object.is(Trait::Streamable),
        "mergeable": object.is(Trait::Streamable),
        "mruEnabled": object.is(Trait::Streamable),
        "name": object.name,
        "queryable": true,
        "replicateable": true,
        "retrieveable": true,
        "searchable": object.is(Trait::Streamable),
        "triggerable": object.is(Trait::Streamable),
        "undeletable": writable && object.is(Trait::Undeletable),
        "updateable": writable,
        "urls": {"sobject": url, "describe": format!("{url}/describe"), "rowTemplate": format!("{url}/{{ID}}")},
    });
    match entry {
        Json::Object(entry) => entry,
        _ => Map::new(),
    }
}

fn child_relationships(schema: &Schema, object: ObjectIndex) -> Vec<Json> {
    let children = schema.references_to(object).map(|(child, _, field)| {
        json!({
            "cascadeDelete": field.on_delete.cascades(),
            "childSObject": schema.object(child).name,
            "deprecatedAndHidden": false,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.children,
            "restrictedDelete": false,
        })
    });
    children.collect()
}

fn field(field: &Field) -> Json {
    let kind = field.kind;
    let length = if kind.is_id() { 18 } else { field.length };
    let bytes = if kind.is_id() { 18 } else { length * 3 };
    let compound = kind == FieldType::Address;
    let picklist: Vec<Json> = field.picklist.iter().map(|value| picklist_value(field, value)).collect();
    json!({
        "aggregatable": !compound && kind != FieldType::Boolean && !field.is(Flag::NoFilter),
        "aiPredictionField": false,
        "autoNumber": false,
        "byteLength": bytes,
        "calculated": false,
        "calculatedFormula": null,
        "cascadeDelete": field.on_delete.cascades(),
        "caseSensitive": field.is(Flag::CaseSensitive),
        "compoundFieldName": field.compound,
        "controllerName": null,
        "createable": field.is(Flag::Create),
        "custom": field.custom(),
        "defaultValue": field.default,
        "defaultValueFormula": null,
        "defaultedOnCreate": field.is(Flag::Defaulted),
        "dependentPicklist": false,
        "deprecatedAndHidden": false,
        "digits": field.digits,
        "displayLocationInDecimal": matches!((&field.compound, field.scale), (Some(_), 15)),
        "encrypted": false,
        "externalId": field.is(Flag::ExternalId),
        "extraTypeInfo": field.extra,
        "filterable": !field.is(Flag::NoFilter),
        "filteredLookupInfo": null,
        "formulaTreatNullNumberAsZero": false,
        "groupable": groupable(field),
        "highScaleNumber": false,
        "htmlFormatted": false,
        "idLookup": field.is(Flag::IdLookup) || field.is(Flag::ExternalId),
        "inlineHelpText": null,
        "label": field.label,
        "length": length,
        "mask": null,
        "maskType": null,
        "name": field.name,
        "nameField": field.is(Flag::NameField),
        "namePointing": field.reference_to.len() > 1,
        "nillable": field.is(Flag::Nillable),
        "permissionable": field.is(Flag::Nillable) && (compound || field.is(Flag::Update)) && field.extra.as_deref() != Some("personname"),
        "picklistValues": picklist,
        "polymorphicForeignKey": field.reference_to.len() > 1,
        "precision": field.precision,
        "queryByDistance": compound,
        "referenceTargetField": null,
        "referenceTo": field.reference_to,
        "relationshipName": field.relationship,
        "relationshipOrder": null,
        "restrictedDelete": false,
        "restrictedPicklist": field.is(Flag::Restricted),
        "scale": field.scale,
        "searchPrefilterable": kind == FieldType::Reference,
        "soapType": kind.soap_type(),
        "sortable": !compound && !field.is(Flag::NoSort) && !field.is(Flag::NoFilter),
        "type": kind.name(),
        "unique": field.is(Flag::Unique),
        "updateable": field.is(Flag::Update),
        "writeRequiresMasterRead": false,
    })
}

fn groupable(field: &Field) -> bool {
    !field.is(Flag::NoGroup)
        && !field.is(Flag::NoFilter)
        && !field.kind.is_decimal()
        && field.kind != FieldType::Datetime
}

fn picklist_value(field: &Field, value: &PicklistValue) -> Json {
    let default = field.default.as_ref().and_then(Json::as_str) == Some(&value.value);
    json!({"active": value.active, "defaultValue": default, "label": value.label, "validFor": null, "value": value.value})
}
