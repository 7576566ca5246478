//! Changes that are chosen by what happened and to which record. That is known of deletions as well.

use orgstream_api::{EventType, Expression, ExpressionError, Scope, Type, Value};

use super::key::Pattern;
use super::stream_of;

/// Which changes are produced. All that it says must hold.
#[derive(Debug)]
pub(crate) struct Select {
    /// What may have happened; empty: anything.
    pub(crate) event_types: Vec<EventType>,
    /// What the stream must be, `<Object>-<Id>`.
    pub(crate) stream: Matching,
    /// What the event must be, `<Object>.<event type>`.
    pub(crate) event: Matching,
}

/// What a text must be like.
#[derive(Debug, Default)]
pub(crate) struct Matching {
    /// It begins with one of these; empty: with anything.
    pub(crate) prefixes: Vec<String>,
    /// This matches a part of it.
    pub(crate) pattern: Option<Pattern>,
}

impl Matching {
    fn is_met(&self, text: &str) -> bool {
        let begins = self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| text.starts_with(prefix));
        begins && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(text))
    }
}

impl Select {
    fn selects(&self, scope: &Scope<'_>) -> bool {
        let event = &scope.event;
        let (Some(kind), Some(stream)) = (event.kind, stream_of(event)) else { return true };
        (self.event_types.is_empty() || self.event_types.contains(&kind))
            && self.stream.is_met(&stream)
            && self.event.is_met(&format!("{}.{kind}", event.object))
    }
}

impl Expression for Select {
    fn fields(&self) -> Option<Vec<&str>> {
        Some(Vec::new())
    }

    fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        Ok(self.selects(scope))
    }

    fn value(&self, scope: &Scope<'_>, _kind: &Type) -> Result<Value, ExpressionError> {
        self.result(scope)
    }

    fn result(&self, scope: &Scope<'_>) -> Result<Value, ExpressionError> {
        Ok(Value::Boolean(self.selects(scope)))
    }
}
