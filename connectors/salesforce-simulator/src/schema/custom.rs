//! Custom objects, custom fields and rules from the user's YAML. Every mistake is told with its file, the object and
//! field it is in, and what to write.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::catalog::{Channel, Schema};
use super::cross_check;
use super::custom_field::{self, FIELD_RIGHTS, check_auto_number, developer_name};
use super::field::{Field, Flag};
use super::field_type::FieldType;
use super::object::{Object, Trait};
use super::right::Right;
use super::rules::{DuplicateRule, RecordType, ValidationRule};
use super::written::{Mapping, texts, words};

/// What every custom object has, but for its names.
const CUSTOM_OBJECT: &str = include_str!("custom_object.yaml");
/// What every platform event has, but for its names.
const PLATFORM_EVENT: &str = include_str!("platform_event.yaml");

/// What a file may say of an object.
const KEYS: [&str; 12] = [
    "label",
    "plural",
    "key_prefix",
    "name_field",
    "fields",
    "record_types",
    "validation_rules",
    "duplicate_rules",
    "denied",
    "denied_fields",
    "change_data_capture",
    "replicateable",
];
const RIGHTS: [&str; 4] = ["read", "create", "edit", "delete"];

/// Objects while files are added to them.
#[derive(Debug)]
pub(crate) struct Customization {
    objects: Vec<Object>,
    channels: Vec<Channel>,
    /// Which file a place such as `Account.Tier__c` is from: some mistakes show only when all files are read.
    origins: BTreeMap<String, String>,
}

impl Customization {
    /// Starts with the standard objects.
    pub(crate) fn new(objects: Vec<Object>) -> Self {
        Self { objects, channels: Vec::new(), origins: BTreeMap::new() }
    }

    /// Adds a file. `origin` is what it is called.
    pub(crate) fn add(&mut self, origin: &str, yaml: &str) -> Result<(), String> {
        self.read(origin, yaml).map_err(|reason| format!("{origin}: {reason}"))
    }

    /// The schema, once everything that refers to something else was found to be there.
    pub(crate) fn finish(mut self) -> Result<Schema, String> {
        self.objects
            .iter_mut()
            .filter(|object| !object.record_types.is_empty())
            .for_each(add_record_type_field);
        let Self { mut objects, mut channels, origins } = self;
        let checked = cross_check::references(&mut objects)
            .and_then(|()| cross_check::masters(&objects))
            .and_then(|()| cross_check::channels(&objects, &mut channels))
            .and_then(|()| objects.iter().try_for_each(cross_check::rules))
            .and_then(|()| Schema::new(objects, channels));
        checked.map_err(|mistake| {
            // A mistake begins with the place it is in.
            let place = mistake.split(": ").next().unwrap_or_default();
            origins.get(place).map_or_else(|| mistake.clone(), |origin| format!("{origin}: {mistake}"))
        })
    }

    fn read(&mut self, origin: &str, yaml: &str) -> Result<(), String> {
        // `No` and `y` are values that people mean as texts.
        let options = serde_saphyr::options! { strict_booleans: true };
        let file: Json =
            serde_saphyr::from_str_with_options(yaml, options).map_err(|error| unreadable(&error))?;
        if file.is_null() {
            return Err("the file is empty; write objects, channels or both".to_owned());
        }
        let file = Mapping::read(file, &["objects", "channels"])?;
        for (name, json) in file.entries("objects")? {
            self.extend(origin, name, json.clone()).map_err(|reason| located(name, &reason))?;
        }
        for (name, members) in file.entries("channels")? {
            let place = format!("channel {name}");
            let at = |reason: &str| format!("{place}: {reason}");
            if !name.strip_suffix("__chn").is_some_and(developer_name) {
                return Err(at("the name of a custom channel ends in __chn, such as Sales__chn"));
            }
            if self.channels.iter().any(|known| known.name == *name) {
                return Err(at("this channel is there already; write all its members in one place"));
            }
            let members = texts("members", members).map_err(|reason| at(&reason))?;
            self.channels.push(Channel { name: name.clone(), members });
            self.origins.insert(place, origin.to_owned());
        }
        Ok(())
    }

