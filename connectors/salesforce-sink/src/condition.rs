//! Whether a record is one that the sink is there for: what the file says under `when`.
//!
//! The condition is asked of every record before anything is made of it, of deletions, records without a value and those of unknown
//! objects too. A filter is asked of changes instead, and knows what becomes of a record that leaves it.

use std::borrow::Cow;
use std::sync::Arc;

use orgstream_api::record::{field, header};
use orgstream_api::{
    EventScope, EventType, Expression, Headers, InputOffset, Record, Rejection, Schema, Scope, SinkRecord,
    Struct, Value,
};

use crate::change::{is_always_known, marks};
use crate::config::SinkConfig;
use crate::target::Targets;
use crate::told::Told;

/// The code of a record for which a condition has no value. The file says what is done with it as with any other.
const FAILED: &str = "CONDITION_FAILED";

/// Whether all conditions hold: that of the sink, and that of the record's object, where it has one.
///
/// # Errors
/// One that has no value for the record.
pub(crate) fn is_met(record: &SinkRecord, config: &SinkConfig, targets: &Targets) -> Result<bool, Rejection> {
    let SinkRecord { at, record, .. } = record;
    let of_sink = config.when.as_ref();
    if of_sink.is_none() && !targets.have_conditions() {
        return Ok(true);
    }
    let told = record.value.as_ref().map(Told::by);
    let target = match &told {
        Some(told) => targets.route(told.object(), &at.partition.topic),
        None => targets.of_key(record.key.as_ref(), &at.partition.topic),
    };
    let target = target.ok();
    let of_object = target.and_then(|target| target.rules.when.as_ref());
    let object = told.as_ref().and_then(Told::object);
    let object = object.or_else(|| target.map(|target| target.object.as_str())).unwrap_or_default();
    for condition in of_sink.into_iter().chain(of_object) {
        if !holds(condition, at, record, told.as_ref(), object)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds(
    condition: &Arc<dyn Expression>,
    at: &InputOffset,
    record: &Record,
    told: Option<&Told<'_>>,
    object: &str,
) -> Result<bool, Rejection> {
    let headers = &record.headers;
    let value = known(record, told, condition.as_ref());
    let carried = || names_in_header(headers);
    let in_key =
        || record.key.as_ref().and_then(|key| key.value(field::ID).or_else(|| key.as_bare())?.as_str());
    let scope = Scope {
        value: &value,
        key: record.key.as_ref(),
        headers,
        event: EventScope {
            kind: told.and_then(Told::event).and_then(|text| text.parse::<EventType>().ok()),
            object,
            id: told.and_then(Told::id).or_else(in_key),
            replay_id: headers.text(header::REPLAY_ID).and_then(|text| text.parse().ok()),
            channel: headers.text(header::CHANNEL),
            time: record.timestamp,
            carried: &carried,
        },
        at: Some(at),
    };
    condition.holds(&scope).map_err(|error| Rejection {
        code: FAILED.to_owned(),
        message: format!(
            "`when` has no value for the record: {error}. `on_error: {{ {FAILED}: skip }}` passes such over, `stop` stops"
        ),
        fields: condition.fields().unwrap_or_default().into_iter().map(str::to_owned).collect(),
    })
}

/// What a condition sees of the value: of a record without one a null, and of one that says which fields it carries only those, so that
/// an unknown field is not taken for an empty one.
fn known<'a>(record: &'a Record, told: Option<&Told<'_>>, condition: &dyn Expression) -> Cow<'a, Struct> {
    let (Some(value), Some(told)) = (&record.value, told) else {
        return Cow::Owned(Struct::bare(Value::Null));
    };
    let Some(marks) = marks(&record.headers, value, told) else { return Cow::Borrowed(value) };
    let fields = value.schema().fields();
    let is_known = |place: usize| marks[place] || is_always_known(&fields[place].name);
    let is_asked = match condition.fields() {
        None => (0..fields.len()).any(|place| !is_known(place)),
        Some(named) => {
            named.iter().any(|name| value.schema().position(name).is_some_and(|place| !is_known(place)))
        }
    };
    if !is_asked {
        return Cow::Borrowed(value);
    }
    let places = || (0..fields.len()).filter(|place| is_known(*place));
    let schema = Schema::new(value.schema().name(), places().map(|place| fields[place].clone()).collect());
    let values = places().map(|place| value.values()[place].clone()).collect();
    Struct::of(Arc::new(schema), values).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn names_in_header(headers: &Headers) -> Vec<&str> {
    headers.text(header::CARRIED).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
