//! What a topic may be called.

/// As Kafka has it: up to 249 letters, digits, dots, dashes and underscores; never a path.
pub(super) fn is_topic_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.chars().all(plain)
}
