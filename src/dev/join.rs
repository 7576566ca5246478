//! Lines to paste into another terminal: they change a record in org A and show it in org B.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::embedded::{Announcement, EmbeddedOrg, bare};

/// The version of the REST API that the lines use.
const API: &str = "services/data/v62.0";

/// The file that the lines take addresses and tokens from.
#[derive(Debug)]
pub(super) struct Join {
    env: PathBuf,
    account_key: Option<String>,
}

/// How the file begins, by which it is known again.
const HEAD: &str = "# For a shell: `. ./env`.";

impl Join {
    /// Writes the file into `dir`. `a` and `b` are the names of the orgs, `account_key` is the field of org B that holds
    /// an account's id in org A.
    pub(super) fn write(
        dir: &Path,
        announcement: &Announcement,
        (a, b): (&str, &str),
        account_key: Option<String>,
    ) -> io::Result<Self> {
        let env = dir.join("env");
        if std::fs::read(&env).is_ok_and(|there| !there.starts_with(HEAD.as_bytes())) {
            let reason =
                format!("{} is somebody's own; move it away, or keep the orgs elsewhere", env.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        }
        let mut text = format!("{HEAD} Addresses and access tokens of the simulated orgs.\n");
        for (variable, name) in [("A", a), ("B", b)] {
            if let Some(org) = announcement.orgs.get(name) {
                login(&mut text, variable, org);
            }
        }
        text.push_str("JSON='Content-Type: application/json'\n");
        for (variable, value) in [
            ("KAFKA", announcement.bootstrap_servers.clone()),
            ("SCHEMAS", announcement.schema_registry.as_ref().map(bare)),
        ] {
            if let Some(value) = value {
                writeln!(text, "{variable}='{value}'").expect("text grows");
            }
        }
        // Beside and then in place: a file that an older version left for all to read does not keep its mode.
        let new = dir.join("env.new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        std::fs::rename(new, &env)?;
        Ok(Self { env, account_key })
    }

    /// The lines, for the account `id` of org A; none where accounts have no external id. None is longer than 79
    /// characters, so that they can be copied from a narrow terminal, but for a long name of the directory.
    pub(super) fn lines(&self, id: &str) -> Vec<String> {
        let Some(field) = &self.account_key else { return Vec::new() };
        vec![
            format!(". {}", quoted(&self.env.to_string_lossy())),
            format!("curl -s \"$A/sobjects/Account/{id}\" -X PATCH \\"),
            "  -H \"$A_AUTH\" -H \"$JSON\" -d '{\"Name\": \"Changed by hand\"}' -w '%{http_code}\\n'"
                .to_owned(),
            // All pasted at once, org B would be asked before the change is there.
            "sleep 1".to_owned(),
            "curl -sG \"$B/query\" -H \"$B_AUTH\" --data-urlencode \\".to_owned(),
            format!("  \"q=SELECT Name FROM Account WHERE {field}='{id}'\" -w '\\n'"),
        ]
    }
}

fn login(text: &mut String, variable: &str, org: &EmbeddedOrg) {
    let url = org.login_url.as_str().trim_end_matches('/');
    let EmbeddedOrg { client_id, client_secret, .. } = org;
    // All of these are made of letters, digits, dots and colons; the quotes are a habit worth keeping.
    write!(
        text,
        "{variable}='{url}/{API}'
{variable}_AUTH=\"Authorization: Bearer $(curl -s '{url}/services/oauth2/token' -d grant_type=client_credentials \\
  -d client_id='{client_id}' -d client_secret='{client_secret}' | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\"
"
    )
    .expect("text grows");
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn join(dir: &Path) -> Join {
        Join::write(dir, &Announcement::default(), ("a", "b"), Some("Key__c".to_owned())).unwrap()
    }

    #[test]
    fn the_line_to_paste_finds_the_file_in_a_directory_of_any_name() {
        for name in ["plain", "two words", "it's $HOME; `x` \"y\" \\z"] {
            let parent = tempfile::tempdir().unwrap();
            let dir = parent.path().join(name);
            std::fs::create_dir(&dir).unwrap();
            let line = join(&dir).lines("001").remove(0);
            let script = format!("set -e\n{line}\necho $JSON");
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(
                String::from_utf8_lossy(&output.stdout).trim(),
                "Content-Type: application/json",
                "{line}"
            );
        }
    }

    #[test]
    fn only_the_user_may_read_the_secrets_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("env"), format!("{HEAD} As an older version left it.")).unwrap();
        let mode = std::fs::metadata(&join(dir.path()).env).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_somebodys_own_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let env = dir.path().join("env");
        std::fs::write(&env, "export MINE=1\n").unwrap();
        let refused = Join::write(dir.path(), &Announcement::default(), ("a", "b"), None).err().unwrap();
        assert!(refused.to_string().contains("move it away"), "{refused}");
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "export MINE=1\n");
    }
}
