//! ListGroups, DescribeGroups, DeleteGroups.

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{
    DeleteGroupsRequest, DeleteGroupsResponse, DescribeGroupsRequest, DescribeGroupsResponse, GroupId,
    ListGroupsRequest, ListGroupsResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::coordinator::GroupCoordinator;
use super::group::Group;
use super::member::Member;

/// Kafka's word for a group whose protocol is the one of before KIP-848.
const CLASSIC: &str = "classic";

/// What nobody was asked for.
const NO_OPERATIONS: i32 = i32::MIN;

impl GroupCoordinator {
    /// All groups with members or commits.
    pub(crate) fn list_groups(&self, request: &ListGroupsRequest) -> ListGroupsResponse {
        let state = self.lock();
        let names: BTreeSet<&String> = state.groups.keys().chain(state.offsets.names()).collect();
        let wanted = |filter: &[StrBytes], word: &str| {
            filter.is_empty() || filter.iter().any(|one| one.as_str().eq_ignore_ascii_case(word))
        };
        let listed = names.into_iter().filter_map(|name| {
            let group = state.groups.get(name);
            let group_state = group.map_or("Empty", |group| group.state.as_str());
            let protocol_type = group.map(|group| group.protocol_type.clone()).unwrap_or_default();
            (wanted(&request.states_filter, group_state) && wanted(&request.types_filter, CLASSIC)).then(
                || {
                    ListedGroup::default()
                        .with_group_id(StrBytes::from_string(name.clone()).into())
                        .with_protocol_type(protocol_type)
                        .with_group_state(StrBytes::from_static_str(group_state))
                        .with_group_type(StrBytes::from_static_str(CLASSIC))
                },
            )
        });
        ListGroupsResponse::default().with_groups(listed.collect())
    }

    /// Groups with their members. One that is not known is `Dead`.
    pub(crate) fn describe_groups(
        &self,
        request: DescribeGroupsRequest,
        version: i16,
    ) -> DescribeGroupsResponse {
        let state = self.lock();
        let groups = request.groups.into_iter().map(|id| {
            if let Some(group) = state.groups.get(id.as_str()) {
                return described(id, group);
            }
            let has_commits = state.offsets.group(id.as_str()).is_some();
            let word = if has_commits { "Empty" } else { "Dead" };
            let code = if has_commits || version < 6 { 0 } else { ResponseError::GroupIdNotFound.code() };
            DescribedGroup::default()
                .with_group_id(id)
                .with_error_code(code)
                .with_group_state(StrBytes::from_static_str(word))
                .with_authorized_operations(NO_OPERATIONS)
        });
        DescribeGroupsResponse::default().with_groups(groups.collect())
    }

    /// Deletes groups without members, and their commits.
    pub(crate) fn delete_groups(&self, request: DeleteGroupsRequest) -> DeleteGroupsResponse {
        let mut state = self.lock();
        let mut results = Vec::new();
        for id in request.groups_names {
            let name = id.as_str();
            let live = state.groups.get(name).map(|group| !group.members.is_empty());
            let code = if live == Some(true) {
                ResponseError::NonEmptyGroup.code()
            } else if live.is_none() && state.offsets.group(name).is_none() {
                ResponseError::GroupIdNotFound.code()
            } else {
                state.groups.remove(name);
                match state.offsets.forget_group(name) {
                    Ok(()) => 0,
                    Err(error) => {
                        tracing::error!(%error, "The deletion of a group cannot be kept.");
                        ResponseError::KafkaStorageError.code()
                    }
                }
            };
            results.push(DeletableGroupResult::default().with_group_id(id).with_error_code(code));
        }
        DeleteGroupsResponse::default().with_results(results)
    }
}

fn described(id: GroupId, group: &Group) -> DescribedGroup {
    let protocol = group.protocol.clone().unwrap_or_default();
    let member = |member: &Member| {
        DescribedGroupMember::default()
            .with_member_id(member.id.clone())
            .with_group_instance_id(member.instance_id.clone())
            .with_client_id(member.client_id.clone())
            .with_client_host(StrBytes::from_string(member.client_host.clone()))
            .with_member_metadata(member.metadata(&protocol))
            .with_member_assignment(member.assignment.clone())
    };
    DescribedGroup::default()
        .with_group_id(id)
        .with_group_state(StrBytes::from_static_str(group.state.as_str()))
        .with_protocol_type(group.protocol_type.clone())
        .with_members(group.members.values().map(member).collect())
        .with_protocol_data(protocol)
        .with_authorized_operations(NO_OPERATIONS)
}
