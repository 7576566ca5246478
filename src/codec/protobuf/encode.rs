//! Values of our schemas → bytes of a message, written straight from the struct.

use std::sync::Arc;

use orgstream_api::{Schema, Struct, Type, Value};
use orgstream_salesforce::datetime::civil;
use protox::prost_reflect::{DescriptorPool, FieldDescriptor, Kind as Proto, MessageDescriptor};

use super::compile::compile;
use super::fit::fits;
use super::schema_text::message_name;
use super::wire::{COUNTED, EIGHT, VARINT, counted, integer, key, member, part};
use crate::codec::varint::write_signed;
use crate::codec::writer::Referenced;

/// The seconds of the years 1 to 9999, which `google.protobuf.Timestamp` holds.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const MILLIS_A_DAY: i32 = 86_400_000;

/// Writes values of one of our schemas as messages of one file.
#[derive(Debug)]
pub(in crate::codec) struct Encoder {
    /// Which message of the file it is, as it stands before the message.
    place: Vec<u8>,
    message: Message,
}

#[derive(Debug)]
struct Message {
    schema: Arc<Schema>,
    fields: Vec<Place>,
}

/// A field of the message that the record has.
#[derive(Debug)]
struct Place {
    index: usize,
    key: Vec<u8>,
    /// Whether the record may have none.
    is_optional: bool,
    /// Whether a value that is 0 or empty is told from none.
    is_tracked: bool,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Boolean,
    Int32,
    Int64,
    Float64,
    Text,
    Date,
    Time,
    Timestamp,
    Message(Box<Message>),
    /// Several values behind one key.
    Packed(Box<Kind>),
    /// Several values, each behind the key.
    Repeated(Box<Kind>),
}

impl Encoder {
    /// The way of values of `schema` into messages of the file `text`; an error names the field that has none.
    pub(in crate::codec) fn compile(
        text: &str,
        referenced: &[Referenced],
        schema: &Arc<Schema>,
    ) -> Result<Self, String> {
        let imports = referenced.iter().map(|other| (other.name.as_str(), other.text.as_str()));
        let pool = DescriptorPool::from_file_descriptor_set(compile(text, imports)?);
        let pool = pool.map_err(|error| error.to_string())?;
        let file = pool.files().last().ok_or("the compiler answers nothing")?;
        let name = message_name(schema);
        let place = file.messages().position(|message| message.full_name() == name);
        let place = place.ok_or_else(|| format!("the registered schema has no message {name}"))?;
        let descriptor = file.messages().nth(place).ok_or("a message that is not there")?;
        Ok(Self { place: written_place(place), message: message(&descriptor, schema)? })
    }

    /// Appends the message's place and its bytes. After an error `out` ends with a part of them.
    pub(in crate::codec) fn encode(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
        out.extend_from_slice(&self.place);
        self.message.write(value, out)
    }
}

/// The first message, as most are, is a single 0; others are how many numbers follow, and the number.
fn written_place(place: usize) -> Vec<u8> {
    let mut written = Vec::new();
    match i64::try_from(place) {
        Ok(0) | Err(_) => written.push(0),
        Ok(place) => {
            write_signed(1, &mut written);
            write_signed(place, &mut written);
        }
    }
    written
}

fn message(descriptor: &MessageDescriptor, schema: &Arc<Schema>) -> Result<Message, String> {
    fits(descriptor, schema)?;
    let mut fields = Vec::with_capacity(schema.fields().len());
    for (index, field) in schema.fields().iter().enumerate() {
        let own = descriptor.get_field_by_name(&field.name);
        let own = own.ok_or_else(|| format!("the registered schema has no field {}", field.name))?;
        let kind = of_field(&own, &field.kind).map_err(|error| format!("field {}: {error}", field.name))?;
        let wire = match &kind {
            Kind::Repeated(items) => items.wire(),
            kind => kind.wire(),
        };
        let is_list = matches!(kind, Kind::Packed(_) | Kind::Repeated(_));
        let (is_optional, is_tracked) = (field.optional, own.supports_presence());
        if is_optional && !is_tracked && !is_list {
            return Err(format!(
                "field {} may be null, which the registered schema cannot tell from nothing",
                field.name
            ));
        }
        fields.push(Place { index, key: key(own.number(), wire), is_optional, is_tracked, kind });
    }
    Ok(Message { schema: Arc::clone(schema), fields })
}

fn of_field(own: &FieldDescriptor, kind: &Type) -> Result<Kind, String> {
    match (own.is_list(), kind) {
        (true, Type::Array(items)) => {
            let items = Box::new(single(own, items)?);
            Ok(if own.is_packed() { Kind::Packed(items) } else { Kind::Repeated(items) })
        }
        (false, kind) if !own.is_map() => single(own, kind),
        _ => Err(unfit(own, kind)),
    }
}

