//! What a PushTopic is to be: its query, and which changes raise events.

use orgstream_salesforce::{Describe, DescribeField, FieldKind, Row};
use serde_json::{Value, json};

use super::name;
use crate::config::{NotifyForFields, PushTopicConfig};
use crate::error::SourceError;

/// Salesforce's limit, in characters.
const LONGEST_QUERY: usize = 1_300;

/// What decides about the events of a PushTopic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) query: String,
    pub(super) config: PushTopicConfig,
}

impl Definition {
    /// The definition for the object of `describe`. With `by_events` the events have to carry every field they can.
    pub(super) fn of(
        describe: &Describe,
        config: &PushTopicConfig,
        by_events: bool,
    ) -> Result<Self, SourceError> {
        let object = &describe.object;
        let query = match &config.query {
            Some(query) => {
                check(object, query)?;
                query.clone()
            }
            None => match config.notify_for_fields {
                // Rows are read whole, and the selected fields decide nothing.
                NotifyForFields::All if !by_events => format!("SELECT Id FROM {object}"),
                NotifyForFields::All | NotifyForFields::Referenced | NotifyForFields::Select => {
                    format!("SELECT {} FROM {object}", every_field(describe))
                }
                NotifyForFields::Where => {
                    return Err(SourceError::Config(format!(
                        "the PushTopic for {object} is to tell of changes of the fields that its query compares, but it has \
                         no query (`push_topic: {{ query: … }}`)"
                    )));
                }
            },
        };
        let length = query.chars().count();
        if length > LONGEST_QUERY {
            return Err(SourceError::Config(format!(
                "the query of the PushTopic for {object} has {length} characters, and Salesforce takes {LONGEST_QUERY}; \
                 read whole rows (`hydrate: true`), or name the fields that you need (`push_topic: {{ query: … }}`)"
            )));
        }
        Ok(Self { query, config: config.clone() })
    }

    /// The name of the PushTopic: the file's, or one of this definition alone.
    pub(super) fn name(&self, object: &str) -> String {
        let config = &self.config;
        if let Some(name) = &config.name {
            return name.clone();
        }
        let unnamed = PushTopicConfig { name: None, manage: None, ..config.clone() };
        let plain = self.query == format!("SELECT Id FROM {object}") && unnamed == PushTopicConfig::default();
        if plain {
            name::plain(object)
        } else {
            name::of_definition(object, &json!(self.fields()).to_string())
        }
    }

    /// The fields of the PushTopic's row that are to be as they are here.
    pub(super) fn fields(&self) -> Row {
        let PushTopicConfig { notify_for_fields, notify, api_version, .. } = &self.config;
        let fields = json!({
            "Query": self.query,
            "IsActive": true,
            "NotifyForFields": notify_for_fields.as_str(),
            "NotifyForOperationCreate": notify.create,
            "NotifyForOperationUpdate": notify.update,
            "NotifyForOperationDelete": notify.delete,
            "NotifyForOperationUndelete": notify.undelete,
        });
        let Value::Object(mut fields) = fields else { return Row::new() };
        // Which version of the API made it changes nothing for us, unless somebody wants one.
        if let Some(version) = api_version.as_ref().and_then(|version| version.parse::<f64>().ok()) {
            fields.insert("ApiVersion".to_owned(), json!(version));
        }
        fields
    }
}

/// What can be said of a query without the org, which refuses the rest in its own words.
fn check(object: &str, query: &str) -> Result<(), SourceError> {
    let fault = |what: String| {
        Err(SourceError::Config(format!("the query of the PushTopic for {object} {what}: {query}")))
    };
    let words: Vec<&str> = query.split_whitespace().collect();
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    let Some(from) = words.iter().position(|word| is(word, "FROM")) else {
        return fault("has no FROM".to_owned());
    };
    let selected = words.get(1..from).unwrap_or_default().join(" ");
    if !words.first().is_some_and(|word| is(word, "SELECT"))
        || !selected.split(',').any(|field| is(field.trim(), "Id"))
    {
        return fault("has to select `Id`, without which an event says nothing of its record".to_owned());
    }
    match words.get(from + 1) {
        Some(named) if is(named, object) => Ok(()),
        named => fault(format!("is about {}", named.copied().unwrap_or("no object"))),
    }
}

