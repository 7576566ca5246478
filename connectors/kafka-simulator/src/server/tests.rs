//! Requests made up from the forms of all requests: whole ones, spoiled ones, and many of them to a broker.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut as _, Bytes};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, AlterConfigsRequest, ApiKey, ApiVersionsRequest,
    CreatePartitionsRequest, CreateTopicsRequest, DeleteGroupsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, DescribeGroupsRequest,
    DescribeTransactionsRequest, EndTxnRequest, FetchRequest, FindCoordinatorRequest, HeartbeatRequest,
    IncrementalAlterConfigsRequest, InitProducerIdRequest, JoinGroupRequest, LeaveGroupRequest,
    ListGroupsRequest, ListOffsetsRequest, ListTransactionsRequest, MetadataRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest, OffsetForLeaderEpochRequest, ProduceRequest, RequestHeader,
    SyncGroupRequest, TxnOffsetCommitRequest,
};
use kafka_protocol::protocol::Decodable;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::shape::Field;
use super::{apis, shapes};
use crate::Broker;

/// Names that are used over and over, so that requests meet what others have made.
const NAMES: &[&str] = &["", "t", "u", "g", "m-1", "consumer", "range", "cleanup.policy", "compact", "1000"];

/// The threads of brokers whose panics are counted: a panic ends a connection only, so a test would not see it.
const WATCHED: &str = "watched";

