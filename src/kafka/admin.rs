//! Creates topics and asks for offsets.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use orgstream_api::TopicPartition;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::RDKafkaErrorCode;
use tokio::time::Instant;

use super::config::{Isolation, KafkaConfig, MAX_RECORD_BYTES};
use super::context::Reports;
use super::error::Error;
use super::query::{Ask, Query};

mod groups;
pub use groups::{GroupCommit, GroupMember};

mod looking;
pub use looking::{Looked, Outlook, TopicSettings};

mod rights;
pub use rights::Allowed;

mod widening;

/// How long [`Admin::connect`] waits for a broker.
const CONNECT: Duration = Duration::from_secs(30);
/// After how long it is said that no broker answers. One that starts beside this process takes a moment.
const TELL: Duration = Duration::from_secs(3);
/// How long one attempt may take; a start that is given up waits no longer than that.
const STEP: Duration = Duration::from_secs(1);
/// How long the brokers may take to create topics, and to tell each other.
const CREATE: Duration = Duration::from_secs(30);
/// How long a list of all topics may take.
const LIST: Duration = Duration::from_secs(10);

/// What becomes of old records of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// They stay: no time limit is set when the topic is created.
    Delete,
    /// The newest of each key stays.
    Compact,
}

/// A topic that has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its partitions; `None` is the file's `kafka.topics.partitions`, else the broker's default.
    pub partitions: Option<i32>,
    /// What becomes of old records.
    pub cleanup: Cleanup,
}

/// A client for questions about topics. Clones share it.
#[derive(Clone)]
pub struct Admin {
    shared: Arc<Shared>,
    /// Where topics are only looked for, what is found of them.
    outlook: Option<Outlook>,
}

struct Shared {
    config: KafkaConfig,
    client: AdminClient<Reports>,
    uncommitted: Arc<Query>,
    committed: Query,
    /// Clients that name a group, one each: a client of its own for every question would be many connections.
    groups: Mutex<HashMap<String, Arc<BaseConsumer<Reports>>>>,
}

impl Admin {
    /// Waits up to 30 s for a broker.
    pub async fn connect(config: &KafkaConfig) -> Result<Self, Error> {
        Self::connect_within(config, CONNECT).await
    }

    /// Waits as long for a broker.
    pub async fn connect_within(config: &KafkaConfig, wait: Duration) -> Result<Self, Error> {
        let brokers = config.bootstrap_servers.clone();
        let uncommitted = Arc::new(Query::open(config, Isolation::ReadUncommitted)?);
        let begun = Instant::now();
        let deadline = begun + wait;
        let mut told = false;
        loop {
            let query = Arc::clone(&uncommitted);
            if blocking(move || Ok(query.answers(STEP))).await? {
                break;
            }
            if let Some(what) = uncommitted.refused() {
                return Err(Error::Config { brokers, what });
            }
            if Instant::now() >= deadline {
                let last = uncommitted.last_report().unwrap_or_else(|| "no answer".to_owned());
                return Err(Error::Unreachable { brokers, waited: wait, last });
            }
            if !told && begun.elapsed() >= TELL {
                told = true;
                tracing::warn!(
                    kafka = brokers,
                    last = uncommitted.last_report(),
                    "No broker answers; they are asked for {} s in all. Check `kafka.bootstrap_servers`.",
                    wait.as_secs()
                );
            }
        }
        let client = config
            .client_config()
            .create_with_context(Reports::default())
            .map_err(|error| Error::refused_config(&brokers, &error))?;
        let committed = Query::open(config, Isolation::ReadCommitted)?;
        let config = config.clone();
        let groups = Mutex::default();
        let shared = Shared { config, client, uncommitted, committed, groups };
        Ok(Self { shared: Arc::new(shared), outlook: None })
    }

    /// The id of the cluster; `None` where the brokers do not tell one.
    pub async fn cluster(&self) -> Option<String> {
        let shared = Arc::clone(&self.shared);
        blocking(move || Ok(shared.uncommitted.client().fetch_cluster_id(STEP))).await.ok().flatten()
    }

