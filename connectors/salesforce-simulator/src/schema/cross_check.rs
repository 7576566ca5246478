//! What can be judged only when all objects are there: whether everything that is referred to exists. An error begins with
//! its place, such as `Account.Tier__c: `, by which its file is found.

use super::catalog::Channel;
use super::field::OnDelete;
use super::object::{Object, ObjectKind};

/// References point at objects; their names get the letter case of the objects.
pub(super) fn references(objects: &mut [Object]) -> Result<(), String> {
    let known = objects.iter().filter(|object| object.kind() != ObjectKind::PlatformEvent);
    let known: Vec<String> = known.map(|object| object.name.clone()).collect();
    for object in objects {
        for field in object.fields.iter_mut().filter(|field| field.custom()) {
            for to in &mut field.reference_to {
                let found = known.iter().find(|name| name.eq_ignore_ascii_case(to));
                let unknown = || {
                    format!(
                        "{}.{}: reference_to: there is no object {to} to refer to; write one of this org, or add it",
                        object.name, field.name
                    )
                };
                *to = found.ok_or_else(unknown)?.clone();
            }
        }
    }
    Ok(())
}

/// No object is a detail of its own details.
pub(super) fn masters(objects: &[Object]) -> Result<(), String> {
    for object in objects {
        for field in object.fields.iter().filter(|field| field.on_delete == OnDelete::MasterDetail) {
            let mut above: Vec<&str> = field.reference_to.iter().map(String::as_str).collect();
            let mut next = 0;
            while let Some(name) = above.get(next).copied() {
                next += 1;
                let master = objects.iter().find(|object| object.name == name);
                for own in master.into_iter().flat_map(|master| &master.fields) {
                    let higher = own.reference_to.iter().map(String::as_str);
                    if own.on_delete == OnDelete::MasterDetail {
                        above.extend(higher.filter(|name| !above.contains(name)).collect::<Vec<_>>());
                    }
                }
            }
            if above.contains(&object.name.as_str()) {
                return Err(format!(
                    "{}.{}: {} would be a detail of itself, by way of its master; write on_delete: clear in one of them",
                    object.name, field.name, object.name
                ));
            }
        }
    }
    Ok(())
}

/// Channels bring events that there are; the names of their members get the letter case of the events.
pub(super) fn channels(objects: &[Object], channels: &mut [Channel]) -> Result<(), String> {
    let changes: Vec<String> = objects.iter().filter_map(Object::change_event).collect();
    let platform = objects.iter().filter(|object| object.kind() == ObjectKind::PlatformEvent);
    let platform: Vec<String> = platform.map(|object| object.name.clone()).collect();
    for channel in channels {
        let at = |reason: String| format!("channel {}: {reason}", channel.name);
        let mut kinds = [false, false];
        for member in &mut channel.members {
            let found =
                |events: &[String]| events.iter().find(|name| name.eq_ignore_ascii_case(member)).cloned();
            let (kind, event) = match (found(&changes), found(&platform)) {
                (Some(event), _) => (0, event),
                (None, Some(event)) => (1, event),
                (None, None) => {
                    return Err(at(format!(
                        "there is no event {member}; write change events of objects that can be captured, such as \
                         AccountChangeEvent, or platform events"
                    )));
                }
            };
            kinds[kind] = true;
            *member = event;
        }
        match kinds {
            [true, true] => {
                return Err(at(
                    "it brings either change events or platform events; write two channels".to_owned()
                ));
            }
            [false, false] => return Err(at("it has no members; write at least one event".to_owned())),
            _ => {}
        }
    }
    Ok(())
}

/// Rules are about fields of their object, and one record type at most is the default.
pub(super) fn rules(object: &Object) -> Result<(), String> {
    let named = object.validation_rules.iter().filter_map(|rule| Some((&rule.name, rule.field.as_ref()?)));
    let matched = object
        .duplicate_rules
        .iter()
        .flat_map(|rule| rule.fields.iter().map(move |field| (&rule.name, field)));
    for (rule, field) in named.chain(matched) {
        if object.field(field).is_none() {
            return Err(format!(
                "{}, rule {rule}: there is no field {field}; write one of the object",
                object.name
            ));
        }
    }
    match object.record_types.iter().filter(|kind| kind.default).count() {
        0 | 1 => Ok(()),
        _ => Err(format!(
            "{}: record_types: only one is the default; leave default out of the others",
            object.name
        )),
    }
}
