//! Reads what it takes to write events as they came: the descriptions behind their fields, the names behind the ids of
//! their schemas, the long texts behind differences.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use orgstream_api::Schema;
use orgstream_salesforce::SalesforceId;
use orgstream_salesforce::event_schema::{generic_event_schema, platform_event_schema};

use crate::envelope::{Envelope, differing};
use crate::error::{RowError, SourceError};
use crate::event::{ChangeEvent, Event, GenericEvent, PlatformEvent, What};
use crate::patience::is_lasting;
use crate::rows::{Reading, Rows};
use crate::work::Unread;

/// The form in which the events of an object, or of a channel, are written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum EventForm {
    /// As rows of the object.
    #[default]
    Rows,
    /// As change events; with the names of their changed fields converted or not.
    Changes { convert: bool },
    /// As messages; only those of these names, where there are any.
    Messages { entities: Vec<String> },
}

/// An event to be written as it came.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// The index of its object, or of what stands for its channel.
    pub(crate) object: usize,
    /// The object's name, or the channel's as the file has it.
    pub(crate) name: Arc<str>,
    pub(crate) form: EventForm,
    pub(crate) event: Arc<Event>,
}

/// What became of an event.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    Envelope(Box<Envelope>),
    /// Nobody wants it.
    Foreign,
    /// It does not fit what the org says of its kind: why.
    Unfit {
        event: Arc<Event>,
        reason: String,
    },
}

/// What is known of the events of one org. Clones know the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Option<String>>>>);

/// Writes `tasks`, in their order.
pub(crate) async fn write(rows: &Rows, names: &Names, tasks: &[Task]) -> Result<Vec<Written>, Unread> {
    let mut written = Vec::with_capacity(tasks.len());
    for task in tasks {
        let one = match &task.event.what {
            What::Change(change) => of_change(rows, task, change).await,
            What::Platform(platform) => of_platform(rows, names, task, platform).await.map(|one| vec![one]),
            What::Generic(generic) => Ok(vec![of_generic(task, generic)]),
            What::Topic(_) | What::Unreadable(_) => Ok(Vec::new()),
        };
        written.extend(one.map_err(|error| Unread { object: task.object, error })?);
    }
    Ok(written)
}

async fn of_change(rows: &Rows, task: &Task, change: &ChangeEvent) -> Result<Vec<Written>, SourceError> {
    let convert = matches!(task.form, EventForm::Changes { convert: true });
    let ids: &[SalesforceId] = change.header.ids.records();
    let is_partly_told = differing(change).next().is_some();
    let images = if is_partly_told { rows.images(&task.name, ids).await? } else { HashMap::new() };
    let mut reading = Reading::Known;
    loop {
        let described = rows.describe(&task.name, reading).await?;
        let envelopes: Result<Vec<Envelope>, RowError> = ids
            .iter()
            .map(|id| {
                let of = (change, *id);
                Envelope::of_change(task.object, &task.event, of, &described, images.get(id), convert)
            })
            .collect();
        match (envelopes, reading) {
            (Ok(envelopes), _) => {
                return Ok(envelopes.into_iter().map(|one| Written::Envelope(Box::new(one))).collect());
            }
            (Err(_), Reading::Known) => reading = Reading::Anew,
            (Err(error), Reading::Anew) => return Ok(vec![unfit(task, &error)]),
        }
    }
}

async fn of_platform(
    rows: &Rows,
    names: &Names,
    task: &Task,
    platform: &PlatformEvent,
) -> Result<Written, SourceError> {
    let name = match &task.form {
        EventForm::Messages { entities } if task.name.ends_with("__chn") => {
            let Some(name) = names.of(rows, &platform.schema).await? else {
                let reason = format!("the org does not know the event with the schema {}", platform.schema);
                return Ok(Written::Unfit { event: Arc::clone(&task.event), reason });
            };
            if !entities.is_empty() && !entities.contains(&name) {
                return Ok(Written::Foreign);
            }
            name
        }
        EventForm::Messages { .. } | EventForm::Rows | EventForm::Changes { .. } => task.name.to_string(),
    };
    let mut reading = Reading::Known;
    loop {
        let described = rows.describe(&name, reading).await?;
        let describe = described.describe();
        let schema: Arc<Schema> =
            described.event_schema(|| platform_event_schema(&describe.object, &describe.fields));
        match (Envelope::of_platform(task.object, &task.event, platform, describe, &schema), reading) {
            (Ok(envelope), _) => return Ok(Written::Envelope(Box::new(envelope))),
            (Err(_), Reading::Known) => reading = Reading::Anew,
            (Err(error), Reading::Anew) => return Ok(unfit(task, &error)),
        }
    }
}

fn of_generic(task: &Task, generic: &GenericEvent) -> Written {
    let schema = Arc::new(generic_event_schema(task.name.trim_start_matches("/u/")));
    Written::Envelope(Box::new(Envelope::of_generic(task.object, &task.event, generic, &schema)))
}

fn unfit(task: &Task, error: &RowError) -> Written {
    Written::Unfit { event: Arc::clone(&task.event), reason: error.to_string() }
}

impl Names {
    /// The name of the events whose schema has this id; `None` when the org does not know.
    async fn of(&self, rows: &Rows, schema: &str) -> Result<Option<String>, SourceError> {
        let known = self.0.lock().expect("no holder of this lock panics").get(schema).cloned();
        if let Some(name) = known {
            return Ok(name);
        }
        let org = rows.patience().org();
        let name = match rows.patience().call(|| org.event_name(schema)).await {
            Ok(name) => Some(name),
            Err(error) if error.is_refused() || !is_lasting(&error) => return Err(error.into()),
            Err(_) => None,
        };
        let mut known = self.0.lock().expect("no holder of this lock panics");
        known.insert(schema.to_owned(), name.clone());
        Ok(name)
    }
}
