//! What the broker says that it can.

use bytes::Buf as _;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable as _, StrBytes};
use orgstream_kafka_simulator::Broker;

use crate::client::{Client, frame};

fn has(response: &ApiVersionsResponse, api: ApiKey, version: i16) -> bool {
    let of_api = response.api_keys.iter().find(|known| known.api_key == api as i16);
    of_api.is_some_and(|known| (known.min_version..=known.max_version).contains(&version))
}

#[tokio::test]
async fn the_versions_that_clients_look_for_are_there() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    for version in 0..=3 {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("wire"))
            .with_client_software_version(StrBytes::from_static_str("1"));
        let response = client.call(version, &request).await;
        assert_eq!(response.error_code, 0);
        // librdkafka 2.0 tells a broker that groups and compresses by these.
        for (api, version) in [(ApiKey::Produce, 0), (ApiKey::FindCoordinator, 0), (ApiKey::JoinGroup, 0)] {
            assert!(has(&response, api, version), "{api:?} v{version}");
        }
        // The oldest that Kafka 4's Java clients speak.
        for (api, version) in [
            (ApiKey::Produce, 3),
            (ApiKey::Fetch, 4),
            (ApiKey::ListOffsets, 1),
            (ApiKey::Metadata, 12),
            (ApiKey::OffsetForLeaderEpoch, 2),
            (ApiKey::FindCoordinator, 4),
            (ApiKey::DescribeCluster, 0),
            (ApiKey::CreateTopics, 2),
            (ApiKey::TxnOffsetCommit, 3),
        ] {
            assert!(has(&response, api, version), "{api:?} v{version}");
        }
        // Topic ids in fetches would need them in every other request, too.
        assert!(!has(&response, ApiKey::Fetch, 13));
    }
    broker.stop().await;
}

#[tokio::test]
async fn a_client_of_the_future_is_told_the_versions_in_the_oldest_form() {
    let broker = Broker::builder().start().await.unwrap();
    for version in [4, 77, i16::MAX, -1] {
        let mut client = Client::connect(&broker).await;
        let mut bytes = frame(5, 3, &ApiVersionsRequest::default());
        bytes[6..8].copy_from_slice(&version.to_be_bytes());
        client.send_bytes(&bytes).await.unwrap();
        let mut answer = client.receive_bytes().await.unwrap();
        assert_eq!(ResponseHeader::decode(&mut answer, 0).unwrap().correlation_id, 5);
        let response = ApiVersionsResponse::decode(&mut answer, 0).unwrap();
        assert_eq!(response.error_code, ResponseError::UnsupportedVersion.code());
        assert!(has(&response, ApiKey::ApiVersions, 3));
        assert!(!answer.has_remaining());
        // The connection is still of use.
        client.call(3, &ApiVersionsRequest::default()).await;
    }
    broker.stop().await;
}
