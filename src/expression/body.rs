//! The body of a report: an expression over a record, its place and what org B said of it, whose value becomes JSON.

use std::fmt;
use std::sync::Arc;

use cel::{Context, Program, Value as Cel};
use orgstream_api::{ExpressionError, InputOffset, Rejection, Scope};
use serde_json::Value as Json;

use super::json::json;
use super::references::References;
use super::values::text;
use super::{ENV, VARIABLES, add_record, failed, read_program, values};

/// What such an expression may name beside the record's variables.
const MORE: [&str; 4] = ["topic", "partition", "offset", "response"];

/// An expression for the body of reports. Clones share it.
#[derive(Clone)]
pub(crate) struct ReportBody(Arc<Inner>);

struct Inner {
    text: String,
    program: Program,
    references: References,
}

/// What became of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Response<'a> {
    /// Org B has it.
    Written {
        /// Its id there; none where a delete found nothing to delete.
        id: Option<&'a str>,
        /// Whether it is new there.
        created: bool,
    },
    /// It is refused.
    Refused(&'a Rejection),
}

impl ReportBody {
    /// Reads `text`.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let known: Vec<&str> = VARIABLES.into_iter().chain(MORE).collect();
        let (program, references) = read_program(text, &known)?;
        Ok(Self(Arc::new(Inner { text: text.to_owned(), program, references })))
    }

    /// The body for a record at `at`.
    ///
    /// # Errors
    /// That the expression has no value for it.
    pub(crate) fn of(
        &self,
        scope: &Scope<'_>,
        at: &InputOffset,
        response: Response<'_>,
    ) -> Result<Json, ExpressionError> {
        let Inner { text, program, references } = &*self.0;
        let mut context = Context::with_env(Arc::clone(&ENV));
        add_record(&mut context, references, scope);
        let place = [
            ("topic", values::text(&at.partition.topic)),
            ("partition", Cel::Int(i64::from(at.partition.partition))),
            ("offset", Cel::Int(at.offset)),
        ];
        for (name, value) in place.into_iter().chain([("response", of(response))]) {
            if references.names(name) {
                context.add_variable_from_value(name, value);
            }
        }
        let value = program.execute(&context).map_err(|error| failed(text, super::said(&error)))?;
        json(&value).map_err(|what| failed(text, what))
    }
}

impl fmt::Debug for ReportBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.text)
    }
}

/// All members are there for every record, so that an expression need not ask first.
fn of(response: Response<'_>) -> Cel {
    let (id, created, error) = match response {
        Response::Written { id, created } => (id, created, None),
        Response::Refused(rejection) => (None, false, Some(rejection)),
    };
    let optional = |value: Option<&str>| value.map_or(Cel::Null, text);
    let fields = error.into_iter().flat_map(|error| error.fields.iter().map(|field| text(field)));
    let members = [
        ("success", Cel::Bool(error.is_none())),
        ("id", optional(id)),
        ("created", Cel::Bool(created)),
        ("code", optional(error.map(|error| error.code.as_str()))),
        ("message", optional(error.map(|error| error.message.as_str()))),
        ("fields", Cel::List(Arc::new(fields.collect()))),
    ];
    values::to_map(members.into_iter())
}
