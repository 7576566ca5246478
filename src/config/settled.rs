//! What a file comes to, so that a process can tell what another file would change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Every key with its value, defaults included, as the program was given them. It holds secrets, so nothing shows it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settled(BTreeMap<String, String>);

impl Settled {
    pub(super) fn new(values: BTreeMap<String, String>) -> Self {
        Self(values)
    }

    /// The keys at `section` and under it whose values differ, in order.
    pub fn differing(&self, other: &Self, section: &str) -> Vec<String> {
        let is_under = |key: &&String| {
            key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let keys: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).filter(is_under).collect();
        keys.into_iter().filter(|key| self.0.get(*key) != other.0.get(*key)).cloned().collect()
    }
}

impl fmt::Debug for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settled({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::load_text;

    const FILE: &str = "\
orgs:
  a: { url: 'https://a.example', auth: { flow: client_credentials, client_id: x, client_secret: '${env:SECRET}' } }
pipelines:
  crm:
    source: { org: a, topic: 'a.${object}' }
    objects: { Account: {} }
";

    fn differing(other: &str, secret: &str, section: &str) -> Vec<String> {
        let load = |text: &str, secret: &str| {
            let known = |name: &str| (name == "SECRET").then(|| secret.to_owned());
            load_text(text, Path::new("f.yaml"), Path::new("."), &known).unwrap().settled
        };
        load(FILE, "one").differing(&load(other, secret), section)
    }

    #[test]
    fn two_files_differ_where_they_come_to_something_else_and_not_where_they_are_written_otherwise() {
        let none: [&str; 0] = [];
        let written_otherwise = FILE.replace(
            "source: { org: a, topic: 'a.${object}' }",
            "source:\n      topic: a.${object}\n      org: a\n      hydrate: true",
        );
        assert_eq!(differing(&written_otherwise, "one", "pipelines"), none);
        assert_eq!(differing(FILE, "another", "orgs"), ["orgs.a.auth.client_secret"]);
        assert_eq!(differing(FILE, "another", "pipelines"), none);
        let longer = FILE.replace("Account: {}", "Account: {}, Contact: {}");
        let keys = differing(&longer, "one", "pipelines.crm");
        assert!(
            !keys.is_empty() && keys.iter().all(|key| key.starts_with("pipelines.crm.objects.Contact")),
            "{keys:?}"
        );
        assert_eq!(differing(&longer, "one", "pipelines.cr"), none, "that is the name of another pipeline");
        let sends = FILE.replace("crm:", "crm2:");
        assert!(!differing(&sends, "one", "pipelines.crm").is_empty());
        let listens = format!("{FILE}http: {{}}\n");
        assert!(!differing(&listens, "one", "http").is_empty());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let known = |_: &str| Some("s3cr3t".to_owned());
        let config = load_text(FILE, Path::new("f.yaml"), Path::new("."), &known).unwrap();
        assert!(!format!("{config:?}").contains("s3cr3t"));
    }
}
