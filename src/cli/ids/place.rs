//! Whose id map a command is about: that of a file, or of a state directory.

use std::path::{Path, PathBuf};

use orgstream_salesforce::SalesforceId;

use crate::cli::exit::Failure;
use crate::config::{self, Config};
use crate::runtime::process::database_path;
use crate::store::LinkReader;

/// A state directory, and the file that it belongs to where that is known.
pub(super) struct Place {
    pub(super) config: Option<Config>,
    pub(super) state: PathBuf,
}

impl Place {
    /// The place of a command with these words, and the words behind FILE, of which there are `count`.
    pub(super) fn of(
        words: Vec<String>,
        state: Option<PathBuf>,
        count: usize,
    ) -> Result<(Self, Vec<String>), Failure> {
        let is_file = words.first().is_some_and(|word| Path::new(word).is_file());
        match words.len().checked_sub(count) {
            Some(0) if state.is_some() || !is_file => Self::without_file(words, state),
            Some(1) => Self::with_file(words, state),
            _ => {
                let wanted = match count {
                    0 => "no word".to_owned(),
                    1 => "one word".to_owned(),
                    several => format!("{several} words"),
                };
                let given = words.len().saturating_sub(1);
                Err(Failure::usage(format!(
                    "the command takes {wanted} behind the configuration, and here are {given}; `--help` shows which"
                )))
            }
        }
    }

    /// As [`Place::of`], of a command that takes any number of words, at least `least`.
    pub(super) fn of_many(
        words: Vec<String>,
        state: Option<PathBuf>,
        least: usize,
    ) -> Result<(Self, Vec<String>), Failure> {
        let has_file = state.is_none() || words.first().is_some_and(|word| Path::new(word).is_file());
        let (place, words) =
            if has_file { Self::with_file(words, state)? } else { Self::without_file(words, state)? };
        if words.len() < least {
            let missing = "an id is missing; `--help` shows what to write";
            return Err(Failure::usage(missing.to_owned()));
        }
        Ok((place, words))
    }

    fn with_file(mut words: Vec<String>, state: Option<PathBuf>) -> Result<(Self, Vec<String>), Failure> {
        let file = PathBuf::from(words.remove(0));
        let config = config::load(&file)?;
        let state = state.unwrap_or_else(|| config.state.clone());
        Ok((Self { config: Some(config), state }, words))
    }

    fn without_file(words: Vec<String>, state: Option<PathBuf>) -> Result<(Self, Vec<String>), Failure> {
        match state {
            Some(state) => Ok((Self { config: None, state }, words)),
            None => Err(Failure::usage(
                "whose id map? Write the configuration before the rest, or `--state DIR`".to_owned(),
            )),
        }
    }

    /// The links that the state directory has.
    pub(super) fn links(&self) -> Result<LinkReader, Failure> {
        match LinkReader::open(&database_path(&self.state)).map_err(Failure::failed)? {
            Some(links) => Ok(links),
            None => Err(Failure::failed(anyhow::anyhow!(
                "the state directory {} has no id map yet: nothing has run there",
                self.state.display()
            ))),
        }
    }
}

/// All ids, or everything that is wrong with them.
pub(super) fn all_ids(words: &[String]) -> Result<Vec<SalesforceId>, Failure> {
    let read: Vec<_> = words.iter().map(|word| SalesforceId::parse(word)).collect();
    let wrong: Vec<String> = read.iter().filter_map(|id| Some(id.as_ref().err()?.to_string())).collect();
    if !wrong.is_empty() {
        return Err(Failure::usage(wrong.join("\n")));
    }
    Ok(read.into_iter().flatten().collect())
}
