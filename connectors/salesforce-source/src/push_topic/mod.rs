//! PushTopics: what makes an org raise events for an object. Shared by all pipelines that want the same one.
//!
//! # Layout, in reading order
//!
//! - this file: making sure that the org has one
//! - `definition`: what it is to be
//! - `name`: what it is called when nobody says so
//! - `drift`: in what the org's differs
//! - `watch`: looking for that while the source runs

mod definition;
mod drift;
mod name;
mod watch;

use std::time::Duration;

use definition::Definition;
use orgstream_salesforce::{ApiError, Describe, Org, Row, SalesforceId, datetime, soql};
use serde_json::{Value, json};
pub(crate) use watch::Watch;

use crate::config::{Manage, PushTopicConfig};
use crate::error::SourceError;
use crate::moment::Moment;

const TIMEOUT: Duration = Duration::from_secs(30);

/// A PushTopic as the file wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushTopic {
    object: String,
    name: String,
    definition: Definition,
    manage: Manage,
    /// Whether the name is orgstream's, so that only its own PushTopics are changed under it.
    generated: bool,
}

/// What became of a PushTopic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ensured {
    /// The org has it as it is to be, or it is not wanted.
    Found {
        /// When it was made or changed last.
        modified: Option<Moment>,
    },
    /// The org did not have it, so nothing raised events before.
    Made,
    /// The org had one that raised fewer events.
    Changed {
        /// Since when, as far as is known.
        since: Option<Moment>,
    },
    /// The org has it, and it differs in this.
    Drifted(String),
}

/// What would become of a PushTopic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Prospect {
    /// The org has it as it is to be.
    Fits,
    /// The org does not have it, and it would be made.
    Makes,
    /// The org has one that would be changed in this.
    Changes(String),
    /// The org has it, and it differs in this.
    Drifted(String),
}

/// What is to be done with a PushTopic that the org has.
enum Judged {
    Fits { modified: Option<Moment> },
    Change { id: SalesforceId, differences: Vec<String>, raised_less: bool, modified: Option<Moment> },
    Drifted(String),
}

impl Ensured {
    /// In what it differs from what the file says; `None` when it does not.
    pub(crate) fn drift(&self) -> Option<&str> {
        match self {
            Self::Drifted(drift) => Some(drift),
            Self::Found { .. } | Self::Made | Self::Changed { .. } => None,
        }
    }
}

/// The name of the PushTopic that brings the changes of `object` when nobody says otherwise.
pub(crate) fn plain_name(object: &str) -> String {
    name::plain(object)
}

impl PushTopic {
    /// The PushTopic for the object of `describe`; `by_events` as in [`Way`](crate::way::Way).
    pub(crate) fn of(
        describe: &Describe,
        config: &PushTopicConfig,
        by_events: bool,
    ) -> Result<Self, SourceError> {
        let definition = Definition::of(describe, config, by_events)?;
        let generated = config.name.is_none();
        let manage = config.manage.unwrap_or(if generated { Manage::Update } else { Manage::Create });
        let (object, name) = (describe.object.clone(), definition.name(&describe.object));
        Ok(Self { object, name, definition, manage, generated })
    }

    /// At most 25 characters; the same at every start.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes sure that the org has it: creates it, uses it as it is, or changes what differs, as the file says.
    pub(crate) async fn ensure(&self, org: &Org) -> Result<Ensured, SourceError> {
        if let Some(found) = self.find(org).await? {
            return self.adopt(org, &found).await;
        }
        if self.manage == Manage::Never {
            return Err(self.not_made(org));
        }
        match org.create_one("PushTopic", &self.row(org), TIMEOUT).await {
            Ok(_) => {
                tracing::info!(org = org.name(), push_topic = %self.name, "created");
                Ok(Ensured::Made)
            }
            // Another pipeline may have been faster.
            Err(error) => match self.find(org).await? {
                Some(found) => self.adopt(org, &found).await,
                None => Err(self.refused(org, error)),
            },
        }
    }

    /// What [`PushTopic::ensure`] would come to; nothing is changed.
    pub(crate) async fn survey(&self, org: &Org) -> Result<Prospect, SourceError> {
        match self.find(org).await? {
            Some(found) => Ok(match self.judge(org, &found)? {
                Judged::Fits { .. } => Prospect::Fits,
                Judged::Change { differences, .. } => Prospect::Changes(differences.join(", ")),
                Judged::Drifted(drift) => Prospect::Drifted(drift),
            }),
            None if self.manage == Manage::Never => Err(self.not_made(org)),
            None => Ok(Prospect::Makes),
        }
    }

    fn not_made(&self, org: &Org) -> SourceError {
        SourceError::Config(format!(
            "org `{}` has no PushTopic `{}` for {}, and the file says `manage: never`; make it in the org, or write \
             `manage: create`",
            org.name(),
            self.name,
            self.object
        ))
    }

