//! What is there again, and what two brokers cannot share.

use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use orgstream_kafka_simulator::{Broker, BrokerError};

use crate::client::Client;
use crate::records::{fetch, make, produce, values};

async fn all(client: &mut Client) -> MetadataResponse {
    client.call(12, &MetadataRequest::default().with_topics(None)).await
}

#[tokio::test]
async fn topics_ids_and_records_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).auto_create_partitions(3).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    produce(&mut client, "t", &["a", "b"]).await;
    let before = all(&mut client).await;
    broker.stop().await;

    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    let after = all(&mut client).await;
    assert_eq!((before.topics, before.cluster_id), (after.topics, after.cluster_id));
    assert_eq!(values(&fetch(&mut client, "t", 0).await, 0), ["a", "b"]);
    assert_eq!(produce(&mut client, "t", &["c"]).await.base_offset, 2);
    broker.stop().await;
}

#[tokio::test]
async fn a_topic_that_was_only_half_made_or_half_deleted_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let topics = dir.path().join("topics");
    std::fs::create_dir_all(topics.join("half-made/0")).unwrap();
    std::fs::create_dir_all(topics.join("+deleted-1/0")).unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    assert!(all(&mut client).await.topics.is_empty());
    assert_eq!(std::fs::read_dir(topics).unwrap().count(), 0);
    broker.stop().await;
}

#[tokio::test]
async fn a_damaged_topic_is_an_error_and_never_an_empty_topic() {
    let dir = tempfile::tempdir().unwrap();
    let topic = dir.path().join("topics/t");
    std::fs::create_dir_all(&topic).unwrap();
    std::fs::write(topic.join("topic"), "nonsense").unwrap();
    let error = Broker::builder().data(dir.path()).start().await.unwrap_err();
    assert!(matches!(error, BrokerError::Data { .. }), "{error}");
    assert!(topic.exists());
}

#[tokio::test]
async fn a_directory_and_a_port_belong_to_one_broker() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let second = Broker::builder().data(dir.path()).start().await.unwrap_err();
    assert!(matches!(second, BrokerError::InUse { .. }), "{second}");
    let port = broker.bootstrap_servers().rsplit_once(':').unwrap().1.parse().unwrap();
    let second = Broker::builder().port(port).start().await.unwrap_err();
    assert!(matches!(second, BrokerError::Listen { .. }), "{second}");
    broker.stop().await;
    // Free again, at once.
    let broker = Broker::builder().data(dir.path()).port(port).start().await.unwrap();
    broker.stop().await;
}

#[tokio::test]
async fn a_broker_without_a_directory_leaves_none() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    make(&mut Client::connect(&broker).await, "t").await;
    // A dropped broker lets go of its directory by itself.
    drop(broker);
    let broker = loop {
        match Broker::builder().data(dir.path()).start().await {
            Ok(broker) => break broker,
            Err(BrokerError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    broker.stop().await;
}
