//! `InsertField`, `ReplaceField` and `Cast`.

use super::{Changed, Transform, each_object, extend, literal, pairs};
use crate::confluent::document::{Map, Value};
use crate::confluent::kind::Kind;
use crate::confluent::part::Making;
use crate::confluent::settings::listed;

/// Where the fields of a source's records stand.
const READ: [&str; 2] = ["source", "fields"];

/// What is said of sources whose records are messages.
const MESSAGES: &str = "change events and platform events keep their form, with all their fields";

/// A field with a fixed value, or with where the record lies.
pub(super) fn insert(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>) {
    let of_place = ["topic.field", "partition.field", "offset.field", "timestamp.field"];
    let mut any = false;
    if let Some(field) = transform.get(making, "static.field").map(bare) {
        any = true;
        let value =
            making.settings.given.get(&transform.option("static.value")).unwrap_or_default().to_owned();
        if changed.kind == Kind::Sink && field == "_EventType" {
            event_type(making, transform, &value, changed.half);
        } else {
            compute(making, transform, "static.field", &field, literal(&value), changed);
        }
    }
    for option in of_place {
        let Some(field) = transform.get(making, option).map(bare) else { continue };
        any = true;
        let expression = match (option, changed.kind) {
            ("topic.field", Kind::Sink) => Some("topic".to_owned()),
            ("topic.field", _) => changed.topic.as_deref().map(literal),
            ("partition.field", Kind::Sink) => Some("partition".to_owned()),
            ("offset.field", Kind::Sink) => Some("offset".to_owned()),
            _ => None,
        };
        match expression {
            Some(expression) => compute(making, transform, option, &field, expression, changed),
            None => {
                let message = "a source does not know it before the record is in Kafka; `value.SystemModstamp` is the time of a \
                               record, and the header `orgstream.replay_id` its place";
                making.settings.refuse(&transform.option(option), message);
            }
        }
    }
    if !any {
        transform.refuse(making, "no field is named that is put in; write `static.field` and `static.value`");
    }
}

/// `field!` and `field?` say whether it may be null, which no field has to know here.
fn bare(field: &str) -> String {
    field.trim_end_matches(['!', '?']).to_owned()
}

/// A record of another source says what happened by a fixed word, which is an operation.
fn event_type(making: &mut Making<'_, '_>, transform: &Transform, event: &str, sink: &mut Map) {
    let property = transform.option("static.value");
    if making.settings.is("override.event.type") {
        making.settings.ignore(&property, "`override.event.type` is true, so no event is looked at");
        return;
    }
    let operation = match event {
        "created" => "insert",
        "updated" => "update",
        "deleted" => "delete",
        other => {
            let message = format!("`{other}` is no event; there are created, updated and deleted");
            return making.settings.refuse(&property, message);
        }
    };
    making.put(sink, "operation", operation, &property);
}

fn compute(
    making: &mut Making<'_, '_>,
    transform: &Transform,
    option: &str,
    field: &str,
    expression: String,
    changed: &mut Changed<'_>,
) {
    let from = making.from(&transform.option(option));
    match changed.kind {
        Kind::Sink => each_object(changed.objects, &["fields"], |fields| {
            fields.put(field, expression.clone(), from.clone());
        }),
        Kind::PushTopic => {
            let mut rule = Map::default();
            rule.put("value", expression, None);
            rule.put("type", "string", None);
            each_object(changed.objects, &READ, |fields| fields.put(field, rule.clone(), from.clone()));
            making.settings.differs(&transform.property, "records of deletions have no computed fields");
        }
        Kind::Cdc | Kind::PlatformEvent => transform.refuse(making, MESSAGES),
    }
}

/// Fields that are left out or have another name.
pub(super) fn replace(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>) {
    for option in ["include", "whitelist"] {
        if transform.get(making, option).is_some() {
            let message =
                "a field that is added to the object would never come; name in `exclude` what is left out";
            making.settings.refuse(&transform.option(option), message);
        }
    }
    if matches!(changed.kind, Kind::Cdc | Kind::PlatformEvent) {
        return transform.refuse(making, MESSAGES);
    }
    for option in ["exclude", "blacklist"] {
        let Some(names) = transform.get(making, option).map(listed) else { continue };
        let from = making.from(&transform.option(option));
        if changed.kind == Kind::Sink {
            each_object(changed.objects, &[], |object| {
                extend(object, "ignore_fields", names.clone(), from.clone());
            });
        } else {
            each_object(changed.objects, &READ, |fields| {
                for name in &names {
                    fields.put(name.as_str(), Value::Plain("null".to_owned()), from.clone());
                }
            });
        }
    }
    let Some(renames) = transform.get(making, "renames").map(pairs) else { return };
    let from = making.from(&transform.option("renames"));
    match renames {
        Err(wrong) => making.settings.refuse(&transform.option("renames"), wrong),
        Ok(renames) if changed.kind == Kind::Sink => {
            each_object(changed.objects, &[], |object| {
                extend(
                    object,
                    "ignore_fields",
                    renames.iter().map(|(old, _)| old.clone()).collect(),
                    from.clone(),
                );
                for (old, new) in &renames {
                    object.map("fields").put(new.as_str(), format!("value.{old}"), from.clone());
                }
            });
        }
        Ok(renames) => each_object(changed.objects, &READ, |fields| {
            for (old, new) in &renames {
                let mut rule = Map::default();
                rule.put("from", old.as_str(), None);
                fields.put(new.as_str(), rule, from.clone());
            }
        }),
    }
}

/// Fields of another type.
pub(super) fn cast(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>) {
    let Some(spec) = transform.get(making, "spec").map(pairs) else {
        let property = transform.option("spec");
        return making.settings.refuse(
            &property,
            format!("Missing required configuration \"{property}\" which has no default value."),
        );
    };
    let property = transform.option("spec");
    let spec = match spec {
        Ok(spec) => spec,
        Err(wrong) => return making.settings.refuse(&property, wrong),
    };
    match changed.kind {
        Kind::Sink => {
            making
                .settings
                .ignore(&property, "the field of the target says what a value means, whatever its type is");
        }
        Kind::Cdc | Kind::PlatformEvent => transform.refuse(making, MESSAGES),
        Kind::PushTopic => {
            for (field, kind) in spec {
                let Some((call, kind)) = cast_to(&kind) else {
                    let message = format!(
                        "`{kind}` is no type that can be cast to: int32, int64, float64, boolean, string"
                    );
                    making.settings.refuse(&property, message);
                    continue;
                };
                let mut rule = Map::default();
                rule.put("value", format!("value.{field} == null ? null : {call}(value.{field})"), None);
                rule.put("type", kind, None);
                let from = making.from(&property);
                each_object(changed.objects, &READ, |fields| {
                    fields.put(field.as_str(), rule.clone(), from.clone());
                });
            }
        }
    }
}

/// The function of CEL and the type for a type of Kafka Connect.
fn cast_to(kind: &str) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        "int8" | "int16" | "int32" => ("int", "int"),
        "int64" => ("int", "long"),
        "float32" | "float64" => ("double", "double"),
        "string" => ("string", "string"),
        _ => return None,
    })
}
