//! Asks org B which of its records carry which external ids.

use std::collections::HashMap;

use orgstream_salesforce::{ApiError, Org, SalesforceId, soql};

use crate::target::Target;

/// Characters of external ids one query asks for, as they are in a URL. An org takes 16,384 bytes of URL and headers, of which an access
/// token may be 2,000.
const CHARACTERS: usize = 12_000;

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
    let fitting = values.iter().take_while(|value| {
        characters += in_url("','") + in_url(value);
        characters <= CHARACTERS
    });
    fitting.count().max(1)
}

/// The length of a text in a URL, at most.
fn in_url(text: &str) -> usize {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { 1 } else { "%00".len() }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_stays_within_a_url() {
        assert_eq!(fitting(&["001D000000IqhSLIAZ"; 500]), 444);
        let long = "x".repeat(255);
        assert_eq!(fitting(&[long.as_str(); 500]), 45);
        let foreign = "\u{e9}".repeat(200);
        assert_eq!(fitting(&[foreign.as_str(); 500]), 9);
        let huge = "x".repeat(10_000);
        assert_eq!(fitting(&[huge.as_str()]), 1);
    }
}
