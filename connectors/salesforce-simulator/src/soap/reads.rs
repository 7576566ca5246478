//! `query` and its pages, `retrieve`, `getUpdated`, `getDeleted`: REST is asked, and its answer put into XML.

use axum::http::{HeaderMap, HeaderValue, Method};
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::endpoint::Request;
use super::envelope::escape;
use super::fault::Fault;
use super::sobject::{Shape, text, utc};
use crate::ids;
use crate::schema::{Field, Object, Right, Schema};
use crate::server::Answer;
use crate::timestamp::Timestamp;

/// `query`, and `queryAll`, which takes the recycle bin in.
pub(crate) fn query(request: &Request<'_>) -> Result<Answer, Fault> {
    let operation = &request.envelope.operation;
    let query = encoded(operation.text_of("queryString").unwrap_or_default());
    let mut headers = HeaderMap::new();
    let size = request.envelope.header("QueryOptions", "batchSize");
    if let Some(options) = size.and_then(|size| HeaderValue::from_str(&format!("batchSize={size}")).ok()) {
        headers.insert("sforce-query-options", options);
    }
    page(request, &format!("{}?q={query}", operation.name), headers)
}

/// `queryMore`.
pub(crate) fn query_more(request: &Request<'_>) -> Result<Answer, Fault> {
    let locator = request.envelope.operation.text_of("queryLocator").unwrap_or_default();
    if locator.is_empty() {
        return Err(Fault::api("INVALID_QUERY_LOCATOR", "invalid query locator"));
    }
    page(request, &format!("query/{}", encoded(locator)), HeaderMap::new())
}

fn page(request: &Request<'_>, path: &str, headers: HeaderMap) -> Result<Answer, Fault> {
    let page = request.ask(Method::GET, path, headers, Bytes::new())?;
    let schema = request.tenant.schema();
    let shape = Shape { dialect: request.dialect, schema: &schema };
    Ok(request.respond(&shape.list("result", &page)))
}

/// `retrieve`: a result for each id, nil for a record that is not there.
pub(crate) fn retrieve(request: &Request<'_>) -> Result<Answer, Fault> {
    let operation = &request.envelope.operation;
    let schema = request.tenant.schema();
    let object = seen(&schema, operation.text_of("sObjectType").unwrap_or_default())?;
    let fields: Vec<&str> =
        operation.text_of("fieldList").unwrap_or_default().split(',').map(str::trim).collect();
    for name in &fields {
        let field = object.field(name).and_then(|at| object.fields.get(at));
        if !field.is_some_and(Field::visible) {
            return Err(Fault::no_such_column(name, &object.name));
        }
    }
    let ids: Vec<&str> = operation.all("ids").map(|id| id.text.as_str()).collect();
    for id in &ids {
        if !ids::normalize(id).is_some_and(|id| id.starts_with(&object.key_prefix)) {
            let message = format!("{} ID: id value of incorrect type: {id}", object.label);
            return Err(Fault::api("MALFORMED_ID", message));
        }
    }
    if ids.is_empty() {
        return Ok(request.respond(""));
    }
    let headers = HeaderMap::from_iter([(
        axum::http::header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    )]);
    let body = Bytes::from(json!({"ids": ids, "fields": fields}).to_string());
    let path = format!("composite/sobjects/{}", object.name);
    let records = request.ask(Method::POST, &path, headers, body)?;
    let with_id = fields.iter().any(|name| name.eq_ignore_ascii_case("Id"));
    let shape = Shape { dialect: request.dialect, schema: &schema };
    let results = records.as_array().into_iter().flatten().map(|record| match record.as_object().cloned() {
        Some(mut record) => {
            // REST shows the id whether it was asked for or not.
            if !with_id {
                record.shift_remove("Id");
            }
            shape.record("result", &record)
        }
        None => "<result xsi:nil=\"true\"/>".to_owned(),
    });
    Ok(request.respond(&results.collect::<String>()))
}

/// `getUpdated`.
pub(crate) fn updated(request: &Request<'_>) -> Result<Answer, Fault> {
    let span = replicated(request, "updated")?;
    let ids = span["ids"].as_array().into_iter().flatten();
    let ids: String = ids.map(|id| ["<ids>", &escape(&text(id)), "</ids>"].concat()).collect();
    Ok(request.respond(&format!("<result>{ids}{}</result>", moment(&span, "latestDateCovered"))))
}

/// `getDeleted`.
pub(crate) fn deleted(request: &Request<'_>) -> Result<Answer, Fault> {
    let span = replicated(request, "deleted")?;
    let records = span["deletedRecords"].as_array().into_iter().flatten();
    let records = records.map(|record| {
        let (date, id) = (moment(record, "deletedDate"), escape(&text(&record["id"])));
        format!("<deletedRecords>{date}<id>{id}</id></deletedRecords>")
    });
    let records: String = records.collect();
    let (earliest, latest) = (moment(&span, "earliestDateAvailable"), moment(&span, "latestDateCovered"));
    Ok(request.respond(&format!("<result>{records}{earliest}{latest}</result>")))
}

fn replicated(request: &Request<'_>, what: &str) -> Result<Json, Fault> {
    let operation = &request.envelope.operation;
    let schema = request.tenant.schema();
    let object = seen(&schema, operation.text_of("sObjectType").unwrap_or_default())?;
    let date = |name: &str| {
        let date = operation.text_of(name).unwrap_or_default();
        let wrong = || Fault::Request(format!("'{date}' is not a valid value for the type xsd:dateTime"));
        Timestamp::parse(date).map(|_| encoded(date)).ok_or_else(wrong)
    };
    let (start, end) = (date("startDate")?, date("endDate")?);
    let path = format!("sobjects/{}/{what}?start={start}&end={end}", object.name);
    Ok(request.ask(Method::GET, &path, HeaderMap::new(), Bytes::new())?)
}

/// The object of this name, if the user may see it.
pub(super) fn seen<'a>(schema: &'a Schema, name: &str) -> Result<&'a Object, Fault> {
    let object = schema.object(schema.named(name, || Fault::no_such_type(name))?);
    if object.may(Right::Read) { Ok(object) } else { Err(Fault::no_such_type(name).into()) }
}

fn moment(of: &Json, name: &str) -> String {
    format!("<{name}>{}</{name}>", escape(&utc(&text(&of[name]))))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
