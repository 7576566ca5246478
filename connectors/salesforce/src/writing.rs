//! What an org is told beside the records that are written to it.
//!
//! Each of these is legal for some calls only: assignment rules for accounts, cases and leads, duplicate rules for writes of
//! fields by REST. A bulk job knows neither, but for the id of one assignment rule, of cases and leads.

use std::collections::BTreeMap;

use crate::id::SalesforceId;
use crate::org::Org;

/// The objects whose records assignment rules give to an owner.
const ASSIGNED: [&str; 3] = ["Account", "Case", "Lead"];

/// Those of them whose rules a bulk job can name.
const ASSIGNED_BY_JOBS: [&str; 2] = ["Case", "Lead"];

/// Headers of one call.
pub(crate) type Headers = Vec<(&'static str, String)>;

/// What an org is told beside the records that are written to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// The name of the client, which the org's change events repeat in `changeOrigin`.
    pub client: String,
    /// Whether records are written that a duplicate rule only warns of.
    pub allow_duplicates: bool,
    /// What assignment rules do with written records.
    pub assignment: Assignment,
    /// The same, of objects for which it differs.
    pub assignment_of: BTreeMap<String, Assignment>,
}

/// What assignment rules do with a written record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Assignment {
    /// Nothing: the record has the owner that it is written with.
    #[default]
    Off,
    /// The rule that is active in the org gives it an owner.
    Active,
    /// This rule does.
    Rule(SalesforceId),
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            client: "orgstream".to_owned(),
            allow_duplicates: false,
            assignment: Assignment::Off,
            assignment_of: BTreeMap::new(),
        }
    }
}

impl WriteOptions {
    /// Whether records of `object` can be rows of a bulk job, which knows no active rule and no rule of accounts.
    pub fn allow_jobs(&self, object: &str) -> bool {
        match self.assignment(object) {
            None | Some(Assignment::Off) => true,
            Some(Assignment::Active) => false,
            Some(Assignment::Rule(_)) => is_one_of(&ASSIGNED_BY_JOBS, object),
        }
    }

    /// Whether assignment rules give records of `object` an owner at all.
    pub fn can_assign(object: &str) -> bool {
        is_one_of(&ASSIGNED, object)
    }

    /// What assignment rules do with records of `object`; `None` where there are none.
    fn assignment(&self, object: &str) -> Option<Assignment> {
        let own = || self.assignment_of.iter().find(|(name, _)| name.eq_ignore_ascii_case(object));
        Self::can_assign(object).then(|| own().map_or(self.assignment, |(_, own)| *own))
    }

    /// The rule that a bulk job of `object` names.
    pub(crate) fn rule_of_job(&self, object: &str) -> Option<SalesforceId> {
        match self.assignment(object) {
            Some(Assignment::Rule(id)) if is_one_of(&ASSIGNED_BY_JOBS, object) => Some(id),
            _ => None,
        }
    }

    /// Headers of any call that writes.
    pub(crate) fn of_call(&self) -> Headers {
        vec![("sforce-call-options", format!("client={}", self.client))]
    }

    /// Headers of a call that writes fields of records of `object`.
    pub(crate) fn of_fields(&self, object: &str) -> Headers {
        let mut headers = self.of_call();
        if self.allow_duplicates {
            headers.push(("sforce-duplicate-rule-header", "allowSave=true".to_owned()));
        }
        let assignment = self.assignment(object).map(|assignment| match assignment {
            Assignment::Off => "FALSE".to_owned(),
            Assignment::Active => "TRUE".to_owned(),
            Assignment::Rule(id) => id.as_str().to_owned(),
        });
        headers.extend(assignment.map(|text| ("sforce-auto-assign", text)));
        headers
    }
}

impl Org {
    /// The same org, told these things whenever it is written to with this value.
    #[must_use]
    pub fn writing(&self, options: WriteOptions) -> Self {
        Self { writing: options.into(), ..self.clone() }
    }

    /// What it is told when it is written to with this value.
    pub fn write_options(&self) -> &WriteOptions {
        &self.writing
    }
}

fn is_one_of(objects: &[&str], object: &str) -> bool {
    objects.iter().any(|known| known.eq_ignore_ascii_case(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn assignment_rules_are_spoken_of_where_there_are_some_and_by_jobs_where_they_can() {
        let rule = SalesforceId::parse("01Q5g000000AbCd").unwrap();
        let mut options = WriteOptions::default();
        let assign = |options: &WriteOptions, object| {
            header(&options.of_fields(object), "sforce-auto-assign").map(str::to_owned)
        };
        assert_eq!(assign(&options, "lead").as_deref(), Some("FALSE"));
        assert_eq!(assign(&options, "Contact"), None);
        assert!(options.allow_jobs("Lead"));
        options.assignment = Assignment::Active;
        options.assignment_of.insert("Case".to_owned(), Assignment::Rule(rule));
        assert_eq!(assign(&options, "Lead").as_deref(), Some("TRUE"));
        assert_eq!(assign(&options, "Case").as_deref(), Some(rule.as_str()));
        assert!(!options.allow_jobs("Lead") && options.allow_jobs("Case") && options.allow_jobs("Contact"));
        assert_eq!((options.rule_of_job("Case"), options.rule_of_job("Lead")), (Some(rule), None));
        options.assignment = Assignment::Rule(rule);
        assert!(!options.allow_jobs("Account"));
    }

    #[test]
    fn duplicates_are_allowed_only_where_that_is_said_and_never_in_a_deletion() {
        let name = "sforce-duplicate-rule-header";
        let mut options = WriteOptions::default();
        assert_eq!(header(&options.of_fields("Lead"), name), None);
        options.allow_duplicates = true;
        assert_eq!(header(&options.of_fields("Lead"), name), Some("allowSave=true"));
        assert_eq!(options.of_call(), [("sforce-call-options", "client=orgstream".to_owned())]);
    }
}
