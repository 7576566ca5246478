//! What a transaction costs: batches of several sizes through the producer that sources use, each committed before the
//! next begins.

use std::sync::Arc;
use std::time::Duration;

use orgstream::kafka::{KafkaConfig, Outgoing, Place, TransactionalProducer};
use orgstream_api::{Headers, HealthReporter};

use super::broker::make;
use super::peer::Broker;
use super::process::rate;
use super::{Figure, figure};

pub(super) fn figures() -> Vec<Figure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut figures = Vec::new();
    for (name, broker) in Broker::both() {
        make(broker.address(), "tx", 6);
        for (size, batches) in [(1u32, 100u32), (10, 100), (100, 100), (1_000, 50), (5_000, 20)] {
            let time = runtime.block_on(transactions(broker.address(), size, batches));
            let each = time / batches;
            figures.push(figure(
                format!("{name}: a transaction of {size} records of 600 bytes"),
                format!("{:.1} ms, {}", each.as_secs_f64() * 1_000.0, rate(u64::from(size * batches), time)),
            ));
        }
    }
    figures
}

async fn transactions(address: &str, size: u32, batches: u32) -> Duration {
    let kafka = KafkaConfig { bootstrap_servers: address.to_owned(), ..KafkaConfig::default() };
    let health = HealthReporter::new().0;
    let mut producer = TransactionalProducer::open(&kafka, "bench", health).await.expect("transactions");
    let batch: Arc<[Outgoing]> = (0..size).map(record).collect();
    producer.commit(Arc::clone(&batch)).await.expect("it commits");
    let began = tokio::time::Instant::now();
    for _ in 0..batches {
        producer.commit(Arc::clone(&batch)).await.expect("it commits");
    }
    let time = began.elapsed();
    producer.close().await;
    time
}

fn record(n: u32) -> Outgoing {
    let key = n.to_be_bytes().to_vec();
    Outgoing {
        topic: "tx".into(),
        place: Place::Key(key.clone()),
        key: Some(key),
        value: Some(vec![b'x'; 600]),
        headers: Headers::default(),
        timestamp: None,
    }
}
