//! Describe: what objects there are and everything there is to know of one, every key of the real answer included,
//! since clients read different ones. What the integration user may not see or do is not in it.

use serde_json::{Map, Value as Json, json};

use super::describe_field;
use super::resource::Resource;
use crate::data::Refusal;
use crate::schema::{Field, Object, ObjectIndex, ObjectKind, OnDelete, Right, Schema, Trait};
use crate::server::Answer;
use crate::timestamp::Timestamp;

/// The record type of records that have none.
const MASTER: &str = "012000000000000AAA";

/// `GET sobjects`.
pub(crate) fn global(resource: &Resource<'_>) -> Answer {
    conditional(resource, || {
        let seen = resource.schema.objects().iter().filter(|object| object.may(Right::Read));
        let objects: Vec<Json> = seen.map(|object| Json::Object(entry(resource, object))).collect();
        Answer::json(200, &json!({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": objects}))
    })
}

/// `GET sobjects/X`.
pub(crate) fn basic(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.schema.object(visible(resource, object)?);
    Ok(conditional(resource, || {
        Answer::json(200, &json!({"objectDescribe": entry(resource, object), "recentItems": []}))
    }))
}

/// `GET sobjects/X/describe`.
pub(crate) fn full(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let at = visible(resource, object)?;
    Ok(conditional(resource, || Answer::json(200, &Json::Object(description(resource, at)))))
}

fn visible(resource: &Resource<'_>, name: &str) -> Result<ObjectIndex, Refusal> {
    let at = resource.named(name)?;
    if resource.schema.object(at).may(Right::Read) { Ok(at) } else { Err(Refusal::not_found()) }
}

/// The answer, unless the call only wants it if something changed, or if nothing did.
fn conditional(resource: &Resource<'_>, answer: impl FnOnce() -> Answer) -> Answer {
    let changed = resource.schema.changed().to_second();
    let given = |name: &str| resource.call.header(name).and_then(Timestamp::parse_http);
    if given("if-modified-since").is_some_and(|since| changed <= since) {
        return Answer::empty(304);
    }
    if given("if-unmodified-since").is_some_and(|since| changed > since) {
        return Answer::empty(412);
    }
    answer().with("last-modified", changed.http())
}

fn description(resource: &Resource<'_>, at: ObjectIndex) -> Map<String, Json> {
    let object = resource.schema.object(at);
    let fields: Vec<Json> =
        object.visible_fields().map(|(_, field)| describe_field::describe(object, field)).collect();
    let mut describe = entry(resource, object);
    let more = json!({
        "actionOverrides": [],
        "childRelationships": child_relationships(&resource.schema, at),
        "compactLayoutable": object.is(Trait::CompactLayoutable),
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
        "recordTypeInfos": record_types(resource, object),
        "searchLayoutable": object.is(Trait::SearchLayoutable),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": scopes(object),
        "urls": full_urls(resource, object),
    });
    if let Json::Object(more) = more {
        describe.extend(more);
    }
    describe.sort_keys();
    describe
}

/// What the global describe says of an object.
fn entry(resource: &Resource<'_>, object: &Object) -> Map<String, Json> {
    let entry = json!({
        "activateable": object.is(Trait::Activateable),
        "associateEntityType": null,
        "associateParentEntity": null,
        "createable": object.is(Trait::Createable) && object.may(Right::Create),
        "custom": object.kind() != ObjectKind::Standard,
        "customSetting": false,
        "deepCloneable": object.is(Trait::DeepCloneable),
        "deletable": object.is(Trait::Deletable) && object.may(Right::Delete),
        "deprecatedAndHidden": false,
        "feedEnabled": object.is(Trait::FeedEnabled),
        "hasSubtypes": false,
        "isInterface": false,
        "isSubtype": false,
        "keyPrefix": object.key_prefix,
        "label": object.label,
        "labelPlural": object.plural,
        "layoutable": object.is(Trait::Layoutable),
        "mergeable": object.is(Trait::Mergeable),
        "mruEnabled": object.is(Trait::MruEnabled),
        "name": object.name,
        "queryable": object.is(Trait::Queryable),
        "replicateable": object.is(Trait::Replicateable),
        "retrieveable": object.is(Trait::Retrieveable),
        "searchable": object.is(Trait::Searchable),
        "triggerable": object.is(Trait::Triggerable),
        "undeletable": object.is(Trait::Undeletable) && object.may(Right::Delete),
        "updateable": object.is(Trait::Updateable) && object.may(Right::Edit),
        "urls": urls(resource, object),
    });
    match entry {
        Json::Object(entry) => entry,
        _ => Map::new(),
    }
}

/// Paths of what there is below an object; only objects with pages have layouts.
fn urls(resource: &Resource<'_>, object: &Object) -> Json {
    let url = format!("{}/sobjects/{}", resource.base, object.name);
    let row = format!("{url}/{{ID}}");
    let describe = format!("{url}/describe");
    if !object.is(Trait::Layoutable) {
        return json!({"rowTemplate": row, "describe": describe, "sobject": url});
    }
    json!({
        "compactLayouts": format!("{describe}/compactLayouts"),
        "rowTemplate": row,
        "approvalLayouts": format!("{describe}/approvalLayouts"),
        "listviews": format!("{url}/listviews"),
        "describe": describe,
        "quickActions": format!("{url}/quickActions"),
        "layouts": format!("{describe}/layouts"),
        "sobject": url,
    })
}

/// The same with the pages of the user interface, which have the org's host.
fn full_urls(resource: &Resource<'_>, object: &Object) -> Json {
    if !object.is(Trait::Layoutable) {
        return urls(resource, object);
    }
    let host = resource.call.base_url(resource.tenant.url());
    let url = format!("{}/sobjects/{}", resource.base, object.name);
    let describe = format!("{url}/describe");
    json!({
        "compactLayouts": format!("{describe}/compactLayouts"),
        "rowTemplate": format!("{url}/{{ID}}"),
        "approvalLayouts": format!("{describe}/approvalLayouts"),
        "uiDetailTemplate": format!("{host}/{{ID}}"),
        "uiEditTemplate": format!("{host}/{{ID}}/e"),
        "listviews": format!("{url}/listviews"),
        "describe": describe,
        "uiNewRecord": format!("{host}/{}/e", object.key_prefix),
        "quickActions": format!("{url}/quickActions"),
        "layouts": format!("{describe}/layouts"),
        "sobject": url,
    })
}

/// Every reference of another object to this one, by the name of that object.
fn child_relationships(schema: &Schema, object: ObjectIndex) -> Vec<Json> {
    let seen = |field: &Field, child: &Object| field.visible() && child.may(Right::Read);
    let mut children: Vec<(&Object, &Field)> = schema
        .references_to(object)
        .map(|(child, _, field)| (schema.object(child), field))
        .filter(|(child, field)| seen(field, child))
        .collect();
    children.sort_by_key(|(child, _)| &child.name);
    let shown = children.into_iter().map(|(child, field)| {
        json!({
            "cascadeDelete": field.on_delete.cascades(),
            "childSObject": child.name,
            "deprecatedAndHidden": false,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.children,
            "restrictedDelete": field.on_delete == OnDelete::Restrict,
        })
    });
    shown.collect()
}

/// The record types of an object; Master is the last, and the default where no other is.
fn record_types(resource: &Resource<'_>, object: &Object) -> Vec<Json> {
    let layouts = format!("{}/sobjects/{}/describe/layouts", resource.base, object.name);
    let info = |name: &str, developer: &str, id: &str, active: bool, default: bool| {
        json!({
            "active": active,
            "available": active,
            "defaultRecordTypeMapping": default,
            "developerName": developer,
            "master": id == MASTER,
            "name": name,
            "recordTypeId": id,
            "urls": {"layout": format!("{layouts}/{id}")},
        })
    };
    let state = resource.tenant.state();
    let mut infos: Vec<Json> = object
        .record_types
        .iter()
        .filter_map(|kind| {
            let id = state.store.record_type(&object.name, &kind.name)?;
            Some(info(&kind.label, &kind.name, id, kind.active, kind.default))
        })
        .collect();
    let default = object.record_types.iter().all(|kind| !kind.default);
    infos.push(info("Master", "Master", MASTER, true, default));
    infos
}

fn scopes(object: &Object) -> Json {
    let plural = object.plural.to_lowercase();
    let all = json!({"label": format!("All {plural}"), "name": "everything"});
    let mine = json!({"label": format!("My {plural}"), "name": "mine"});
    if object.system.owner_id.is_some() { json!([all, mine]) } else { json!([all]) }
}
