//! The requests of groups that faults can meet.

use kafka_protocol::messages::offset_fetch_response::OffsetFetchResponseGroup;
use kafka_protocol::messages::{
    ApiKey, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse,
    SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::core::Core;
use crate::groups::Client;
use crate::transactions::Markers as _;

/// See [`crate::groups::GroupCoordinator::join_group`].
pub(crate) async fn join_group(
    core: &Core,
    request: JoinGroupRequest,
    version: i16,
    client: &Client,
) -> JoinGroupResponse {
    match core.faults.error(ApiKey::JoinGroup, None) {
        Some(error) => JoinGroupResponse::default()
            .with_error_code(error.code())
            .with_protocol_name(Some(StrBytes::default()))
            .with_member_id(request.member_id),
        None => core.groups.join_group(request, version, client).await,
    }
}

/// See [`crate::groups::GroupCoordinator::sync_group`].
pub(crate) async fn sync_group(core: &Core, request: SyncGroupRequest) -> SyncGroupResponse {
    match core.faults.error(ApiKey::SyncGroup, None) {
        Some(error) => SyncGroupResponse::default().with_error_code(error.code()),
        None => core.groups.sync_group(request).await,
    }
}

/// See [`crate::groups::GroupCoordinator::heartbeat`].
pub(crate) fn heartbeat(core: &Core, request: &HeartbeatRequest) -> HeartbeatResponse {
    match core.faults.error(ApiKey::Heartbeat, None) {
        Some(error) => HeartbeatResponse::default().with_error_code(error.code()),
        None => core.groups.heartbeat(request),
    }
}

/// See [`crate::groups::GroupCoordinator::offset_commit`].
pub(crate) fn offset_commit(core: &Core, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let fault = |topic: &str, partition| core.faults.error(ApiKey::OffsetCommit, Some((topic, partition)));
    core.groups.offset_commit(request, |topic, partition| core.topics.exists(topic, partition), fault)
}

/// See [`crate::groups::GroupCoordinator::leave_group`].
pub(crate) fn leave_group(core: &Core, request: &LeaveGroupRequest, version: i16) -> LeaveGroupResponse {
    match core.faults.error(ApiKey::LeaveGroup, None) {
        Some(error) => LeaveGroupResponse::default().with_error_code(error.code()),
        None => core.groups.leave_group(request, version),
    }
}

/// See [`crate::groups::GroupCoordinator::offset_fetch`].
pub(crate) fn offset_fetch(core: &Core, request: OffsetFetchRequest, version: i16) -> OffsetFetchResponse {
    let Some(error) = core.faults.error(ApiKey::OffsetFetch, None) else {
        return core.groups.offset_fetch(request, version);
    };
    let refused =
        |group_id| OffsetFetchResponseGroup::default().with_group_id(group_id).with_error_code(error.code());
    match version {
        8.. => {
            let groups = request.groups.into_iter().map(|group| refused(group.group_id));
            OffsetFetchResponse::default().with_groups(groups.collect())
        }
        _ => OffsetFetchResponse::default().with_error_code(error.code()),
    }
}
