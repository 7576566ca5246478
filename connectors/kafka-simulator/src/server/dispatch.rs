//! Which request goes where.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable};

use super::apis;
use super::connection::invalid;
use crate::api::{
    cluster, configs, delete_records, fetch, groups, list_offsets, metadata, produce, topics, transactions,
};
use crate::core::Core;
use crate::groups::Client;

/// A request whose body is still to be decoded.
pub(super) struct Request {
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) client: Client,
    pub(super) body: Bytes,
}

/// What goes back.
pub(super) enum Answer {
    /// The body of the answer.
    Body(Bytes),
    /// Nothing: the producer wants no acknowledgement.
    None,
}

/// Carries a request out.
pub(super) async fn dispatch(core: &Arc<Core>, request: Request) -> io::Result<Answer> {
    let Request { api, version, client, mut body } = request;
    let body = &mut body;
    let v = version;
    let answer = match api {
        ApiKey::ApiVersions => encoded(&apis::versions(), v),
        ApiKey::Produce => {
            return match produce::produce(core, decoded(body, v)?) {
                Some(answer) => encoded(&answer, v).map(Answer::Body),
                None => Ok(Answer::None),
            };
        }
        ApiKey::Fetch => encoded(&fetch::fetch(core, decoded(body, v)?).await, v),
        ApiKey::ListOffsets => encoded(&list_offsets::list_offsets(core, decoded(body, v)?, v), v),
        ApiKey::OffsetForLeaderEpoch => {
            encoded(&list_offsets::offset_for_leader_epoch(core, decoded(body, v)?), v)
        }
        ApiKey::Metadata => encoded(&metadata::metadata(core, decoded(body, v)?, v), v),
        ApiKey::DescribeCluster => encoded(&cluster::describe_cluster(core, &decoded(body, v)?), v),
        ApiKey::FindCoordinator => encoded(&cluster::find_coordinator(core, decoded(body, v)?, v), v),
        ApiKey::CreateTopics => encoded(&topics::create_topics(core, &decoded(body, v)?), v),
        ApiKey::DeleteTopics => encoded(&topics::delete_topics(core, decoded(body, v)?, v), v),
        ApiKey::CreatePartitions => encoded(&topics::create_partitions(core, decoded(body, v)?), v),
        ApiKey::DescribeConfigs => encoded(&configs::describe_configs(core, decoded(body, v)?), v),
        ApiKey::AlterConfigs => encoded(&configs::alter_configs(core, decoded(body, v)?), v),
        ApiKey::IncrementalAlterConfigs => {
            encoded(&configs::incremental_alter_configs(core, decoded(body, v)?), v)
        }
        ApiKey::DeleteRecords => encoded(&delete_records::delete_records(core, decoded(body, v)?), v),
        ApiKey::JoinGroup => encoded(&groups::join_group(core, decoded(body, v)?, v, &client).await, v),
        ApiKey::SyncGroup => encoded(&groups::sync_group(core, decoded(body, v)?).await, v),
        ApiKey::Heartbeat => encoded(&groups::heartbeat(core, &decoded(body, v)?), v),
        ApiKey::LeaveGroup => encoded(&core.groups.leave_group(&decoded(body, v)?, v), v),
        ApiKey::OffsetCommit => encoded(&groups::offset_commit(core, decoded(body, v)?), v),
        ApiKey::OffsetFetch => encoded(&core.groups.offset_fetch(decoded(body, v)?, v), v),
        ApiKey::OffsetDelete => encoded(&core.groups.offset_delete(decoded(body, v)?), v),
        ApiKey::ListGroups => encoded(&core.groups.list_groups(&decoded(body, v)?), v),
        ApiKey::DescribeGroups => encoded(&core.groups.describe_groups(decoded(body, v)?, v), v),
        ApiKey::DeleteGroups => encoded(&core.groups.delete_groups(decoded(body, v)?), v),
        ApiKey::InitProducerId => encoded(&transactions::init_producer_id(core, &decoded(body, v)?), v),
        ApiKey::AddPartitionsToTxn => {
            encoded(&transactions::add_partitions_to_txn(core, decoded(body, v)?, v), v)
        }
        ApiKey::AddOffsetsToTxn => encoded(&transactions::add_offsets_to_txn(core, &decoded(body, v)?, v), v),
        ApiKey::TxnOffsetCommit => encoded(&transactions::txn_offset_commit(core, decoded(body, v)?, v), v),
        ApiKey::EndTxn => encoded(&transactions::end_txn(core, &decoded(body, v)?, v), v),
        ApiKey::ListTransactions => encoded(&core.transactions.list_transactions(&decoded(body, v)?), v),
        ApiKey::DescribeTransactions => {
            encoded(&core.transactions.describe_transactions(decoded(body, v)?), v)
        }
        other => Err(invalid(format!("{other:?}, which this broker does not know"))),
    };
    answer.map(Answer::Body)
}

fn decoded<T: Decodable>(body: &mut Bytes, version: i16) -> io::Result<T> {
    T::decode(body, version).map_err(invalid)
}

fn encoded(answer: &impl Encodable, version: i16) -> io::Result<Bytes> {
    let mut body = BytesMut::with_capacity(answer.compute_size(version).map_err(invalid)?);
    answer.encode(&mut body, version).map_err(invalid)?;
    Ok(body.freeze())
}
