//! What the fields of a message mean here.

use std::collections::HashMap;
use std::sync::Arc;

use orgstream_api::{Field, Schema, Type};
use protox::prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// A message with all its fields.
#[derive(Debug)]
pub(super) struct Layout {
    /// The schema of its values.
    pub(super) schema: Arc<Schema>,
    /// Its fields with their meanings, as the schema has them.
    pub(super) fields: Vec<(FieldDescriptor, Meaning)>,
}

/// What values of a field mean.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// Values of this type, one for one.
    Scalar(Type),
    /// A name.
    Enum(EnumDescriptor),
    /// `google.protobuf.Timestamp`.
    Timestamp,
    /// A message of one field, which is there or not.
    Wrapper(Box<Meaning>),
    /// `google.type.Date`.
    Date,
    /// `google.type.TimeOfDay`.
    TimeOfDay,
    /// `confluent.type.Decimal`.
    Decimal,
    /// A message.
    Struct(Arc<Layout>),
    /// Several, in order.
    List(Box<Meaning>),
    /// A map, which becomes JSON text.
    Map(Box<Meaning>),
}

/// Messages that may hold anything, so that no field of an org is one.
const ANYTHING: [&str; 4] =
    ["google.protobuf.Any", "google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"];

/// Layouts of the messages of one file. A message that contains itself has none.
#[derive(Debug, Default)]
pub(super) struct Layouts {
    /// By full name; `None` while one is being made.
    made: HashMap<String, Option<Arc<Layout>>>,
}

impl Layouts {
    /// The layout of a message.
    pub(super) fn of(&mut self, message: &MessageDescriptor) -> Result<Arc<Layout>, String> {
        let name = message.full_name();
        match self.made.get(name) {
            Some(Some(layout)) => return Ok(Arc::clone(layout)),
            Some(None) => return Err(format!("{name} contains itself, which no record of an org does")),
            None => {}
        }
        self.made.insert(name.to_owned(), None);
        let made = self.make(message);
        // What failed would fail again, with its own reason.
        match &made {
            Ok(layout) => self.made.insert(name.to_owned(), Some(Arc::clone(layout))),
            Err(_) => self.made.remove(name),
        };
        made
    }

    fn make(&mut self, message: &MessageDescriptor) -> Result<Arc<Layout>, String> {
        let (mut fields, mut meanings) = (Vec::new(), Vec::new());
        // As they stand in the file, which is the order that the writer's record has; by their numbers they may not be.
        let declared = message.descriptor_proto().field.iter();
        for field in declared.filter_map(|field| message.get_field_by_name(field.name())) {
            let meaning = self
                .meaning(&field)
                .map_err(|error| format!("field {} of {}: {error}", field.name(), message.full_name()))?;
            // An org knows no empty text: text that is not there is null.
            let kind = meaning.kind();
            let optional = field.supports_presence() || matches!(kind, Type::String | Type::Array(_));
            fields.push(Field { name: field.name().to_owned(), doc: None, optional, kind });
            meanings.push((field, meaning));
        }
        let schema = Arc::new(Schema::new(message.full_name(), fields));
        Ok(Arc::new(Layout { schema, fields: meanings }))
    }

    fn meaning(&mut self, field: &FieldDescriptor) -> Result<Meaning, String> {
        if field.is_map() {
            let entry = field.kind();
            let values = entry.as_message().map(MessageDescriptor::map_entry_value_field);
            let values = values.ok_or("a map without values")?;
            return Ok(Meaning::Map(Box::new(self.single(values.kind())?)));
        }
        let single = self.single(field.kind())?;
        Ok(if field.is_list() { Meaning::List(Box::new(single)) } else { single })
    }

    fn single(&mut self, kind: Kind) -> Result<Meaning, String> {
        Ok(match kind {
            Kind::Double | Kind::Float => Meaning::Scalar(Type::Float64),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Meaning::Scalar(Type::Int32),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 | Kind::Uint32 | Kind::Fixed32 => {
                Meaning::Scalar(Type::Int64)
            }
            // Digits, because the largest are beyond an int64.
            Kind::Uint64 | Kind::Fixed64 | Kind::String | Kind::Bytes => Meaning::Scalar(Type::String),
            Kind::Bool => Meaning::Scalar(Type::Boolean),
            Kind::Enum(kind) => Meaning::Enum(kind),
            Kind::Message(message) => self.of_message(&message)?,
        })
    }

    fn of_message(&mut self, message: &MessageDescriptor) -> Result<Meaning, String> {
        Ok(match message.full_name() {
            "google.protobuf.Timestamp" => Meaning::Timestamp,
            "google.type.Date" => Meaning::Date,
            "google.type.TimeOfDay" => Meaning::TimeOfDay,
            "confluent.type.Decimal" => Meaning::Decimal,
            "google.type.Decimal" => Meaning::Wrapper(Box::new(Meaning::Scalar(Type::String))),
            name if ANYTHING.contains(&name) => {
                return Err(format!("{name} may hold anything, and has no counterpart in a field of an org"));
            }
            name if name.starts_with("google.protobuf.") && name.ends_with("Value") => {
                let value = message.get_field_by_name("value").ok_or("a wrapper without `value`")?;
                Meaning::Wrapper(Box::new(self.single(value.kind())?))
            }
            _ => Meaning::Struct(self.of(message)?),
        })
    }
}

impl Meaning {
    /// The type of its values here.
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Scalar(kind) => kind.clone(),
            Self::Enum(_) | Self::Decimal | Self::Map(_) => Type::String,
            Self::Timestamp => Type::Timestamp,
            Self::Wrapper(inner) => inner.kind(),
            Self::Date => Type::Date,
            Self::TimeOfDay => Type::Time,
            Self::Struct(layout) => Type::Struct(Arc::clone(&layout.schema)),
            Self::List(items) => Type::Array(Arc::new(items.kind())),
        }
    }
}
