//! Finding the topics of a directory again, and opening their logs.
//!
//! Nothing is removed but what the broker itself has left half made or half deleted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};

use super::meta::{Meta, discard_half_made};
use super::name::is_topic_name;
use super::settings::Settings;
use super::topic::{Partition, Topic};
use crate::clock::now_ms;
use crate::log::PartitionLog;

/// What a deleted topic's directory begins with, until all its files are gone. No topic can be called so.
pub(super) const DELETED: &str = "+deleted-";

/// Opens every topic in `dir`.
pub(super) fn open_all(dir: &Path) -> io::Result<BTreeMap<String, Arc<Topic>>> {
    let mut topics = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with(DELETED) {
            std::fs::remove_dir_all(&path)?;
        } else if is_topic_name(name) && path.is_dir() {
            match Meta::read(&path)? {
                Some(meta) => match topics.entry(meta.name.clone()) {
                    Entry::Vacant(place) => drop(place.insert(open_topic(&path, meta)?)),
                    Entry::Occupied(other) => return Err(twice(&path, other.get())),
                },
                None => discard_half_made(&path)?,
            }
        }
    }
    Ok(topics)
}

/// Opens the logs of a topic, or makes them.
pub(super) fn open_topic(dir: &Path, meta: Meta) -> io::Result<Arc<Topic>> {
    let mut partitions = Vec::new();
    for number in 0..meta.partitions {
        partitions.push(open_log(dir, number, &meta.settings)?);
    }
    Ok(Arc::new(Topic {
        name: meta.name,
        id: meta.id,
        dir: dir.to_owned(),
        settings: RwLock::new(meta.settings),
        partitions: RwLock::new(partitions),
    }))
}

/// Opens the log of one partition, or makes it.
pub(super) fn open_log(dir: &Path, number: i32, settings: &Settings) -> io::Result<Arc<Partition>> {
    let log = PartitionLog::open(dir.join(number.to_string()), settings.log_config(), now_ms())?;
    Ok(Partition::new(log))
}

fn twice(path: &Path, other: &Topic) -> io::Error {
    let message = format!(
        "{} and {} both hold the topic {}; move away the one that is a copy",
        other.dir.display(),
        path.display(),
        other.name
    );
    io::Error::new(io::ErrorKind::InvalidData, message)
}
