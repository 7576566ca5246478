//! Bytes → values of the messages of a schema.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use orgstream_api::{Schema, Struct, Value};
use orgstream_salesforce::datetime::parse_date;
use protox::prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, FileDescriptor, MapKey, Value as Proto,
};
use serde_json::Value as Json;

use super::compile::compile;
use super::layout::{Layout, Layouts, Meaning};
use super::message::message;
use crate::codec::spelling;
use crate::codec::writer::Referenced;

/// A schema, ready to read values with.
#[derive(Debug)]
pub(in crate::codec) struct Writer {
    file: FileDescriptor,
    /// Made when the first value of a message comes: others in the file may be of no use here.
    layouts: Mutex<HashMap<String, Arc<Layout>>>,
}

impl Writer {
    /// Understands a text and the files that it imports.
    pub(in crate::codec) fn parse(text: &str, referenced: &[Referenced]) -> Result<Self, String> {
        let imports = referenced.iter().map(|other| (other.name.as_str(), other.text.as_str()));
        let files = compile(text, imports)?;
        let pool = DescriptorPool::from_file_descriptor_set(files).map_err(|error| error.to_string())?;
        let file = pool.files().last().ok_or("the compiler answers nothing")?;
        Ok(Self { file, layouts: Mutex::default() })
    }

    /// The schema of the message of this name; `None` where the file has none that can be read.
    pub(in crate::codec) fn schema(&self, message: &str) -> Option<Arc<Schema>> {
        let descriptor = self.file.messages().find(|own| own.full_name() == message)?;
        Some(Arc::clone(&Layouts::default().of(&descriptor).ok()?.schema))
    }

    /// The message that `bytes` are, behind the number that says which.
    pub(in crate::codec) fn decode(&self, bytes: &[u8]) -> Result<Option<Struct>, String> {
        let (descriptor, datum) = message(&self.file, bytes)?;
        let mut layouts = self.layouts.lock().unwrap_or_else(PoisonError::into_inner);
        let layout = match layouts.get(descriptor.full_name()) {
            Some(layout) => Arc::clone(layout),
            None => {
                let layout = Layouts::default().of(&descriptor)?;
                layouts.insert(descriptor.full_name().to_owned(), Arc::clone(&layout));
                layout
            }
        };
        drop(layouts);
        let read = DynamicMessage::decode(descriptor, datum)
            .map_err(|error| format!("the bytes do not fit the writer's schema: {error}"))?;
        structure(&layout, &read).map(Some)
    }
}

fn structure(layout: &Layout, message: &DynamicMessage) -> Result<Struct, String> {
    if let Some(unknown) = message.unknown_fields().next() {
        let name = layout.schema.name();
        return Err(format!(
            "{name} has no field {}, so the value was written with another schema",
            unknown.number()
        ));
    }
    let mut found = Vec::with_capacity(layout.fields.len());
    for (field, meaning) in &layout.fields {
        let own = member(field, meaning, message);
        found.push(own.map_err(|error| format!("field {}: {error}", field.name()))?);
    }
    Struct::of(Arc::clone(&layout.schema), found).ok_or_else(|| "a field stands twice".to_owned())
}

/// A field's value. Where the schema cannot tell a field that was not set from one with the value of nothing, numbers and
/// booleans are the latter, and texts and lists, which an org cannot tell apart either, are null.
fn member(field: &FieldDescriptor, meaning: &Meaning, message: &DynamicMessage) -> Result<Value, String> {
    let is_set = message.has_field(field);
    if field.cardinality() == Cardinality::Required && !is_set {
        return Err("it is missing, and its schema requires it".to_owned());
    }
    if field.supports_presence() && !is_set {
        return Ok(Value::Null);
    }
    let value = message.get_field(field);
    match value.as_ref() {
        Proto::String(text) if text.is_empty() && !field.supports_presence() => Ok(Value::Null),
        Proto::Bytes(bytes) if bytes.is_empty() && !field.supports_presence() => Ok(Value::Null),
        Proto::List(items) if items.is_empty() => Ok(Value::Null),
        Proto::Map(members) if members.is_empty() => Ok(Value::Null),
        value => of(meaning, value),
    }
}

