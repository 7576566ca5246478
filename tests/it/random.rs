//! Two orgs with every kind of reference: after random changes, with faults all the time and a SIGKILL in the middle,
//! nothing differs, and every reference of org B points at the right record.
//!
//! `tests/soak random` runs it with twenty thousand changes.

#![expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use crate::support::{Crm, Dice, ORG, PIPELINE, People, Rest, Twins, World, locked, on_both_brokers};

/// Changes in org A; `tests/soak` asks for more of them.
fn changes() -> usize {
    std::env::var("ORGSTREAM_CHANGES").ok().map_or(2_000, |text| text.parse().expect("a number"))
}

on_both_brokers! {
    async fn nothing_differs_after_random_changes_of_records_with_every_kind_of_reference(
        builder: WorldBuilder, _kind: Kind
    ) {
    let builder = builder.objects(PIPELINE).org_a(|org| org.objects(ORG)).org_b(|org| org.objects(ORG));
    let Some(world) = builder.fast().build().await else { return };
    let in_b = Rest::login(&world.b).await;
    let people = (People::of(&world.in_a, "a").await, People::of(&in_b, "b").await);
    let mut crm = Crm::new(world.in_a.clone(), people.0, Dice::new());
    let changes = changes();

    // A part of it is there before anything runs.
    crm.work(changes / 10).await;
    world.b.faults().add(Fault::new(CallKind::Write, locked()).one_in(50));
    let running = world.run(&[]);
    crm.work(changes * 3 / 10).await;
    cut(&world);
    let pause = Duration::from_millis(crm.dice().next() % 1_000);
    tokio::time::sleep(pause).await;
    println!("killed after {} changes and {pause:?}", crm.changes());
    running.kill().await;
    let running = world.run(&[]);
    crm.work(changes * 3 / 10).await;
    cut(&world);
    running.terminate().await.expect_code(0);

    // The topics are full of changes when they are read, so children come before their parents.
    crm.work(changes - crm.changes()).await;
    println!("{}", crm.summary());
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    world.sync_with(&["--only", "sink"]).await.expect_code(0);
    world.sync().await.expect_code(0);
    world.b.faults().clear();
    let differences = Twins::differences((&world.a, crm.people()), (&world.b, &people.1));
    for difference in differences.iter().take(20) {
        println!("{difference}");
    }
    assert_eq!(differences.len(), 0, "the first of them are above");
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}
}

/// Cuts a few connections, some before what was asked for is done, some after it; none of the people at work.
fn cut(world: &World) {
    world.a.faults().add(Fault::new(CallKind::Connect, Effect::Cut).times(2));
    world.a.faults().add(Fault::new(CallKind::Query, Effect::Cut).containing("SystemModstamp").times(2));
    world.b.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(2));
    world.b.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(2));
    world.b.faults().add(Fault::new(CallKind::Query, Effect::CutAfter).times(2));
}
