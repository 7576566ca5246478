//! What groups keep of requests: copies, and not too many of them.

use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{GroupId, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest};
use kafka_protocol::protocol::StrBytes;

use super::*;

fn coordinator(max_bytes: usize) -> (tempfile::TempDir, GroupCoordinator) {
    let dir = tempfile::tempdir().unwrap();
    let settings = GroupSettings { max_bytes, ..GroupSettings::default() };
    let coordinator = GroupCoordinator::open(dir.path(), settings).unwrap();
    (dir, coordinator)
}

/// A join of a static member, all parts of one buffer as on the wire.
fn request(frame: &Bytes) -> JoinGroupRequest {
    let text = |from, to| StrBytes::try_from(frame.slice(from..to)).unwrap();
    let protocol = JoinGroupRequestProtocol::default().with_name(text(0, 5)).with_metadata(frame.slice(5..));
    JoinGroupRequest::default()
        .with_group_id(GroupId(text(0, 1)))
        .with_session_timeout_ms(60_000)
        .with_group_instance_id(Some(text(1, 3)))
        .with_protocol_type(text(0, 4))
        .with_protocols(vec![protocol])
}

/// Joins; the rebalance ends as the broker's sweep ends it.
async fn join(coordinator: &GroupCoordinator, request: JoinGroupRequest) -> JoinGroupResponse {
    let client = Client { id: StrBytes::from_static_str("c"), host: String::new() };
    let mut joined = std::pin::pin!(coordinator.join_group(request, 9, &client));
    loop {
        tokio::select! {
            joined = &mut joined => return joined,
            () = tokio::time::sleep(std::time::Duration::from_millis(10)) => coordinator.sweep(),
        }
    }
}

fn sync_request(joined: &JoinGroupResponse, assignment: Bytes) -> SyncGroupRequest {
    let given = SyncGroupRequestAssignment::default()
        .with_member_id(joined.member_id.clone())
        .with_assignment(assignment);
    SyncGroupRequest::default()
        .with_group_id(GroupId(StrBytes::from_static_str("x")))
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id.clone())
        .with_assignments(vec![given])
}

#[tokio::test]
async fn a_member_keeps_none_of_the_requests_that_it_came_with() {
    let (_dir, coordinator) = coordinator(64 << 20);
    let frame = Bytes::from(vec![b'x'; 100_000]);
    let joined = join(&coordinator, request(&frame)).await;
    assert_eq!(joined.error_code, 0);
    let synced = coordinator.sync_group(sync_request(&joined, frame.slice(..10))).await;
    assert_eq!(&synced.assignment[..], b"xxxxxxxxxx");
    drop((joined, synced));
    assert!(frame.is_unique());
}

#[tokio::test]
async fn groups_take_no_more_than_their_memory() {
    let (_dir, coordinator) = coordinator(100_000);
    let too_large = join(&coordinator, request(&Bytes::from(vec![b'x'; 100_000]))).await;
    assert_eq!(too_large.error_code, ResponseError::GroupMaxSizeReached.code());
    let joined = join(&coordinator, request(&Bytes::from(vec![b'x'; 50_000]))).await;
    assert_eq!(joined.error_code, 0);
    let too_large = sync_request(&joined, Bytes::from(vec![0; 60_000]));
    let too_large = coordinator.sync_group(too_large).await;
    assert_eq!(too_large.error_code, ResponseError::UnknownServerError.code());
    let fits = coordinator.sync_group(sync_request(&joined, Bytes::from(vec![0; 10_000]))).await;
    assert_eq!(fits.error_code, 0);
    // Who is there already may say as much as before.
    let again = request(&Bytes::from(vec![b'x'; 50_000])).with_member_id(joined.member_id.clone());
    assert_eq!(join(&coordinator, again).await.error_code, 0);
    // Names that are handed out count, too.
    let names = (0..1_000).map(|_| request(&Bytes::from_static(b"xxxxx")).with_group_instance_id(None));
    let mut refused = 0;
    for name in names {
        let answer = join(&coordinator, name).await.error_code;
        refused += i32::from(answer == ResponseError::GroupMaxSizeReached.code());
    }
    assert!(refused > 900, "{refused}");
}
