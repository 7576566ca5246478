//! `RegexRouter`: another name for a topic.

use regex_lite::Regex;

use super::{Changed, Transform, each_object};
use crate::confluent::kind::Kind;
use crate::confluent::part::Making;

pub(super) fn route(making: &mut Making<'_, '_>, transform: &Transform, changed: &mut Changed<'_>) {
    if changed.kind == Kind::Sink {
        making.settings.ignore(
            &transform.property,
            "what a sink does with a record does not depend on its topic's name",
        );
        return;
    }
    let (regex, replacement) = (transform.option("regex"), transform.option("replacement"));
    let (Some(pattern), Some(new)) =
        (making.settings.given.get(&regex), making.settings.given.get(&replacement))
    else {
        return transform
            .refuse(making, "Missing required configuration: RegexRouter needs `regex` and `replacement`");
    };
    let Some(topic) = changed.topic.clone() else {
        let message = "the topic's name holds fields of records, so what becomes of it is not known; write the name that is \
                       wanted into `kafka.topic`";
        return transform.refuse(making, message);
    };
    match routed(&topic, pattern, new) {
        Ok(name) => {
            making.put(changed.half, "topic", name.as_str(), &replacement);
            making.put(changed.half, "topic_lowercase", false, &replacement);
            if changed.kind == Kind::PlatformEvent {
                // Messages go to the topic of their channel.
                let from = making.from(&replacement);
                each_object(changed.half.map("events"), &[], |channel| {
                    channel.put("topic", name.as_str(), from.clone());
                });
            }
            changed.topic = Some(name);
        }
        Err(wrong) => making.settings.refuse(&regex, wrong),
    }
}

/// The new name of `topic`; the old one where the whole of it does not match.
fn routed(topic: &str, pattern: &str, new: &str) -> Result<String, String> {
    let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
        format!("`{pattern}` cannot be read as a regular expression ({error}); write the name that is wanted into `kafka.topic`")
    })?;
    if !whole.is_match(topic) {
        return Ok(topic.to_owned());
    }
    Ok(whole.replace(topic, as_here(new).as_str()).into_owned())
}

/// A replacement as Java writes it: `$1` ends behind its digits, and a backslash takes the meaning of what follows.
fn as_here(java: &str) -> String {
    let mut out = String::new();
    let mut characters = java.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('$') => out.push_str("$$"),
                other => out.extend(other),
            },
            '$' => {
                let braced = characters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(c) =
                    characters.next_if(|c| if braced { *c != '}' } else { c.is_ascii_digit() })
                {
                    name.push(c);
                }
                if braced {
                    characters.next();
                }
                out.extend(["${", &name, "}"]);
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_gets_the_name_that_java_would_give_it() {
        for (topic, pattern, new, expected) in [
            ("sfdc-leads", "sfdc-(.*)", "crm.$1", "crm.leads"),
            ("sfdc-leads", "(.*)-(.*)", "$2_$1", "leads_sfdc"),
            // The whole name has to match.
            ("sfdc-leads", "sfdc", "x", "sfdc-leads"),
            ("leads", "(?<name>.*)", "${name}-new", "leads-new"),
            ("leads", ".*", r"a\$b", "a$b"),
        ] {
            assert_eq!(routed(topic, pattern, new).as_deref(), Ok(expected), "{topic} {pattern} {new}");
        }
        assert!(routed("a", "(?=x)", "y").unwrap_err().contains("kafka.topic"));
    }
}
