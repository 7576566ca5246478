//! When two JSON texts are the same schema: white space and the order of keys do not count, every attribute does.
//!
//! Avro's parsing canonical form is of no use here, since it drops attributes such as `connect.name`: two schemas that
//! differ there mean different things to Kafka Connect.

use serde_json::{Map, Value as Json};

/// The text that equal schemas share.
pub(super) fn canonical(json: &Json) -> String {
    sorted(json).to_string()
}

// serde_json's parser bounds the depth of what comes here.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<(&String, &Json)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            Json::Object(
                members.into_iter().map(|(name, value)| (name.clone(), sorted(value))).collect::<Map<_, _>>(),
            )
        }
        Json::Array(items) => Json::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_and_white_space_do_not_count_and_attributes_do() {
        let of = |text: &str| canonical(&serde_json::from_str(text).unwrap());
        let one = of(r#"{"type": "record", "name": "A", "fields": [{"name": "b", "type": "int"}]}"#);
        assert_eq!(one, of(r#"{"name":"A","fields":[{"type":"int","name":"b"}],"type":"record"}"#));
        assert_ne!(
            one,
            of(r#"{"name":"A","fields":[{"type":"int","name":"b"}],"type":"record","connect.name":"A"}"#)
        );
        assert_ne!(of(r#"["null","int"]"#), of(r#"["int","null"]"#));
    }
}
