//! Bytes that no client sends. They end their own connection and nothing else.

use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, DescribeGroupsRequest, FetchRequest, JoinGroupRequest, MetadataRequest,
};
use orgstream_kafka_simulator::Broker;
use proptest::prelude::{Strategy as _, any, prop};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, TestRunner};

use crate::client::{Client, frame};
use crate::panics::{watched_panics, watched_runtime};
use crate::records::{batch, fetch_request, make, produce, produce_request, values};

/// Length and header of a request with a body.
fn request(api: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 10).unwrap().to_be_bytes().to_vec();
    bytes.extend(api.to_be_bytes());
    bytes.extend(version.to_be_bytes());
    bytes.extend(7i32.to_be_bytes());
    bytes.extend((-1i16).to_be_bytes());
    bytes.extend(body);
    bytes
}

#[tokio::test]
async fn what_cannot_be_answered_closes_the_connection() {
    let broker = Broker::builder().start().await.unwrap();
    let huge = i32::MAX.to_be_bytes();
    let metadata = ApiKey::Metadata as i16;
    let hostile = [
        // An http client, and one that wants to encrypt.
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        // Frames of no length, and of too much.
        vec![0; 8],
        [huge.to_vec(), vec![0; 100]].concat(),
        (-5i32).to_be_bytes().to_vec(),
        // Requests that nobody knows, and versions.
        request(999, 0, &[]),
        request(-1, 0, &[]),
        request(ApiKey::ConsumerGroupHeartbeat as i16, 0, &[]),
        request(ApiKey::Vote as i16, 0, &[]),
        request(metadata, 99, &[]),
        request(metadata, -1, &[]),
        request(ApiKey::Produce as i16, 0, &[0; 20]),
        // More topics than there are bytes, a name that is longer than the rest, a length that is none.
        request(metadata, 1, &huge),
        request(metadata, 1, &[0, 0, 0, 1, 0x7f, 0xff]),
        request(metadata, 1, &[0xff, 0xff, 0xff, 0xfe]),
        request(metadata, 1, &[]),
        // As many names as fit, each a byte or two on the wire and much more in memory.
        request(metadata, 1, &[&1_000_000i32.to_be_bytes()[..], &vec![0; 2_000_000]].concat()),
        request(ApiKey::DescribeGroups as i16, 5, &[&[0, 0xff, 0xff, 0xff, 0x7f][..], &[1; 9]].concat()),
        // Text that is none.
        request(metadata, 1, &[0, 0, 0, 1, 0, 2, 0xff, 0xfe]),
        // A header that ends too early.
        [&9u32.to_be_bytes()[..], &[0, 3, 0, 1, 0, 0, 0, 1, 0]].concat(),
    ];
    for bytes in hostile {
        let mut client = Client::connect(&broker).await;
        client.send_bytes(&bytes).await.unwrap();
        assert!(client.is_closed().await, "{:?}", &bytes[..bytes.len().min(40)]);
    }
    Client::connect(&broker).await.call(3, &ApiVersionsRequest::default()).await;
    broker.stop().await;
}

#[tokio::test]
async fn requests_that_end_anywhere_do_no_harm() {
    let broker = Broker::builder().start().await.unwrap();
    let mut healthy = Client::connect(&broker).await;
    make(&mut healthy, "t").await;
    let whole = [
        frame(1, 9, &produce_request("t", 0, -1, batch(&["a"]))),
        frame(1, 12, &fetch_request("t", 0, 0, Duration::ZERO)),
        frame(1, 9, &JoinGroupRequest::default()),
        frame(1, 12, &MetadataRequest::default()),
    ];
    for bytes in whole {
        for end in 0..bytes.len() {
            let mut client = Client::connect(&broker).await;
            client.send_bytes(&bytes[..end]).await.unwrap();
            assert!(client.is_closed().await);
            // The same with a length that says so.
            if end > 8 {
                let mut short = bytes[..end].to_vec();
                short[..4].copy_from_slice(&u32::try_from(end - 4).unwrap().to_be_bytes());
                let mut client = Client::connect(&broker).await;
                client.send_bytes(&short).await.unwrap();
                assert!(client.is_closed().await);
            }
        }
    }
    assert_eq!(produce(&mut healthy, "t", &["b"]).await.base_offset, 0);
    broker.stop().await;
}

