//! A PushTopic: which changes raise an event, and what the event shows.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::query_rules;
use crate::data::{Change, Form, Operation, Refusal, Row, Store, Value, render};
use crate::schema::{FieldType, Object, ObjectIndex, Schema, Trait};
use crate::soql::{Filter, Query};

/// A PushTopic that can be subscribed to.
#[derive(Clone, Debug)]
pub(crate) struct PushTopic {
    /// The channel of its events; the name is its last part.
    pub(crate) channel: Arc<str>,
    object: ObjectIndex,
    select: Vec<usize>,
    filter: Option<Filter>,
    notify: NotifyFor,
    operations: Vec<Operation>,
}

/// `NotifyForFields`: which changed fields make an update worth an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotifyFor {
    All,
    Referenced,
    Select,
    Where,
}

impl PushTopic {
    /// The object that holds PushTopics.
    pub(crate) const OBJECT: &'static str = "PushTopic";

    /// All active PushTopics.
    pub(crate) fn active(store: &Store) -> Vec<Self> {
        let Some(object) = store.schema.find(Self::OBJECT) else { return Vec::new() };
        let definition = store.schema.object(object);
        let live = store.table(object).rows().filter(|row| !row.deleted());
        let active = live.filter(|row| flag(definition, row, "IsActive"));
        active.filter_map(|row| Self::compile(&store.schema, definition, row).ok()).collect()
    }

    /// Reads and checks the row of a PushTopic.
    pub(crate) fn compile(schema: &Schema, definition: &Object, row: &Row) -> Result<Self, Refusal> {
        let text =
            |name: &str| definition.field(name).and_then(|at| row.value(at).as_text()).unwrap_or_default();
        let query = text("Query");
        query_rules::check(query)?;
        let parsed = Query::parse(schema, query).map_err(query_rules::refused)?;
        let watched = schema.object(parsed.object);
        if !watched.is(Trait::Streamable) {
            return Err(query_rules::invalid(&format!("entity type {} is not supported", watched.name)));
        }
        let select = parsed
            .selected_fields()
            .ok_or_else(|| query_rules::invalid("Aggregate queries are not supported"))?;
        if !select.contains(&0) {
            return Err(query_rules::invalid("The query must contain the Id field in its SELECT clause"));
        }
        let notify = match text("NotifyForFields") {
            "All" => NotifyFor::All,
            "Select" => NotifyFor::Select,
            "Where" => NotifyFor::Where,
            _ => NotifyFor::Referenced,
        };
        let operations = [
            ("NotifyForOperationCreate", Operation::Created),
            ("NotifyForOperationUpdate", Operation::Updated),
            ("NotifyForOperationDelete", Operation::Deleted),
            ("NotifyForOperationUndelete", Operation::Undeleted),
        ];
        let operations = operations.iter().filter(|(name, _)| flag(definition, row, name));
        let topic = Self {
            channel: format!("/topic/{}", text("Name")).into(),
            object: parsed.object,
            select,
            filter: parsed.filter,
            notify,
            operations: operations.map(|(_, operation)| *operation).collect(),
        };
        let version = definition.field("ApiVersion").map(|at| row.value(at));
        if !matches!(version, Some(Value::Double(version)) if *version > 20.0) {
            return Err(Refusal::record(
                "INVALID_FIELD",
                "ApiVersion must be greater than 20.0",
                &["ApiVersion"],
            ));
        }
        if notify != NotifyFor::All && topic.relevant().iter().all(|at| *at == 0) {
            let message =
                format!("NotifyForFields {notify:?} needs a field other than Id in that part of the query");
            return Err(query_rules::invalid(&message));
        }
        Ok(topic)
    }

    /// Sets the fields of a PushTopic's row that follow from others.
    pub(crate) fn complete(definition: &Object, row: &mut Row) {
        let create = flag(definition, row, "NotifyForOperationCreate");
        let update = flag(definition, row, "NotifyForOperationUpdate");
        let both = match (create, update) {
            (true, true) => "All",
            (true, false) => "Create",
            (false, true) => "Update",
            (false, false) => "Extended",
        };
        if let Some(at) = definition.field("NotifyForOperations") {
            row.set(at, Value::text(both));
        }
    }

    /// Whether a subscription may filter by a field: only by what the events show.
    pub(crate) fn selects(&self, schema: &Schema, field: &str) -> bool {
        schema.object(self.object).field(field).is_some_and(|at| self.select.contains(&at))
    }

    /// Whether a change raises an event. `after` is the row as it stands at the end of the transaction.
    pub(crate) fn notices(&self, store: &Store, change: &Change, after: &Row) -> bool {
        if change.object != self.object || !self.operations.contains(&change.operation) {
            return false;
        }
        let changed = change.operation != Operation::Updated
            || change.before.as_ref().is_none_or(|before| self.sees_difference(store, before, after));
        // Leaving the WHERE clause raises nothing: the new values decide.
        changed && self.filter.as_ref().is_none_or(|filter| filter.matches(store, after))
    }

    /// The `sobject` of an event: all selected fields, or only the id of what is gone.
    pub(crate) fn show(&self, store: &Store, operation: Operation, row: &Row) -> Json {
        let definition = store.schema.object(self.object);
        let only_id = operation == Operation::Deleted;
        let shown = self.select.iter().filter(|at| !only_id || **at == 0);
        let fields = shown.filter_map(|at| {
            Some((
                definition.fields.get(*at)?.name.clone(),
                render(store, self.object, row, *at, Form::Event),
            ))
        });
        Json::Object(fields.collect::<Map<_, _>>())
    }

    /// Whether a field that counts has another value; fields that the org sets itself never count.
    fn sees_difference(&self, store: &Store, before: &Row, after: &Row) -> bool {
        let definition = store.schema.object(self.object);
        let differs = |at: usize| {
            definition.fields.get(at).is_some_and(|field| {
                !field.system()
                    && if field.kind == FieldType::Address {
                        definition.members(&field.name).any(|(at, _)| before.value(at) != after.value(at))
                    } else {
                        before.value(at) != after.value(at)
                    }
            })
        };
        match self.notify {
            NotifyFor::All => (0..definition.fields.len()).any(differs),
            _ => self.relevant().into_iter().any(differs),
        }
    }

    /// The fields whose change counts, unless all do.
    fn relevant(&self) -> Vec<usize> {
        let filtered = || self.filter.as_ref().map(Filter::fields).unwrap_or_default();
        match self.notify {
            NotifyFor::Select => self.select.clone(),
            NotifyFor::Where => filtered(),
            NotifyFor::All | NotifyFor::Referenced => self.select.iter().copied().chain(filtered()).collect(),
        }
    }
}

fn flag(definition: &Object, row: &Row, name: &str) -> bool {
    definition.field(name).is_some_and(|at| row.value(at) == &Value::Bool(true))
}