/// Panics on such threads since this was called for the first time.
fn watched_panics() -> usize {
    static HOOK: Once = Once::new();
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    HOOK.call_once(|| {
        let default = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() == Some(WATCHED) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            default(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// Draws one number after the other from a seed.
struct Dice(u64);

impl Dice {
    fn number(&mut self) -> u64 {
        // Splitmix64, after Sebastiano Vigna.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// A request of some kind in some version, without its length.
fn made_up(dice: &mut Dice) -> (ApiKey, i16, Vec<u8>) {
    let known = apis::all().nth(dice.below(apis::all().count())).unwrap();
    let (api, versions) = (known.api, i16::try_from(dice.below(20)).unwrap());
    let version = known.min + versions % (known.max - known.min + 1);
    let mut maker =
        Maker { bytes: Vec::new(), version, flexible: api.request_header_version(version) >= 2, dice };
    maker.bytes.put_i16(api as i16);
    maker.bytes.put_i16(version);
    maker.bytes.put_i32(7);
    maker.bytes.put_i16(1);
    maker.bytes.put_u8(b'c');
    maker.structure(&[]);
    maker.structure(shapes::form(api));
    (api, version, maker.bytes)
}

struct Maker<'a> {
    bytes: Vec<u8>,
    version: i16,
    flexible: bool,
    dice: &'a mut Dice,
}

impl Maker<'_> {
    fn structure(&mut self, fields: &[Field]) {
        for field in fields {
            self.field(*field);
        }
        if !self.flexible {
            return;
        }
        if self.dice.below(4) > 0 {
            self.bytes.put_u8(0);
            return;
        }
        // One tagged field that nobody knows: its number, its length, two bytes.
        self.bytes.extend([1, 0xe8, 0x07, 2, 0xff, 0xff]);
    }

    fn field(&mut self, field: Field) {
        match field {
            Field::Fixed(size) => {
                let byte = [0, 0xff, self.dice.number().to_le_bytes()[0]][self.dice.below(3)];
                let fill = if byte == 0xff { 0xff } else { 0 };
                self.bytes.extend(std::iter::repeat_n(fill, size - 1));
                self.bytes.push(byte);
            }
            Field::Text => {
                let name = NAMES[self.dice.below(NAMES.len())];
                self.length(name.len(), true);
                self.bytes.extend(name.bytes());
            }
            Field::Bytes => {
                let length = self.dice.below(80);
                self.length(length, false);
                for _ in 0..length {
                    let byte = self.dice.number().to_le_bytes()[0];
                    self.bytes.push(byte);
                }
            }
            Field::Array(fields) => {
                let count = self.dice.below(3);
                self.length(count, false);
                for _ in 0..count {
                    match fields {
                        [field @ (Field::Fixed(_) | Field::Text)] => self.field(*field),
                        fields => self.structure(fields),
                    }
                }
            }
            Field::Since(version, field) if self.version >= version => self.field(*field),
            Field::Upto(version, field) if self.version <= version => self.field(*field),
            Field::Since(..) | Field::Upto(..) => {}
        }
    }

    fn length(&mut self, length: usize, text: bool) {
        match (self.flexible, text) {
            // Always less than a byte can say.
            (true, _) => self.bytes.push(u8::try_from(length + 1).unwrap()),
            (false, true) => self.bytes.put_i16(i16::try_from(length).unwrap()),
            (false, false) => self.bytes.put_i32(i32::try_from(length).unwrap()),
        }
    }
}

/// Decodes as the broker does; answers how many bytes are left.
fn decoded(api: ApiKey, version: i16, frame: &[u8]) -> Result<usize, String> {
    fn body<T: Decodable>(frame: &mut Bytes, version: i16) -> Result<usize, String> {
        T::decode(frame, version).map_err(|error| error.to_string())?;
        Ok(frame.len())
    }
    let frame = &mut Bytes::copy_from_slice(frame);
    RequestHeader::decode(frame, api.request_header_version(version)).map_err(|error| error.to_string())?;
    match api {
        ApiKey::Produce => body::<ProduceRequest>(frame, version),
        ApiKey::Fetch => body::<FetchRequest>(frame, version),
        ApiKey::ListOffsets => body::<ListOffsetsRequest>(frame, version),
        ApiKey::Metadata => body::<MetadataRequest>(frame, version),
        ApiKey::OffsetCommit => body::<OffsetCommitRequest>(frame, version),
        ApiKey::OffsetFetch => body::<OffsetFetchRequest>(frame, version),
        ApiKey::FindCoordinator => body::<FindCoordinatorRequest>(frame, version),
        ApiKey::JoinGroup => body::<JoinGroupRequest>(frame, version),
        ApiKey::Heartbeat => body::<HeartbeatRequest>(frame, version),
        ApiKey::LeaveGroup => body::<LeaveGroupRequest>(frame, version),
        ApiKey::SyncGroup => body::<SyncGroupRequest>(frame, version),
        ApiKey::DescribeGroups => body::<DescribeGroupsRequest>(frame, version),
        ApiKey::ListGroups => body::<ListGroupsRequest>(frame, version),
        ApiKey::ApiVersions => body::<ApiVersionsRequest>(frame, version),
        ApiKey::CreateTopics => body::<CreateTopicsRequest>(frame, version),
        ApiKey::DeleteTopics => body::<DeleteTopicsRequest>(frame, version),
        ApiKey::DeleteRecords => body::<DeleteRecordsRequest>(frame, version),
        ApiKey::InitProducerId => body::<InitProducerIdRequest>(frame, version),
        ApiKey::OffsetForLeaderEpoch => body::<OffsetForLeaderEpochRequest>(frame, version),
        ApiKey::AddPartitionsToTxn => body::<AddPartitionsToTxnRequest>(frame, version),
        ApiKey::AddOffsetsToTxn => body::<AddOffsetsToTxnRequest>(frame, version),
        ApiKey::EndTxn => body::<EndTxnRequest>(frame, version),
        ApiKey::TxnOffsetCommit => body::<TxnOffsetCommitRequest>(frame, version),
        ApiKey::DescribeConfigs => body::<DescribeConfigsRequest>(frame, version),
        ApiKey::AlterConfigs => body::<AlterConfigsRequest>(frame, version),
        ApiKey::CreatePartitions => body::<CreatePartitionsRequest>(frame, version),
        ApiKey::DeleteGroups => body::<DeleteGroupsRequest>(frame, version),
        ApiKey::IncrementalAlterConfigs => body::<IncrementalAlterConfigsRequest>(frame, version),
        ApiKey::OffsetDelete => body::<OffsetDeleteRequest>(frame, version),
        ApiKey::DescribeCluster => body::<DescribeClusterRequest>(frame, version),
        ApiKey::DescribeTransactions => body::<DescribeTransactionsRequest>(frame, version),
        ApiKey::ListTransactions => body::<ListTransactionsRequest>(frame, version),
        other => panic!("{other:?} is announced, and has no decoder here"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_forms_are_those_of_the_decoders(seed: u64) {
        let (api, version, frame) = made_up(&mut Dice(seed));
        prop_assert_eq!(shapes::check(api, version, &frame), Ok(()), "{:?} v{}", api, version);
        prop_assert_eq!(decoded(api, version, &frame), Ok(0), "{:?} v{}", api, version);
        // One that was cut off anywhere is not whole.
        let cut = Dice(seed ^ 1).below(frame.len());
        prop_assert!(shapes::check(api, version, &frame[..cut]).is_err(), "{:?} v{} cut at {}", api, version, cut);
    }

    #[test]
    fn a_spoiled_request_is_decoded_or_refused(seed: u64) {
        let dice = &mut Dice(seed);
        let (api, version, mut frame) = made_up(dice);
        for _ in 0..=dice.below(4) {
            // The kind and the version stay, for they have been looked at before.
            let at = 4 + dice.below(frame.len() - 4);
            frame[at] = dice.number().to_le_bytes()[0];
        }
        if shapes::check(api, version, &frame).is_ok() {
            decoded(api, version, &frame).ok();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_broker_goes_on_whatever_it_is_asked(seed: u64) {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(2).thread_name(WATCHED).enable_all().build().unwrap();
        let panics_before = watched_panics();
        runtime.block_on(async {
            let broker = Broker::builder().start().await.unwrap();
            let dice = &mut Dice(seed);
            for _ in 0..20 {
                let mut client = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
                for _ in 0..10 {
                    let (_, _, mut frame) = made_up(dice);
                    if dice.below(4) == 0 {
                        let at = 4 + dice.below(frame.len() - 4);
                        frame[at] = dice.number().to_le_bytes()[0];
                    }
                    let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
                    // A connection that was closed because of the one before takes no more.
                    client.write_all(&[&length[..], &frame].concat()).await.ok();
                }
            }
            let mut client = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
            client.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 9, 0xff, 0xff]).await.unwrap();
            let mut answer = [0; 10];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer[4..], [0, 0, 0, 9, 0, 0], "correlation id and error code");
            broker.stop().await;
            assert_eq!(watched_panics(), panics_before);
        });
    }
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_closed_and_its_place_is_free_again_when_another_ends() {
    const QUESTION: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 9, 0xff, 0xff];
    let mut builder = Broker::builder();
    builder.limits.connections = 1;
    let broker = builder.start().await.unwrap();
    let ask = async || {
        let mut client = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
        // The broker may be faster in closing it.
        client.write_all(&QUESTION).await.ok();
        client.read_exact(&mut [0; 10]).await.is_ok().then_some(client)
    };
    let first = ask().await;
    assert!(first.is_some());
    assert!(ask().await.is_none());
    drop(first);
    while ask().await.is_none() {}
    broker.stop().await;
}