fn of(meaning: &Meaning, value: &Proto) -> Result<Value, String> {
    Ok(match (meaning, value) {
        (Meaning::Enum(kind), Proto::EnumNumber(number)) => match kind.get_value(*number) {
            Some(known) => Value::String(known.name().to_owned()),
            None => return Err(format!("{} has no value {number}", kind.full_name())),
        },
        (Meaning::Wrapper(inner), Proto::Message(wrapper)) => of(inner, &part(wrapper, "value")?)?,
        (Meaning::Timestamp, Proto::Message(time)) => timestamp(time)?,
        (Meaning::Date, Proto::Message(date)) => self::date(date)?,
        (Meaning::TimeOfDay, Proto::Message(time)) => time_of_day(time)?,
        (Meaning::Decimal, Proto::Message(decimal)) => self::decimal(decimal)?,
        (Meaning::Struct(layout), Proto::Message(message)) => Value::Struct(structure(layout, message)?),
        (Meaning::List(meaning), Proto::List(items)) => {
            Value::Array(items.iter().map(|item| of(meaning, item)).collect::<Result<_, _>>()?)
        }
        (Meaning::Map(meaning), Proto::Map(members)) => {
            // In the order of the names, so that equal maps are equal texts.
            let sorted: BTreeMap<String, &Proto> =
                members.iter().map(|(key, value)| (name(key), value)).collect();
            let json = sorted.into_iter().map(|(name, value)| Ok((name, of(meaning, value)?.to_json())));
            Value::String(json.collect::<Result<Json, String>>()?.to_string())
        }
        (_, Proto::Bool(value)) => Value::Boolean(*value),
        (_, Proto::I32(value)) => Value::Int32(*value),
        (_, Proto::I64(value)) => Value::Int64(*value),
        (_, Proto::U32(value)) => Value::Int64(i64::from(*value)),
        (_, Proto::U64(value)) => Value::String(value.to_string()),
        (_, Proto::F32(value)) => Value::Float64(spelling::widened(*value)),
        (_, Proto::F64(value)) => Value::Float64(*value),
        (_, Proto::String(text)) => Value::String(text.clone()),
        (_, Proto::Bytes(bytes)) => Value::String(spelling::base64(bytes)),
        (meaning, value) => return Err(format!("{value:?} is no {:?}", meaning.kind())),
    })
}

fn timestamp(time: &DynamicMessage) -> Result<Value, String> {
    let (seconds, nanos) = (integer(time, "seconds")?, integer(time, "nanos")?);
    let millis =
        seconds.checked_mul(1_000).and_then(|millis| millis.checked_add(nanos.div_euclid(1_000_000)));
    millis.map(Value::Timestamp).ok_or_else(|| format!("{seconds} s is no moment"))
}

fn date(date: &DynamicMessage) -> Result<Value, String> {
    let part = |name| integer(date, name);
    let text = format!("{:04}-{:02}-{:02}", part("year")?, part("month")?, part("day")?);
    parse_date(&text).map(Value::Date).map_err(|error| error.to_string())
}

fn time_of_day(time: &DynamicMessage) -> Result<Value, String> {
    let part = |name| integer(time, name);
    let (hours, minutes) = (part("hours")?, part("minutes")?);
    let (seconds, nanos) = (part("seconds")?, part("nanos")?);
    let is_time = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..60).contains(&seconds);
    let millis = ((hours * 60 + minutes) * 60 + seconds) * 1_000 + nanos.div_euclid(1_000_000);
    let millis = i32::try_from(millis).ok().filter(|_| is_time);
    millis.map(Value::Time).ok_or_else(|| format!("{hours}:{minutes}:{seconds} is no time of day"))
}

fn decimal(decimal: &DynamicMessage) -> Result<Value, String> {
    let scale = u32::try_from(integer(decimal, "scale")?).map_err(|_| "a decimal of a negative scale")?;
    match part(decimal, "value")? {
        Proto::Bytes(bytes) => spelling::decimal(&bytes, scale).map(Value::String),
        other => Err(format!("{other:?} is no unscaled number")),
    }
}

fn integer(message: &DynamicMessage, name: &str) -> Result<i64, String> {
    match part(message, name)? {
        Proto::I64(value) => Ok(value),
        Proto::I32(value) => Ok(i64::from(value)),
        other => Err(format!("{other:?} is no integer")),
    }
}

fn part(message: &DynamicMessage, name: &str) -> Result<Proto, String> {
    let value = message.get_field_by_name(name).ok_or_else(|| format!("it has no `{name}`"))?;
    Ok(value.into_owned())
}

fn name(key: &MapKey) -> String {
    match key {
        MapKey::Bool(value) => value.to_string(),
        MapKey::I32(value) => value.to_string(),
        MapKey::I64(value) => value.to_string(),
        MapKey::U32(value) => value.to_string(),
        MapKey::U64(value) => value.to_string(),
        MapKey::String(value) => value.clone(),
    }
}
