//! Records and query results as XML, made of the JSON that REST shows: `sObject` in the partner API, where what is
//! empty is nil, and the type of the object itself in the enterprise API, where it is left out.

use serde_json::{Map, Value as Json};

use super::envelope::{Dialect, escape};
use crate::schema::{FieldType, Object, Schema};
use crate::timestamp::{Timestamp, is_date};

/// Members of an address in the order of the WSDL, those of a location first.
const ADDRESS: [&str; 10] = [
    "latitude",
    "longitude",
    "city",
    "country",
    "countryCode",
    "geocodeAccuracy",
    "postalCode",
    "state",
    "stateCode",
    "street",
];
const LOCATION: [&str; 2] = ["latitude", "longitude"];

/// How records look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) schema: &'a Schema,
}

impl Shape<'_> {
    /// A `QueryResult` by this name, of a page as REST answers it.
    pub(crate) fn list(&self, name: &str, page: &Json) -> String {
        // The enterprise API says so of lists within records alone.
        let typed = self.dialect == Dialect::Partner || name != "result";
        let kind = if typed { " xsi:type=\"QueryResult\"" } else { "" };
        let next = page["nextRecordsUrl"].as_str().and_then(|url| url.rsplit('/').next());
        let locator = match next {
            Some(next) => format!("<queryLocator>{}</queryLocator>", escape(next)),
            None => "<queryLocator xsi:nil=\"true\"/>".to_owned(),
        };
        let records = page["records"].as_array().into_iter().flatten().filter_map(Json::as_object);
        let records: String = records.map(|record| self.record("records", record)).collect();
        let (done, size) = (&page["done"], &page["totalSize"]);
        format!("<{name}{kind}><done>{done}</done>{locator}{records}<size>{size}</size></{name}>")
    }

    /// A record by this name. In the partner API `Id` has a place of its own before the fields that were asked for.
    pub(crate) fn record(&self, name: &str, record: &Map<String, Json>) -> String {
        let kind = record.get("attributes").and_then(|attributes| attributes["type"].as_str());
        let kind = kind.unwrap_or_default();
        let object = self.schema.find(kind).map(|at| self.schema.object(at));
        let fields = record.iter().filter(|(field, _)| *field != "attributes");
        let fields: String = fields.map(|(field, value)| self.field(object, field, value)).collect();
        let kind = escape(kind);
        match self.dialect {
            Dialect::Partner => {
                let id = record.get("Id").and_then(Json::as_str).map_or_else(
                    || "<sf:Id xsi:nil=\"true\"/>".to_owned(),
                    |id| format!("<sf:Id>{}</sf:Id>", escape(id)),
                );
                format!("<{name} xsi:type=\"sf:sObject\"><sf:type>{kind}</sf:type>{id}{fields}</{name}>")
            }
            Dialect::Enterprise => format!("<{name} xsi:type=\"sf:{kind}\">{fields}</{name}>"),
        }
    }

    /// Any other JSON: lists as repeated elements, nothing as no element.
    pub(crate) fn plain(&self, name: &str, value: &Json) -> String {
        match value {
            Json::Null => String::new(),
            Json::Array(items) => items.iter().map(|item| self.plain(name, item)).collect(),
            Json::Object(record) if record.contains_key("attributes") => self.record(name, record),
            Json::Object(parts) => {
                let parts: String = parts.iter().map(|(name, part)| self.plain(name, part)).collect();
                format!("<{name}>{parts}</{name}>")
            }
            scalar => format!("<{name}>{}</{name}>", escape(&text(scalar))),
        }
    }

    /// A field of a record; `object` is `None` for groups, whose values say their types themselves.
    fn field(&self, object: Option<&Object>, field: &str, value: &Json) -> String {
        let name = format!("sf:{field}");
        match value {
            Json::Null if self.dialect == Dialect::Enterprise => String::new(),
            Json::Null => format!("<{name} xsi:nil=\"true\"/>"),
            Json::Object(record) if record.contains_key("attributes") => self.record(&name, record),
            Json::Object(page) if page.contains_key("records") => self.list(&name, value),
            Json::Object(members) => compound(&name, members),
            scalar => {
                let Some(object) = object else { return self_typed(&name, scalar) };
                let kind = object.field(field).and_then(|at| object.fields.get(at)).map(|field| field.kind);
                let text = text(scalar);
                let text = if kind == Some(FieldType::Datetime) { utc(&text) } else { text };
                format!("<{name}>{}</{name}>", escape(&text))
            }
        }
    }
}

/// A value that says its own type, as `xsd:anyType` needs it.
pub(crate) fn self_typed(name: &str, value: &Json) -> String {
    let mut text = text(value);
    let kind = match value {
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "double",
        Json::Number(_) => "int",
        _ if is_date(&text) => "date",
        _ if text.ends_with("+0000") && Timestamp::parse(&text).is_some() => {
            text = utc(&text);
            "dateTime"
        }
        _ => "string",
    };
    format!("<{name} xsi:type=\"xsd:{kind}\">{}</{name}>", escape(&text))
}

/// A point in time of REST as XML has it.
pub(crate) fn utc(text: &str) -> String {
    text.strip_suffix("+0000").map_or_else(|| text.to_owned(), |local| format!("{local}Z"))
}

/// Text as it is, anything else as JSON writes it.
pub(crate) fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// An address or a location. Its members are not elements of the record's namespace, and all of them are there.
fn compound(name: &str, members: &Map<String, Json>) -> String {
    let is_address = members.contains_key("city");
    let (kind, order) = if is_address { ("address", &ADDRESS[..]) } else { ("location", &LOCATION[..]) };
    let members = order.iter().map(|member| match members.get(*member) {
        None | Some(Json::Null) => format!("<{member} xsi:nil=\"true\"/>"),
        Some(value) => format!("<{member}>{}</{member}>", escape(&text(value))),
    });
    let members: String = members.collect();
    format!("<{name} xsi:type=\"{kind}\">{members}</{name}>")
}
