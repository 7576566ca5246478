//! A consumed record, read as a change.

use std::sync::Arc;

use orgstream_api::record::{field, header};
use orgstream_api::{Headers, Record, Rejection, Schema, SinkRecord, Skip, Stamp, Struct, Value};
use orgstream_salesforce::datetime::parse_datetime;
use orgstream_salesforce::{OrgId, SalesforceId};

use super::carried::carried;
use super::kind::{is_known, kind};
use super::said::Said;
use super::{Carried, Change, rejected, shape, text};
use crate::config::{Operation, SinkConfig};
use crate::lanes::LaneKey;
use crate::plan::Kind;
use crate::reading::{NoChange, TakenFor};
use crate::target::{Target, Targets};
use crate::told::Told;
use crate::versions::Version;

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
    Ok(LaneKey::new(source_org(record, config)?, id))
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
            parent: None,
            value,
            carried: Carried::NotNull,
            earlier: Vec::new(),
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
    let (parent, earlier) = (None, Vec::new());
    let change =
        Change { key, target, kind, external, version, timestamp, said, parent, value, carried, earlier };
    let id = change.is_identified().then(|| change.key.id.clone());
    if id.is_none() && !matches!(kind, Kind::Insert | Kind::Create) {
        let message = "neither value nor key has the record's `Id`, so only a created record can be written";
        return Err(rejected(MISSING_ID, message, field::ID).into());
    }
    let change = Change { external: own.or(id).unwrap_or_default(), ..change };
    Ok(shape::shape(change, own_key.as_ref(), &headers, config.operation)?.with_parent())
}

fn tombstone() -> Rejection {
    let message =
        "a record without value says nothing of what happened; `sink.on_null` says what is done with such";
    rejected("TOMBSTONE", message, "")
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
