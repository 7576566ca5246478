//! A consumed record as a change to org B.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use orgstream_api::record::{field, header};
use orgstream_api::{
    EventType, Headers, InputOffset, Owed, Record, Rejection, Schema, SinkRecord, Skip, Stamp, Struct, Value,
};
use orgstream_salesforce::datetime::parse_datetime;
use orgstream_salesforce::{OrgId, SalesforceId};
use serde::Deserialize;

use crate::config::{Operation, SinkConfig};
use crate::lanes::LaneKey;
use crate::plan::Kind;
use crate::reading::{NoChange, Nulls, TakenFor};
use crate::target::{Target, Targets};
use crate::told::Told;
use crate::versions::Version;

mod filter;

mod said;
use said::Said;

mod shape;

/// One change of one record.
#[derive(Debug)]
pub(crate) struct Change {
    /// The record's lane: its org and its id there.
    pub(crate) key: LaneKey,
    /// Its object in org B.
    pub(crate) target: Arc<Target>,
    /// What org B has to do.
    pub(crate) kind: Kind,
    /// The value by which org B finds the record; empty where it has neither an id nor such a value.
    pub(crate) external: String,
    /// Its place in the record's history.
    pub(crate) version: Version,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
    /// What is written in place of what the record carries.
    pub(crate) said: Said,
    value: Struct,
    carried: Carried,
}

/// Which fields of a value say something.
#[derive(Debug)]
enum Carried {
    /// Those that are marked, by their place in the schema; a null among them clears its field.
    Named(Vec<bool>),
    /// Records of other producers do not say: a null may mean "unknown", so only values count.
    NotNull,
}

impl Change {
    /// What the change says of a field of org B: what the file makes of the record, else what that carries.
    pub(crate) fn carried(&self, name: &str) -> Option<&Value> {
        match self.said.of(name) {
            None if self.target.rules.computes(name) => None,
            None => self.of_record(name),
            said => said,
        }
    }

    /// The fields that the record has, of whatever it carries.
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        self.value.schema()
    }

    /// Whether the record says something of a field.
    fn carries(&self, name: &str) -> bool {
        self.of_record(name).is_some()
    }

    /// The value of a field that the record carries.
    fn of_record(&self, name: &str) -> Option<&Value> {
        let place = self.value.schema().position(name)?;
        let value = self.value.values().get(place)?;
        let carried = match &self.carried {
            Carried::Named(marks) => marks[place],
            Carried::NotNull => !value.is_null(),
        };
        carried.then_some(value)
    }

    /// The record's values.
    pub(crate) fn value(&self) -> &Struct {
        &self.value
    }

    /// Takes the values out, for the time that they lie elsewhere. Until they are put back the change carries nothing.
    pub(crate) fn take_value(&mut self) -> Struct {
        static NOTHING: LazyLock<Arc<Schema>> =
            LazyLock::new(|| Arc::new(Schema::new("Nothing", Vec::new())));
        std::mem::replace(&mut self.value, Struct::new(Arc::clone(&NOTHING)))
    }

    /// Puts the values back.
    pub(crate) fn put_value(&mut self, value: Struct) {
        self.value = value;
    }

    /// Whether it is to make a record that nothing in org B finds: always, or where no link says that org B has it.
    pub(crate) fn makes_anew(&self) -> bool {
        match self.kind {
            Kind::Insert | Kind::Create => true,
            Kind::Undelete => self.target.external_id.is_none(),
            Kind::Upsert | Kind::Update | Kind::Delete | Kind::Leave | Kind::FetchBack | Kind::Pay => false,
        }
    }

    /// Whether its record has an id in its own org. Others are made and never changed.
    pub(crate) fn is_identified(&self) -> bool {
        SalesforceId::parse(&self.key.id).is_ok()
    }

    /// The references that the change decides, so that nothing older may set them any more.
    pub(crate) fn decision(&self) -> Decision {
        let decides = |name: &&str| match self.kind {
            Kind::Delete => true,
            // What is not written decides nothing.
            Kind::Leave => false,
            _ => self.carried(name).is_some(),
        };
        let decided = self.target.owable().filter(decides);
        Decision { at: self.version.at.clone(), fields: decided.map(str::to_owned).collect() }
    }
}

