//! Waits until nobody is in a sink's group.

use std::path::Path;
use std::time::Duration;

use orgstream_api::TaskError;
use tokio::time::{Instant, sleep};

use super::SinkPlaces;
use crate::kafka::{Admin, GroupMember};
use crate::runtime::options::RunError;
use crate::state_dir::StateDir;

/// How often it is asked who is left.
const ASK: Duration = Duration::from_millis(500);
/// How much longer than the session time-out the brokers may take to let a member go.
const GRACE: Duration = Duration::from_secs(15);

/// Waits for members of this node that have stopped: the group keeps their place for the session time-out. Any other member is at
/// work, and named. While what is returned is held nothing starts on the state directory `place`; where the brokers run inside this process
/// (`is_alone`) it is held already.
pub(super) async fn vacated(
    admin: &Admin,
    places: &SinkPlaces,
    place: &Path,
    session_timeout: Duration,
    is_alone: bool,
) -> Result<Option<StateDir>, RunError> {
    let held = if is_alone || !place.exists() { None } else { StateDir::open(place).ok() };
    let node = held.as_ref().map(StateDir::node);
    left(admin, &places.group, node, session_timeout).await?;
    Ok(held)
}

/// Waits until the members of `group` that are `node`'s, which have stopped, are let go of. Any other member is at work, and named.
pub(in crate::runtime) async fn left(
    admin: &Admin,
    group: &str,
    node: Option<&str>,
    session_timeout: Duration,
) -> Result<(), RunError> {
    let deadline = Instant::now() + session_timeout + GRACE;
    let mut is_told = false;
    loop {
        let members = admin.members(group).await.map_err(TaskError::from)?;
        if members.is_empty() {
            return Ok(());
        }
        let is_gone = |member: &GroupMember| {
            node.is_some_and(|node| member.id.strip_prefix(node).is_some_and(|rest| rest.starts_with('.')))
        };
        if !members.iter().all(is_gone) || Instant::now() > deadline {
            return Err(RunError::failed(at_work(group, &members)));
        }
        if !is_told {
            is_told = true;
            tracing::info!(
                group,
                "The sink has stopped, and its group keeps its place for {} s; that is waited for.",
                session_timeout.as_secs()
            );
        }
        sleep(ASK).await;
    }
}

fn at_work(group: &str, members: &[GroupMember]) -> String {
    let names: Vec<String> =
        members.iter().map(|member| format!("{} at {}", member.id, member.host)).collect();
    format!(
        "group {group} is at work, so its offsets cannot be set: {}. Stop these processes first; a member that was killed is let go of \
         after the sink's `session_timeout`",
        names.join(", ")
    )
}
