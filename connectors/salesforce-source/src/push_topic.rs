//! PushTopics: what makes an org raise events for an object. One for each object, shared by all pipelines that read it.

use std::time::Duration;

use orgstream_salesforce::{ApiError, Org, Row, SalesforceId, soql};
use serde_json::{Value, json};

use crate::error::SourceError;

/// Salesforce's limit.
const NAME: usize = 25;

/// How the names of our PushTopics begin.
const PREFIX: &str = "orgstream_";

/// How the descriptions of our PushTopics begin: the mark by which one that differs may be changed.
const MARK: &str = "orgstream:";

const TIMEOUT: Duration = Duration::from_secs(30);

/// A PushTopic as orgstream wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushTopic {
    object: String,
    name: String,
}

/// What became of a PushTopic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ensured {
    /// The org had it.
    Found,
    /// The org did not have it, so nothing raised events before.
    Made,
}

impl PushTopic {
    /// The PushTopic for `object`, named in the org's own case.
    pub(crate) fn of(object: &str) -> Self {
        Self { object: object.to_owned(), name: name_of(object) }
    }

    /// At most 25 characters; the same at every start.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Makes sure that the org has it: creates it, uses it as it is, or changes it where it is orgstream's and differs.
    pub(crate) async fn ensure(&self, org: &Org) -> Result<Ensured, SourceError> {
        if let Some(found) = self.find(org).await? {
            return self.adopt(org, &found).await;
        }
        match org.create_one("PushTopic", &self.written(org), TIMEOUT).await {
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

    async fn find(&self, org: &Org) -> Result<Option<Row>, ApiError> {
        let soql = format!(
            "SELECT Id, Name, Query, ApiVersion, Description, IsActive, NotifyForFields, NotifyForOperationCreate, \
             NotifyForOperationUpdate, NotifyForOperationDelete, NotifyForOperationUndelete \
             FROM PushTopic WHERE Name = {}",
            soql::literal(&self.name)
        );
        Ok(org.query(&soql).await?.rows.into_iter().next())
    }

    async fn adopt(&self, org: &Org, found: &Row) -> Result<Ensured, SourceError> {
        let differences = self.differences(found);
        if differences.is_empty() {
            return Ok(Ensured::Found);
        }
        let id = found.get("Id").and_then(Value::as_str).and_then(|id| SalesforceId::parse(id).ok());
        match id {
            Some(id) if is_ours(found) => {
                let mut written = self.written(org);
                written.remove("Name");
                org.update_one("PushTopic", &id, &written, TIMEOUT)
                    .await
                    .map_err(|error| self.refused(org, error))?;
                tracing::info!(org = org.name(), push_topic = %self.name, ?differences, "changed");
                Ok(Ensured::Found)
            }
            _ => Err(SourceError::Config(format!(
                "org `{}` has a PushTopic `{}` that orgstream did not make and cannot use: {}; rename or delete it",
                org.name(),
                self.name,
                differences.join(", ")
            ))),
        }
    }

    /// The fields in which a PushTopic of the same name differs, with what they should be.
    fn differences(&self, found: &Row) -> Vec<String> {
        let differs = |(name, wanted): &(&String, &Value)| match found.get(name.as_str()) {
            _ if name.as_str() == "Description" => false,
            Some(Value::String(found)) => wanted.as_str() != Some(normal(found).as_str()),
            Some(found) => found != *wanted,
            None => true,
        };
        self.wanted()
            .iter()
            .filter(differs)
            .map(|(name, wanted)| {
                format!("{name} is {}, not {wanted}", found.get(name).unwrap_or(&Value::Null))
            })
            .collect()
    }

    /// The row to write. Which version of the API made it changes nothing for us, so that is not part of what is wanted.
    fn written(&self, org: &Org) -> Row {
        let mut row = self.wanted();
        row.insert("ApiVersion".to_owned(), json!(org.api_version().parse::<f64>().ok()));
        row
    }

    /// `Id` is enough: rows are read whole, and with `NotifyForFields=All` the selected fields decide nothing.
    fn wanted(&self) -> Row {
        let wanted = json!({
            "Name": self.name,
            "Query": format!("SELECT Id FROM {}", self.object),
            "Description": format!("{MARK} raises the events of {} for replication. Do not edit.", self.object),
            "IsActive": true,
            "NotifyForFields": "All",
            "NotifyForOperationCreate": true,
            "NotifyForOperationUpdate": true,
            "NotifyForOperationDelete": true,
            "NotifyForOperationUndelete": true,
        });
        match wanted {
            Value::Object(row) => row,
            _ => Row::new(),
        }
    }

    fn refused(&self, org: &Org, error: ApiError) -> SourceError {
        if crate::patience::is_lasting(&error) {
            SourceError::Config(format!(
                "org `{}` refuses the PushTopic `{}` for {}: {error}; check that PushTopics support the object and \
                 that the user may create them",
                org.name(),
                self.name,
                self.object
            ))
        } else {
            error.into()
        }
    }
}

fn is_ours(found: &Row) -> bool {
    found.get("Description").and_then(Value::as_str).is_some_and(|text| text.starts_with(MARK))
}

/// One blank where there are several, so that only words make a query differ.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn name_of(object: &str) -> String {
    let whole = format!("{PREFIX}{object}");
    if whole.len() <= NAME {
        return whole;
    }
    // The beginning for people, the hash to tell apart what begins alike.
    let readable: String = object.chars().take(NAME - PREFIX.len() - 9).collect();
    format!("{PREFIX}{}_{:08x}", readable.trim_end_matches('_'), fnv1a(object.as_bytes()))
}

/// FNV-1a, 32 bits: the same on every machine and in every version, which the standard library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_readable_stable_and_never_too_long() {
        for (object, name) in [
            ("Account", "orgstream_Account"),
            ("Invoice__c", "orgstream_Invoice__c"),
            ("ServiceContract", "orgstream_ServiceContract"),
            ("UserServicePresence", "orgstream_UserSe_bea7f568"),
        ] {
            assert_eq!(PushTopic::of(object).name(), name);
        }
        let long: Vec<String> = (0..1000).map(|number| format!("A_rather_long_name_{number}__c")).collect();
        let names: HashSet<String> = long.iter().map(|object| name_of(object)).collect();
        assert_eq!(names.len(), long.len());
        assert!(names.iter().all(|name| name.len() <= NAME && !name.contains("__")));
    }

    #[test]
    fn only_what_changes_the_events_counts_as_a_difference() {
        let topic = PushTopic::of("Account");
        let mut found = topic.wanted();
        found.insert("ApiVersion".to_owned(), json!(45.0));
        found.insert("Query".to_owned(), json!("SELECT  Id\nFROM Account"));
        assert_eq!(topic.differences(&found), Vec::<String>::new());
        found.insert("NotifyForFields".to_owned(), json!("Referenced"));
        found.insert("IsActive".to_owned(), json!(false));
        assert_eq!(
            topic.differences(&found),
            ["IsActive is false, not true", r#"NotifyForFields is "Referenced", not "All""#]
        );
        assert!(is_ours(&found));
    }
}