/// The references of a record that a change to it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    at: InputOffset,
    fields: Vec<String>,
}

impl Decision {
    /// Whether `owed` comes from an older state than the change, and the change decides its field.
    ///
    /// The record that owes is delivered again after a restart; it is no newer than its own debt, and as a duplicate
    /// it writes nothing, so it must not end the debt.
    pub(crate) fn is_about(&self, owed: &Owed) -> bool {
        self.at.partition == owed.at.partition
            && self.at.offset > owed.at.offset
            && self.fields.contains(&owed.field)
    }
}

/// The code of a record that cannot be addressed.
const MISSING_ID: &str = "MISSING_ID";

/// The lane of a record: whose history it belongs to.
pub(crate) fn key(record: &SinkRecord, config: &SinkConfig) -> Result<LaneKey, NoChange> {
    let SinkRecord { at, record, .. } = record;
    let id = match record_id(record) {
        Ok(id) => id,
        // It is made and never found again, so it has a history of its own.
        Err(no_id) if record.value.is_some() && makes_without_id(config.operation, &no_id) => at.to_string(),
        Err(no_id) => {
            return Err(match (&record.value, config.reading.on_null) {
                (None, TakenFor::Skip) => NoChange::Skipped(Skip::NoValue),
                (None, TakenFor::Reject) => NoChange::Rejected(tombstone()),
                (None, TakenFor::Delete) | (Some(_), _) => NoChange::Rejected(no_id),
            });
        }
    };
    Ok(LaneKey { org: source_org(record, config)?, id })
}

/// Whether a record without an id that others could find it by is made all the same.
fn makes_without_id(operation: Operation, why: &Rejection) -> bool {
    match operation {
        Operation::Insert => true,
        Operation::ByEventType => why.code == MISSING_ID,
        Operation::Sync | Operation::Upsert | Operation::Update | Operation::Delete => false,
    }
}

/// Reads the record of a lane.
pub(crate) fn read(
    record: SinkRecord,
    key: LaneKey,
    config: &SinkConfig,
    targets: &Targets,
) -> Result<Change, NoChange> {
    let at = record.at;
    let Record { key: own_key, value, headers, timestamp } = record.record;
    let Some(value) = value else {
        let kind = config.reading.on_null.instead_of(tombstone(), Skip::NoValue)?;
        let target = Arc::clone(targets.of_key(own_key.as_ref(), &at.partition.topic)?);
        let value = Struct::new(Arc::new(Schema::new("", Vec::new())));
        let version = Version { at, stamp: stamp(&value, &headers)? };
        let external = key.id.clone();
        return Ok(Change {
            key,
            target,
            kind,
            external,
            version,
            timestamp,
            said: Said::default(),
            value,
            carried: Carried::NotNull,
        });
    };
    if value.as_bare().is_some() {
        let message = "the value is no record with fields but a bare one, so there is nothing to write";
        return Err(rejected("NO_FIELDS", message, "").into());
    }
    let told = Told::by(&value);
    let target = Arc::clone(targets.route(told.object(), &at.partition.topic)?);
    let event = told.event();
    let kind = match kind(config.operation, event) {
        Err(rejection) if !event.is_some_and(is_known) => {
            config.reading.on_unknown_event.instead_of(rejection, Skip::UnknownEvent)?
        }
        decided => decided?,
    };
    let carried = carried(&headers, &value, &told, config.reading.nulls)?;
    let version = Version { at, stamp: stamp(&value, &headers)? };
    let own = external_value(&value, config.operation, &target).map(str::to_owned);
    let (external, said) = (String::new(), Said::default());
    let change = Change { key, target, kind, external, version, timestamp, said, value, carried };
    let id = change.is_identified().then(|| change.key.id.clone());
    if id.is_none() && !matches!(kind, Kind::Insert | Kind::Create) {
        let message = "neither value nor key has the record's `Id`, so only a created record can be written";
        return Err(rejected(MISSING_ID, message, field::ID).into());
    }
    let change = Change { external: own.or(id).unwrap_or_default(), ..change };
    Ok(shape::shape(change, own_key.as_ref(), &headers, config.operation)?)
}

