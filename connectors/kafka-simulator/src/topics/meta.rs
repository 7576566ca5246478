//! The file that describes a topic: name, id, width, settings. A line each.
//!
//! Nothing of it is guessed: a topic of which not everything is known is an error, never an empty topic or one that
//! deletes what it should keep.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::name::is_topic_name;
use super::settings::Settings;

const FILE: &str = "topic";

/// The file while it is written.
const UNFINISHED: &str = "topic.new";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) id: Uuid,
    /// At least 1.
    pub(super) partitions: i32,
    pub(super) settings: Settings,
}

impl Meta {
    /// Reads the file in a topic's directory; `None` when there is none.
    pub(super) fn read(dir: &Path) -> io::Result<Option<Self>> {
        let path = dir.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let damaged = |what: &str| {
            let message = format!(
                "{} {what}; correct the file, or move its directory away to lose the topic",
                path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        // A directory that is named after its topic does not say it again.
        let mut name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (mut id, mut partitions, mut settings) = (None, None, Settings::default());
        for line in text.lines() {
            let (key, value) =
                line.split_once(' ').ok_or_else(|| damaged(&format!("has the strange line `{line}`")))?;
            match key {
                "name" => name = value,
                "id" => id = value.parse().ok(),
                "partitions" => partitions = value.parse().ok().filter(|partitions| *partitions > 0),
                key => settings.set(key, value).map_err(|why| {
                    damaged(&format!("has the line `{line}`, which cannot be followed: {why}"))
                })?,
            }
        }
        if !is_topic_name(name) {
            return Err(damaged("holds no name that a topic can have"));
        }
        Ok(Some(Self {
            name: name.to_owned(),
            id: id.ok_or_else(|| damaged("holds no id"))?,
            partitions: partitions.ok_or_else(|| damaged("holds no number of partitions"))?,
            settings,
        }))
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = format!("name {}\nid {}\npartitions {}\n", self.name, self.id, self.partitions);
        for (name, value) in self.settings.iter() {
            writeln!(text, "{name} {value}").expect("text grows");
        }
        let new = dir.join(UNFINISHED);
        std::fs::write(&new, text)?;
        std::fs::rename(new, dir.join(FILE))
    }
}

/// Removes the directory of a topic that was not yet described when the broker was killed, so that nobody was told of
/// it and nothing was written. One that holds anything is an error and stays as it is.
pub(super) fn discard_half_made(dir: &Path) -> io::Result<()> {
    if let Some(file) = file_with_bytes(dir)? {
        let message = format!(
            "{} lies where a topic's files are, but {} has no file `{FILE}` that says of which topic; restore that \
             file, or move the directory away",
            file.display(),
            dir.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    std::fs::remove_dir_all(dir)
}

fn file_with_bytes(dir: &Path) -> io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let found = if entry.file_type()?.is_dir() {
            file_with_bytes(&entry.path())?
        } else {
            let holds = entry.file_name() != UNFINISHED && entry.metadata()?.len() > 0;
            holds.then(|| entry.path())
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
