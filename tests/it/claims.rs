//! Whose source task it is: the node that claims it, and the org that its positions are places in.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use orgstream::codec::{Codec, Registry};
use orgstream::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec, topics};
use orgstream::worker::positions::SourceTask;
use orgstream::worker::record_topics::RecordTopics;
use orgstream::worker::source::{Again, Beginning, SourceView, SourceWorker};
use orgstream_api::{AtEnd, HealthReporter, Source, SourceBatch, SourcePosition, TaskError};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{SchemaStore, embedded_broker};

/// Stores one position, then is silent.
struct Silent(Option<SourcePosition>);

#[async_trait]
impl Source for Silent {
    async fn poll(&mut self) -> Result<SourceBatch, TaskError> {
        match self.0.take() {
            Some(position) => Ok(SourceBatch::of_positions(vec![position])),
            None => std::future::pending().await,
        }
    }

    async fn at_end(&mut self, _quiet: Duration) -> Result<AtEnd, TaskError> {
        Ok(AtEnd::Yes)
    }

    async fn stop(&mut self) {}
}

/// A broker and a registry for workers of one task.
pub(crate) struct Place {
    kafka: KafkaConfig,
    admin: Admin,
    codec: Codec,
    _registry: (SchemaStore, tempfile::TempDir),
}

impl Place {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let registry = SchemaStore::start(&dir.path().join("schemas.db"));
        let url: url::Url = registry.url.parse().expect("a url");
        let (health, _reported) = HealthReporter::new();
        let codec = Codec::new(Registry::connect(&url, health).await.expect("the registry answers"));
        let kafka = KafkaConfig {
            bootstrap_servers: embedded_broker(),
            partitions: Some(1),
            replication_factor: Some(1),
            ..KafkaConfig::default()
        };
        let admin = Admin::connect(&kafka).await.expect("the broker answers");
        let positions =
            TopicSpec { name: topics::POSITIONS.into(), partitions: Some(1), cleanup: Cleanup::Compact };
        admin.ensure_topics(&[positions]).await.expect("the topic can be had");
        Self { kafka, admin, codec, _registry: (registry, dir) }
    }

    /// A worker of `pipeline`; `claimed` is shared by the workers that one process starts one after the other.
    pub(crate) fn worker(
        &self,
        pipeline: &str,
        node: &str,
        org: &str,
        claimed: &Arc<AtomicBool>,
    ) -> SourceWorker {
        let position = SourcePosition { partition: json!({"channel": "c"}), offset: json!({"node": node}) };
        SourceWorker {
            task: SourceTask { pipeline: format!("{pipeline}-{}", std::process::id()), number: 0 },
            node: node.to_owned(),
            org: org.to_owned(),
            claimed: Arc::clone(claimed),
            anew: Arc::default(),
            kafka: self.kafka.clone(),
            codec: self.codec.clone(),
            again: Again::default(),
            shaping: Arc::default(),
            topics: RecordTopics::new(self.admin.clone(), 1, HashSet::new()),
            start: Box::new(move |_| {
                let source = Silent(Some(position.clone()));
                Box::pin(async move { Ok(Box::new(source) as Box<dyn Source>) })
            }),
            quiet: None,
            view: Arc::new(SourceView::default()),
            health: HealthReporter::new().0,
        }
    }
}

/// Runs `worker` until its position is stored.
async fn run_once(worker: &SourceWorker) -> Result<(), TaskError> {
    let stop = CancellationToken::new();
    let mut stored = worker.view.positions.subscribe();
    let own = json!({"node": worker.node});
    let stopping = async {
        let stored = stored.wait_for(|positions| positions.iter().any(|known| known.offset == own)).await;
        drop(stored);
        stop.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        ended = worker.run(&stop) => ended,
        () = stopping => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_starts_takes_a_task_over_and_one_that_lost_it_does_not_take_it_back() {
    let place = Place::new().await;
    let (first, second, anew) = (Arc::default(), Arc::default(), Arc::default());
    run_once(&place.worker("ping", "n1", "00D1", &first)).await.expect("nobody has it");
    run_once(&place.worker("ping", "n1", "00D1", &first)).await.expect("it has it");
    run_once(&place.worker("ping", "n2", "00D1", &second)).await.expect("it starts");
    let lost = run_once(&place.worker("ping", "n1", "00D1", &first)).await.expect_err("n2 has it");
    assert!(matches!(&lost, TaskError::Failed(_)) && lost.to_string().contains("node n2 runs"), "{lost}");
    run_once(&place.worker("ping", "n2", "00D1", &second)).await.expect("it still has it");
    run_once(&place.worker("ping", "n1", "00D1", &anew)).await.expect("it starts");
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_of_another_org_are_refused_with_both_ids() {
    let place = Place::new().await;
    run_once(&place.worker("orgs", "n1", "00D1", &Arc::default())).await.expect("nothing is stored");
    let refused = run_once(&place.worker("orgs", "n2", "00D2", &Arc::default())).await.expect_err("00D1 is");
    let text = refused.to_string();
    assert!(matches!(refused, TaskError::Config(_)), "{text}");
    for part in ["orgs-", "00D1", "00D2", "another name"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    run_once(&place.worker("orgs", "n1", "00D1", &Arc::default()))
        .await
        .expect("its positions are untouched");

    // Asked to read everything anew, the places in the other org are forgotten.
    let mut worker = place.worker("orgs", "n2", "00D2", &Arc::default());
    worker.anew = Arc::new(AtomicBool::new(true));
    let (begun, beginnings) = std::sync::mpsc::channel();
    let start = std::mem::replace(&mut worker.start, Box::new(|_| Box::pin(std::future::pending())));
    worker.start = Box::new(move |beginning| {
        begun.send(beginning.clone()).expect("the test listens");
        start(beginning)
    });
    run_once(&worker).await.expect("it begins anew");
    assert_eq!(beginnings.try_recv(), Ok(Beginning { positions: Vec::new(), anew: true }));
    run_once(&place.worker("orgs", "n2", "00D2", &Arc::default())).await.expect("nothing of 00D1 is left");
}
