//! `composite/tree/X`: new records with their children, all or none, parents and children linked on the way.

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use super::super::body;
use super::super::resource::Resource;
use super::reference;
use crate::data::Refusal;
use crate::schema::{ObjectIndex, Schema};
use crate::server::Answer;

const MAX_RECORDS: usize = 200;
const MAX_TYPES: usize = 5;
const MAX_DEPTH: usize = 5;

/// One record, to be created after its parent.
struct Node {
    object: ObjectIndex,
    reference_id: String,
    fields: Map<String, Json>,
    /// Place of the parent among the nodes, and the field that refers to it.
    parent: Option<(usize, String)>,
    depth: usize,
}

/// `POST composite/tree/X`.
pub(crate) fn tree(resource: &Resource<'_>, object: &str) -> Result<Answer, Refusal> {
    let object = resource.named(object)?;
    let mut body = resource.object()?;
    let records = match body.shift_remove("records") {
        Some(Json::Array(records)) => records,
        other => return Err(body::misfit("records", &other.unwrap_or(Json::Null))),
    };
    let schema = &resource.schema;
    let mut nodes = Vec::new();
    for record in records {
        grow(schema, &mut nodes, record, None)?;
    }
    check(schema, &nodes, object)?;
    // Records of one level and type are created one after the other, as if they were one call.
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|at| nodes.get(*at).map_or(0, |node| node.depth));
    resource.wrote(nodes.len());
    let created = resource.write(|writer| {
        let mut ids = vec![String::new(); nodes.len()];
        let mut results = Vec::with_capacity(nodes.len());
        for at in order {
            let Some(node) = nodes.get_mut(at) else { continue };
            if let Some((parent, field)) = &node.parent {
                let parent = ids.get(*parent).cloned().unwrap_or_default();
                node.fields.insert(field.clone(), json!(parent));
            }
            match writer.create(node.object, &node.fields) {
                Ok(id) => {
                    results.push(json!({"referenceId": node.reference_id, "id": id}));
                    if let Some(slot) = ids.get_mut(at) {
                        *slot = id;
                    }
                }
                Err(refusal) => {
                    writer.store.roll_back(writer.tx);
                    return Err(json!({"referenceId": node.reference_id, "errors": refusal.to_statuses()}));
                }
            }
        }
        Ok(results)
    })?;
    Ok(match created {
        Ok(results) => Answer::json(201, &json!({"hasErrors": false, "results": results})),
        Err(failed) => Answer::json(400, &json!({"hasErrors": true, "results": [failed]})),
    })
}

/// Takes a record and its children apart.
fn grow(
    schema: &Schema,
    nodes: &mut Vec<Node>,
    record: Json,
    parent: Option<(usize, ObjectIndex, String, usize)>,
) -> Result<(), Refusal> {
    let Json::Object(mut fields) = record else { return Err(body::misfit("SObject", &record)) };
    let attributes = fields.shift_remove("attributes").unwrap_or(Json::Null);
    let text = |name: &str| attributes.get(name).and_then(Json::as_str);
    let name = text("type").ok_or_else(|| body::misfit("type", &Json::Null))?;
    let object = schema.named(name, || {
        Refusal::record("INVALID_TYPE", format!("sObject type '{name}' is not supported."), &[])
    })?;
    let reference_id =
        text("referenceId").ok_or_else(|| body::misfit("referenceId", &Json::Null))?.to_owned();
    if !reference::well_formed(&reference_id) {
        return Err(body::parser_error(reference::malformed_id(&reference_id)));
    }
    let depth = parent.as_ref().map_or(1, |(_, _, _, depth)| depth + 1);
    if depth > MAX_DEPTH {
        return Err(Refusal::new(
            400,
            "INVALID_INPUT",
            format!("A tree can’t be more than {MAX_DEPTH} levels deep."),
        ));
    }
    if let Some((_, expected, _, _)) = &parent
        && *expected != object
    {
        let message = format!("sObject type '{name}' does not fit the relationship it stands in.");
        return Err(Refusal::record("INVALID_TYPE", message, &[]));
    }
    let relationships: Vec<String> =
        fields.keys().filter(|key| schema.child_relationship(object, key).is_some()).cloned().collect();
    let children: Vec<(String, Json)> = relationships
        .into_iter()
        .filter_map(|name| Some((name.clone(), fields.shift_remove(&name)?)))
        .collect();
    let at = nodes.len();
    nodes.push(Node {
        object,
        reference_id,
        fields,
        parent: parent.map(|(at, _, field, _)| (at, field)),
        depth,
    });
    for (name, value) in children {
        let Some((child, field)) = schema.child_relationship(object, &name) else { continue };
        let field =
            schema.object(child).fields.get(field).map(|field| field.name.clone()).unwrap_or_default();
        let records = match value {
            Json::Object(mut value) => value.shift_remove("records").unwrap_or(Json::Null),
            other => return Err(body::misfit(&name, &other)),
        };
        let Json::Array(records) = records else { return Err(body::misfit("records", &records)) };
        for record in records {
            grow(schema, nodes, record, Some((at, child, field.clone(), depth)))?;
        }
    }
    Ok(())
}

fn check(schema: &Schema, nodes: &[Node], root: ObjectIndex) -> Result<(), Refusal> {
    if nodes.len() > MAX_RECORDS {
        let message =
            format!("record limit reached. cannot submit more than {MAX_RECORDS} records into this call");
        return Err(Refusal::new(400, "EXCEEDED_ID_LIMIT", message));
    }
    let types: HashSet<ObjectIndex> = nodes.iter().map(|node| node.object).collect();
    if types.len() > MAX_TYPES {
        let message = format!("A tree can’t have records of more than {MAX_TYPES} types.");
        return Err(Refusal::new(400, "INVALID_INPUT", message));
    }
    if let Some(other) = nodes.iter().find(|node| node.parent.is_none() && node.object != root) {
        let message = format!(
            "The type of a root record, {}, must be the one in the URL, {}",
            schema.object(other.object).name,
            schema.object(root).name
        );
        return Err(Refusal::record("INVALID_TYPE", message, &[]));
    }
    let mut seen = HashSet::new();
    match nodes.iter().find(|node| !seen.insert(&node.reference_id)) {
        Some(twice) => Err(body::parser_error(format!(
            "Duplicate ReferenceId provided in the request: {}",
            twice.reference_id
        ))),
        None => Ok(()),
    }
}