/// What an event can carry: everything but long texts, bytes and compound fields, whose members are selected instead.
fn every_field(describe: &Describe) -> String {
    let carried = |field: &&DescribeField| {
        !matches!(field.kind, FieldKind::Textarea | FieldKind::Base64) && !field.kind.is_compound()
    };
    let names: Vec<&str> = describe.fields.iter().filter(carried).map(|field| field.name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Notify;

    fn describe(fields: usize) -> Describe {
        let mut all = vec![
            json!({"name": "Id", "type": "id"}),
            json!({"name": "Name", "type": "string"}),
            json!({"name": "Description", "type": "textarea"}),
            json!({"name": "BillingStreet", "type": "textarea"}),
            json!({"name": "BillingCity", "type": "string", "compoundFieldName": "BillingAddress"}),
            json!({"name": "BillingAddress", "type": "address"}),
            json!({"name": "SystemModstamp", "type": "datetime"}),
        ];
        all.extend(
            (0..fields).map(|number| json!({"name": format!("A_long_name_{number}__c"), "type": "string"})),
        );
        serde_json::from_value(json!({"name": "Account", "fields": all})).unwrap()
    }

    fn config(query: &str) -> PushTopicConfig {
        PushTopicConfig { query: Some(query.to_owned()), ..PushTopicConfig::default() }
    }

    fn of(config: &PushTopicConfig, by_events: bool) -> Definition {
        Definition::of(&describe(0), config, by_events).unwrap()
    }

    #[test]
    fn a_query_selects_what_its_events_have_to_tell() {
        let plain = PushTopicConfig::default();
        assert_eq!(of(&plain, false).query, "SELECT Id FROM Account");
        assert_eq!(of(&plain, true).query, "SELECT Id, Name, BillingCity, SystemModstamp FROM Account");
        let select = PushTopicConfig { notify_for_fields: NotifyForFields::Select, ..plain };
        // A change of a stamp alone raises no event, so that no fewer fields will do.
        assert_eq!(of(&select, false).query, of(&select, true).query);
        let compared = PushTopicConfig { notify_for_fields: NotifyForFields::Where, ..select };
        assert!(Definition::of(&describe(0), &compared, false).is_err());
        let own = "SELECT Id, Name FROM Account WHERE Name != 'x'";
        assert_eq!(of(&config(own), true).query, own);
    }

    #[test]
    fn a_query_that_is_too_long_is_refused_with_both_ways_out() {
        let error = Definition::of(&describe(80), &PushTopicConfig::default(), true).unwrap_err().to_string();
        for part in ["Account", "characters", "1300", "hydrate: true", "query"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(Definition::of(&describe(80), &PushTopicConfig::default(), false).is_ok());
    }

    #[test]
    fn a_query_of_another_object_or_without_the_id_is_refused() {
        for (query, what) in [
            ("SELECT Id FROM Contact", "is about Contact"),
            ("SELECT Name FROM Account", "`Id`"),
            ("SELECT Id", "no FROM"),
            ("SELECT Id FROM", "no object"),
            ("DELETE Id FROM Account", "`Id`"),
        ] {
            let error = Definition::of(&describe(0), &config(query), false).unwrap_err().to_string();
            assert!(error.contains(what) && error.contains(query), "{error}");
        }
        assert!(Definition::of(&describe(0), &config("select name , ID from account"), false).is_ok());
    }

    #[test]
    fn a_generated_name_is_of_its_definition_alone() {
        let plain = of(&PushTopicConfig::default(), false).name("Account");
        assert_eq!(plain, "orgstream_Account");
        let deletes = PushTopicConfig {
            notify: Notify { delete: false, ..Notify::default() },
            ..PushTopicConfig::default()
        };
        let versioned =
            PushTopicConfig { api_version: Some("60.0".to_owned()), ..PushTopicConfig::default() };
        let names = [
            plain,
            of(&deletes, false).name("Account"),
            of(&versioned, false).name("Account"),
            of(&PushTopicConfig::default(), true).name("Account"),
            of(&config("SELECT Id, Name FROM Account"), false).name("Account"),
        ];
        let different: std::collections::HashSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
        let named = PushTopicConfig { name: Some("Mine".to_owned()), ..PushTopicConfig::default() };
        assert_eq!(of(&named, false).name("Account"), "Mine");
    }
}
