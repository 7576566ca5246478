//! Which records are produced at all, as far as the file says so.
//!
//! A condition that cannot be evaluated lets the record pass, and so does one that asks for what an event does not carry:
//! a record too many can be left out later, one that is missing cannot be found.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use orgstream_api::{EventType, Expression, ExpressionError, Scope};

use crate::counters::{Count, SourceCounters};
use crate::described::Carried;

/// The conditions of one object, all of which have to hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// What they ask is known of deletions too.
    only: Vec<Arc<dyn Expression>>,
    /// A deleted record has no values to judge by, so deletions pass.
    conditions: Vec<Arc<dyn Expression>>,
    pub(crate) errors: Errors,
}

/// Expressions that had no value: each is counted every time and said once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Errors {
    /// Whose expressions they are.
    pipeline: String,
    object: String,
    counters: Arc<SourceCounters>,
    said: Arc<Mutex<HashSet<ExpressionError>>>,
}

impl Filter {
    /// The conditions of `object` in `pipeline`.
    pub(crate) fn new(
        pipeline: &str,
        object: &str,
        conditions: Vec<Arc<dyn Expression>>,
        counters: Arc<SourceCounters>,
    ) -> Self {
        let (pipeline, object) = (pipeline.to_owned(), object.to_owned());
        let errors = Errors { pipeline, object, counters, said: Arc::default() };
        Self { only: Vec::new(), conditions, errors }
    }

    /// The same conditions, and `only` beside them.
    pub(crate) fn with_only(self, only: Vec<Arc<dyn Expression>>) -> Self {
        Self { only, ..self }
    }

    /// Whether the record is produced.
    pub(crate) fn wants(&self, scope: &Scope<'_>, carried: &Carried) -> bool {
        let selected = self.only.iter().all(|only| {
            only.holds(scope).unwrap_or_else(|error| {
                self.errors.note(Count::FilterError, &error);
                true
            })
        });
        selected && (scope.event.kind == Some(EventType::Deleted) || self.lets_pass(scope, carried))
    }

    fn lets_pass(&self, scope: &Scope<'_>, carried: &Carried) -> bool {
        self.conditions.iter().all(|condition| {
            if let Some(missing) = not_carried(condition.as_ref(), scope, carried) {
                let expression = format!("{condition:?}").trim_matches('`').to_owned();
                let what = format!("the event of a {} does not carry `{missing}`", scope.event.object);
                self.errors.note(Count::FilterError, &ExpressionError { expression, what });
                return true;
            }
            condition.holds(scope).unwrap_or_else(|error| {
                self.errors.note(Count::FilterError, &error);
                true
            })
        })
    }

    /// One that was not produced.
    pub(crate) fn count(&self) {
        self.errors.counters.count(Count::Filtered, 1);
    }
}

impl Errors {
    pub(crate) fn note(&self, count: Count, error: &ExpressionError) {
        self.counters.count(count, 1);
        if self.said.lock().expect("no holder of this lock panics").insert(error.clone()) {
            tracing::warn!(
                pipeline = self.pipeline,
                object = self.object,
                %error,
                "An expression of the file has no value for a record. A filter lets such records pass, a computed field is \
                 null in them. They are counted and not said again."
            );
        }
    }
}

/// A field that the condition names and the event does not tell of. Fields of the record's own are always there.
fn not_carried(condition: &dyn Expression, scope: &Scope<'_>, carried: &Carried) -> Option<String> {
    let Carried::Some(places) = carried else { return None };
    let schema = scope.value.schema();
    let is_carried =
        |name: &str| name.starts_with('_') || schema.position(name).is_none_or(|at| places.contains(&at));
    match condition.fields() {
        Some(named) => named.into_iter().find(|name| !is_carried(name)).map(str::to_owned),
        None => schema.fields().iter().find(|field| !is_carried(&field.name)).map(|field| field.name.clone()),
    }
}
