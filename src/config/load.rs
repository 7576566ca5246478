//! From a file to a configuration, or to all its faults.

use std::path::Path;

use super::addition::Addition;
use super::check::{Report, check};
use super::effective::whole;
use super::fault::{Fault, Faults, Place};
use super::raw::File;
use super::schema::json_schema;
use super::secrets::Secrets;
use super::settled::Settled;
use super::structure::conform;
use super::substitute::{Surroundings, substitute};
use super::text_file::read_text;
use super::tree::Node;
use super::validated::{Config, FileText};
use super::written::written;

/// Reads and checks `path`. Relative paths in the file are relative to its directory.
///
/// # Errors
/// Every fault of the file. Where the text is not YAML at all, that is the only one.
pub fn load(path: &Path) -> Result<Config, Faults> {
    read(path, |text, from| parse(text, path, from))
}

/// What `of` makes of the text of `path` and its surroundings.
pub(super) fn read<T>(
    path: &Path,
    of: impl FnOnce(&str, &Surroundings<'_>) -> Result<T, Faults>,
) -> Result<T, Faults> {
    let whole_file = |message: String| {
        let fault = Fault { place: Place::START, key: String::new(), message };
        Faults::new(path, vec![fault])
    };
    let text = read_text(path).map_err(whole_file)?;
    let from = Surroundings {
        directory: path.parent().unwrap_or(Path::new("")),
        variable: &|name| std::env::var(name).ok(),
    };
    of(&text, &from)
}

/// As [`load`], of a text that is at hand, which messages call `path`. Relative paths in it are relative to `directory`, and
/// `variable` knows its environment variables.
pub(crate) fn load_text(
    text: &str,
    path: &Path,
    directory: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, Faults> {
    parse(text, path, &Surroundings { directory, variable })
}

/// The file that `config` was read from, as it was then, with what is put beside it.
///
/// # Errors
/// Every fault of both.
pub(crate) fn load_with(config: &Config, addition: Addition<'_>) -> Result<Config, Faults> {
    let from = Surroundings {
        directory: config.file.parent().unwrap_or(Path::new("")),
        variable: &|name| std::env::var(name).ok(),
    };
    parse_with(config.text.as_str(), &config.file, &from, Some(addition))
}

/// As [`load`], of a text that is at hand.
pub(super) fn parse(text: &str, path: &Path, from: &Surroundings<'_>) -> Result<Config, Faults> {
    parse_with(text, path, from, None)
}

fn parse_with(
    text: &str,
    path: &Path,
    from: &Surroundings<'_>,
    addition: Option<Addition<'_>>,
) -> Result<Config, Faults> {
    let mut faults = Vec::new();
    let mut tree = Node::parse(text).map_err(|fault| Faults::new(path, vec![fault]))?;
    let written = written(&tree);
    let secrets = Secrets::of(&tree, from);
    substitute(&mut tree, "", from, &secrets, &mut faults);
    if let Some(addition) = addition {
        addition.put_into(&mut tree, path, from.directory, &mut faults)?;
    }
    let schema = json_schema();
    let right = conform(&tree, &schema, &mut faults);
    let mut report = Report::new(&tree, faults);
    let config = match serde_json::from_value::<File>(right) {
        Ok(file) => check(file, path, from, &mut report),
        Err(error) => {
            // Schema and types come from the same definitions, so this tells of a mistake in them.
            report.fault(&[], format!("cannot be understood: {error}"));
            None
        }
    };
    match (config, report.into_faults()) {
        (Some(config), faults) if faults.is_empty() => {
            let settled = Settled::new(whole(&schema, &tree));
            Ok(Config { written, settled, text: FileText::new(text), ..config })
        }
        (_, faults) => Err(Faults::new(path, faults)),
    }
}

#[cfg(test)]
mod tests;
