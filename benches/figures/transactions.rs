//! What a transaction costs: batches of several sizes, each committed before the next begins.

use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::broker::{config, make};
use super::peer::Broker;
use super::process::{rate, timed};
use super::{Figure, figure};

const PATIENCE: Duration = Duration::from_mins(1);

pub(super) fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, broker) in Broker::both() {
        make(broker.address(), "tx", 6);
        for (size, batches) in [(1u32, 100u32), (10, 100), (100, 100), (1_000, 50), (5_000, 20)] {
            let producer = producer(broker.address());
            transaction(&producer, size);
            let ((), time) = timed(|| (0..batches).for_each(|_| transaction(&producer, size)));
            let each = time / batches;
            figures.push(figure(
                format!("{name}: a transaction of {size} records of 600 bytes"),
                format!("{:.1} ms, {}", each.as_secs_f64() * 1_000.0, rate(u64::from(size * batches), time)),
            ));
        }
    }
    figures
}

fn producer(address: &str) -> BaseProducer {
    let settings = [("transactional.id", "bench"), ("linger.ms", "5")];
    let producer: BaseProducer = config(address, &settings).create().expect("a producer");
    producer.init_transactions(PATIENCE).expect("transactions");
    producer
}

fn transaction(producer: &BaseProducer, size: u32) {
    producer.begin_transaction().expect("it begins");
    let payload = [b'x'; 600];
    for n in 0..size {
        let key = n.to_be_bytes();
        producer
            .send(BaseRecord::to("tx").key(&key[..]).payload(&payload[..]))
            .map_err(|(error, _)| error)
            .expect("there is room");
    }
    producer.commit_transaction(PATIENCE).expect("it commits");
}
