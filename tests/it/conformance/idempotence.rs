//! Idempotence: retries do not double and do not reorder. (What happens to a lost answer is checked with faults.)

use super::broker::{Broker, numbers, send, texts};

pub(super) fn an_idempotent_producer_writes_in_order(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let settings = [("enable.idempotence", "true"), ("batch.num.messages", "7"), ("linger.ms", "0")];
    send(&broker.producer(&settings), &topic, numbers(0..3_000));
    assert_eq!(texts(&broker.read(&topic, 0, &[])), numbers(0..3_000));
}

pub(super) fn two_idempotent_producers_do_not_disturb_each_other(broker: &Broker) {
    let topic = broker.topic(1, &[]);
    let produce = |from: u32| {
        let producer = broker.producer(&[("enable.idempotence", "true"), ("batch.num.messages", "10")]);
        send(&producer, &topic, numbers(from..from + 1_000));
    };
    std::thread::scope(|scope| {
        scope.spawn(|| produce(0));
        scope.spawn(|| produce(1_000));
    });
    let all = texts(&broker.read(&topic, 0, &[]));
    let (low, high): (Vec<u32>, Vec<u32>) =
        all.iter().map(|text| text.parse::<u32>().unwrap()).partition(|number| *number < 1_000);
    assert_eq!(low, (0..1_000).collect::<Vec<_>>());
    assert_eq!(high, (1_000..2_000).collect::<Vec<_>>());
}
