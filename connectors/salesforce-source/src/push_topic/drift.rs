//! In what a PushTopic in the org is not what the file says. Pure.

use orgstream_salesforce::Row;
use serde_json::Value;

/// How the descriptions of the PushTopics begin that orgstream made: the mark by which one may be changed under a name
/// that nobody gave.
pub(super) const MARK: &str = "orgstream:";

/// A field with another value than wanted, in words.
pub(super) fn differences(wanted: &Row, found: &Row) -> Vec<String> {
    let differs = |(name, wanted): &(&String, &Value)| match (found.get(name.as_str()), wanted) {
        (Some(Value::String(found)), Value::String(wanted)) => normal(found) != normal(wanted),
        (Some(Value::Number(found)), Value::Number(wanted)) => found.as_f64() != wanted.as_f64(),
        (Some(found), wanted) => found != *wanted,
        (None, _) => true,
    };
    let words = |(name, wanted): (&String, &Value)| {
        format!("{name} is {}, not {wanted}", found.get(name).unwrap_or(&Value::Null))
    };
    wanted.iter().filter(differs).map(words).collect()
}

/// The object of a query.
pub(super) fn object_of(query: &str) -> Option<&str> {
    let mut words = query.split_whitespace();
    words.find(|word| word.eq_ignore_ascii_case("FROM"))?;
    words.next()
}

/// Whether the one that was found raises no event for changes of which the wanted one does.
pub(super) fn raises_less(wanted: &Row, found: &Row) -> bool {
    const SWITCHES: [&str; 5] = [
        "IsActive",
        "NotifyForOperationCreate",
        "NotifyForOperationUpdate",
        "NotifyForOperationDelete",
        "NotifyForOperationUndelete",
    ];
    const FIELDS: &str = "NotifyForFields";
    let is = |row: &Row, name: &str, value: Value| row.get(name) == Some(&value);
    let text = |row: &Row, name: &str| row.get(name).and_then(Value::as_str).map(normal).unwrap_or_default();
    let is_off = |name: &&str| is(wanted, name, true.into()) && !is(found, name, true.into());
    let all = || is(found, FIELDS, "All".into());
    let (asked, had) = (text(wanted, "Query"), text(found, "Query"));
    let condition = condition_of(&had);
    SWITCHES.iter().any(is_off)
        || (text(wanted, FIELDS) != text(found, FIELDS) && !all())
        // Of the selected fields depends which changes count, unless all do.
        || (asked != had && !all())
        || (!condition.is_empty() && condition != condition_of(&asked))
}

/// What a query asks of its records.
fn condition_of(query: &str) -> String {
    let words = query.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("WHERE"));
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn is_ours(found: &Row) -> bool {
    found.get("Description").and_then(Value::as_str).is_some_and(|text| text.starts_with(MARK))
}

/// One blank where there are several, so that only words make a query differ.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(json: Value) -> Row {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_what_changes_the_events_counts_as_a_difference() {
        let wanted = row(
            json!({"Query": "SELECT Id FROM Account", "IsActive": true, "NotifyForFields": "All", "ApiVersion": 62.0}),
        );
        let mut found = wanted.clone();
        found.insert("Description".to_owned(), json!("orgstream: x"));
        found.insert("ApiVersion".to_owned(), json!(62));
        found.insert("Query".to_owned(), json!("SELECT  Id\nFROM Account"));
        assert_eq!(differences(&wanted, &found), Vec::<String>::new());
        found.insert("NotifyForFields".to_owned(), json!("Referenced"));
        found.insert("IsActive".to_owned(), json!(false));
        assert_eq!(
            differences(&wanted, &found),
            ["IsActive is false, not true", r#"NotifyForFields is "Referenced", not "All""#]
        );
        assert!(is_ours(&found));
    }

    #[test]
    fn only_what_raised_fewer_events_leaves_something_out() {
        let wanted = row(json!({
            "Query": "SELECT Id FROM Lead", "IsActive": true, "NotifyForFields": "All", "NotifyForOperationCreate": false,
        }));
        for (name, value, expected) in [
            ("IsActive", json!(false), true),
            ("NotifyForFields", json!("Referenced"), true),
            ("NotifyForOperationCreate", json!(true), false),
            ("Query", json!("SELECT Id, Name FROM Lead"), false),
            ("Query", json!("SELECT Id FROM Lead where Name = 'x'"), true),
        ] {
            let mut found = wanted.clone();
            found.insert(name.to_owned(), value);
            assert_eq!(raises_less(&wanted, &found), expected, "{found:?}");
        }
        let mut by_fields = wanted.clone();
        by_fields.insert("NotifyForFields".to_owned(), json!("Select"));
        let mut found = by_fields.clone();
        found.insert("Query".to_owned(), json!("SELECT Id, Name FROM Lead"));
        assert!(raises_less(&by_fields, &found) && !raises_less(&by_fields, &by_fields));
    }

    #[test]
    fn a_query_says_its_object() {
        assert_eq!(object_of("select Id from Lead where X = 1"), Some("Lead"));
        assert_eq!(object_of("nothing"), None);
    }
}