/// Whether every record says something of a field: what stands for the record itself is never unknown.
fn is_always_known(name: &str) -> bool {
    name == field::ID || name.starts_with('_')
}

fn is_known(event: &str) -> bool {
    event.parse::<EventType>().is_ok()
}

fn tombstone() -> Rejection {
    let message =
        "a record without value says nothing of what happened; `sink.on_null` says what is done with such";
    rejected("TOMBSTONE", message, "")
}

fn text<'a>(value: &'a Struct, name: &str) -> Option<&'a str> {
    value.value(name)?.as_str()
}

/// The record's id: from the value, or from the key where producers put it only there, alone or as a field.
fn record_id(record: &Record) -> Result<String, Rejection> {
    let in_key = || {
        let key = record.key.as_ref()?;
        key.value(field::ID).or_else(|| key.as_bare())?.as_str()
    };
    let in_header = || Told::by(record.value.as_ref()?).id();
    let text = record.text(field::ID).or_else(in_header).or_else(in_key).ok_or_else(|| {
        rejected(
            MISSING_ID,
            "neither value nor key has the record's `Id`, so nothing can be addressed",
            field::ID,
        )
    })?;
    match SalesforceId::parse(text) {
        Ok(id) => Ok(id.as_str().to_owned()),
        Err(error) => Err(rejected("MALFORMED_ID", &error.to_string(), field::ID)),
    }
}

fn source_org(record: &Record, config: &SinkConfig) -> Result<String, Rejection> {
    match record.headers.text(header::ORG) {
        Some(text) => match OrgId::parse(text) {
            Ok(id) => Ok(id.as_str().to_owned()),
            Err(error) => {
                Err(rejected("MALFORMED_HEADER", &format!("header `{}`: {error}", header::ORG), ""))
            }
        },
        None => Ok(config.source_org.clone().unwrap_or_default()),
    }
}

/// What org B has to do for an event. A delete is never written, and what is not understood is never guessed.
fn kind(operation: Operation, event: Option<&str>) -> Result<Kind, Rejection> {
    let deleted = event == Some(EventType::Deleted.as_str());
    match operation {
        Operation::Sync | Operation::ByEventType => {
            let Some(event) = event else {
                let message = format!(
                    "`{}` needs `_EventType` to know what to do; a pipeline of such records needs a fixed operation, or \
                     `sink.on_unknown_event`",
                    operation.as_str()
                );
                return Err(rejected("MISSING_EVENT_TYPE", &message, field::EVENT_TYPE));
            };
            match event.parse::<EventType>() {
                Ok(EventType::Created) if operation == Operation::ByEventType => Ok(Kind::Create),
                Ok(EventType::Updated) if operation == Operation::ByEventType => Ok(Kind::Update),
                Ok(EventType::Created | EventType::Updated) => Ok(Kind::Upsert),
                Ok(EventType::Undeleted) => Ok(Kind::Undelete),
                Ok(EventType::Deleted) => Ok(Kind::Delete),
                Err(error) => Err(rejected("UNKNOWN_EVENT_TYPE", &error.to_string(), field::EVENT_TYPE)),
            }
        }
        Operation::Upsert | Operation::Update | Operation::Insert if deleted => {
            let message = format!(
                "operation `{}` cannot write a deleted event, whose fields are unknown; `sync` deletes the record",
                operation.as_str()
            );
            Err(rejected("DELETED_EVENT_NOT_WRITABLE", &message, field::EVENT_TYPE))
        }
        Operation::Upsert => Ok(Kind::Upsert),
        Operation::Update => Ok(Kind::Update),
        Operation::Delete => Ok(Kind::Delete),
        Operation::Insert => Ok(Kind::Insert),
    }
}

