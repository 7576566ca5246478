//! The schema of a change event or platform event, in Avro's terms; its id is what events carry as `schema`.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value as Json, json};

use super::change_body::{member_name, shown};
use crate::schema::{Field, FieldType, Object, ObjectKind, Schema};

/// Bytes of a fingerprint.
const FINGERPRINT: usize = 16;

/// A schema.
#[derive(Debug)]
pub(crate) struct EventSchema {
    name: String,
    /// Fields of the payload, by which binary events are read.
    compact: Vec<Json>,
    /// Fields of the payload as they come over CometD, where points in time are text.
    expanded: Vec<Json>,
}

impl EventSchema {
    /// The schema of an event, by its name in any letter case.
    pub(crate) fn of(schema: &Schema, event: &str) -> Option<Self> {
        Self::all(schema)
            .find(|(name, _)| name.eq_ignore_ascii_case(event))
            .map(|(_, object)| Self::new(object))
    }

    /// The schema with this id.
    pub(crate) fn with_id(schema: &Schema, id: &str) -> Option<Self> {
        Self::all(schema).map(|(_, object)| Self::new(object)).find(|found| found.id() == id)
    }

    /// The schema of the change events of an object, or of the platform event it is.
    pub(super) fn new(object: &Object) -> Self {
        if object.kind() == ObjectKind::PlatformEvent {
            let fields = |written| {
                let own = object.visible_fields().filter(|(_, field)| field.custom());
                let custom = own.map(|(_, field)| avro(object, field, written)).collect::<Vec<_>>();
                [
                    stamp("CreatedDate", "CreatedDate:DateTime", written.time()),
                    stamp("CreatedById", "CreatedBy:EntityId", "string"),
                ]
                .into_iter()
                .chain(custom)
                .collect()
            };
            return Self {
                name: object.name.clone(),
                compact: fields(Written::Binary),
                expanded: fields(Written::Text),
            };
        }
        let fields = |written| {
            let own = object.fields.iter().filter(|field| shown(field) && field.compound.is_none());
            std::iter::once(header()).chain(own.map(|field| avro(object, field, written))).collect()
        };
        let name = object.change_event().unwrap_or_default();
        Self { name, compact: fields(Written::Binary), expanded: fields(Written::Text) }
    }

    /// 22 characters that change with the schema.
    pub(crate) fn id(&self) -> String {
        let text = Json::Array(self.compact.clone()).to_string();
        let digest = digest::digest(&digest::SHA256, format!("{}{text}", self.name).as_bytes());
        URL_SAFE_NO_PAD.encode(digest.as_ref().get(..FINGERPRINT).unwrap_or_default())
    }

    /// The schema of the payload alone: `payloadFormat=COMPACT`.
    pub(crate) fn compact(&self) -> Json {
        json!({
            "name": self.name,
            "namespace": "com.sforce.eventbus",
            "type": "record",
            "fields": self.compact,
            "uuid": self.id(),
        })
    }

    /// The schema of a whole CometD message: `payloadFormat=EXPANDED`.
    pub(crate) fn expanded(&self) -> Json {
        let payload = json!({"type": "record", "name": "Payload", "doc": "", "fields": self.expanded});
        let event =
            json!({"type": "record", "name": "Event", "fields": [{"name": "replayId", "type": "long"}]});
        let data = json!({"type": "record", "name": "Data", "namespace": "", "fields": [
            {"name": "schema", "type": "string"},
            {"name": "payload", "type": payload},
            {"name": "event", "type": event},
        ]});
        json!({
            "name": self.name,
            "namespace": "com.sforce.eventbus",
            "type": "expanded-record",
            "fields": [{"name": "data", "type": data}, {"name": "channel", "type": "string"}],
        })
    }

    /// All events with their names.
    fn all(schema: &Schema) -> impl Iterator<Item = (String, &Object)> {
        let objects = schema.objects().iter();
        objects.filter_map(|object| match object.kind() {
            ObjectKind::PlatformEvent => Some((object.name.clone(), object)),
            _ => object.change_event().map(|name| (name, object)),
        })
    }
}

/// How points in time are written.
#[derive(Clone, Copy)]
enum Written {
    Binary,
    Text,
}

impl Written {
    fn time(self) -> &'static str {
        match self {
            Self::Binary => "long",
            Self::Text => "string",
        }
    }
}

fn stamp(name: &str, doc: &str, kind: &str) -> Json {
    json!({"name": name, "type": kind, "doc": doc})
}

/// A field that may be missing.
fn avro(object: &Object, field: &Field, written: Written) -> Json {
    let members: Vec<Json> = object
        .members(&field.name)
        .filter(|(_, member)| member.visible())
        .map(|(_, member)| {
            let name = member_name(&field.name, member);
            json!({"name": name, "type": ["null", plain(member, written)], "doc": doc(member), "default": null})
        })
        .collect();
    let kind = if members.is_empty() {
        json!(["null", plain(field, written)])
    } else {
        json!(["null", {"type": "record", "name": field.name, "fields": members}])
    };
    json!({"name": field.name, "type": kind, "doc": doc(field), "default": null})
}

fn plain(field: &Field, written: Written) -> &'static str {
    match field.kind {
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Datetime => written.time(),
        kind if kind.is_decimal() => "double",
        _ => "string",
    }
}

fn doc(field: &Field) -> String {
    let kind = match field.kind {
        FieldType::Id | FieldType::Reference => "EntityId",
        FieldType::Boolean => "Boolean",
        FieldType::Int => "Integer",
        FieldType::Double => "Double",
        FieldType::Currency => "Currency",
        FieldType::Percent => "Percent",
        FieldType::Date => "DateOnly",
        FieldType::Datetime => "DateTime",
        FieldType::Time => "TimeOnly",
        FieldType::Picklist | FieldType::Combobox => "DynamicEnum",
        FieldType::Multipicklist => "MultiEnum",
        FieldType::Textarea => "StringPlusClob",
        FieldType::Email => "Email",
        FieldType::Phone => "Phone",
        FieldType::Url => "Url",
        FieldType::Address => "Address",
        FieldType::Location => "Location",
        _ => "Text",
    };
    match field.name.as_str() {
        "CreatedDate" | "CreatedById" | "LastModifiedDate" | "LastModifiedById" => {
            format!("{}:{kind}", field.name.trim_end_matches("Id"))
        }
        _ if field.formula.is_some() => format!("Formula:{kind}"),
        _ => format!("Data:{kind}"),
    }
}

/// `ChangeEventHeader`.
fn header() -> Json {
    let text = |name: &str| json!({"name": name, "type": "string"});
    let list = |name: &str| json!({"name": name, "type": {"type": "array", "items": "string"}});
    let kinds = [
        "CREATE",
        "GAP_CREATE",
        "UPDATE",
        "GAP_UPDATE",
        "DELETE",
        "GAP_DELETE",
        "UNDELETE",
        "GAP_UNDELETE",
        "GAP_OVERFLOW",
        "SNAPSHOT",
    ];
    json!({"name": "ChangeEventHeader", "type": {"type": "record", "name": "ChangeEventHeader", "fields": [
        text("entityName"),
        list("recordIds"),
        {"name": "changeType", "type": {"type": "enum", "name": "ChangeType", "symbols": kinds}},
        text("changeOrigin"),
        text("transactionKey"),
        {"name": "sequenceNumber", "type": "int"},
        {"name": "commitTimestamp", "type": "long"},
        {"name": "commitNumber", "type": "long"},
        text("commitUser"),
        list("nulledFields"),
        list("diffFields"),
        list("changedFields"),
    ]}})
}
