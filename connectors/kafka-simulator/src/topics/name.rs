//! What a topic may be called.

/// As Kafka has it: up to 249 letters, digits, dots, dashes and underscores; never a path.
pub(super) fn is_topic_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && name.len() <= 249 && name != "." && name != ".." && name.chars().all(plain)
}

/// Whether two names differ in nothing but dots and underscores.
pub(super) fn collide(one: &str, other: &str) -> bool {
    one.replace('.', "_") == other.replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_path() {
        for name in ["", ".", "..", "a/b", "../a", "+deleted-1", "a b", "ä", "a\0", &"a".repeat(250)] {
            assert!(!is_topic_name(name), "{name}");
        }
        for name in ["a", "...", "orgs.A_b-9", "__consumer_offsets", &"a".repeat(249)] {
            assert!(is_topic_name(name), "{name}");
        }
    }

    #[test]
    fn dots_and_underscores_are_the_same_to_kafka() {
        assert!(collide("a.b", "a_b"));
        assert!(!collide("a.b", "a-b"));
    }
}
