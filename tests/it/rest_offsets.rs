//! Offsets of sinks that are shown and set over REST.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::time::Duration;

use orgstream::kafka::{Admin, KafkaConfig};
use orgstream_api::TopicPartition;
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::rest_connectors::{Place, Worker, assert_refused};

/// The offsets, each with its partition.
fn offsets(said: &Json) -> Vec<i64> {
    let all = said["offsets"].as_array().unwrap().iter();
    all.map(|one| one["offset"]["kafka_offset"].as_i64().unwrap()).collect()
}

/// The ends of the topic's partitions, as offsets to set.
async fn ends(place: &Place) -> Json {
    let kafka =
        KafkaConfig { bootstrap_servers: place.world.bootstrap_servers.clone(), ..KafkaConfig::default() };
    let admin = Admin::connect(&kafka).await.unwrap();
    let ends = admin.end_offsets(&[place.topic()]).await.unwrap();
    let one = |(place, end): (&TopicPartition, &i64)| {
        json!({
            "partition": { "kafka_topic": place.topic, "kafka_partition": place.partition },
            "offset": { "kafka_offset": end },
        })
    };
    json!({ "offsets": ends.iter().map(one).collect::<Vec<_>>() })
}

async fn stop(worker: &Worker, name: &str) {
    let (code, said) = Worker::answer(worker.request(Method::PUT, &format!("/connectors/{name}/stop"))).await;
    assert_eq!(code, 204, "{said}");
    worker.until(name, "STOPPED").await;
}

async fn resume(worker: &Worker, name: &str) {
    let asked = worker.request(Method::PUT, &format!("/connectors/{name}/resume"));
    assert_eq!(Worker::answer(asked).await.0, 202);
    worker.until(name, "RUNNING").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_sink_goes_on_where_it_is_told_to_over_rest_also_after_a_kill() {
    let Some(place) = Place::start().await else { return };
    let (a, b) = (format!("{}-from", place.world.pipeline), format!("{}-into", place.world.pipeline));
    let worker = place.worker(&[]).await;
    assert_eq!(worker.create(&a, &place.source()).await.0, 201);
    let (code, said) = worker.create(&b, &place.sink()).await;
    assert_eq!(code, 201, "{said}");
    worker.until(&a, "RUNNING").await;
    worker.until(&b, "RUNNING").await;
    place.lead("First").await;
    place.arrives("First").await;

    let path = format!("/connectors/{b}/offsets");
    let none = json!({ "offsets": [{ "partition": { "kafka_topic": place.topic(), "kafka_partition": 0 }, "offset": null }] });
    assert_refused(&worker.send(Method::PATCH, &path, &none).await, 400, "must be in the STOPPED state");
    let reset = || async { Worker::answer(worker.request(Method::DELETE, &path)).await };
    assert_refused(&reset().await, 400, &format!("'/connectors/{b}/stop'"));
    let of_source = worker.send(Method::PATCH, &format!("/connectors/{a}/offsets"), &none).await;
    assert_refused(&of_source, 409, "positions");

    stop(&worker, &b).await;
    let (code, committed) = worker.get(&path).await;
    assert_eq!(code, 200);
    assert!(offsets(&committed).iter().any(|offset| *offset > 0), "{committed}");
    for (partition, offset, part) in [
        (json!({ "kafka_topic": place.topic(), "kafka_partition": 0 }), json!(1_000_000), "and not 1000000"),
        (json!({ "kafka_topic": place.topic(), "kafka_partition": 0 }), json!(-1), "and not -1"),
        (json!({ "kafka_topic": place.topic(), "kafka_partition": 99 }), json!(0), "does not read"),
        (json!({ "kafka_topic": "other", "kafka_partition": 0 }), json!(0), "does not read"),
    ] {
        let one = json!({ "offsets": [{ "partition": partition, "offset": { "kafka_offset": offset } }] });
        assert_refused(&worker.send(Method::PATCH, &path, &one).await, 400, part);
    }
    assert_eq!(worker.get(&path).await.1, committed, "nothing was set");

    // Back to the beginning, and to behind what came meanwhile: that is passed over.
    place.lead("Second").await;
    let topic = place.topic();
    let mut left = 600;
    while place.world.read(&topic).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        left -= 1;
        assert!(left > 0, "the source never brings it");
    }
    let (code, said) = reset().await;
    assert_eq!(code, 200, "{said}");
    assert_eq!(said["message"], "The offsets for this connector have been reset successfully");
    assert!(offsets(&worker.get(&path).await.1).iter().all(|offset| *offset == 0));
    let behind = ends(&place).await;
    let (code, said) = worker.send(Method::PATCH, &path, &behind).await;
    assert_eq!(code, 200, "{said}");
    assert_eq!(said["message"], "The offsets for this connector have been altered successfully");
    assert_eq!(worker.get(&path).await.1, behind);
    resume(&worker, &b).await;
    place.lead("Third").await;
    place.arrives("Third").await;
    assert_eq!(place.world.b.count("Lead"), 2, "what was passed over is not written");

    // To the beginning, and a kill: everything comes again, and nothing is there twice.
    stop(&worker, &b).await;
    assert_eq!(reset().await.0, 200);
    worker.process.kill().await;
    let worker = place.worker(&[]).await;
    worker.until(&b, "STOPPED").await;
    assert!(offsets(&worker.get(&path).await.1).iter().all(|offset| *offset == 0));
    resume(&worker, &b).await;
    place.arrives("Second").await;
    assert_eq!(place.world.b.count("Lead"), 3);
    worker.process.terminate().await.expect_code(0);
}
