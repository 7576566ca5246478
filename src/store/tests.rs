//! The id map of several nodes, through a broker.

use std::path::Path;
use std::time::Duration;

use orgstream_api::{HealthReporter, IdLink, IdMap as _, InputOffset, LinkState, TopicPartition};
use orgstream_kafka_simulator::Broker;

use super::{Database, Following, IdHealth, IdStore, LinkKey};
use crate::kafka::{Admin, Cleanup, KafkaConfig, TopicSpec, topics};

const ORG_A: &str = "00DA";
const ORG_B: &str = "00DB";

struct Nodes {
    broker: Broker,
    _data: tempfile::TempDir,
}

impl Nodes {
    async fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let broker = Broker::builder().data(data.path()).start().await.unwrap();
        let this = Self { broker, _data: data };
        let spec = TopicSpec { name: topics::IDS.to_owned(), partitions: Some(1), cleanup: Cleanup::Compact };
        Admin::connect(&this.kafka()).await.unwrap().ensure_topics(&[spec]).await.unwrap();
        this
    }

    fn kafka(&self) -> KafkaConfig {
        KafkaConfig {
            bootstrap_servers: self.broker.bootstrap_servers(),
            partitions: Some(1),
            replication_factor: Some(1),
            ..KafkaConfig::default()
        }
    }

    /// A node that does not follow the topic yet.
    async fn node(&self) -> (IdStore, Following) {
        let database = Database::open(Path::new(Database::IN_MEMORY)).unwrap();
        let admin = Admin::connect(&self.kafka()).await.unwrap();
        let health = || HealthReporter::new().0;
        let health = IdHealth { writing: health(), following: health() };
        IdStore::open(database, &self.kafka(), &admin, health).await.unwrap()
    }
}

fn link(source_id: &str) -> IdLink {
    IdLink {
        source_org: ORG_A.to_owned(),
        object: "Account".to_owned(),
        source_id: source_id.to_owned(),
        target_org: ORG_B.to_owned(),
        target_id: Some("001B".to_owned()),
        state: LinkState::Live,
        last: InputOffset {
            partition: TopicPartition { topic: "a.Account".to_owned(), partition: 0 },
            offset: 1,
        },
        stamp: None,
    }
}

/// Whether a node knows these records.
async fn knows(store: &IdStore, ids: &[&str]) -> Vec<bool> {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let links = store.resolve(ORG_A, "Account", ORG_B, &ids).await.unwrap();
    links.iter().map(Option::is_some).collect()
}

/// Waits until a node has come to the link of this record.
async fn come_to(store: &IdStore, id: &str) {
    while knows(store, &[id]).await != [true] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_taken_out_stays_out_where_an_older_entry_of_another_node_comes_later() {
    let nodes = Nodes::new().await;
    let ((x, follows), (y, _not_following)) = (nodes.node().await, nodes.node().await);
    y.write(vec![link("001")]).await.unwrap();
    x.forget(vec![LinkKey::of(&link("001"))]).await.unwrap();
    x.write(vec![link("002")]).await.unwrap();
    let following = tokio::spawn(follows.run());
    y.write(vec![link("003")]).await.unwrap();
    come_to(&x, "003").await;
    assert_eq!(knows(&x, &["001", "002"]).await, [false, true]);
    following.abort();
}
