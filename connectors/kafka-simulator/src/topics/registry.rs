//! All topics: a directory each, found again when the broker starts.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use uuid::Uuid;

use super::meta::Meta;
use super::name::{collide, is_topic_name};
use super::open::{DELETED, open_all, open_log, open_topic};
use super::settings::Settings;
use super::topic::{Partition, Topic};
use crate::clock::now_ms;
use crate::groups::TopicPartition;
use crate::producer::{Marker, ProducerId};
use crate::transactions::Markers;

/// More partitions than that, of all topics together, are no development.
const MAX_PARTITIONS: i32 = 10_000;

/// A change that cannot be made. Each has its own error code in Kafka.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TopicError {
    /// There is one of that name.
    #[error("Topic '{0}' already exists.")]
    Exists(String),
    /// There is none of that name or id.
    #[error("This server does not host this topic-partition.")]
    Unknown,
    /// It cannot be called so.
    #[error("Topic name '{0}' is invalid: up to 249 letters, digits, '.', '_' and '-'")]
    Name(String),
    /// Kafka takes dots and underscores for the same in the names of its metrics, so it takes only one of them.
    #[error("Topic '{name}' collides with existing topic: {like}")]
    Collision {
        /// The name.
        name: String,
        /// The topic that is there.
        like: String,
    },
    /// It cannot have so many partitions.
    #[error("{0}")]
    Partitions(String),
    /// A setting is unknown or has no such value.
    #[error("{0}")]
    Setting(String),
    /// The disk.
    #[error("the topic cannot be kept")]
    Io(#[from] io::Error),
}

/// The topics of the broker.
#[derive(Debug)]
pub(crate) struct Topics {
    dir: PathBuf,
    topics: RwLock<BTreeMap<String, Arc<Topic>>>,
    /// One change of the directory at a time.
    changing: Mutex<()>,
}

impl Topics {
    /// Opens every topic in `dir`.
    pub(crate) fn open(dir: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        let topics = open_all(&dir)?;
        Ok(Self { dir, topics: RwLock::new(topics), changing: Mutex::new(()) })
    }

