//! The names of the PushTopics that orgstream makes: readable, at most 25 characters, the same at every start, and
//! another one for every other definition, so that two pipelines never change each other's.

/// Salesforce's limit.
pub(super) const LONGEST: usize = 25;

/// How they begin.
const PREFIX: &str = "orgstream_";

/// The name for `object` where its PushTopic is as orgstream makes it when nobody says otherwise.
pub(super) fn plain(object: &str) -> String {
    let whole = format!("{PREFIX}{object}");
    if whole.len() <= LONGEST { whole } else { with_hash(object, object) }
}

/// The name for `object` where its PushTopic has this `definition`.
pub(super) fn of_definition(object: &str, definition: &str) -> String {
    with_hash(object, &format!("{object}\n{definition}"))
}

/// The beginning for people, the hash to tell apart what begins alike.
fn with_hash(object: &str, hashed: &str) -> String {
    let readable: String = object.chars().take(LONGEST - PREFIX.len() - 9).collect();
    format!("{PREFIX}{}_{:08x}", readable.trim_end_matches('_'), fnv1a(hashed.as_bytes()))
}

/// FNV-1a, 32 bits: the same on every machine and in every version, which the standard library's hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_readable_stable_and_never_too_long() {
        for (object, name) in [
            ("Account", "orgstream_Account"),
            ("Invoice__c", "orgstream_Invoice__c"),
            ("ServiceContract", "orgstream_ServiceContract"),
            ("UserServicePresence", "orgstream_UserSe_bea7f568"),
        ] {
            assert_eq!(plain(object), name);
        }
        let long: Vec<String> = (0..1000).map(|number| format!("A_rather_long_name_{number}__c")).collect();
        let names: HashSet<String> = long.iter().map(|object| plain(object)).collect();
        assert_eq!(names.len(), long.len());
        assert!(names.iter().all(|name| name.len() <= LONGEST && !name.contains("__")));
    }

    #[test]
    fn another_definition_has_another_name() {
        let names: HashSet<String> =
            ["a", "b", ""].map(|definition| of_definition("Account", definition)).into();
        assert_eq!(names.len(), 3);
        assert!(!names.contains(&plain("Account")));
        assert!(
            names.iter().all(|name| name.starts_with("orgstream_Accoun") && name.len() <= LONGEST),
            "{names:?}"
        );
    }
}
