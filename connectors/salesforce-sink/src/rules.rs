//! What is done with references, as the user's file says it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use orgstream_salesforce::SalesforceId;

/// What is done with the references of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReferenceRules {
    /// By the API name of the field.
    pub fields: BTreeMap<String, ReferenceRule>,
    /// What is done with all others.
    pub default: ReferenceRule,
}

/// What is done with one reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReferenceRule {
    /// What points at an object of the pipeline is mapped, all else is left out.
    #[default]
    Map,
    /// It is never written.
    LeaveOut,
    /// As `Map`; what points out of the pipeline is found as the rule says.
    Find(Arc<FindRule>),
}

/// How the record of org B is found that a reference out of the pipeline is to point at: the first of these that knows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FindRule {
    /// Ids of org B by ids of org A. They come before everything, the id map included.
    pub ids: HashMap<SalesforceId, SalesforceId>,
    /// Where these stand in their file, by the id of org A.
    pub lines: HashMap<SalesforceId, u64>,
    /// The field in which the records of both orgs have the same value.
    pub by: Option<String>,
    /// What is taken where nothing is found.
    pub fallback: Option<Fallback>,
}

/// A record of org B that is taken where nothing is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fallback {
    /// By its id.
    Id(SalesforceId),
    /// By its value in the field of the rule.
    Value(String),
}

impl ReferenceRules {
    /// The rule of a field; Salesforce's names have no case.
    pub fn of(&self, field: &str) -> &ReferenceRule {
        let named = self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
        named.map_or(&self.default, |(_, rule)| rule)
    }

    /// The rules that find records, by field.
    pub fn finding(&self) -> impl Iterator<Item = (&str, &Arc<FindRule>)> {
        self.fields.iter().filter_map(|(name, rule)| match rule {
            ReferenceRule::Find(rule) => Some((name.as_str(), rule)),
            ReferenceRule::Map | ReferenceRule::LeaveOut => None,
        })
    }

    /// Whether any rule needs a look into the org that the records come from.
    pub fn ask_the_source(&self) -> bool {
        self.finding().any(|(_, rule)| rule.by.is_some())
    }
}
