//! Which requests there are, in which versions.
//!
//! The newest versions are those that need no topic ids and none of the new group protocol, so that every handler has
//! one form to know.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse};

use super::closed::{Closed, refused};
use super::connection::Question;

/// A request that is answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Supported {
    pub(super) api: ApiKey,
    pub(super) min: i16,
    pub(super) max: i16,
    /// The lowest version that is announced. Old clients tell the broker's age by Produce 0.
    announced: i16,
}

impl Supported {
    /// Whether this version is answered.
    pub(super) fn has(self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }
}

const fn api(api: ApiKey, min: i16, max: i16) -> Supported {
    Supported { api, min, max, announced: min }
}

const APIS: &[Supported] = &[
    Supported { api: ApiKey::Produce, min: 3, max: 9, announced: 0 },
    api(ApiKey::Fetch, 4, 12),
    api(ApiKey::ListOffsets, 1, 7),
    api(ApiKey::Metadata, 0, 12),
    api(ApiKey::OffsetCommit, 2, 8),
    api(ApiKey::OffsetFetch, 1, 8),
    api(ApiKey::FindCoordinator, 0, 4),
    api(ApiKey::JoinGroup, 0, 9),
    api(ApiKey::Heartbeat, 0, 4),
    api(ApiKey::LeaveGroup, 0, 5),
    api(ApiKey::SyncGroup, 0, 5),
    api(ApiKey::DescribeGroups, 0, 5),
    api(ApiKey::ListGroups, 0, 5),
    api(ApiKey::ApiVersions, 0, 3),
    api(ApiKey::CreateTopics, 2, 7),
    api(ApiKey::DeleteTopics, 1, 6),
    api(ApiKey::DeleteRecords, 0, 2),
    api(ApiKey::InitProducerId, 0, 4),
    api(ApiKey::OffsetForLeaderEpoch, 2, 4),
    api(ApiKey::AddPartitionsToTxn, 0, 3),
    api(ApiKey::AddOffsetsToTxn, 0, 3),
    api(ApiKey::EndTxn, 0, 3),
    api(ApiKey::TxnOffsetCommit, 0, 3),
    api(ApiKey::DescribeConfigs, 1, 4),
    api(ApiKey::AlterConfigs, 0, 2),
    api(ApiKey::CreatePartitions, 0, 3),
    api(ApiKey::DeleteGroups, 0, 2),
    api(ApiKey::IncrementalAlterConfigs, 0, 1),
    api(ApiKey::OffsetDelete, 0, 0),
    api(ApiKey::DescribeCluster, 0, 1),
    api(ApiKey::DescribeTransactions, 0, 0),
    api(ApiKey::ListTransactions, 0, 1),
];

/// The versions of a request that are answered; `None` for one that is not known.
pub(super) fn supported(api: ApiKey) -> Option<Supported> {
    all().find(|known| known.api == api)
}

/// Every request that is answered.
pub(super) fn all() -> impl Iterator<Item = Supported> {
    APIS.iter().copied()
}

/// Every request with its versions.
pub(super) fn versions() -> ApiVersionsResponse {
    let known = all().map(|known| {
        ApiVersion::default()
            .with_api_key(known.api as i16)
            .with_min_version(known.announced)
            .with_max_version(known.max)
    });
    ApiVersionsResponse::default().with_api_keys(known.collect())
}

/// The answer to ApiVersions in a version of the future: the oldest form, with the error and everything that is known.
pub(super) fn refused_versions(frame: &[u8]) -> Result<Bytes, Closed> {
    let correlation_id = frame.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(i32::from_be_bytes);
    let correlation_id = correlation_id.ok_or_else(|| refused("a request without a correlation id"))?;
    let question = Question { api: ApiKey::ApiVersions, version: 0, correlation_id };
    question.answer(&versions().with_error_code(ResponseError::UnsupportedVersion.code()))
}