    /// A topic by name.
    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().get(name).cloned()
    }

    /// The partitions of all topics.
    fn partitions(&self) -> i32 {
        self.read().values().map(|topic| topic.width()).sum()
    }

    /// A topic by id.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.read().values().find(|topic| topic.id == id).cloned()
    }

    /// A partition by topic and number.
    pub(crate) fn partition(&self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        self.read().get(topic)?.partition(number)
    }

    /// All topics by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.read().values().cloned().collect()
    }

    /// Makes a topic; with `only_check` says only whether it could be made.
    pub(crate) fn create(
        &self,
        name: &str,
        partitions: i32,
        settings: Settings,
        only_check: bool,
    ) -> Result<Option<Arc<Topic>>, TopicError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_topic_name(name) {
            return Err(TopicError::Name(name.to_owned()));
        }
        if self.by_name(name).is_some() {
            return Err(TopicError::Exists(name.to_owned()));
        }
        if let Some(like) = self.read().keys().find(|known| collide(known, name)) {
            return Err(TopicError::Collision { name: name.to_owned(), like: like.clone() });
        }
        let room = MAX_PARTITIONS - self.partitions();
        if !(1..=room).contains(&partitions) {
            return Err(TopicError::Partitions(format!(
                "Number of partitions must be from 1 to {room}: this broker takes {MAX_PARTITIONS} of all topics together."
            )));
        }
        if only_check {
            return Ok(None);
        }
        let id = Uuid::new_v4();
        // Logs work by path. Whoever still holds one of a topic that was deleted must not meet the files of another
        // topic of the same name, so the directory is named after what never comes again.
        let dir = self.dir.join(id.to_string());
        let meta = Meta { name: name.to_owned(), id, partitions, settings };
        // The description comes last: without it there is no topic, whatever else is there.
        let made = open_topic(&dir, meta.clone()).and_then(|topic| meta.write(&dir).map(|()| topic));
        if made.is_err() {
            // What cannot be removed now is when the broker starts.
            std::fs::remove_dir_all(&dir).ok();
        }
        let topic = made?;
        warn_of_the_ignored(&topic.settings(), name);
        self.write(|topics| topics.insert(name.to_owned(), Arc::clone(&topic)));
        Ok(Some(topic))
    }

    /// Removes a topic and its records.
    pub(crate) fn delete(&self, name: &str) -> Result<(), TopicError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = self.by_name(name).ok_or(TopicError::Unknown)?;
        let gone = self.dir.join(format!("{DELETED}{}", topic.id));
        std::fs::rename(&topic.dir, &gone)?;
        self.write(|topics| topics.remove(name));
        topic.partitions().iter().for_each(|partition| partition.grown());
        // What cannot be removed now is when the broker starts.
        if let Err(error) = std::fs::remove_dir_all(&gone) {
            tracing::warn!(%error, topic = name, "The files of a deleted topic stay behind for now.");
        }
        Ok(())
    }

    /// Widens a topic.
    pub(crate) fn widen(&self, name: &str, width: i32, only_check: bool) -> Result<(), TopicError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = self.by_name(name).ok_or(TopicError::Unknown)?;
        let now = topic.width();
        let most = now + MAX_PARTITIONS - self.partitions();
        if width <= now || width > most {
            let message = format!(
                "The topic {name} currently has {now} partition(s); {width} would not be an increase up to {most}, as this \
                 broker takes {MAX_PARTITIONS} of all topics together."
            );
            return Err(TopicError::Partitions(message));
        }
        if only_check {
            return Ok(());
        }
        let settings = topic.settings();
        let meta =
            Meta { name: name.to_owned(), id: topic.id, partitions: width, settings: settings.clone() };
        let mut more = Vec::new();
        for number in now..width {
            more.push(open_log(&topic.dir, number, &settings)?);
        }
        meta.write(&topic.dir)?;
        topic.partitions.write().unwrap_or_else(PoisonError::into_inner).extend(more);
        Ok(())
    }

    /// Changes a topic's settings, all that `change` changes or none.
    pub(crate) fn configure(
        &self,
        name: &str,
        only_check: bool,
        change: impl FnOnce(&mut Settings) -> Result<(), String>,
    ) -> Result<(), TopicError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let topic = self.by_name(name).ok_or(TopicError::Unknown)?;
        let mut settings = topic.settings();
        change(&mut settings).map_err(TopicError::Setting)?;
        if only_check {
            return Ok(());
        }
        let partitions = topic.width();
        let meta = Meta { name: name.to_owned(), id: topic.id, partitions, settings: settings.clone() };
        meta.write(&topic.dir)?;
        for partition in topic.partitions() {
            partition.log().configure(settings.log_config());
        }
        warn_of_the_ignored(&settings, name);
        *topic.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Topic>>> {
        self.topics.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Arc<Topic>>) -> T) {
        change(&mut self.topics.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Markers for Topics {
    fn write_marker(&self, at: &TopicPartition, producer: ProducerId, marker: Marker) -> io::Result<()> {
        let Some(partition) = self.partition(&at.topic, at.partition) else { return Ok(()) };
        // The coordinator of a single node never changes, so its epoch does not either.
        partition.log().append_marker(producer, marker, 0, now_ms())?;
        partition.grown();
        Ok(())
    }

    fn exists(&self, topic: &str, partition: i32) -> bool {
        self.partition(topic, partition).is_some()
    }
}

/// Kafka's clients know no answer that takes a setting and says that nothing comes of it.
fn warn_of_the_ignored(settings: &Settings, topic: &str) {
    for (setting, value) in settings.without_effect() {
        tracing::warn!(
            topic,
            setting,
            value,
            "A setting is kept but has no effect on this development broker."
        );
    }
}
