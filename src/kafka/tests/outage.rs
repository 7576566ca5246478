use std::time::Duration;

use orgstream_api::{Capacity, Health, InputOffset};

use super::*;
use crate::kafka::{Consumed, Event, GroupConfig, GroupConsumer, Starts, read_compacted};

#[tokio::test(flavor = "multi_thread")]
async fn everything_waits_for_a_broker_that_is_away_and_goes_on_when_it_is_back() {
    let Some(mut broker) = peers::OwnKafka::start() else { return };
    let config = broker.config();
    let admin = Admin::connect(&config).await.unwrap();
    let topic = peers::unique("test");
    let spec = TopicSpec { name: topic.clone(), partitions: Some(1), cleanup: Cleanup::Compact };
    admin.ensure_topics(&[spec]).await.unwrap();
    let fixture = Fixture { config: config.clone(), admin, topic };

    let (reporter, mut told) = HealthReporter::new();
    let mut source = TransactionalProducer::open(&config, &peers::unique("id"), reporter).await.unwrap();
    let producer = fixture.producer();
    let mut member = fixture.member_of(&config, &peers::unique("group"));
    fixture.write(&mut source, vec![fixture.record(0, "a", Some("1"))]).await;
    producer.send(vec![fixture.record(0, "b", Some("2"))]).await.unwrap();
    assert_eq!(values(&mut member, 2).await, ["1", "2"]);

    broker = tokio::task::spawn_blocking(move || {
        broker.stop();
        broker
    })
    .await
    .unwrap();
    let batch: Arc<[Outgoing]> = Arc::from(vec![fixture.record(0, "c", Some("3"))]);
    let later = tokio::spawn(async move {
        while let Err(crate::kafka::ProduceError::Again { .. }) = source.commit(Arc::clone(&batch)).await {}
        source.close().await;
    });
    let sent = tokio::spawn({
        let record = fixture.record(0, "d", Some("4"));
        async move { producer.send(vec![record]).await }
    });
    let reading = tokio::spawn({
        let (config, topic) = (config.clone(), fixture.topic.clone());
        async move { read_compacted(&config, &topic, None, &health()).await }
    });
    let degraded = told.wait_for(|health| matches!(health, Health::Degraded(_))).await.unwrap().clone();
    let Health::Degraded(reason) = degraded else { unreachable!() };
    assert!(reason.contains(&config.bootstrap_servers), "{reason}");
    // Giving up does not wait for the broker.
    let abandoned = fixture.member_of(&config, &peers::unique("group"));
    tokio::time::timeout(Duration::from_secs(10), abandoned.close()).await.unwrap();

    let _broker = tokio::task::spawn_blocking(move || {
        broker.start_again();
        broker
    })
    .await
    .unwrap();
    later.await.unwrap();
    assert_eq!(sent.await.unwrap().unwrap().len(), 1);
    assert!(reading.await.unwrap().unwrap().entries.len() >= 2);
    assert_eq!(*told.borrow(), Health::Running);
    let mut new = values(&mut member, 2).await;
    new.sort_unstable();
    assert_eq!(new, ["3", "4"]);
    let place = fixture.place(0);
    let position = member.position(&place).unwrap();
    member.commit(vec![InputOffset { partition: place, offset: position }]).await.unwrap();
    member.close().await;
}

impl Fixture {
    fn member_of(&self, config: &KafkaConfig, group: &str) -> GroupConsumer {
        let group = GroupConfig {
            group: group.to_owned(),
            instance: "m".to_owned(),
            on_behalf_of: "b".to_owned(),
            topics: vec![self.topic.clone()],
            starts: Starts::default(),
            session_timeout: Duration::from_secs(45),
            read_ahead: Capacity { records: 100, bytes: 1 << 20 },
        };
        GroupConsumer::open(config, group).unwrap()
    }
}

async fn values(member: &mut GroupConsumer, count: usize) -> Vec<String> {
    let mut values = Vec::new();
    while values.len() < count {
        if let Event::Messages(records) = member.next().await {
            values.extend(records.iter().map(|record: &Consumed| text(record.value.as_deref()).to_owned()));
        }
    }
    values
}
