//! `{{secrets.NAME}}`: from an environment variable with a prefix, else from a directory with one file for each.

use std::path::Path;

use super::substitute::{Surroundings, without_secrets};
use super::text_file::read_text;
use super::tree::{Content, Node};

/// The prefix of a file that names none.
const PREFIX: &str = "SECRET_";

/// Where the secrets of a file are.
pub(super) struct Secrets {
    prefix: Said,
    directory: Option<Said>,
}

/// What the file says of them.
struct Said {
    /// With what comes from outside the file.
    value: String,
    /// As it stands there, for messages.
    written: String,
}

impl Said {
    fn new(written: &str, from: &Surroundings<'_>) -> Self {
        // Secrets are looked for there, so none can be part of it.
        Self { value: without_secrets(written, from), written: written.to_owned() }
    }
}

impl Secrets {
    /// What the file says under `secrets`. What is wrong there is reported with the file's other keys.
    pub(super) fn of(root: &Node, from: &Surroundings<'_>) -> Self {
        let section = root.entry("secrets").map(|(_, section)| section);
        let text = |key: &str| match &section?.entry(key)?.1.content {
            Content::Text { text, .. } => {
                Some(Said::new(text, from)).filter(|said| !said.value.trim().is_empty())
            }
            _ => None,
        };
        Self {
            prefix: text("prefix").unwrap_or_else(|| Said::new(PREFIX, from)),
            directory: text("directory"),
        }
    }

    /// The secret of this name; else where it was looked for.
    pub(super) fn find(&self, name: &str, from: &Surroundings<'_>) -> Result<String, String> {
        if !is_name(name) {
            return Err(format!(
                "`{{{{secrets.{name}}}}}` is no secret: its name is made of letters, digits, `_`, `-` and `.`"
            ));
        }
        if let Some(value) = (from.variable)(&format!("{}{name}", self.prefix.value)) {
            return Ok(value);
        }
        let variable = format!("{}{name}", self.prefix.written);
        let file = match &self.directory {
            None => "no directory is named (`secrets.directory`)".to_owned(),
            Some(directory) => {
                let file = from.resolve(&directory.value).join(name);
                let called = if directory.value == directory.written {
                    file.display().to_string()
                } else {
                    format!("{}/{name}", directory.written)
                };
                if !is_missing(&file) {
                    let text = read_text(&file)
                        .map_err(|wrong| format!("the secret `{name}` cannot be had: `{called}` {wrong}"))?;
                    return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
                }
                format!("there is no file `{called}`")
            }
        };
        let hint = if (from.variable)(name).is_some() {
            format!("; there is `{name}`, without the prefix")
        } else {
            String::new()
        };
        Err(format!(
            "the secret `{name}` is not there: the environment variable `{variable}` is not set{hint}, and {file}"
        ))
    }
}

/// Nothing that leads out of the directory.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

fn is_missing(file: &Path) -> bool {
    matches!(std::fs::metadata(file), Err(error) if error.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str, directory: Option<&Path>) -> Result<String, String> {
        let variable = |name: &str| match name {
            "SECRET_A" => Some("{{secrets.A}}".to_owned()),
            "B" => Some("b".to_owned()),
            _ => None,
        };
        let from = Surroundings { directory: Path::new("/conf"), variable: &variable };
        let directory = directory.and_then(Path::to_str).map(|directory| Said::new(directory, &from));
        let secrets = Secrets { prefix: Said::new(PREFIX, &from), directory };
        secrets.find(name, &from)
    }

    #[test]
    fn the_environment_comes_first_and_then_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("A"), "of a file").unwrap();
        std::fs::write(dir.path().join("C"), "c\n").unwrap();
        assert_eq!(find("A", Some(dir.path())).unwrap(), "{{secrets.A}}");
        assert_eq!(find("C", Some(dir.path())).unwrap(), "c");
    }

    #[test]
    fn a_missing_one_names_itself_and_where_it_was_looked_for() {
        let message = find("B", None).unwrap_err();
        for part in [
            "`B` is not there",
            "`SECRET_B` is not set",
            "there is `B`, without the prefix",
            "`secrets.directory`",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let message = find("D", Some(Path::new("/nowhere"))).unwrap_err();
        assert!(message.contains("`SECRET_D`") && message.contains("`/nowhere/D`"), "{message}");
        assert!(!message.contains("without the prefix"), "{message}");
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for name in ["../x", "a/b", "", ".hidden", "a b"] {
            assert!(find(name, Some(Path::new("/"))).unwrap_err().contains("is no secret"), "{name}");
        }
    }
}