/// Which fields count: as the header says, else as a change event does, else as the pipeline takes nulls. Names that the
/// schema does not have say nothing: there is no value of theirs.
fn carried(headers: &Headers, value: &Struct, told: &Told<'_>, nulls: Nulls) -> Result<Carried, Rejection> {
    let schema = value.schema();
    let Some(text) = headers.text(header::CARRIED) else {
        return Ok(match (told.changed(schema), nulls) {
            (Some(changed), _) => {
                let mut marks: Vec<bool> = value.values().iter().map(|value| !value.is_null()).collect();
                for place in changed {
                    marks[place] = true;
                }
                Carried::Named(marks)
            }
            (None, Nulls::Ignore) => Carried::NotNull,
            (None, Nulls::Write) => Carried::Named(vec![true; schema.fields().len()]),
        });
    };
    let names: Vec<Name<'_>> = serde_json::from_str(text).map_err(|error| {
        let message = format!("header `{}` is not a JSON array of field names: {error}", header::CARRIED);
        rejected("MALFORMED_HEADER", &message, "")
    })?;
    let mut marks = vec![false; schema.fields().len()];
    for place in names.iter().filter_map(|name| schema.position(&name.0)) {
        marks[place] = true;
    }
    Ok(Carried::Named(marks))
}

/// A name in the header's text, copied only where it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The record's second: as the source says, else as the row itself says.
fn stamp(value: &Struct, headers: &Headers) -> Result<Option<Stamp>, Rejection> {
    let millis = match headers.text(header::STAMP) {
        Some(text) => parse_datetime(text).map(Some).map_err(|error| {
            rejected("MALFORMED_HEADER", &format!("header `{}`: {error}", header::STAMP), "")
        })?,
        None => match value.value("SystemModstamp") {
            Some(Value::Timestamp(millis)) => Some(*millis),
            _ => None,
        },
    };
    Ok(millis.map(|millis| Stamp(millis.div_euclid(1_000))))
}

/// The record's own external id, which fixed operations put first. `sync` always uses the record's `Id`: its external
/// ids are org A's ids, whatever org A keeps in a field of that name.
fn external_value<'a>(value: &'a Struct, operation: Operation, target: &Target) -> Option<&'a str> {
    if operation == Operation::Sync {
        return None;
    }
    text(value, target.external_id.as_ref()?)
}

fn rejected(code: &str, message: &str, field: &str) -> Rejection {
    let fields = if field.is_empty() { Vec::new() } else { vec![field.to_owned()] };
    Rejection { code: code.to_owned(), message: message.to_owned(), fields }
}

#[cfg(test)]
mod tests {
    use orgstream_api::TopicPartition;

    use super::*;

    fn at(partition: i32, offset: i64) -> InputOffset {
        InputOffset { partition: TopicPartition { topic: "a.Contact".into(), partition }, offset }
    }

    #[test]
    fn a_record_that_owes_does_not_end_its_own_debt_when_it_is_delivered_again() {
        let owed = Owed {
            at: at(0, 7),
            org: "00D".into(),
            object: "Contact".into(),
            id: "003".into(),
            field: "AccountId".into(),
            parent_objects: vec!["Account".into()],
            parent_id: "001".into(),
        };
        let decision = |at, field: &str| Decision { at, fields: vec![field.to_owned()] };
        assert!(!decision(at(0, 7), "AccountId").is_about(&owed));
        assert!(!decision(at(0, 6), "AccountId").is_about(&owed));
        assert!(!decision(at(0, 8), "ReportsToId").is_about(&owed));
        assert!(!decision(at(1, 8), "AccountId").is_about(&owed));
        assert!(decision(at(0, 8), "AccountId").is_about(&owed));
    }
}
