//! The topic of the id links, deleted under a process that runs. Other nodes would never see what is bound then.

use std::time::Duration;

use orgstream_kafka_simulator::Broker;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Finished, World, eventually};

const TOPIC: &str = "_orgstream.ids";
const PATIENCE: Duration = Duration::from_secs(10);

/// A world whose broker makes no topic by itself, running, with one lead in org B.
struct Scene {
    world: World,
    running: crate::support::Running,
    broker: Broker,
    _data: TempDir,
}

impl Scene {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let broker = Broker::builder().data(data.path()).auto_create_partitions(0).start().await;
        let broker = broker.expect("a broker");
        let world = World::builder().embedded().kafka(broker.bootstrap_servers()).build().await;
        let world = world.expect("nothing of it is a peer");
        let running = world.run(&[]);
        let scene = Self { world, running, broker, _data: data };
        scene.create("Before").await;
        // The link is bound after the lead was written. Before that there is nothing to lose with the topic.
        eventually("the first lead is linked", || scene.links() == 1).await;
        scene
    }

    async fn create(&self, name: &str) {
        self.world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }

    /// Entries of the topic, which the process may not have made yet.
    fn links(&self) -> i64 {
        self.admin().inner().fetch_watermarks(TOPIC, 0, PATIENCE).map_or(0, |(_, end)| end)
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.broker.bootstrap_servers());
        config.create().expect("a client")
    }

    async fn delete_topic(&self) {
        let deleted = self.admin().delete_topics(&[TOPIC], &AdminOptions::new()).await.expect("an answer");
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    }

    /// What `status` prints, and its exit code.
    async fn status(&self) -> Finished {
        self.world.command(&["status", "orgstream.yaml", "--json"]).finish().await
    }

    /// The process ends by itself, says `words` once, and its last status shows them with the task.
    async fn ends_with(self, words: &str) {
        let Self { world, running, broker, .. } = self;
        let finished = running.finish().await.expect_code(1);
        assert_eq!(finished.stderr.matches(words).count(), 1, "{}", finished.stderr);
        let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(1);
        assert!(status.stdout.contains("\"failed\"") && status.stdout.contains(words), "{}", status.stdout);
        broker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_it_is_named_in_the_status_and_then_ends_the_process() {
    let scene = Scene::start().await;
    scene.delete_topic().await;
    scene.create("After").await;
    let mut waits = String::new();
    for _ in 0..100 {
        waits = scene.status().await.stdout;
        if waits.contains("degraded") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(waits.contains("degraded") && waits.contains(TOPIC), "{waits}");
    assert!(!waits.contains("no broker answers"), "{waits}");
    scene.ends_with("topic _orgstream.ids does not exist any more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn made_anew_it_ends_the_process_with_what_to_do() {
    let scene = Scene::start().await;
    scene.delete_topic().await;
    let anew = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1)).set("cleanup.policy", "compact");
    let made = scene.admin().create_topics(&[anew], &AdminOptions::new()).await.expect("an answer");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    scene.create("After").await;
    scene.ends_with("it was deleted and made anew").await;
}
