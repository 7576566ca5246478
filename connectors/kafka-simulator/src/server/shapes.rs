//! The forms of all requests that are answered, field by field, as Kafka's message definitions have them.

use kafka_protocol::messages::ApiKey;

use super::shape::Field::{Array, Bytes, Fixed, Since, Text, Upto};
use super::shape::{BadShape, Field, Walk};

const I8: Field = Fixed(1);
const I16: Field = Fixed(2);
const I32: Field = Fixed(4);
const I64: Field = Fixed(8);
const UUID: Field = Fixed(16);

/// Walks through header and body of a request. One that is not answered at all has no form.
pub(super) fn check(api: ApiKey, version: i16, frame: &[u8]) -> Result<(), BadShape> {
    let flexible = api.request_header_version(version) >= 2;
    let mut walk = Walk::new(frame, version, flexible);
    // Api key, version, correlation id; the client id keeps its old form in every version.
    let mut header = Walk::new(frame, version, false);
    header.field(Fixed(8))?;
    header.field(Text)?;
    walk.field(Fixed(frame.len() - header.left()))?;
    walk.structure(&[])?;
    walk.structure(form(api))
}

/// The fields of a request's body.
pub(super) fn form(api: ApiKey) -> &'static [Field] {
    match api {
        ApiKey::Produce => &[Text, I16, I32, Array(&[Text, Array(&[I32, Bytes])])],
        ApiKey::Fetch => &[
            I32,
            I32,
            I32,
            I32,
            I8,
            Since(7, &I32),
            Since(7, &I32),
            Array(&[Text, Array(&[I32, Since(9, &I32), I64, Since(12, &I32), Since(5, &I64), I32])]),
            Since(7, &Array(&[Text, Array(&[I32])])),
            Since(11, &Text),
        ],
        ApiKey::ListOffsets => &[I32, Since(2, &I8), Array(&[Text, Array(&[I32, Since(4, &I32), I64])])],
        ApiKey::Metadata => {
            &[Array(&[Since(10, &UUID), Text]), Since(4, &I8), Since(8, &Upto(10, &I8)), Since(8, &I8)]
        }
        ApiKey::OffsetCommit => &[
            Text,
            I32,
            Text,
            Since(7, &Text),
            Upto(4, &I64),
            Array(&[Text, Array(&[I32, I64, Since(6, &I32), Text])]),
        ],
        ApiKey::OffsetFetch => &[
            Upto(7, &Text),
            Upto(7, &Array(&[Text, Array(&[I32])])),
            Since(8, &Array(&[Text, Array(&[Text, Array(&[I32])])])),
            Since(7, &I8),
        ],
        ApiKey::FindCoordinator => &[Upto(3, &Text), Since(1, &I8), Since(4, &Array(&[Text]))],
        ApiKey::JoinGroup => {
            &[Text, I32, Since(1, &I32), Text, Since(5, &Text), Text, Array(&[Text, Bytes]), Since(8, &Text)]
        }
        ApiKey::Heartbeat => &[Text, I32, Text, Since(3, &Text)],
        ApiKey::LeaveGroup => &[Text, Upto(2, &Text), Since(3, &Array(&[Text, Text, Since(5, &Text)]))],
        ApiKey::SyncGroup => {
            &[Text, I32, Text, Since(3, &Text), Since(5, &Text), Since(5, &Text), Array(&[Text, Bytes])]
        }
        ApiKey::DescribeGroups => &[Array(&[Text]), Since(3, &I8)],
        ApiKey::ListGroups => &[Since(4, &Array(&[Text])), Since(5, &Array(&[Text]))],
        ApiKey::ApiVersions => &[Since(3, &Text), Since(3, &Text)],
        ApiKey::CreateTopics => {
            &[Array(&[Text, I32, I16, Array(&[I32, Array(&[I32])]), Array(&[Text, Text])]), I32, I8]
        }
        ApiKey::DeleteTopics => &[Since(6, &Array(&[Text, UUID])), Upto(5, &Array(&[Text])), I32],
        ApiKey::DeleteRecords => &[Array(&[Text, Array(&[I32, I64])]), I32],
        ApiKey::InitProducerId => &[Text, I32, Since(3, &I64), Since(3, &I16)],
        ApiKey::OffsetForLeaderEpoch => &[Since(3, &I32), Array(&[Text, Array(&[I32, I32, I32])])],
        ApiKey::AddPartitionsToTxn => &[Text, I64, I16, Array(&[Text, Array(&[I32])])],
        ApiKey::AddOffsetsToTxn => &[Text, I64, I16, Text],
        ApiKey::EndTxn => &[Text, I64, I16, I8],
        ApiKey::TxnOffsetCommit => &[
            Text,
            Text,
            I64,
            I16,
            Since(3, &I32),
            Since(3, &Text),
            Since(3, &Text),
            Array(&[Text, Array(&[I32, I64, Since(2, &I32), Text])]),
        ],
        ApiKey::DescribeConfigs => &[Array(&[I8, Text, Array(&[Text])]), I8, Since(3, &I8)],
        ApiKey::AlterConfigs => &[Array(&[I8, Text, Array(&[Text, Text])]), I8],
        ApiKey::CreatePartitions => &[Array(&[Text, I32, Array(&[Array(&[I32])])]), I32, I8],
        ApiKey::DeleteGroups => &[Array(&[Text])],
        ApiKey::IncrementalAlterConfigs => &[Array(&[I8, Text, Array(&[Text, I8, Text])]), I8],
        ApiKey::OffsetDelete => &[Text, Array(&[Text, Array(&[I32])])],
        ApiKey::DescribeCluster => &[I8, Since(1, &I8)],
        ApiKey::DescribeTransactions => &[Array(&[Text])],
        ApiKey::ListTransactions => &[Array(&[Text]), Array(&[I64]), Since(1, &I64)],
        _ => &[],
    }
}
