//! A PushTopic: what its row must be, what it watches, and what its events show.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::query_rules;
use super::watched::Watched;
use crate::data::{Form, Operation, Refusal, Row, Store, Value, render};
use crate::schema::{Field, Object, ObjectIndex, Right, Schema, Trait};
use crate::soql::{Filter, Query};

/// Most active PushTopics of an org.
const MAX_ACTIVE: usize = 100;

/// The first API version whose events end their `createdDate` in `Z` and are all sent.
const MODERN: f64 = 37.0;

/// A PushTopic that can be subscribed to.
#[derive(Clone, Debug)]
pub(crate) struct PushTopic {
    /// The channels of its events: that of its name first, then those of names it had before, which subscriptions
    /// made then still read.
    pub(super) channels: Arc<[Arc<str>]>,
    pub(super) object: ObjectIndex,
    /// Its `ApiVersion` is 36.0 or less.
    pub(super) legacy: bool,
    pub(super) watched: Watched,
    id: String,
    select: Vec<usize>,
    filter: Option<Filter>,
    operations: Vec<Operation>,
}

/// An active PushTopic whose query the org cannot run any more, as after a field of it was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Its channel.
    pub(super) channel: String,
    /// What is wrong with its query.
    pub(super) reason: String,
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

    /// All active PushTopics, and those that are broken; `former` ones tell which names a topic had. Rights are asked
    /// for when somebody subscribes, and leave out fields of events: a topic is not broken for lack of them.
    pub(super) fn active(store: &Store, former: &[Self]) -> (Vec<Self>, Vec<Broken>) {
        let (mut topics, mut broken) = (Vec::new(), Vec::new());
        let Some(object) = store.schema.find(Self::OBJECT) else { return (topics, broken) };
        let schema = store.schema.denying_nothing();
        let definition = schema.object(object);
        let live = store.table(object).rows().filter(|row| !row.deleted());
        for row in live.filter(|row| flag(definition, row, "IsActive")) {
            match Self::compile(&schema, definition, row) {
                Ok(mut topic) => {
                    if let Some(known) = former.iter().find(|known| known.id == topic.id) {
                        topic.take_over(known);
                    }
                    topics.push(topic);
                }
                Err(refusal) => {
                    broken.push(Broken { channel: channel(definition, row), reason: refusal.message });
                }
            }
        }
        (topics, broken)
    }

    /// Completes the row of a PushTopic that is written, and refuses one that cannot work.
    pub(crate) fn accept(store: &Store, definition: &Object, row: &mut Row) -> Result<(), Refusal> {
        Self::complete(definition, row);
        Self::compile(&store.schema, definition, row)?;
        let active = store.schema.find(Self::OBJECT).map(|object| store.table(object).rows());
        let others = active.into_iter().flatten().filter(|other| {
            !other.deleted() && other.id() != row.id() && flag(definition, other, "IsActive")
        });
        if flag(definition, row, "IsActive") && others.count() >= MAX_ACTIVE {
            let message = format!("This org has the maximum number of active PushTopics: {MAX_ACTIVE}");
            return Err(Refusal::record("LIMIT_EXCEEDED", message, &[]));
        }
        Ok(())
    }

    /// Reads and checks the row of a PushTopic.
    fn compile(schema: &Schema, definition: &Object, row: &Row) -> Result<Self, Refusal> {
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
        let filtered = parsed.filter.as_ref().map(Filter::fields).unwrap_or_default();
        if let Some(field) = formula_among(watched, &filtered) {
            let message = format!("formula field '{}' is not supported in the WHERE clause", field.name);
            return Err(query_rules::invalid(&message));
        }
        let named: Vec<usize> = match notify {
            NotifyFor::Select => select.clone(),
            NotifyFor::Where => filtered,
            NotifyFor::All | NotifyFor::Referenced => select.iter().copied().chain(filtered).collect(),
        };
        if notify != NotifyFor::All && named.iter().all(|at| *at == 0) {
            let message =
                format!("NotifyForFields {notify:?} needs a field other than Id in that part of the query");
            return Err(query_rules::invalid(&message));
        }
        let channel: Arc<str> = channel(definition, row).into();
        Ok(Self {
            id: row.id().to_owned(),
            channels: Arc::new([channel]),
            object: parsed.object,
            legacy: version(definition, row)? < MODERN,
            watched: match notify {
                NotifyFor::All => Watched::all(watched),
                _ => Watched::named(watched, &named),
            },
            select,
            filter: parsed.filter,
            operations: operations.map(|(_, operation)| *operation).collect(),
        })
    }

    /// Goes on telling subscriptions to the names that it had before.
    fn take_over(&mut self, known: &Self) {
        let names = self.channels.iter().chain(known.channels.iter());
        let mut channels: Vec<Arc<str>> = Vec::new();
        for name in names {
            if !channels.contains(name) {
                channels.push(Arc::clone(name));
            }
        }
        self.channels = channels.into();
    }

    /// Sets the fields of a PushTopic's row that follow from others.
    fn complete(definition: &Object, row: &mut Row) {
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

    /// Whether changes of this kind are told.
    pub(super) fn tells(&self, operation: Operation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether a row meets the WHERE clause. Leaving it raises nothing: the new values decide.
    pub(super) fn matches(&self, store: &Store, row: &Row) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.matches(store, row))
    }

    /// The `sobject` of an event: all selected fields that the user may see, or only the id of what is gone.
    pub(super) fn show(&self, store: &Store, operation: Operation, row: &Row) -> Json {
        let definition = store.schema.object(self.object);
        let only_id = operation == Operation::Deleted;
        let shown = self.select.iter().filter(|at| !only_id || **at == 0);
        let fields = shown.filter_map(|at| {
            let field = definition.fields.get(*at).filter(|field| field.visible())?;
            Some((field.name.clone(), render(store, self.object, row, *at, Form::Event)))
        });
        Json::Object(fields.collect::<Map<_, _>>())
    }

    /// Refuses a user who may not read the object, or a field of the WHERE clause.
    pub(super) fn check_rights(&self, schema: &Schema) -> Result<(), String> {
        let definition = schema.object(self.object);
        if !definition.may(Right::Read) {
            return Err("403::Subscriber does not have access to the entity in this topic".to_owned());
        }
        let filtered = self.filter.as_ref().map(Filter::fields).unwrap_or_default();
        if filtered.iter().any(|at| definition.fields.get(*at).is_some_and(|field| !field.visible())) {
            let message = "403::Subscriber does not have access to all fields referenced in the where clause of the \
                           PushTopic";
            return Err(message.to_owned());
        }
        Ok(())
    }
}

fn channel(definition: &Object, row: &Row) -> String {
    let name = definition.field("Name").and_then(|at| row.value(at).as_text());
    format!("/topic/{}", name.unwrap_or_default())
}

fn version(definition: &Object, row: &Row) -> Result<f64, Refusal> {
    match definition.field("ApiVersion").map(|at| row.value(at)) {
        Some(Value::Double(version)) if *version > 20.0 => Ok(*version),
        _ => {
            let message = "ApiVersion must be greater than 20.0";
            Err(Refusal::record("INVALID_FIELD", message, &["ApiVersion"]))
        }
    }
}

fn formula_among<'a>(object: &'a Object, places: &[usize]) -> Option<&'a Field> {
    places.iter().filter_map(|at| object.fields.get(*at)).find(|field| field.formula.is_some())
}

fn flag(definition: &Object, row: &Row, name: &str) -> bool {
    definition.field(name).is_some_and(|at| row.value(at) == &Value::Bool(true))
}
