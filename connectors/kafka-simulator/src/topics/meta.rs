//! The file that describes a topic: name, id, width, settings. A line each.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::settings::Settings;

const FILE: &str = "topic";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meta {
    pub(super) name: String,
    pub(super) id: Uuid,
    pub(super) partitions: i32,
    pub(super) settings: Settings,
}

impl Meta {
    /// Reads the file in a topic's directory; `None` when there is none.
    pub(super) fn read(dir: &Path) -> io::Result<Option<Self>> {
        let text = match std::fs::read_to_string(dir.join(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // Directories were once named after the topic, and the file did not say it.
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let mut meta = Self { name, id: Uuid::nil(), partitions: 0, settings: Settings::default() };
        for line in text.lines() {
            let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("{}: {line}", dir.display()));
            let (key, value) = line.split_once(' ').ok_or_else(damaged)?;
            match key {
                "name" => value.clone_into(&mut meta.name),
                "id" => meta.id = value.parse().map_err(|_| damaged())?,
                "partitions" => meta.partitions = value.parse().map_err(|_| damaged())?,
                // A setting of another version of this program is left out.
                name => drop(meta.settings.set(name, value)),
            }
        }
        Ok(Some(meta))
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, dir: &Path) -> io::Result<()> {
        let mut text = format!("name {}\nid {}\npartitions {}\n", self.name, self.id, self.partitions);
        for (name, value) in self.settings.iter() {
            writeln!(text, "{name} {value}").expect("text grows");
        }
        let new = dir.join("topic.new");
        std::fs::write(&new, text)?;
        std::fs::rename(new, dir.join(FILE))
    }
}
