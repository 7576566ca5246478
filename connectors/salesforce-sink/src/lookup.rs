//! Asks org B which of its records carry which external ids.

use std::collections::HashMap;

use orgstream_salesforce::{ApiError, Org, SalesforceId, soql};

use crate::target::Target;

/// External ids one query asks for.
const VALUES: usize = 200;

/// Characters of external ids one query asks for; the query travels in a URL.
const CHARACTERS: usize = 6_000;

/// The records of `target` whose external id is one of `values`, by that value. An object without one has none.
pub(crate) async fn by_external_id(
    org: &Org,
    target: &Target,
    values: &[&str],
) -> Result<HashMap<String, SalesforceId>, ApiError> {
    let mut found = HashMap::new();
    let Some(field) = &target.external_id else {
        return Ok(found);
    };
    let mut rest = values;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(fitting(rest));
        rest = later;
        let list = soql::list(now);
        let soql = format!("SELECT Id, {field} FROM {} WHERE {field} IN {list}", target.object);
        for row in org.query(&soql).await?.rows {
            let text = |name: &str| row.get(name).and_then(serde_json::Value::as_str);
            if let (Some(value), Some(Ok(id))) = (text(field), text("Id").map(SalesforceId::parse)) {
                found.insert(value.to_owned(), id);
            }
        }
    }
    Ok(found)
}

/// How many of `values` fit into one query; at least one.
pub(crate) fn fitting(values: &[&str]) -> usize {
    let mut characters = 0;
    let fitting = values.iter().take(VALUES).take_while(|value| {
        characters += value.len() + 4;
        characters <= CHARACTERS
    });
    fitting.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_stays_within_a_url() {
        assert_eq!(fitting(&["001D000000IqhSLIAZ"; 500]), 200);
        let long = "x".repeat(255);
        assert_eq!(fitting(&[long.as_str(); 500]), 23);
        let huge = "x".repeat(10_000);
        assert_eq!(fitting(&[huge.as_str()]), 1);
    }
}
