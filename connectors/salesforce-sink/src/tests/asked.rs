//! Expressions as the program reads them from a file, made of functions.

use std::fmt;
use std::sync::Arc;

use orgstream_api::{Expression, ExpressionError, Scope, Type, Value};

use crate::object_rules::FieldRule;

type Answer = fn(&Scope<'_>) -> Result<Value, &'static str>;

struct Asked {
    text: &'static str,
    fields: Option<&'static [&'static str]>,
    answer: Answer,
}

/// An expression that names these fields.
pub(super) fn asked(
    text: &'static str,
    fields: &'static [&'static str],
    answer: Answer,
) -> Arc<dyn Expression> {
    Arc::new(Asked { text, fields: Some(fields), answer })
}

/// The rule that the field `name` is `value.from`.
pub(super) fn renamed(name: &str) -> FieldRule {
    let value = asked("value.Nick__c", &["Nick__c"], |scope| field(scope, "Nick__c"));
    FieldRule { name: name.to_owned(), value }
}

pub(super) fn field(scope: &Scope<'_>, name: &str) -> Result<Value, &'static str> {
    scope.value.value(name).cloned().ok_or("there is no such field")
}

impl Expression for Asked {
    fn fields(&self) -> Option<Vec<&str>> {
        self.fields.map(<[_]>::to_vec)
    }

    fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        match self.result(scope)? {
            Value::Boolean(holds) => Ok(holds),
            other => panic!("{other:?} is neither true nor false"),
        }
    }

    fn value(&self, _scope: &Scope<'_>, _kind: &Type) -> Result<Value, ExpressionError> {
        panic!("a sink takes what an expression makes")
    }

    fn result(&self, scope: &Scope<'_>) -> Result<Value, ExpressionError> {
        let failed = |what: &str| ExpressionError { expression: self.text.to_owned(), what: what.to_owned() };
        (self.answer)(scope).map_err(failed)
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}
