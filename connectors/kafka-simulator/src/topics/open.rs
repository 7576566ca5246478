//! Finding the topics of a directory again, and opening their logs.
//!
//! Nothing is removed but what the broker itself has left half made or half deleted.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::ScopedJoinHandle;

use super::meta::{Meta, discard_half_made};
use super::name::is_topic_name;
use super::settings::Settings;
use super::topic::{Partition, Topic};
use crate::clock::now_ms;
use crate::log::PartitionLog;

/// What a deleted topic's directory begins with, until all its files are gone. No topic can be called so.
pub(super) const DELETED: &str = "+deleted-";

/// Logs that are opened at once: one waits for the disk while another is looked through.
const AT_ONCE: usize = 4;

/// Opens every topic in `dir`.
pub(super) fn open_all(dir: &Path) -> io::Result<BTreeMap<String, Arc<Topic>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with(DELETED) {
            std::fs::remove_dir_all(&path)?;
        } else if is_topic_name(name) && path.is_dir() {
            match Meta::read(&path)? {
                Some(meta) => match found.entry(meta.name.clone()) {
                    Entry::Vacant(place) => drop(place.insert((path, meta))),
                    Entry::Occupied(other) => return Err(twice(&path, &other.get().0, &meta.name)),
                },
                None => discard_half_made(&path)?,
            }
        }
    }
    let wanted: Vec<Wanted<'_>> = found.values().flat_map(|(path, meta)| all_of(path, meta)).collect();
    let mut logs = open_logs(&wanted)?.into_iter();
    let topics = found.iter().map(|(name, (path, meta))| {
        let partitions = (0..meta.partitions).zip(logs.by_ref()).map(|(_, log)| log).collect();
        (name.clone(), topic(path, meta.clone(), partitions))
    });
    Ok(topics.collect())
}

/// Opens the logs of a topic, or makes them.
pub(super) fn open_topic(dir: &Path, meta: Meta) -> io::Result<Arc<Topic>> {
    let wanted: Vec<Wanted<'_>> = all_of(dir, &meta).collect();
    let partitions = open_logs(&wanted)?;
    Ok(topic(dir, meta, partitions))
}

/// Opens the log of one partition, or makes it.
pub(super) fn open_log(dir: &Path, number: i32, settings: &Settings) -> io::Result<Arc<Partition>> {
    let log = PartitionLog::open(dir.join(number.to_string()), settings.log_config(), now_ms())?;
    Ok(Partition::new(log))
}

/// A log to be opened.
struct Wanted<'a> {
    dir: &'a Path,
    number: i32,
    settings: &'a Settings,
}

fn all_of<'a>(dir: &'a Path, meta: &'a Meta) -> impl Iterator<Item = Wanted<'a>> {
    (0..meta.partitions).map(move |number| Wanted { dir, number, settings: &meta.settings })
}

/// Opens logs, several at once; answers them in the same order.
fn open_logs(wanted: &[Wanted<'_>]) -> io::Result<Vec<Arc<Partition>>> {
    let queue = Mutex::new(wanted.iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut opened = Vec::new();
        while let Some((at, Wanted { dir, number, settings })) = next() {
            opened.push((at, open_log(dir, *number, settings)?));
        }
        Ok(opened)
    };
    let opened: Vec<io::Result<Vec<_>>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(wanted.len())).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(ScopedJoinHandle::join);
        ended.map(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut logs = Vec::new();
    for opened in opened {
        logs.extend(opened?);
    }
    logs.sort_unstable_by_key(|(at, _)| *at);
    Ok(logs.into_iter().map(|(_, log)| log).collect())
}

fn topic(dir: &Path, meta: Meta, partitions: Vec<Arc<Partition>>) -> Arc<Topic> {
    Arc::new(Topic {
        name: meta.name,
        id: meta.id,
        dir: dir.to_owned(),
        settings: RwLock::new(meta.settings),
        partitions: RwLock::new(partitions),
    })
}

fn twice(path: &Path, other: &Path, name: &str) -> io::Error {
    let (path, other) = (path.display(), other.display());
    let message = format!("{other} and {path} both hold the topic {name}; move away the one that is a copy");
    io::Error::new(io::ErrorKind::InvalidData, message)
}
