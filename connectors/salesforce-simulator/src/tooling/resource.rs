//! The paths below `tooling/`.

use axum::http::Method;
use serde_json::json;

use super::{catalog, grow, metadata};
use crate::data::Refusal;
use crate::ids;
use crate::rest::Resource;
use crate::server::Answer;

/// Answers a call to `/services/data/vNN.0/tooling/…`; `rest` is the path behind that.
pub(crate) fn answer(resource: &Resource<'_>, rest: &[&str]) -> Result<Answer, Refusal> {
    let method = if resource.call.method == Method::HEAD { "GET" } else { resource.call.method.as_str() };
    match (method, rest) {
        ("GET", []) => {
            let base = &resource.base;
            let paths = json!({"sobjects": format!("{base}/tooling/sobjects"), "query": format!("{base}/tooling/query")});
            Ok(Answer::json(200, &paths))
        }
        ("POST", ["sobjects", object]) if is_custom_field(object) => make(resource),
        ("GET", ["sobjects", object, id]) if is_custom_field(object) => show(resource, id),
        ("DELETE", ["sobjects", object, id]) if is_custom_field(object) => {
            grow::delete(resource.tenant, &full(id)?)?;
            Ok(Answer::empty(204))
        }
        ("GET", ["query"]) => catalog::query(resource),
        ("PATCH", ["sobjects", object, _]) if is_custom_field(object) => {
            Err(Refusal::not_simulated("changes of a custom field: delete it and make it anew"))
        }
        (_, ["query"]) => Err(not_allowed(method, "HEAD,GET")),
        (_, ["sobjects", object]) if is_custom_field(object) => Err(not_allowed(method, "POST")),
        (_, ["sobjects", object, _]) if is_custom_field(object) => {
            Err(not_allowed(method, "HEAD,GET,DELETE"))
        }
        _ => Err(Refusal::not_found()),
    }
}

fn make(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    let body = resource.object()?;
    let required = |key: &str| {
        let message = format!("Required fields are missing: [{key}]");
        body.get(key).ok_or_else(|| Refusal::record("REQUIRED_FIELD_MISSING", message, &[key]))
    };
    let full_name = required("FullName")?.as_str().unwrap_or_default();
    let id = grow::make(resource.tenant, full_name, required("Metadata")?)?;
    let made = json!({"id": id, "success": true, "errors": [], "warnings": [], "infos": []});
    Ok(Answer::json(201, &made))
}

fn show(resource: &Resource<'_>, id: &str) -> Result<Answer, Refusal> {
    let id = full(id)?;
    let (table, object, field) = grow::show(resource.tenant, &id)?;
    let decimal = |number: u32| field.kind.is_decimal().then_some(number);
    let row = json!({
        "attributes": {
            "type": "CustomField",
            "url": format!("{}/tooling/sobjects/CustomField/{id}", resource.base),
        },
        "Id": id,
        "TableEnumOrId": table,
        "DeveloperName": field.name.strip_suffix("__c").unwrap_or(&field.name),
        "Description": null,
        "Length": field.kind.is_text().then_some(field.length),
        "Precision": decimal(field.precision),
        "Scale": decimal(field.scale),
        "RelationshipLabel": null,
        "InlineHelpText": field.help,
        "ManageableState": "unmanaged",
        "NamespacePrefix": null,
        "Metadata": metadata::of(&field),
        "FullName": format!("{object}.{}", field.name),
    });
    Ok(Answer::json(200, &row))
}

fn is_custom_field(object: &str) -> bool {
    object.eq_ignore_ascii_case("CustomField")
}

fn full(id: &str) -> Result<String, Refusal> {
    let malformed = || {
        Refusal::record(
            "MALFORMED_ID",
            format!("Custom Field Definition ID: id value of incorrect type: {id}"),
            &["Id"],
        )
    };
    ids::normalize(id).ok_or_else(malformed)
}

fn not_allowed(method: &str, allowed: &str) -> Refusal {
    let message = format!("HTTP Method '{method}' not allowed. Allowed are {allowed}");
    Refusal::new(405, "METHOD_NOT_ALLOWED", message)
}
