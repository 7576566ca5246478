//! Promises of the parser and of the evaluator, for any query.

mod model;
mod print;
mod written;

use proptest::prelude::{prop_assert_eq, proptest};

use super::parser::parse;
use super::query::Query;
use crate::schema::Schema;

proptest! {
    #[test]
    fn a_query_that_is_written_out_reads_as_itself(statement in written::statement()) {
        let text = print::statement(&statement);
        match parse(&text) {
            Ok(read) => prop_assert_eq!(read, statement, "{}", text),
            Err(refusal) => panic!("{text}: {}", refusal.message),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,60}") {
        drop(parse(&text));
    }

    #[test]
    fn any_row_of_tokens_is_read_or_refused(words in proptest::collection::vec(0..WORDS.len(), 0..24)) {
        let schema = Schema::load(&[]).unwrap();
        let text: Vec<&str> = words.into_iter().map(|at| WORDS[at]).collect();
        drop(Query::parse(&schema, &format!("SELECT Id FROM Account {}", text.join(" "))));
        drop(Query::parse(&schema, &text.join(" ")));
    }
}

const WORDS: [&str; 48] = [
    "SELECT",
    "FROM",
    "WHERE",
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    ",",
    "=",
    "!=",
    "<",
    ">=",
    "IN",
    "LIKE",
    "INCLUDES",
    "Id",
    "Name",
    "Account",
    "Contact",
    "Contacts",
    "AccountId",
    "Owner.Name",
    "Account.Name",
    "'a'",
    "'001000000000000'",
    "null",
    "true",
    "1",
    "-1.5",
    "TODAY",
    "LAST_N_DAYS:3",
    "CreatedDate",
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "GROUP",
    "BY",
    "HAVING",
    "COUNT",
    "MAX",
    "ORDER",
    "DESC",
    "NULLS",
    "LAST",
    "LIMIT",
    "OFFSET",
    "FIELDS",
    "CALENDAR_YEAR",
];

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    for (open, close) in [("(", ")"), ("NOT (", ")"), ("f(", ")")] {
        for depth in [1_000, 15_000] {
            let text = format!(
                "SELECT Id FROM Account WHERE {}Name = 'x'{}",
                open.repeat(depth),
                close.repeat(depth)
            );
            assert_eq!(parse(&text).unwrap_err().code, "QUERY_TOO_COMPLICATED");
        }
    }
    let brackets = format!("SELECT Id FROM Account WHERE {}Name = 'x'{}", "(".repeat(90), ")".repeat(90));
    parse(&brackets).unwrap();
    assert_eq!(parse(&"x".repeat(100_001)).unwrap_err().code, "MALFORMED_QUERY");
}
