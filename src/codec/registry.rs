//! The schema registry: ids for our schemas, and schemas for ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orgstream_api::HealthReporter;
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_all_subjects, get_schema_by_id,
};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::RegisteredSchema;
use tokio::time::{Instant, sleep};

use super::error::{CodecError, Part};
use super::levels::Levels;
use super::registering::{Registered, Wanted};
use super::registry_config::RegistryConfig;
use super::trouble::Trouble;
use super::writer::{Source, Writer};
use crate::schema_store::Compatibility;

/// How long [`Registry::connect`] waits for an answer.
const CONNECT: Duration = Duration::from_secs(30);
/// How long one call may take.
const CALL: Duration = Duration::from_secs(15);
/// How long a schema is asked for that the registry does not have: its replicas may be behind whoever registered it.
const UNKNOWN: Duration = Duration::from_secs(15);
/// Schemas that are kept, of those that are written and of those that are read. Beyond them all are asked for anew.
const REMEMBERED: usize = 1_000;
/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// A client of a schema registry. Clones share its caches.
#[derive(Clone)]
pub struct Registry {
    shared: Arc<Shared>,
    health: HealthReporter,
    /// How long a schema is asked for that the registry does not have.
    patience: Duration,
}

struct Shared {
    settings: SrSettings,
    levels: Levels,
    /// Without a password, for messages.
    url: String,
    registered: Mutex<HashMap<String, Vec<Arc<Registered>>>>,
    writers: Mutex<HashMap<u32, Arc<Writer>>>,
}

impl Registry {
    /// A client of this registry. Waits up to 30 s for it to answer.
    pub async fn connect(
        config: impl Into<RegistryConfig>,
        health: HealthReporter,
    ) -> Result<Self, CodecError> {
        Self::connect_within(config, health, CONNECT).await.map(|(registry, _)| registry)
    }

    /// As [`Registry::connect`], but waits only so long; also the names of the subjects that are there.
    pub async fn connect_within(
        config: impl Into<RegistryConfig>,
        health: HealthReporter,
        wait: Duration,
    ) -> Result<(Self, Vec<String>), CodecError> {
        let config = config.into();
        let shown = config.shown();
        let refused =
            |reason: String| CodecError::Registry { registry: shown.clone(), reason, is_away: false };
        let settings = config.settings(|settings| {
            settings.set_timeout(CALL);
        });
        let settings = settings.map_err(refused)?;
        let levels = Levels::of(&config, CALL).map_err(refused)?;
        let shared = Shared {
            settings,
            levels,
            url: shown.clone(),
            registered: Mutex::default(),
            writers: Mutex::default(),
        };
        let this = Self { shared: Arc::new(shared), health, patience: UNKNOWN };
        let deadline = Instant::now() + wait;
        loop {
            match get_all_subjects(&this.shared.settings).await.map_err(|error| Trouble::of(&error)) {
                Ok(subjects) => return Ok((this, subjects)),
                Err(Trouble::Away(_)) if Instant::now() < deadline => sleep(PAUSES.0).await,
                Err(trouble) => {
                    let (reason, is_away) = (trouble.to_string(), matches!(trouble, Trouble::Away(_)));
                    return Err(CodecError::Registry { registry: shown, reason, is_away });
                }
            }
        }
    }

    /// The same registry for another task, which is told when it is away.
    #[must_use]
    pub fn reporting_to(&self, health: HealthReporter) -> Self {
        Self { shared: Arc::clone(&self.shared), health, patience: self.patience }
    }

    /// The same registry, which asks for an unknown schema only so long.
    #[cfg(test)]
    pub(super) fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// A schema with its id in a subject, where it is registered when it is new. Waits while the registry is away.
    pub(super) async fn register(&self, wanted: Wanted<'_>) -> Result<Arc<Registered>, CodecError> {
        let known = self.registered(wanted);
        if let Some(known) = known {
            return Ok(known);
        }
        let registered = Arc::new(self.registering(wanted).await?);
        let mut all = lock(&self.shared.registered);
        if all.values().map(Vec::len).sum::<usize>() >= REMEMBERED {
            all.clear();
        }
        all.entry(wanted.subject.to_owned()).or_default().push(Arc::clone(&registered));
        Ok(registered)
    }