    /// Adds to an object, or makes it. The error begins with `.FIELD: ` where a field is at fault.
    fn extend(&mut self, origin: &str, name: &str, json: Json) -> Result<(), String> {
        let json = if json.is_array() { json!({"fields": json}) } else { json };
        let given = Mapping::read(json, &KEYS)?;
        let at = match self.objects.iter().position(|object| object.name.eq_ignore_ascii_case(name)) {
            Some(at) => {
                let of_new = ["label", "plural", "key_prefix", "name_field"];
                if let Some(key) = of_new.into_iter().find(|key| given.has(key)) {
                    return Err(format!("this object is there already; leave {key} out to add to it"));
                }
                at
            }
            None => {
                let object = self.new_object(name, &given)?;
                self.objects.push(object);
                self.objects.len() - 1
            }
        };
        let object = &mut self.objects[at];
        for line in given.list("fields")? {
            let field = custom_field::add(object, line.clone())?;
            self.origins.insert(format!("{}.{field}", object.name), origin.to_owned());
        }
        for (field, denied) in given.entries("denied_fields")? {
            let at =
                object.field(field).ok_or_else(|| format!(".{field}: there is no such field to deny"))?;
            object.fields[at].denied = words("denied_fields", denied, &FIELD_RIGHTS)
                .map_err(|reason| format!(".{field}: {reason}"))?;
        }
        for line in given.list("record_types")? {
            object.record_types.push(RecordType::read(line)?);
        }
        for line in given.list("validation_rules")? {
            object.validation_rules.push(ValidationRule::read(line)?);
        }
        for line in given.list("duplicate_rules")? {
            object.duplicate_rules.push(DuplicateRule::read(line)?);
        }
        let names = object.validation_rules.iter().map(|rule| &rule.name);
        for rule in names.chain(object.duplicate_rules.iter().map(|rule| &rule.name)) {
            // A rule of an earlier file stays where it is from.
            self.origins.entry(format!("{}, rule {rule}", object.name)).or_insert_with(|| origin.to_owned());
        }
        self.origins.insert(object.name.clone(), origin.to_owned());
        object.denied.extend(given.words::<Right>("denied", &RIGHTS)?);
        if given.yes("replicateable")? == Some(false) {
            object.traits.retain(|can| *can != Trait::Replicateable);
        }
        if given.yes("change_data_capture")? == Some(true) {
            if object.change_event().is_none() {
                return Err(
                    "changes of this object cannot be captured; leave change_data_capture out".to_owned()
                );
            }
            object.change_data_capture = true;
        }
        Ok(())
    }

    fn new_object(&self, name: &str, given: &Mapping) -> Result<Object, String> {
        let (template, first_prefix) = if name.ends_with("__c") {
            (CUSTOM_OBJECT, 'a')
        } else if name.ends_with("__e") {
            (PLATFORM_EVENT, 'e')
        } else {
            return Err(
                "the simulator has no such standard object; the name of a custom object ends in __c, of a platform event in __e"
                    .to_owned(),
            );
        };
        if !name.get(..name.len() - 3).is_some_and(developer_name) {
            return Err(
                "the name of an object is letters, digits and single underscores, and begins with a letter"
                    .to_owned(),
            );
        }
        let mut object: Object = serde_saphyr::from_str(template).map_err(|error| error.to_string())?;
        name.clone_into(&mut object.name);
        object.label = given.needed("label")?;
        object.plural = given.needed("plural")?;
        object.key_prefix = match given.text("key_prefix")? {
            Some(prefix) => self.free_prefix(&prefix)?,
            None => self.next_prefix(first_prefix)?,
        };
        object.index();
        match (object.field("Name"), given.value("name_field")) {
            (Some(at), line) => {
                let field = &mut object.fields[at];
                field.label = format!("{} Name", object.label);
                if let Some(line) = line {
                    name_field(field, line).map_err(|reason| format!("name_field: {reason}"))?;
                }
            }
            (None, Some(_)) => {
                return Err("name_field: a platform event has no name; leave it out".to_owned());
            }
            (None, None) => {}
        }
        Ok(object)
    }

    fn free_prefix(&self, prefix: &str) -> Result<String, String> {
        if prefix.len() != 3 || !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!(
                "key_prefix: {prefix} is not three letters or digits; write some such as a0A"
            ));
        }
        match self.objects.iter().find(|object| object.key_prefix == prefix) {
            Some(other) => Err(format!("key_prefix: {prefix} belongs to {}; write another one", other.name)),
            None => Ok(prefix.to_owned()),
        }
    }

    /// a00, a01, … in the order of the files.
    fn next_prefix(&self, first: char) -> Result<String, String> {
        let mut prefixes = (0..100).map(|number| format!("{first}{number:02}"));
        let free = prefixes.find(|prefix| self.objects.iter().all(|object| &object.key_prefix != prefix));
        free.ok_or_else(|| format!("a hundred objects begin with {first} already; give it a key_prefix"))
    }
}

/// The `Name` of a custom object, where it is not plain text with the default label.
fn name_field(field: &mut Field, line: &Json) -> Result<(), String> {
    let line = Mapping::read(line.clone(), &["label", "auto_number"])?;
    if let Some(label) = line.text("label")? {
        field.label = label;
    }
    if let Some(format) = line.text("auto_number")? {
        check_auto_number(&format)?;
        field.auto_number = Some(format);
        field.flags = vec![Flag::Defaulted, Flag::IdLookup, Flag::NameField];
    }
    Ok(())
}

/// An object with record types says in each record which one it has.
fn add_record_type_field(object: &mut Object) {
    use Flag::{Create, Defaulted, Nillable, Update};
    let field = Field {
        name: "RecordTypeId".to_owned(),
        kind: FieldType::Reference,
        label: "Record Type ID".to_owned(),
        reference_to: vec!["RecordType".to_owned()],
        relationship: Some("RecordType".to_owned()),
        flags: vec![Create, Update, Nillable, Defaulted],
        ..Field::default()
    };
    object.fields.push(field);
}

/// What is wrong with a text that is no YAML.
fn unreadable(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, location } => {
            let key = key.as_deref().unwrap_or("a key");
            format!("line {}: {key} is there twice; leave one out", location.line())
        }
        error => format!("this is no YAML: {error}"),
    }
}

/// `Account.X__c: reason`, or `Account: reason` when the reason names no field.
fn located(object: &str, reason: &str) -> String {
    if reason.starts_with('.') { format!("{object}{reason}") } else { format!("{object}: {reason}") }
}
