//! Every effect of a fault, seen from a client.

use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, CreateTopicsRequest, FindCoordinatorRequest, HeartbeatRequest,
    InitProducerIdRequest, LeaveGroupRequest, OffsetFetchRequest, SyncGroupRequest,
};
use orgstream_kafka_simulator::{Broker, Effect, Fault};

use crate::client::Client;
use crate::records::{batch, fetch, make, produce, produce_request, values};
use crate::topics::creatable;

const REFUSED: ResponseError = ResponseError::NotEnoughReplicas;

#[tokio::test]
async fn an_error_concerns_its_partition_as_often_as_it_was_told_and_writes_nothing() {
    let broker = Broker::builder().auto_create_partitions(2).start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    broker.faults().add(Fault::new(ApiKey::Produce, Effect::Error(REFUSED)).partition("t", 0).times(2));
    let both = || {
        let mut request = produce_request("t", 0, -1, batch(&["a"]));
        let other = produce_request("t", 1, -1, batch(&["a"])).topic_data.remove(0).partition_data.remove(0);
        request.topic_data[0].partition_data.push(other);
        request
    };
    for expected in [REFUSED.code(), REFUSED.code(), 0] {
        let response = client.call(9, &both()).await;
        let codes: Vec<_> =
            response.responses[0].partition_responses.iter().map(|one| one.error_code).collect();
        assert_eq!(codes, [expected, 0]);
    }
    assert_eq!(values(&fetch(&mut client, "t", 0).await, 0), ["a"]);
    broker.stop().await;
}

#[tokio::test]
async fn every_request_that_knows_errors_is_answered_with_one() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let code = ResponseError::CoordinatorNotAvailable.code();
    for api in Effect::ANSWERED_WITH_ERRORS {
        broker.faults().add(Fault::new(*api, Effect::Error(ResponseError::CoordinatorNotAvailable)));
    }
    assert_eq!(produce(&mut client, "t", &["a"]).await.error_code, code);
    assert_eq!(fetch(&mut client, "t", 0).await.error_code, code);
    assert_eq!(make(&mut client, "t").await.topics[0].error_code, code);
    assert_eq!(client.call(2, &FindCoordinatorRequest::default()).await.error_code, code);
    let creation = CreateTopicsRequest::default().with_topics(vec![creatable("u", 1)]);
    assert_eq!(client.call(7, &creation).await.topics[0].error_code, code);
    assert_eq!(client.call(4, &HeartbeatRequest::default()).await.error_code, code);
    assert_eq!(client.call(5, &SyncGroupRequest::default()).await.error_code, code);
    assert_eq!(client.call(5, &LeaveGroupRequest::default()).await.error_code, code);
    assert_eq!(client.call(7, &OffsetFetchRequest::default()).await.error_code, code);
    assert_eq!(client.call(4, &InitProducerIdRequest::default()).await.error_code, code);
    broker.faults().clear();
    assert_eq!(produce(&mut client, "t", &["a"]).await.base_offset, 0);
    broker.stop().await;
}

#[tokio::test]
async fn a_cut_request_is_not_carried_out_and_a_lost_answer_is() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    for (effect, written) in [(Effect::Cut, 0), (Effect::LoseAnswer, 1)] {
        broker.faults().add(Fault::new(ApiKey::Produce, effect).times(1));
        let mut cut = Client::connect(&broker).await;
        let answer = cut.try_call(9, &produce_request("t", 0, -1, batch(&["a"]))).await;
        assert!(answer.is_err(), "{effect:?}");
        assert_eq!(fetch(&mut client, "t", 0).await.high_watermark, written, "{effect:?}");
    }
    assert_eq!(produce(&mut client, "t", &["b"]).await.base_offset, 1);
    broker.stop().await;
}

#[tokio::test]
async fn a_slow_answer_holds_up_its_connection_and_no_other() {
    let broker = Broker::builder().start().await.unwrap();
    let (mut slow, mut quick) = (Client::connect(&broker).await, Client::connect(&broker).await);
    let fault = broker.faults().add(Fault::new(ApiKey::Heartbeat, Effect::Delay(Duration::from_hours(1))));
    slow.send(4, &HeartbeatRequest::default()).await.unwrap();
    quick.call(3, &ApiVersionsRequest::default()).await;
    assert!(broker.faults().remove(fault));
    assert!(!broker.faults().remove(fault));
    let short = Effect::Delay(Duration::from_millis(5));
    broker.faults().add(Fault::new(ApiKey::ApiVersions, short).times(1));
    quick.call(3, &ApiVersionsRequest::default()).await;
    broker.stop().await;
}

#[tokio::test]
async fn while_the_broker_is_away_every_connection_is_closed() {
    let broker = Broker::builder().start().await.unwrap();
    let mut before = Client::connect(&broker).await;
    before.call(3, &ApiVersionsRequest::default()).await;
    broker.faults().set_away(true);
    assert!(before.is_closed().await);
    let mut meanwhile = Client::connect(&broker).await;
    assert!(meanwhile.try_call(3, &ApiVersionsRequest::default()).await.is_err());
    broker.faults().set_away(false);
    Client::connect(&broker).await.call(3, &ApiVersionsRequest::default()).await;
    broker.stop().await;
}
