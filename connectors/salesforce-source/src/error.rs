//! What goes wrong in the source, by what the runtime does about it.

use orgstream_api::{StoreError, TaskError};
use orgstream_salesforce::{ApiError, CsvError, Disposition, SalesforceId, ValueError};

use crate::patience::is_lasting;
use crate::position::UnreadablePosition;

/// The source cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// A call to the org failed. Its disposition decides.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The file asks for something that the org does not have or does not allow.
    #[error("{0}")]
    Config(String),
    /// The org refuses the stream until somebody changes something.
    #[error("org `{org}` refuses {what}: {reason}; {advice}")]
    Stream {
        /// The org's name.
        org: String,
        /// What was asked for.
        what: String,
        /// Salesforce's text.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// A stored position of a form that is not known.
    #[error(transparent)]
    Position(#[from] UnreadablePosition),
    /// A row that does not fit its object's description, also after that was read anew.
    #[error("{object} {id}: the row does not fit the description of its object: {source}")]
    Row {
        /// The object.
        object: String,
        /// The record.
        id: SalesforceId,
        /// What does not fit.
        source: RowError,
    },
    /// An answer to a query that lacks what the query asks for.
    #[error("the answer to a query of {object} has no usable id, stamp or deletion mark: {soql}")]
    Query {
        /// The object.
        object: String,
        /// The beginning of the query.
        soql: String,
    },
    /// The results of a Bulk job cannot be read.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// Kafka could not be asked what was produced before.
    #[error("the topics could not be read back: {0}")]
    Produced(#[from] StoreError),
    /// No object can be read; the text says why of each.
    #[error("no object of the source is left: {0}")]
    NothingLeft(String),
    /// A task of the source's own is gone, which only a defect can explain.
    #[error("{0} ended without a word; the source is started again")]
    TaskGone(&'static str),
}

/// Why a row does not fit its object's description.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum RowError {
    /// It has a field that the description lacks.
    #[error("it has a field `{0}` that the description lacks")]
    UnknownField(String),
    /// It lacks what every row has.
    #[error("it has no usable `{0}`")]
    Missing(&'static str),
    /// Its text is no JSON once it is looked into.
    #[error("its text cannot be read: {0}")]
    Text(String),
    /// A value is of another type.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl RowError {
    /// The field that does not fit.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Self::UnknownField(field) => Some(field),
            Self::Value(error) => Some(&error.field),
            Self::Missing(_) | Self::Text(_) => None,
        }
    }
}

impl SourceError {
    /// Whether it concerns the object or the channel alone that was asked for, so that the others can go on.
    pub(crate) fn is_of_one_object(&self) -> bool {
        match self {
            Self::Api(error) => is_lasting(error),
            Self::Config(_) | Self::Stream { .. } | Self::Row { .. } | Self::Query { .. } | Self::Csv(_) => {
                true
            }
            Self::Position(_) | Self::Produced(_) | Self::NothingLeft(_) | Self::TaskGone(_) => false,
        }
    }
}

impl From<SourceError> for TaskError {
    fn from(error: SourceError) -> Self {
        match &error {
            SourceError::Api(api) if api.is_refused() => Self::config(error),
            SourceError::Api(api) => match api.disposition() {
                Disposition::Reject | Disposition::Gone => Self::failed(error),
                Disposition::Retry | Disposition::Probe | Disposition::Org | Disposition::Reauthenticate => {
                    Self::restart(error)
                }
            },
            SourceError::Config(_) => Self::config(error),
            SourceError::Stream { .. }
            | SourceError::Position(_)
            | SourceError::Query { .. }
            | SourceError::Csv(_)
            | SourceError::Row { .. }
            | SourceError::NothingLeft(_) => Self::failed(error),
            SourceError::Produced(_) | SourceError::TaskGone(_) => Self::restart(error),
        }
    }
}
