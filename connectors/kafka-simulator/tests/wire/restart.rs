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

/// A directory where a broker has been.
async fn used() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    Broker::builder().data(dir.path()).start().await.unwrap().stop().await;
    dir
}

#[tokio::test]
async fn a_topic_that_was_only_half_made_or_half_deleted_is_gone() {
    let dir = used().await;
    let topics = dir.path().join("topics");
    std::fs::create_dir_all(topics.join("half-made/0")).unwrap();
    std::fs::write(topics.join("half-made/0/00000000000000000000.log"), "").unwrap();
    std::fs::write(topics.join("half-made/topic.new"), "id").unwrap();
    std::fs::create_dir_all(topics.join("+deleted-1/0")).unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    assert!(all(&mut client).await.topics.is_empty());
    assert_eq!(std::fs::read_dir(topics).unwrap().count(), 0);
    broker.stop().await;
}

#[tokio::test]
async fn a_damaged_topic_is_an_error_and_never_an_empty_topic() {
    let dir = used().await;
    let topic = dir.path().join("topics/t");
    std::fs::create_dir_all(&topic).unwrap();
    std::fs::write(topic.join("topic"), "nonsense").unwrap();
    let error = Broker::builder().data(dir.path()).start().await.unwrap_err();
    assert!(matches!(error, BrokerError::Data { .. }), "{error}");
    assert!(topic.exists());
}

#[tokio::test]
async fn a_directory_that_is_somebody_elses_or_of_a_newer_version_is_not_touched() {
    for (file, says) in [("topics/t/main.rs", "`topics`"), ("format", "`orgstream-broker 9`")] {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "orgstream-broker 9").unwrap();
        let error = Broker::builder().data(dir.path()).start().await.unwrap_err();
        let BrokerError::Data { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains(says), "{source}");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "orgstream-broker 9");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn the_directory_of_a_broker_that_did_not_say_so_yet_is_used() {
    let dir = used().await;
    std::fs::remove_file(dir.path().join("format")).unwrap();
    for _ in 0..2 {
        Broker::builder().data(dir.path()).start().await.unwrap().stop().await;
        assert!(dir.path().join("format").exists());
    }
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
async fn a_broker_that_is_dropped_lets_go_of_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::builder().data(dir.path()).start().await.unwrap();
    make(&mut Client::connect(&broker).await, "t").await;
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