fn single(own: &FieldDescriptor, kind: &Type) -> Result<Kind, String> {
    Ok(match (own.kind(), kind) {
        (Proto::Bool, Type::Boolean) => Kind::Boolean,
        (Proto::Int32 | Proto::Int64, Type::Int32) => Kind::Int32,
        (Proto::Int64, Type::Int64) => Kind::Int64,
        (Proto::Double, Type::Float64) => Kind::Float64,
        (Proto::String, Type::String) => Kind::Text,
        (Proto::Message(other), kind) => match (other.full_name(), kind) {
            ("google.type.Date", Type::Date) => Kind::Date,
            ("google.type.TimeOfDay", Type::Time) => Kind::Time,
            ("google.protobuf.Timestamp", Type::Timestamp) => Kind::Timestamp,
            (_, Type::Struct(schema)) => Kind::Message(Box::new(message(&other, schema)?)),
            _ => return Err(unfit(own, kind)),
        },
        _ => return Err(unfit(own, kind)),
    })
}

fn unfit(own: &FieldDescriptor, kind: &Type) -> String {
    format!("a value of {kind:?} cannot be written as {:?}", own.kind())
}

impl Message {
    fn write(&self, value: &Struct, out: &mut Vec<u8>) -> Result<(), String> {
        let values = value.values();
        for place in &self.fields {
            let value = &values[place.index];
            place.write(value, out).map_err(|error| {
                let field = &self.schema.fields()[place.index];
                format!("field {} of {} {error}", field.name, self.schema.name())
            })?;
        }
        Ok(())
    }
}

impl Place {
    fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        match (&self.kind, value) {
            (Kind::Repeated(items), Value::Array(values)) => {
                for value in values {
                    out.extend_from_slice(&self.key);
                    items.write(value, out)?;
                }
                Ok(())
            }
            (_, Value::Null) if self.is_optional => Ok(()),
            (_, Value::Null) => Err("is required and holds null".to_owned()),
            (Kind::Packed(_), Value::Array(values)) if values.is_empty() => Ok(()),
            (kind, value) if !self.is_tracked && kind.is_nothing(value) => Ok(()),
            (kind, value) => {
                out.extend_from_slice(&self.key);
                kind.write(value, out)
            }
        }
    }
}

impl Kind {
    fn wire(&self) -> u32 {
        match self {
            Self::Boolean | Self::Int32 | Self::Int64 => VARINT,
            Self::Float64 => EIGHT,
            _ => COUNTED,
        }
    }

    /// Whether a field without a value has this one.
    fn is_nothing(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Boolean, Value::Boolean(value)) => !value,
            (Self::Int32, Value::Int32(value)) => *value == 0,
            (Self::Int64, Value::Int64(value)) => *value == 0,
            // -0.0 is another value.
            (Self::Float64, Value::Float64(value)) => value.to_bits() == 0,
            (Self::Text, Value::String(value)) => value.is_empty(),
            _ => false,
        }
    }

    fn write(&self, value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        match (self, value) {
            (Self::Boolean, Value::Boolean(value)) => out.push(u8::from(*value)),
            (Self::Int32, Value::Int32(value)) => integer(i64::from(*value), out),
            (Self::Int64, Value::Int64(value)) => integer(*value, out),
            (Self::Float64, Value::Float64(value)) => out.extend_from_slice(&value.to_le_bytes()),
            (Self::Text, Value::String(value)) => counted(value.as_bytes(), out),
            (Self::Date, Value::Date(days)) => part(out, |out| date(*days, out))?,
            (Self::Time, Value::Time(millis)) => part(out, |out| time(*millis, out))?,
            (Self::Timestamp, Value::Timestamp(millis)) => part(out, |out| timestamp(*millis, out))?,
            (Self::Message(message), Value::Struct(value)) if message.schema == *value.schema() => {
                part(out, |out| message.write(value, out))?;
            }
            (Self::Packed(items), Value::Array(values)) => {
                part(out, |out| values.iter().try_for_each(|value| items.write(value, out)))?;
            }
            (kind, value) => return Err(format!("is {kind:?} and holds {value:?}")),
        }
        Ok(())
    }
}

fn date(days: i32, out: &mut Vec<u8>) -> Result<(), String> {
    let (year, month, day) = civil(i64::from(days));
    if !(1..=9_999).contains(&year) {
        return Err(format!("holds a day of the year {year}, and `google.type.Date` ends with 9999"));
    }
    member(1, year, out);
    member(2, month, out);
    member(3, day, out);
    Ok(())
}

fn time(millis: i32, out: &mut Vec<u8>) -> Result<(), String> {
    if !(0..MILLIS_A_DAY).contains(&millis) {
        return Err(format!("holds {millis} ms, and a day has {MILLIS_A_DAY}"));
    }
    let millis = i64::from(millis);
    member(1, millis / 3_600_000, out);
    member(2, millis / 60_000 % 60, out);
    member(3, millis / 1_000 % 60, out);
    member(4, millis % 1_000 * 1_000_000, out);
    Ok(())
}

fn timestamp(millis: i64, out: &mut Vec<u8>) -> Result<(), String> {
    let seconds = millis.div_euclid(1_000);
    if !SECONDS.contains(&seconds) {
        return Err(format!("holds {millis} ms, and `google.protobuf.Timestamp` ends with the year 9999"));
    }
    member(1, seconds, out);
    member(2, millis.rem_euclid(1_000) * 1_000_000, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_not_the_first_says_its_number() {
        assert_eq!(written_place(0), [0]);
        assert_eq!(written_place(1), [2, 2]);
        assert_eq!(written_place(64), [2, 0x80, 1]);
    }
}
