//! DescribeCluster and FindCoordinator. There is one broker, and it coordinates everything.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{
    ApiKey, BrokerId, DescribeClusterRequest, DescribeClusterResponse, FindCoordinatorRequest,
    FindCoordinatorResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::core::{Core, NODE};

const HOST: &str = "127.0.0.1";

/// The brokers of the cluster.
pub(crate) fn describe_cluster(core: &Core, request: &DescribeClusterRequest) -> DescribeClusterResponse {
    let broker = DescribeClusterBroker::default()
        .with_broker_id(BrokerId(NODE))
        .with_host(StrBytes::from_static_str(HOST))
        .with_port(i32::from(core.port));
    DescribeClusterResponse::default()
        .with_endpoint_type(request.endpoint_type)
        .with_cluster_id(StrBytes::from_string(core.cluster_id.clone()))
        .with_controller_id(BrokerId(NODE))
        .with_brokers(vec![broker])
        .with_cluster_authorized_operations(i32::MIN)
}

/// Who coordinates a group or a transactional id; several of them from version 4 on.
pub(crate) fn find_coordinator(
    core: &Core,
    request: FindCoordinatorRequest,
    version: i16,
) -> FindCoordinatorResponse {
    let error = core.faults.error(ApiKey::FindCoordinator, None).map_or(0, |error| error.code());
    // 0 is a group, 1 a transactional id; 2 a share group, which this broker does not know.
    let error = if matches!(request.key_type, 0 | 1) { error } else { ResponseError::InvalidRequest.code() };
    let (node, host, port) = if error == 0 { (NODE, HOST, i32::from(core.port)) } else { (-1, "", -1) };
    let host = StrBytes::from_static_str(host);
    if version < 4 {
        return FindCoordinatorResponse::default()
            .with_error_code(error)
            .with_node_id(BrokerId(node))
            .with_host(host)
            .with_port(port);
    }
    let coordinator = |key| {
        Coordinator::default()
            .with_key(key)
            .with_error_code(error)
            .with_node_id(BrokerId(node))
            .with_host(host.clone())
            .with_port(port)
    };
    let coordinators = request.coordinator_keys.into_iter().map(coordinator);
    FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
}