#[test]
fn requests_with_bytes_changed_anywhere_leave_the_broker_whole() {
    let (runtime, panics_before) = (watched_runtime(), watched_panics());
    let broker = runtime.block_on(Broker::builder().start()).unwrap();
    runtime.block_on(async { make(&mut Client::connect(&broker).await, "t").await });
    let whole = [
        frame(1, 9, &produce_request("t", 0, -1, batch(&["a", "b"]))).to_vec(),
        frame(1, 8, &produce_request("t", 0, -1, batch(&["a", "b"]))).to_vec(),
        frame(1, 12, &fetch_request("t", 0, 0, Duration::ZERO)).to_vec(),
        frame(1, 4, &fetch_request("t", 0, 0, Duration::ZERO)).to_vec(),
        frame(1, 12, &MetadataRequest::default()).to_vec(),
        frame(1, 5, &DescribeGroupsRequest::default()).to_vec(),
        frame(1, 12, &FetchRequest::default()).to_vec(),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let strategy = (prop::sample::select(whole.to_vec()), changes);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let result = runner.run(&strategy, |(mut bytes, changes)| {
        for (at, byte) in changes {
            // The length stays, so that what is behind it is looked at.
            let at = 4 + at.index(bytes.len() - 4);
            bytes[at] = byte;
        }
        runtime.block_on(async {
            let mut client = Client::connect(&broker).await;
            // Answered, closed or waiting for more, it does not matter.
            client.send_bytes(&bytes).await.unwrap();
        });
        Ok(())
    });
    result.unwrap();
    runtime.block_on(async {
        let mut client = Client::connect(&broker).await;
        let written = produce(&mut client, "t", &["z"]).await;
        assert_eq!(written.error_code, 0);
        let read = crate::records::fetch(&mut client, "t", written.base_offset).await;
        assert_eq!(values(&read, written.base_offset), ["z"]);
        broker.stop().await;
    });
    assert_eq!(watched_panics(), panics_before);
}

#[tokio::test]
async fn spoiled_batches_are_refused_and_leave_nothing() {
    let broker = Broker::builder().start().await.unwrap();
    let mut client = Client::connect(&broker).await;
    make(&mut client, "t").await;
    let whole = batch(&["value"]);
    let mut produced = async |records: &[u8]| {
        let request = produce_request("t", 0, -1, Bytes::copy_from_slice(records));
        let answer = client.call(9, &request).await.responses.remove(0).partition_responses.remove(0);
        (answer.error_code, answer.base_offset)
    };
    // Every byte but those of the base offset and the leader epoch, which the broker sets itself.
    for at in (8..12).chain(16..whole.len()) {
        let mut spoiled = whole.to_vec();
        spoiled[at] ^= 0x55;
        assert_ne!(produced(&spoiled).await.0, 0, "byte {at}");
    }
    for length in 0..whole.len() {
        assert_ne!(produced(&whole[..length]).await.0, 0, "{length} bytes");
    }
    assert_eq!(produced(&whole).await, (0, 0), "nothing was written before");
    broker.stop().await;
}

#[test]
fn garbage_behind_a_sound_header_is_survived() {
    let (runtime, panics_before) = (watched_runtime(), watched_panics());
    runtime.block_on(async {
        let broker = Broker::builder().start().await.unwrap();
        let mut runner = TestRunner::deterministic();
        let garbage = (0i16..75, 0i16..14, prop::collection::vec(any::<u8>(), 0..200));
        for _ in 0..2_000 {
            let (api, version, body) = garbage.new_tree(&mut runner).unwrap().current();
            let mut client = Client::connect(&broker).await;
            client.send_bytes(&request(api, version, &body)).await.unwrap();
        }
        Client::connect(&broker).await.call(3, &ApiVersionsRequest::default()).await;
        broker.stop().await;
    });
    assert_eq!(watched_panics(), panics_before);
}
