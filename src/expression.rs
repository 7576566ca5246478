//! Expressions of the user's file, in CEL (Common Expression Language).
//!
//! They see `value` (the record's fields), `key`, `headers` and `event`; those of a sink also where the record lies: `topic`,
//! `partition` and `offset`. Of these only what an expression names is made for
//! it: of a row of two hundred fields the one that a filter compares. What can be told before there are records is told
//! when the file is read: syntax, names of variables and functions.
//!
//! - `references`: what an expression names
//! - `values`: values of records as CEL's, and back
//! - `body`: what a report says
//! - `json`: keys, headers and values of produced records

use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::extensions;
use cel::{Context, Env, ExecutionError, Program, Value as Cel};
use orgstream_api::{Expression, ExpressionError, Scope, Type, Value};

mod body;
pub(crate) use body::{ReportBody, Response};

mod json;
pub(crate) use json::JsonExpression;

mod references;
use references::References;

mod values;
use values::{as_it_is, event, from_cel, half, headers, place};

/// What an expression may name.
const VARIABLES: [&str; 4] = ["value", "key", "headers", "event"];

/// The variables that have the same fields for every record, with these.
const FIXED: [(&str, &[&str]); 2] = [
    ("event", &["type", "object", "id", "replay_id", "channel", "time", "carried"]),
    ("response", &["success", "id", "created", "code", "message", "fields"]),
];

/// What one may name beside these where the record lies on a topic.
const PLACE: [&str; 3] = ["topic", "partition", "offset"];

/// The functions of the language, and those of its extension for texts.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).expect("the extension declares nothing that is there already");
    Arc::new(env)
});

/// An expression that was read.
pub(crate) struct CelExpression {
    text: String,
    program: Program,
    references: References,
}

/// Reads `text`, an expression of a source.
///
/// # Errors
/// What is wrong with it, in one line.
pub(crate) fn read(text: &str) -> Result<Arc<dyn Expression>, String> {
    read_naming(text, &VARIABLES)
}

/// As [`read`], of a sink.
pub(crate) fn read_of_sink(text: &str) -> Result<Arc<dyn Expression>, String> {
    read_naming(text, &[&VARIABLES[..], &PLACE[..]].concat())
}

fn read_naming(text: &str, known: &[&str]) -> Result<Arc<dyn Expression>, String> {
    let (program, references) = read_program(text, known)?;
    Ok(Arc::new(CelExpression { text: text.to_owned(), program, references }))
}

/// Reads `text`, which may name the variables `known`.
fn read_program(text: &str, known: &[&str]) -> Result<(Program, References), String> {
    let program = ENV.compile(text).map_err(|errors| match errors.errors.first() {
        Some(error) => {
            let message = error.msg.split('\n').next().unwrap_or_default();
            format!("is not an expression (CEL): at character {}: {message}", error.pos.1)
        }
        None => "is not an expression (CEL)".to_owned(),
    })?;
    let references = References::of(program.expression());
    let is_known = |name: &str| known.contains(&name) || is_type(name);
    if let Some(unknown) = references.variables.iter().find(|name| !is_known(name)) {
        return Err(format!("`{unknown}` is not known; there are {}", listed(known)));
    }
    for (variable, fields) in FIXED {
        let unknown = references.named_of(variable).find(|name| !fields.contains(name));
        if let Some(unknown) = unknown {
            return Err(format!("`{variable}` has no `{unknown}`; it has {}", listed(fields)));
        }
    }
    if let Some(unknown) = references.functions.iter().find(|function| !is_function(function)) {
        return Err(format!("there is no function `{}`", unknown.name));
    }
    Ok((program, references))
}

/// Puts in what the expression names of the record.
fn add_record(context: &mut Context<'_, '_>, references: &References, scope: &Scope<'_>) {
    if references.names("value") {
        context.add_variable_from_value("value", half(scope.value, references.fields_of("value")));
    }
    if references.names("key") {
        let key = scope.key.map_or(Cel::Null, |key| half(key, None));
        context.add_variable_from_value("key", key);
    }
    if references.names("headers") {
        context.add_variable_from_value("headers", headers(scope.headers));
    }
    if references.names("event") {
        context.add_variable_from_value("event", event(&scope.event, references.fields_of("event")));
    }
    for (name, value) in scope.at.into_iter().flat_map(place) {
        if references.names(name) {
            context.add_variable_from_value(name, value);
        }
    }
}

