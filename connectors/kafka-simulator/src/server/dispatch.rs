//! Which request goes where.
//!
//! What waits for other clients is asynchronous. Everything else may wait for the disk or for the lock of a log that is
//! being compacted, so it is carried out where blocking stops nobody else.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::Decodable;

use super::apis;
use super::closed::{Closed, refused};
use super::connection::Question;
use crate::api::{
    cluster, configs, delete_records, fetch, groups, list_offsets, metadata, produce, topics, transactions,
};
use crate::core::Core;
use crate::groups::Client;

/// A request whose body is still to be decoded.
pub(super) struct Request {
    pub(super) question: Question,
    pub(super) client: Client,
    pub(super) body: Bytes,
}

/// Carries a request out; `None` when no answer is wanted.
pub(super) async fn dispatch(core: &Arc<Core>, request: Request) -> Result<Option<Bytes>, Closed> {
    let Request { question, client, mut body } = request;
    let v = question.version;
    match question.api {
        ApiKey::ApiVersions => question.answer(&apis::versions()).map(Some),
        ApiKey::Fetch => question.answer(&fetch::fetch(core, decoded(&mut body, v)?).await?).map(Some),
        ApiKey::JoinGroup => {
            question.answer(&groups::join_group(core, decoded(&mut body, v)?, v, &client).await).map(Some)
        }
        ApiKey::SyncGroup => {
            question.answer(&groups::sync_group(core, decoded(&mut body, v)?).await).map(Some)
        }
        ApiKey::Produce => core.blocking(move |core| produced(core, question, &mut body)).await?,
        _ => core.blocking(move |core| answered(core, question, &mut body).map(Some)).await?,
    }
}

fn produced(core: &Core, question: Question, body: &mut Bytes) -> Result<Option<Bytes>, Closed> {
    match produce::produce(core, decoded(body, question.version)?) {
        produce::Produced::Acknowledged(answer) => question.answer(&answer).map(Some),
        produce::Produced::Unacknowledged => Ok(None),
        // The only way to tell a producer that wants no answer.
        produce::Produced::Failed(error) => {
            Err(refused(format_args!("Produce without acknowledgement: {error}")))
        }
    }
}

fn answered(core: &Core, question: Question, body: &mut Bytes) -> Result<Bytes, Closed> {
    let Question { api, version: v, .. } = question;
    let q = question;
    match api {
        ApiKey::ListOffsets => q.answer(&list_offsets::list_offsets(core, decoded(body, v)?, v)),
        ApiKey::OffsetForLeaderEpoch => {
            q.answer(&list_offsets::offset_for_leader_epoch(core, decoded(body, v)?))
        }
        ApiKey::Metadata => q.answer(&metadata::metadata(core, decoded(body, v)?, v)),
        ApiKey::DescribeCluster => q.answer(&cluster::describe_cluster(core, &decoded(body, v)?)),
        ApiKey::FindCoordinator => q.answer(&cluster::find_coordinator(core, decoded(body, v)?, v)),
        ApiKey::CreateTopics => q.answer(&topics::create_topics(core, &decoded(body, v)?)),
        ApiKey::DeleteTopics => q.answer(&topics::delete_topics(core, decoded(body, v)?, v)),
        ApiKey::CreatePartitions => q.answer(&topics::create_partitions(core, decoded(body, v)?)),
        ApiKey::DescribeConfigs => q.answer(&configs::describe_configs(core, decoded(body, v)?)),
        ApiKey::AlterConfigs => q.answer(&configs::alter_configs(core, decoded(body, v)?)),
        ApiKey::IncrementalAlterConfigs => {
            q.answer(&configs::incremental_alter_configs(core, decoded(body, v)?))
        }
        ApiKey::DeleteRecords => q.answer(&delete_records::delete_records(core, decoded(body, v)?)),
        ApiKey::Heartbeat => q.answer(&groups::heartbeat(core, &decoded(body, v)?)),
        ApiKey::LeaveGroup => q.answer(&groups::leave_group(core, &decoded(body, v)?, v)),
        ApiKey::OffsetCommit => q.answer(&groups::offset_commit(core, decoded(body, v)?)),
        ApiKey::OffsetFetch => q.answer(&groups::offset_fetch(core, decoded(body, v)?, v)),
        ApiKey::OffsetDelete => q.answer(&core.groups.offset_delete(decoded(body, v)?)),
        ApiKey::ListGroups => q.answer(&core.groups.list_groups(&decoded(body, v)?)),
        ApiKey::DescribeGroups => q.answer(&core.groups.describe_groups(decoded(body, v)?, v)),
        ApiKey::DeleteGroups => q.answer(&core.groups.delete_groups(decoded(body, v)?)),
        ApiKey::InitProducerId => q.answer(&transactions::init_producer_id(core, &decoded(body, v)?, v)),
        ApiKey::AddPartitionsToTxn => {
            q.answer(&transactions::add_partitions_to_txn(core, decoded(body, v)?, v))
        }
        ApiKey::AddOffsetsToTxn => q.answer(&transactions::add_offsets_to_txn(core, &decoded(body, v)?, v)),
        ApiKey::TxnOffsetCommit => q.answer(&transactions::txn_offset_commit(core, decoded(body, v)?, v)),
        ApiKey::EndTxn => q.answer(&transactions::end_txn(core, &decoded(body, v)?, v)),
        ApiKey::ListTransactions => q.answer(&core.transactions.list_transactions(&decoded(body, v)?)),
        ApiKey::DescribeTransactions => q.answer(&core.transactions.describe_transactions(decoded(body, v)?)),
        other => Err(refused(format_args!("{other:?}, which this broker does not know"))),
    }
}

fn decoded<T: Decodable>(body: &mut Bytes, version: i16) -> Result<T, Closed> {
    T::decode(body, version).map_err(refused)
}
