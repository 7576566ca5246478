//! What a PushTopic's query may not contain, with Salesforce's messages.

use crate::data::Refusal;
use crate::soql::{Token, TokenKind, tokens};

const AGGREGATES: [&str; 5] = ["AVG", "MAX", "MIN", "SUM", "COUNT"];

/// Refuses a query with a construct that PushTopics do not support.
pub(crate) fn check(query: &str) -> Result<(), Refusal> {
    let tokens = tokens(query).map_err(refused)?;
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        let opens = next.is_some_and(|next| next.kind == TokenKind::Symbol("("));
        let forbidden = if at > 0 && token.is("SELECT") {
            Some("semi/anti join sub-selects are not supported")
        } else if (opens && AGGREGATES.iter().any(|name| token.is(name))) || token.is("GROUP") {
            Some("Aggregate queries are not supported")
        } else if token.is("LIMIT") {
            Some("'LIMIT' is not allowed")
        } else if token.is("ORDER") {
            Some("'ORDER BY' clause is not allowed")
        } else if token.is("NOT") && !next.is_some_and(|next| next.is("IN")) {
            Some("'NOT' is not supported")
        } else if token.is("OFFSET") {
            Some("'OFFSET' clause is not allowed")
        } else if token.is("TYPEOF") {
            Some("'TYPEOF' clause is not allowed")
        } else if is_path(token) {
            Some("relationships are not supported")
        } else {
            None
        };
        if let Some(message) = forbidden {
            return Err(invalid(message));
        }
    }
    Ok(())
}

/// A refusal of the query.
pub(crate) fn invalid(message: &str) -> Refusal {
    Refusal::record("INVALID_FIELD", message, &["Query"])
}

/// A query that cannot be read, as the refusal of a PushTopic.
pub(crate) fn refused(refusal: Refusal) -> Refusal {
    Refusal { fields: Some(vec!["Query".to_owned()]), ..refusal }
}

fn is_path(token: &Token) -> bool {
    matches!(&token.kind, TokenKind::Word(word) if word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unsupported_construct_is_named() {
        for (query, message) in [
            ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)", "semi/anti join"),
            ("SELECT COUNT(Id) FROM Account", "Aggregate"),
            ("SELECT Id FROM Account GROUP BY Name", "Aggregate"),
            ("SELECT Id FROM Account LIMIT 5", "'LIMIT'"),
            ("SELECT Id, Account.Name FROM Contact", "relationships"),
            ("SELECT Id FROM Account ORDER BY Name", "'ORDER BY'"),
            ("SELECT Id FROM Account WHERE NOT Name = 'x'", "'NOT'"),
            ("SELECT Id FROM Account OFFSET 3", "'OFFSET'"),
        ] {
            let refusal = check(query).unwrap_err();
            assert!(refusal.message.contains(message), "{query}: {}", refusal.message);
            assert_eq!(refusal.code, "INVALID_FIELD");
        }
        check("SELECT Id, Name FROM Account WHERE Name NOT IN ('a', 'SELECT')").unwrap();
    }
}