fn failed(expression: &str, what: String) -> ExpressionError {
    ExpressionError { expression: expression.to_owned(), what }
}

impl CelExpression {
    fn run(&self, scope: &Scope<'_>) -> Result<Cel, ExpressionError> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        add_record(&mut context, &self.references, scope);
        self.program.execute(&context).map_err(|error| self.failed(said(&error)))
    }

    fn failed(&self, what: String) -> ExpressionError {
        failed(&self.text, what)
    }
}

impl Expression for CelExpression {
    fn fields(&self) -> Option<Vec<&str>> {
        if !self.references.names("value") {
            return Some(Vec::new());
        }
        let fields = self.references.fields_of("value")?;
        Some(fields.iter().map(String::as_str).collect())
    }

    fn holds(&self, scope: &Scope<'_>) -> Result<bool, ExpressionError> {
        match self.run(scope)? {
            Cel::Bool(holds) => Ok(holds),
            other => Err(self.failed(format!("is {}, not true or false", other.type_of()))),
        }
    }

    fn value(&self, scope: &Scope<'_>, kind: &Type) -> Result<Value, ExpressionError> {
        from_cel(self.run(scope)?, kind).map_err(|what| self.failed(what))
    }

    fn result(&self, scope: &Scope<'_>) -> Result<Value, ExpressionError> {
        as_it_is(self.run(scope)?).map_err(|what| self.failed(what))
    }
}

impl fmt::Debug for CelExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.text)
    }
}

/// `` `a`, `b` and `c` ``
fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// An operator as the user writes it.
fn written(operator: &str) -> &str {
    match operator {
        "add" => "+",
        "sub" => "-",
        "mul" => "*",
        "div" => "/",
        "rem" => "%",
        other => other,
    }
}

/// What is said of an error, without the values, which may be what nobody is to read in a log.
fn said(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchKey(name) => format!("there is no field `{name}`"),
        ExecutionError::ValuesNotComparable(one, other) => {
            format!("{} and {} cannot be compared", one.type_of(), other.type_of())
        }
        ExecutionError::NoSuchOverload(error) => {
            let (function, types) = (error.function().trim_matches('_'), error.argument_types().join(", "));
            format!("`{function}` does not go with {types}")
        }
        ExecutionError::UndeclaredReference(name) => format!("`{name}` is not known"),
        ExecutionError::UnsupportedBinaryOperator(operator, one, other) => {
            let operator = written(operator);
            format!("`{operator}` does not go with {} and {}", one.type_of(), other.type_of())
        }
        ExecutionError::FunctionError { function, message } => format!("`{function}`: {message}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "a division by zero".to_owned()
        }
        ExecutionError::Overflow(operator, ..) => {
            format!("the result of `{}` is too large", written(operator))
        }
        ExecutionError::IndexOutOfBounds(_) => "the list is shorter than that".to_owned(),
        _ => "it cannot be evaluated for this record".to_owned(),
    }
}

/// Whether `name` is a type's name, as in `type(value.Name) == string`.
fn is_type(name: &str) -> bool {
    let probe = ENV.compile(name).map(|program| program.execute(&Context::with_env(Arc::clone(&ENV))));
    matches!(probe, Ok(Ok(_)))
}

/// Whether the language has this function. Only an evaluation tells: a call without arguments fails in another way than
/// one of a function that there is not.
fn is_function(function: &references::Function) -> bool {
    let text =
        if function.of_value { format!("\"\".{}()", function.name) } else { format!("{}()", function.name) };
    let Ok(probe) = ENV.compile(&text) else { return true };
    let ended = probe.execute(&Context::with_env(Arc::clone(&ENV)));
    !matches!(ended, Err(ExecutionError::UndeclaredReference(_)))
}

#[cfg(test)]
mod tests;