    /// The writer's schema with this id. Waits while the registry is away, and for a while when it has no such schema.
    pub(super) async fn writer(&self, part: Part, id: u32) -> Result<Arc<Writer>, CodecError> {
        let known = lock(&self.shared.writers).get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let undecodable = |reason| CodecError::Undecodable { part, reason };
        let answer = self.schema(id).await.map_err(|trouble| match trouble {
            Trouble::Unknown(reason) => {
                CodecError::UnknownSchema { part, id, registry: self.shared.url.clone(), reason }
            }
            Trouble::Refused(message) => {
                undecodable(format!("the registry at {} refuses schema {id}: {message}", self.shared.url))
            }
            Trouble::Away(reason) | Trouble::Forbidden(reason) => self.unusable(reason),
        })?;
        let referenced = self.referenced(part, id, &answer).await?;
        let source = Source { schema_type: answer.schema_type, text: answer.schema, referenced };
        let writer = Writer::parse(&source).map_err(|error| undecodable(format!("schema {id}: {error}")))?;
        let writer = Arc::new(writer);
        let mut writers = lock(&self.shared.writers);
        if writers.len() >= REMEMBERED {
            writers.clear();
        }
        writers.insert(id, Arc::clone(&writer));
        Ok(writer)
    }

    /// Schemas are shared, so that the address is compared first. A schema that was described anew is equal as a rule.
    fn registered(&self, wanted: Wanted<'_>) -> Option<Arc<Registered>> {
        let registered = lock(&self.shared.registered);
        let known = || registered.get(wanted.subject).into_iter().flatten();
        let alike =
            |known: &&Arc<Registered>| known.language == wanted.language && known.schemas == wanted.schemas;
        let same = known().filter(alike).find(|known| Arc::ptr_eq(&known.schema, wanted.schema));
        same.or_else(|| known().filter(alike).find(|known| known.schema == *wanted.schema)).cloned()
    }

    /// Asks for a schema, again for a while if the registry does not have it; the task is degraded meanwhile.
    async fn schema(&self, id: u32) -> Result<RegisteredSchema, Trouble> {
        // Runs from the first answer on: a registry that comes back may be behind.
        let mut deadline = None;
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let answer = self.insist(|| get_schema_by_id(id, &self.shared.settings)).await;
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.patience);
            if !matches!(answer, Err(Trouble::Unknown(_))) || Instant::now() >= deadline {
                if told {
                    self.health.running();
                }
                return answer;
            }
            if !told {
                told = true;
                tracing::warn!(registry = self.shared.url, id, "the schema registry does not have a schema");
            }
            // Every time, because `insist` says that all is well when it was away in between.
            self.health.degraded(format!(
                "the schema registry at {} does not have schema {id}; it is asked again for {} s",
                self.shared.url,
                self.patience.as_secs()
            ));
            sleep(pause.min(deadline - Instant::now())).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Calls until the registry answers; the task is degraded meanwhile.
    pub(super) async fn insist<T, F>(&self, call: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, SRCError>>,
    {
        let (mut pause, longest) = PAUSES;
        let mut told = false;
        loop {
            let reason = match call().await.map_err(|error| Trouble::of(&error)) {
                Err(Trouble::Away(reason)) => reason,
                answer => {
                    if told {
                        self.health.running();
                    }
                    return answer;
                }
            };
            // The first attempt may just have met a connection that was closed meanwhile.
            if pause > PAUSES.0 && !told {
                told = true;
                tracing::warn!(registry = self.shared.url, reason, "the schema registry does not answer");
                self.health.degraded(format!(
                    "the schema registry at {} does not answer: {reason}",
                    self.shared.url
                ));
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// The registry's settings, and what it is called in messages.
    pub(super) fn address(&self) -> (&SrSettings, &str) {
        (&self.shared.settings, &self.shared.url)
    }

    /// The compatibility level that holds for a subject; `None` where the registry does not say.
    pub(super) async fn level(&self, subject: &str) -> Option<Compatibility> {
        self.shared.levels.level(subject).await
    }

    pub(super) fn unusable(&self, reason: String) -> CodecError {
        CodecError::Registry { registry: self.shared.url.clone(), reason, is_away: false }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
