//! Converters: what the bytes of keys and values are.

use super::finding::{Finding, Verdict};
use super::given::Given;
use super::kind::Kind;
use super::registering::{Registering, registering};
use super::settings::Settings;

/// What the bytes of one half of a record are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// Avro in a registry's framing.
    Avro,
    /// JSON Schema in a registry's framing.
    JsonSchema,
    /// Protobuf in a registry's framing.
    Protobuf,
    /// JSON with its schema beside it.
    JsonWithSchema,
    /// JSON alone.
    Json,
    /// Text.
    Text,
    /// Bytes as they are.
    Bytes,
}

impl Wire {
    /// Whether a registry has the schemas.
    pub(super) fn is_registered(self) -> bool {
        matches!(self, Self::Avro | Self::JsonSchema | Self::Protobuf)
    }
}

/// The converters of a connector.
#[derive(Debug, Clone, Default)]
pub(super) struct Wires {
    /// Of keys, with the property that says so; nothing where nobody says.
    pub(super) key: Option<Wire>,
    /// Of values.
    pub(super) value: Option<Wire>,
    /// What is said of the schemas of keys in a registry.
    pub(super) registering_keys: Registering,
    /// What is said of those of values.
    pub(super) registering_values: Registering,
    /// The registry, once for each half whose schemas lie there.
    pub(super) registries: Vec<Named>,
}

/// What somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// The text.
    pub(super) text: String,
    /// The property.
    pub(super) property: String,
    /// Whether it stands in the worker's file.
    pub(super) in_worker: bool,
}

/// Options of converters that a registry's connection needs and that cannot be honoured.
const UNREACHED: [&str; 2] = ["sasl.", "proxy."];

/// The converters of a connector: its own, else the worker's, each with the options that stand beside it.
pub(super) fn wires(
    kind: Kind,
    settings: &mut Settings<'_>,
    worker: Option<&Given>,
    found: &mut Vec<Finding>,
) -> Wires {
    let mut wires = Wires::default();
    for half in ["key", "value"] {
        let property = format!("{half}.converter");
        let own = settings.has(&property);
        let given = if own { Some(settings.given) } else { worker };
        let Some((given, class)) = given.and_then(|given| Some((given, given.get(&property)?))) else {
            // Nobody names a converter, and Avro in a registry is written.
            wires.ask_of_schemas(half, kind, given.unwrap_or(settings.given), settings, found);
            continue;
        };
        let mut refuse = |property: &str, message: String| {
            if own {
                settings.refuse(property, message);
            } else {
                found.push(given.finding(property, Verdict::Refused, message));
            }
        };
        let options = |name: &str| given.get(&format!("{property}.{name}"));
        let wire = match named(class, options("schemas.enable")) {
            Ok(wire) => wire,
            Err(wrong) => {
                refuse(&property, wrong);
                continue;
            }
        };
        if half == "key" {
            wires.key = Some(wire);
        } else {
            wires.value = Some(wire);
        }
        if !wire.is_registered() {
            continue;
        }
        let name = format!("{property}.schema.registry.url");
        match options("schema.registry.url") {
            None | Some("") => refuse(
                &property,
                format!(
                    "Missing required configuration \"schema.registry.url\" which has no default value; write `{name}`"
                ),
            ),
            Some(url) => {
                let registry = Named { text: url.to_owned(), property: name.clone(), in_worker: !own };
                if wires.registries.first().is_some_and(|known| known.text != registry.text) {
                    refuse(
                        &name,
                        "keys and values lie in one registry; write the same URL for both".to_owned(),
                    );
                }
                wires.registries.push(registry);
            }
        }
        let prefix = format!("{property}.");
        let all = given.properties.keys().filter_map(|name| Some((name, name.strip_prefix(&prefix)?)));
        for (name, option) in all.collect::<Vec<_>>() {
            if UNREACHED.iter().any(|start| option.starts_with(start)) {
                let message =
                    "a registry is asked directly, and with `USER_INFO` or `STATIC_TOKEN`".to_owned();
                refuse(name, message);
            }
        }
        wires.ask_of_schemas(half, kind, given, settings, found);
    }
    wires
}

impl Wires {
    /// Takes over which schemas the converter of one half of a source writes with; a sink registers none.
    fn ask_of_schemas(
        &mut self,
        half: &str,
        kind: Kind,
        converter: &Given,
        settings: &mut Settings<'_>,
        found: &mut Vec<Finding>,
    ) {
        if !kind.is_source() {
            return;
        }
        let said = registering(half, converter, settings.given);
        if let Some(property) = &said.idle {
            let message = "only counts where `auto.register.schemas` is `false`, there as here";
            if settings.has(property) {
                settings.ignore(property, message);
            } else {
                found.push(converter.finding(property, Verdict::Ignored, message));
            }
        }
        if half == "key" {
            self.registering_keys = said;
        } else {
            self.registering_values = said;
        }
    }
}

/// What a converter of this class reads and writes.
fn named(class: &str, schemas: Option<&str>) -> Result<Wire, String> {
    Ok(match class.rsplit('.').next().unwrap_or(class) {
        "AvroConverter" => Wire::Avro,
        "JsonSchemaConverter" => Wire::JsonSchema,
        "ProtobufConverter" => Wire::Protobuf,
        "JsonConverter" if schemas.is_some_and(|word| word.eq_ignore_ascii_case("false")) => Wire::Json,
        "JsonConverter" => Wire::JsonWithSchema,
        "StringConverter" => Wire::Text,
        "ByteArrayConverter" => Wire::Bytes,
        _ => {
            return Err(format!(
                "`{class}` is none of the converters that are known: AvroConverter, JsonSchemaConverter, ProtobufConverter, \
                 JsonConverter, StringConverter, ByteArrayConverter"
            ));
        }
    })
}
