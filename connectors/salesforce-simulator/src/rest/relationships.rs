//! The records that a record refers to or is referred to by, under friendly URLs: `sobjects/X/id/Account`,
//! `sobjects/X/id/Contacts`.

use axum::http::{HeaderMap, Method};
use bytes::Bytes;

use super::query;
use super::resource::Resource;
use super::sobjects;
use crate::data::Refusal;
use crate::ids;
use crate::schema::{Field, ObjectIndex};
use crate::server::{Answer, Call};

/// What a name after a record's id stands for.
enum Relationship {
    /// The reference field to the parent.
    Parent(usize),
    /// Object and field of those that refer to the record.
    Children(ObjectIndex, usize),
}

/// Whether a path goes on from a record along a relationship, and not from a field to a value.
pub(crate) fn begin(resource: &Resource<'_>, object: &str, id: &str) -> bool {
    resource.schema.find(object).is_some_and(|object| {
        ids::normalize(id).is_some_and(|id| id.starts_with(&resource.schema.object(object).key_prefix))
    })
}

/// `sobjects/X/id/relationship`: a parent is read, changed or deleted, children are only read.
pub(crate) fn answer(
    resource: &Resource<'_>,
    method: &str,
    [object, id, name]: [&str; 3],
) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let id = ids::normalize(id).ok_or_else(Refusal::not_found)?;
    match (method, find(resource, object, name)) {
        ("GET" | "PATCH" | "DELETE", Some(Relationship::Parent(field))) => {
            let (target, parent) = parent(resource, object, &id, field)?;
            match method {
                "GET" => sobjects::read(resource, &target, &parent),
                "PATCH" => sobjects::update(resource, &target, &parent),
                _ => sobjects::delete(resource, &target, &parent),
            }
        }
        ("GET", Some(Relationship::Children(child, field))) => children(resource, object, &id, child, field),
        (_, relationship) => {
            let allowed = match relationship {
                Some(Relationship::Parent(_)) => "HEAD,GET,PATCH,DELETE",
                Some(Relationship::Children(..)) => "HEAD,GET",
                None => return Err(Refusal::not_found()),
            };
            let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
            Err(Refusal::new(405, "METHOD_NOT_ALLOWED", message))
        }
    }
}

fn find(resource: &Resource<'_>, object: ObjectIndex, name: &str) -> Option<Relationship> {
    let schema = &resource.schema;
    let visible = |at: &usize| schema.object(object).fields.get(*at).is_some_and(Field::visible);
    if let Some(field) = schema.object(object).relationship(name).filter(visible) {
        return Some(Relationship::Parent(field));
    }
    let (child, field) = schema.child_relationship(object, name)?;
    Some(Relationship::Children(child, field))
}

/// Object and id of the parent; without one the resource does not exist.
fn parent(
    resource: &Resource<'_>,
    object: ObjectIndex,
    id: &str,
    field: usize,
) -> Result<(String, String), Refusal> {
    let state = resource.tenant.state();
    let row = state.store.table(object).row(id).ok_or_else(Refusal::not_found)?;
    if row.deleted() {
        return Err(Refusal::deleted());
    }
    let parent = row.value(field).as_text().ok_or_else(Refusal::not_found)?;
    let target = resource.schema.of_id(parent).ok_or_else(Refusal::not_found)?;
    Ok((resource.schema.object(target).name.clone(), parent.to_owned()))
}

/// The children are what a query would find, page by page.
fn children(
    resource: &Resource<'_>,
    object: ObjectIndex,
    id: &str,
    child: ObjectIndex,
    field: usize,
) -> Result<Answer, Refusal> {
    let state = resource.tenant.state();
    match state.store.table(object).row(id) {
        None => return Err(Refusal::not_found()),
        Some(row) if row.deleted() => return Err(Refusal::deleted()),
        Some(_) => drop(state),
    }
    let definition = resource.schema.object(child);
    let fields = match resource.call.param("fields").filter(|fields| !fields.is_empty()) {
        Some(fields) => fields.to_owned(),
        None => {
            definition.visible_fields().map(|(_, field)| field.name.as_str()).collect::<Vec<_>>().join(",")
        }
    };
    let reference = definition.fields.get(field).map_or("Id", |field| field.name.as_str());
    let soql = format!("SELECT {fields} FROM {} WHERE {reference} = '{id}'", definition.name);
    let soql: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
    let url = format!("{}/query?q={soql}", resource.base);
    let call = Call::within(resource.call, Method::GET, &url, HeaderMap::new(), Bytes::new());
    query::first(&resource.of(&call), false)
}