    /// Creates the topics that are missing, and refuses those with another partition count than asked for.
    pub async fn ensure_topics(&self, topics: &[TopicSpec]) -> Result<(), Error> {
        for spec in topics {
            if let Some(outlook) = &self.outlook {
                outlook.note(spec, self.look(spec).await);
                continue;
            }
            if self.matches(spec).await? {
                continue;
            }
            self.create(spec, false).await?;
            self.appeared(spec).await?;
        }
        Ok(())
    }

    /// How many partitions `topic` has; `None` when there is no such topic.
    pub async fn partitions(&self, topic: &str) -> Result<Option<i32>, Error> {
        let (shared, topic) = (Arc::clone(&self.shared), topic.to_owned());
        blocking(move || shared.uncommitted.partitions(&topic)).await
    }

    /// The names of all topics that the brokers show.
    pub async fn topics(&self) -> Result<Vec<String>, Error> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let metadata = shared.uncommitted.client().fetch_metadata(None, LIST).map_err(|source| {
                Error::failed(&shared.config.bootstrap_servers, "asking for the topics".to_owned(), source)
            })?;
            Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
        })
        .await
    }

    /// The largest record that can be written to `topic`, in bytes; `None` where the brokers do not say.
    pub async fn largest_record(&self, topic: &str) -> Option<usize> {
        if self.shared.config.settings.by_token() {
            return None;
        }
        let options = AdminOptions::new().request_timeout(Some(CREATE));
        let topic = [ResourceSpecifier::Topic(topic)];
        let config = self.shared.client.describe_configs(&topic, &options).await.ok()?.pop()?.ok()?;
        let taken: u32 = config.get("max.message.bytes")?.value.as_ref()?.parse().ok()?;
        usize::try_from(taken.min(MAX_RECORD_BYTES)).ok()
    }

    /// High watermarks: the offsets after the last record, open transactions included.
    pub async fn end_offsets(&self, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        blocking(move || shared.uncommitted.offsets(&topics, Ask::End)).await
    }

    /// As [`Admin::end_offsets`], of these partitions.
    pub async fn end_offsets_of(
        &self,
        places: Vec<TopicPartition>,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let shared = Arc::clone(&self.shared);
        blocking(move || shared.uncommitted.offsets_of(&places, Ask::End)).await
    }

    /// Low watermarks: the offsets of the first records that are still there.
    pub async fn first_offsets(&self, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        blocking(move || shared.uncommitted.offsets(&topics, Ask::First)).await
    }

    /// Last stable offsets: up to where `read_committed` readers can read now.
    pub async fn stable_offsets(&self, topics: &[String]) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        blocking(move || shared.committed.offsets(&topics, Ask::End)).await
    }

    /// The first offsets whose record time is at or after `timestamp`; the end where there is none.
    pub async fn offsets_at(
        &self,
        topics: &[String],
        timestamp: i64,
    ) -> Result<BTreeMap<TopicPartition, i64>, Error> {
        let (shared, topics) = (Arc::clone(&self.shared), topics.to_vec());
        blocking(move || shared.uncommitted.offsets(&topics, Ask::At(timestamp))).await
    }

    /// That something cannot be done with these brokers, and why.
    pub fn refused(&self, what: String) -> Error {
        Error::Config { brokers: self.shared.config.bootstrap_servers.clone(), what }
    }

    /// Whether the topic is there as asked for. A topic with another partition count is refused: partitions are
    /// chosen by record id, so a changed count puts later changes of a record beside earlier ones, out of order.
    async fn matches(&self, spec: &TopicSpec) -> Result<bool, Error> {
        let Some(found) = self.partitions(&spec.name).await? else {
            return Ok(false);
        };
        match spec.partitions.or(self.shared.config.partitions) {
            Some(wanted) if wanted != found => Err(Error::Config {
                brokers: self.shared.config.bootstrap_servers.clone(),
                what: format!(
                    "topic {} has {found} partitions, and {wanted} are asked for. A record's changes stay in order only \
                     while the count stays the same: set `kafka.topics.partitions` back to {found}, or let the sinks \
                     drain and use new topics",
                    spec.name
                ),
            }),
            _ => Ok(true),
        }
    }

    /// With `only_asked` the brokers say whether they would.
    async fn create(&self, spec: &TopicSpec, only_asked: bool) -> Result<(), Error> {
        let config = &self.shared.config;
        if config.settings.by_token() {
            return Err(self.not_creatable(spec));
        }
        let partitions = spec.partitions.or(config.partitions).unwrap_or(-1);
        let replicas = config.replication_factor.unwrap_or(-1);
        let max_record = MAX_RECORD_BYTES.to_string();
        let topic = NewTopic::new(&spec.name, partitions, TopicReplication::Fixed(replicas))
            .set("max.message.bytes", &max_record)
            // The time of a record is its row's, which readers search by.
            .set("message.timestamp.type", "CreateTime")
            // An org's clock may be ahead of the broker's by more than the hour that Kafka allows.
            .set("message.timestamp.after.max.ms", "9223372036854775807");
        let topic = match spec.cleanup {
            Cleanup::Compact => topic.set("cleanup.policy", "compact"),
            // Retention goes by record time, and the rows of a snapshot are years old: by Kafka's default of a week
            // they are deleted minutes after they are written, read or not.
            Cleanup::Delete => topic.set("cleanup.policy", "delete").set("retention.ms", "-1"),
        };
        let options = AdminOptions::new().request_timeout(Some(CREATE)).operation_timeout(Some(CREATE));
        let options = options.validate_only(only_asked);
        let what = || format!("creating topic {}", spec.name);
        let results = self
            .shared
            .client
            .create_topics([&topic], &options)
            .await
            .map_err(|source| Error::failed(&config.bootstrap_servers, what(), source))?;
        for result in results {
            match result {
                // Another process was quicker; `appeared` compares what it made.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(self.not_created(spec, code)),
            }
        }
        if only_asked {
            return Ok(());
        }
        tracing::info!(topic = spec.name, partitions, replicas, cleanup = ?spec.cleanup, "topic created");
        Ok(())
    }

    /// A created topic is not known to every broker at once.
    async fn appeared(&self, spec: &TopicSpec) -> Result<(), Error> {
        let deadline = Instant::now() + CREATE;
        while !self.matches(spec).await? {
            if Instant::now() > deadline {
                return Err(self.not_created(spec, RDKafkaErrorCode::UnknownTopicOrPartition));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The library's client for such requests never gets a token.
    fn not_creatable(&self, spec: &TopicSpec) -> Error {
        let config = &self.shared.config;
        let number = |option: &str, number: Option<i32>| {
            let set = number.filter(|number| *number > 0);
            set.map(|number| format!(" --{option} {number}")).unwrap_or_default()
        };
        let kept = match spec.cleanup {
            Cleanup::Compact => "--config cleanup.policy=compact",
            Cleanup::Delete => "--config cleanup.policy=delete --config retention.ms=-1",
        };
        self.refused(format!(
            "topic {name} is missing, and orgstream makes none where it logs in with OAUTHBEARER. Create it: `kafka-topics.sh \
             --bootstrap-server {brokers} --command-config LOGIN.properties --create --topic {name}{partitions}{replicas} {kept} \
             --config max.message.bytes={MAX_RECORD_BYTES} --config message.timestamp.after.max.ms=9223372036854775807`; \
             `orgstream check FILE --online` lists all that are missing",
            name = spec.name,
            brokers = config.bootstrap_servers,
            partitions = number("partitions", spec.partitions.or(config.partitions)),
            replicas = number("replication-factor", config.replication_factor),
        ))
    }

    fn not_created(&self, spec: &TopicSpec, code: RDKafkaErrorCode) -> Error {
        Error::Config {
            brokers: self.shared.config.bootstrap_servers.clone(),
            what: format!(
                "topic {} cannot be created: {code}. Check `kafka.topics.replication_factor` against the number of brokers, \
                 and that this user may create topics; or create it yourself",
                spec.name
            ),
        }
    }
}

/// Runs a blocking call on a thread for such calls.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(call).await.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => Err(Error::Closed { what: "a question to the brokers".to_owned() }),
    })
}
