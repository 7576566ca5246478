//! SIGKILL at random moments while changes flow: nothing lost, nothing doubled.

use orgstream_salesforce_simulator::CallKind;

use crate::support::{Killing, World, on_both_brokers};

/// `tests/soak` asks for more.
const KILLING: Killing = Killing { kills: 5, after_ms: 1_500, changes: 5_000 };

on_both_brokers! {
    async fn killed_again_and_again_while_changes_flow_it_loses_and_doubles_nothing(
        builder: WorldBuilder, _kind: Kind
    ) {
        if let Some(world) = builder.build().await {
            world.survives(KILLING).await;
        }
    }
    async fn killed_again_and_again_with_merged_changes_it_loses_and_doubles_nothing(
        builder: WorldBuilder, _kind: Kind
    ) {
        if let Some(world) = builder.build().await {
            world.edit("operation: sync", "operation: sync, algorithm: merged");
            world.survives(KILLING).await;
        }
    }
    async fn killed_again_and_again_with_bulk_jobs_it_loses_and_doubles_nothing(
        builder: WorldBuilder, _kind: Kind
    ) {
        if let Some(world) = builder.build().await {
            // What gathers while a process is away is enough for jobs.
            world.edit("operation: sync", "operation: sync, bulk: { from: 50 }");
            world.survives(KILLING).await;
            assert!(world.b.calls(CallKind::Bulk) > 0, "nothing was written by a job");
        }
    }
}
