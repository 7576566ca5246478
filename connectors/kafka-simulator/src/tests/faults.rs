//! Faults on demand.

use std::time::Duration;

use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, FindCoordinatorRequest, FindCoordinatorResponse,
    ProduceRequest, ProduceResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::wire::{Wire, batch};
use crate::{Broker, Effect, Fault, ResponseError};

async fn produce(wire: &mut Wire, partition: i32) -> i16 {
    let data = PartitionProduceData::default().with_index(partition).with_records(Some(batch(b"v")));
    let name = StrBytes::from_static_str("t").into();
    let topic = TopicProduceData::default().with_name(name).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1_000).with_topic_data(vec![topic]);
    let answer: ProduceResponse = wire.call(ApiKey::Produce, 9, &request).await.unwrap();
    answer.responses[0].partition_responses[0].error_code
}

async fn versions(wire: &mut Wire) -> std::io::Result<ApiVersionsResponse> {
    wire.call(ApiKey::ApiVersions, 3, &ApiVersionsRequest::default()).await
}

#[tokio::test]
async fn an_error_meets_its_partition_so_many_times() {
    let broker = Broker::builder().start().await.unwrap();
    let mut wire = Wire::connect(&broker).await;
    let unknown = ResponseError::UnknownTopicOrPartition.code();
    let fault = Fault::new(ApiKey::Produce, Effect::Error(ResponseError::NotEnoughReplicas));
    broker.faults().add(fault.partition("t", 1).times(2));
    let codes = [
        produce(&mut wire, 0).await,
        produce(&mut wire, 1).await,
        produce(&mut wire, 1).await,
        produce(&mut wire, 1).await,
    ];
    let refused = ResponseError::NotEnoughReplicas.code();
    assert_eq!(codes, [unknown, refused, refused, unknown]);
    broker.stop().await;
}

#[tokio::test]
async fn a_cut_and_a_lost_answer_close_the_connection() {
    let broker = Broker::builder().start().await.unwrap();
    for effect in [Effect::Cut, Effect::LoseAnswer] {
        broker.faults().add(Fault::new(ApiKey::ApiVersions, effect).times(1));
        versions(&mut Wire::connect(&broker).await).await.expect_err("it is closed");
        versions(&mut Wire::connect(&broker).await).await.expect("it is over");
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_slow_answer_holds_up_its_own_connection_only() {
    let broker = Broker::builder().start().await.unwrap();
    let delay = Effect::Delay(Duration::from_mins(10));
    let id = broker.faults().add(Fault::new(ApiKey::FindCoordinator, delay));
    let mut slow = Wire::connect(&broker).await;
    let request = FindCoordinatorRequest::default();
    let waiting = slow.call::<FindCoordinatorResponse>(ApiKey::FindCoordinator, 3, &request);
    tokio::select! {
        answer = waiting => panic!("{answer:?} came at once"),
        answer = async { versions(&mut Wire::connect(&broker).await).await } => drop(answer.unwrap()),
    }
    assert!(broker.faults().remove(id));
    broker.stop().await;
}

#[tokio::test]
async fn a_broker_that_is_away_answers_nobody_until_it_is_back() {
    let broker = Broker::builder().start().await.unwrap();
    let mut before = Wire::connect(&broker).await;
    versions(&mut before).await.unwrap();
    broker.faults().set_away(true);
    assert!(before.is_closed().await);
    versions(&mut Wire::connect(&broker).await).await.expect_err("it is away");
    broker.faults().clear();
    versions(&mut Wire::connect(&broker).await).await.expect("it is back");
    broker.stop().await;
}
