//! The SOQL of a snapshot.

use orgstream_salesforce::{Columns, Describe, SalesforceId, soql};

use crate::moment::Moment;
use crate::record::STAMP;

/// A longer query does not fit into a URL once it is encoded.
const LONGEST: usize = 12_000;

/// Which rows a snapshot reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The object's API name.
    pub(crate) object: String,
    /// A condition of the rows.
    pub(crate) filter: Option<String>,
    /// Rows that were deleted since this time become deletes.
    pub(crate) repairs: Option<Moment>,
}

impl Wanted {
    /// How many rows there are.
    pub(crate) fn count(&self) -> String {
        format!("SELECT COUNT() FROM {}{}", self.object, self.conditions(None))
    }

    /// A page of whole rows; `None` where that is too long to be asked.
    pub(crate) fn whole_rows(
        &self,
        describe: &Describe,
        after: Option<SalesforceId>,
        most: usize,
    ) -> Option<String> {
        let fields: Vec<&str> = describe.fields.iter().map(|field| field.name.as_str()).collect();
        let soql = self.page(&fields.join(", "), after, most);
        // Blanks and commas take three bytes each in a URL.
        let encoded: usize = soql.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { 3 }).sum();
        (encoded <= LONGEST).then_some(soql)
    }

    /// A page of ids, with the state of each.
    pub(crate) fn states(&self, describe: &Describe, after: Option<SalesforceId>, most: usize) -> String {
        let deleted = if describe.field("IsDeleted").is_some() { ", IsDeleted" } else { "" };
        let stamp = describe.dated_by().unwrap_or(STAMP);
        self.page(&format!("Id{deleted}, {stamp}"), after, most)
    }

    /// All rows, for a job.
    pub(crate) fn bulk(&self, columns: &Columns) -> String {
        format!("SELECT {} FROM {}{}", columns.selection(), self.object, self.conditions(None))
    }

    fn page(&self, fields: &str, after: Option<SalesforceId>, most: usize) -> String {
        format!("SELECT {fields} FROM {}{} ORDER BY Id LIMIT {most}", self.object, self.conditions(after))
    }

    fn conditions(&self, after: Option<SalesforceId>) -> String {
        let filter = self.filter.as_ref().map(|filter| format!("({filter})"));
        let after = after.map(|id| format!("Id > {}", soql::literal(id.as_str())));
        let all: Vec<String> = [filter, after].into_iter().flatten().collect();
        if all.is_empty() { String::new() } else { format!(" WHERE {}", all.join(" AND ")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn describe(fields: usize) -> Describe {
        let custom = (0..fields)
            .map(|number| json!({"name": format!("A_field_of_many_{number}__c"), "type": "string"}));
        let own = [json!({"name": "Id", "type": "id"}), json!({"name": STAMP, "type": "datetime"})];
        let fields: Vec<_> = own.into_iter().chain(custom).collect();
        serde_json::from_value(json!({"name": "Lead", "fields": fields})).unwrap()
    }

    #[test]
    fn a_condition_holds_for_every_page_and_for_the_count() {
        let wanted =
            Wanted { object: "Lead".to_owned(), filter: Some("A = 1 OR B = 2".to_owned()), repairs: None };
        let after = SalesforceId::parse("0015g00000QwErTAAV").unwrap();
        let id = after.as_str();
        assert_eq!(wanted.count(), "SELECT COUNT() FROM Lead WHERE (A = 1 OR B = 2)");
        assert_eq!(
            wanted.whole_rows(&describe(0), Some(after), 7).unwrap(),
            format!(
                "SELECT Id, SystemModstamp FROM Lead WHERE (A = 1 OR B = 2) AND Id > '{id}' ORDER BY Id LIMIT 7"
            )
        );
        let columns = Columns::of(&describe(0));
        assert_eq!(wanted.bulk(&columns), "SELECT Id, SystemModstamp FROM Lead WHERE (A = 1 OR B = 2)");
    }

    #[test]
    fn an_object_with_too_many_fields_for_a_url_is_asked_for_its_ids() {
        let wanted = Wanted { object: "Lead".to_owned(), ..Wanted::default() };
        assert!(wanted.whole_rows(&describe(200), None, 2_000).is_some());
        assert_eq!(wanted.whole_rows(&describe(500), None, 2_000), None);
        let states = wanted.states(&describe(500), None, 2_000);
        assert_eq!(states, "SELECT Id, SystemModstamp FROM Lead ORDER BY Id LIMIT 2000");
    }
}