    /// In what the org's PushTopic differs now; nothing is changed. One that is gone is told of by its channel.
    async fn drift(&self, org: &Org) -> Result<Option<String>, ApiError> {
        let Some(found) = self.find(org).await? else { return Ok(None) };
        let differences = drift::differences(&self.definition.fields(), &found);
        Ok((!differences.is_empty()).then(|| self.drifted(org, &differences)))
    }

    async fn find(&self, org: &Org) -> Result<Option<Row>, ApiError> {
        let soql = format!(
            "SELECT Id, Name, Query, ApiVersion, Description, LastModifiedDate, IsActive, NotifyForFields, NotifyForOperationCreate, \
             NotifyForOperationUpdate, NotifyForOperationDelete, NotifyForOperationUndelete \
             FROM PushTopic WHERE Name = {}",
            soql::literal(&self.name)
        );
        Ok(org.query(&soql).await?.rows.into_iter().next())
    }

    async fn adopt(&self, org: &Org, found: &Row) -> Result<Ensured, SourceError> {
        match self.judge(org, found)? {
            Judged::Fits { modified } => Ok(Ensured::Found { modified }),
            Judged::Drifted(drift) => Ok(Ensured::Drifted(drift)),
            Judged::Change { id, differences, raised_less, modified } => {
                let mut row = self.row(org);
                row.remove("Name");
                org.update_one("PushTopic", &id, &row, TIMEOUT)
                    .await
                    .map_err(|error| self.refused(org, error))?;
                tracing::info!(org = org.name(), push_topic = %self.name, ?differences, "changed");
                Ok(if raised_less {
                    Ensured::Changed { since: modified }
                } else {
                    Ensured::Found { modified: None }
                })
            }
        }
    }

    /// What is to be done with the one that the org has.
    fn judge(&self, org: &Org, found: &Row) -> Result<Judged, SourceError> {
        let query = found.get("Query").and_then(Value::as_str).unwrap_or_default();
        let object = drift::object_of(query).unwrap_or_default();
        // Under whatever name: its events would be taken for those of other records.
        if !object.eq_ignore_ascii_case(&self.object) {
            return Err(SourceError::Config(format!(
                "the PushTopic `{}` of org `{}` is about {object}, not about {} ({query}); delete it, or give the \
                 PushTopic of {} another name (`push_topic: {{ name: … }}`)",
                self.name,
                org.name(),
                self.object,
                self.object
            )));
        }
        let modified = found.get("LastModifiedDate").and_then(Value::as_str);
        let modified = modified.and_then(|at| datetime::parse_datetime(at).ok()).map(Moment);
        let wanted = self.definition.fields();
        let differences = drift::differences(&wanted, found);
        if differences.is_empty() {
            return Ok(Judged::Fits { modified });
        }
        let id = found.get("Id").and_then(Value::as_str).and_then(|id| SalesforceId::parse(id).ok());
        match (self.manage, id) {
            (Manage::Update, _) if self.generated && !drift::is_ours(found) => {
                Err(SourceError::Config(format!(
                    "org `{}` has a PushTopic `{}` that orgstream did not make and cannot use: {}; rename or delete it, \
                     or write its name under `push_topic` to use it as it is",
                    org.name(),
                    self.name,
                    differences.join(", ")
                )))
            }
            (Manage::Update, Some(id)) => {
                let raised_less = drift::raises_less(&wanted, found);
                Ok(Judged::Change { id, differences, raised_less, modified })
            }
            _ => Ok(Judged::Drifted(self.drifted(org, &differences))),
        }
    }

    fn drifted(&self, org: &Org, differences: &[String]) -> String {
        format!(
            "the PushTopic `{}` of org `{}` is not as the file says: {}; change either of them, or write `manage: update`",
            self.name,
            org.name(),
            differences.join(", ")
        )
    }

    /// The row to write.
    fn row(&self, org: &Org) -> Row {
        let mut row = Row::new();
        row.insert("Name".to_owned(), json!(self.name));
        let words =
            format!("{} raises the events of {} for replication. Do not edit.", drift::MARK, self.object);
        row.insert("Description".to_owned(), json!(words));
        row.insert("ApiVersion".to_owned(), json!(org.api_version().parse::<f64>().ok()));
        row.extend(self.definition.fields());
        row
    }

    fn refused(&self, org: &Org, error: ApiError) -> SourceError {
        if crate::patience::is_lasting(&error) {
            SourceError::Config(format!(
                "org `{}` refuses the PushTopic `{}` for {}: {}; its query is `{}`; check that PushTopics support the \
                 object and the query, and that the user may create them",
                org.name(),
                self.name,
                self.object,
                error.without_advice(),
                self.definition.query
            ))
        } else {
            error.into()
        }
    }
}
