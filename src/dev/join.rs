//! Lines to paste into another terminal: they change a record in org A and show it in org B.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::embedded::{Announcement, EmbeddedOrg};

/// The version of the REST API that the lines use.
const API: &str = "services/data/v62.0";

/// The file that the lines take addresses and tokens from.
#[derive(Debug)]
pub(super) struct Join {
    env: PathBuf,
    external_id: String,
}

impl Join {
    /// Writes the file into `dir`. `a` and `b` are the names of the orgs.
    pub(super) fn write(
        dir: &Path,
        announcement: &Announcement,
        (a, b): (&str, &str),
        external_id: &str,
    ) -> io::Result<Self> {
        let mut text =
            String::from("# For a shell: `. ./env`. Addresses and access tokens of the simulated orgs.\n");
        for (variable, name) in [("A", a), ("B", b)] {
            if let Some(org) = announcement.orgs.get(name) {
                login(&mut text, variable, org);
            }
        }
        text.push_str("JSON='Content-Type: application/json'\n");
        for (variable, value) in [
            ("KAFKA", announcement.bootstrap_servers.clone()),
            ("SCHEMAS", announcement.schema_registry.as_ref().map(ToString::to_string)),
        ] {
            if let Some(value) = value {
                writeln!(text, "{variable}='{value}'").expect("text grows");
            }
        }
        let env = dir.join("env");
        std::fs::write(&env, text)?;
        Ok(Self { env, external_id: external_id.to_owned() })
    }

    /// The lines, for the account `id` of org A. None is longer than 79 characters, so that they can be copied from
    /// a narrow terminal, but for a long name of the directory.
    pub(super) fn lines(&self, id: &str) -> Vec<String> {
        let field = &self.external_id;
        vec![
            format!(". {}", self.env.display()),
            format!("curl -s \"$A/sobjects/Account/{id}\" -X PATCH \\"),
            "  -H \"$A_AUTH\" -H \"$JSON\" -d '{\"Name\": \"Changed by hand\"}'".to_owned(),
            "curl -sG \"$B/query\" -H \"$B_AUTH\" --data-urlencode \\".to_owned(),
            format!("  \"q=SELECT Name FROM Account WHERE {field}='{id}'\""),
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
