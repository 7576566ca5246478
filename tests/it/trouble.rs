//! Trouble that must pass without a trace: outages, expired tokens, dropped sessions, a restarted broker; and one
//! record whose call always fails, which must be the only dead letter.

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use crate::support::{OwnBroker, World, eventually, on_both_brokers, shared_peers};

on_both_brokers! {
async fn an_outage_of_org_b_of_twenty_times_retry_for_rejects_nothing(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.retry_for("1s").build().await else { return };
    let running = world.run(&[]);
    world.in_a.create("Lead", json!({ "LastName": "Before", "Company": "Acme" })).await;
    eventually("the first lead arrives", || world.b.count("Lead") == 1).await;
    let outage = world.b.faults().take_down();
    for n in 0..50 {
        world.in_a.create("Lead", json!({ "LastName": format!("During {n}"), "Company": "Acme" })).await;
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await.expect_code(0);
    assert!(status.stdout.contains("degraded"), "{}", status.stdout);
    assert!(world.b.faults().remove(outage));
    eventually("all leads arrive", || world.b.count("Lead") == 51).await;
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}

async fn expired_tokens_and_dropped_sessions_lose_nothing(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.build().await else { return };
    let running = world.run(&[]);
    for round in 0..6 {
        world.in_a.create("Account", json!({ "Name": format!("Round {round}") })).await;
        eventually("the account arrives", || world.b.count("Account") == round + 1).await;
        match round {
            0 | 3 => world.a.drop_streaming_sessions(),
            1 => world.b.expire_tokens(),
            _ => {}
        }
    }
    world.a.expire_tokens();
    let again = crate::support::Rest::login(&world.a).await;
    again.create("Account", json!({ "Name": "After" })).await;
    eventually("the account arrives", || world.b.count("Account") == 7).await;
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}

async fn a_broker_that_is_killed_and_comes_back_loses_nothing(builder: WorldBuilder, kind: Kind) {
    if kind == Kind::Apache && shared_peers().is_none() {
        return;
    }
    let mut broker = OwnBroker::start(kind);
    let Some(world) = builder.kafka(broker.address()).build().await else { return };
    let running = world.run(&[]);
    world.in_a.create("Lead", json!({ "LastName": "Before", "Company": "Acme" })).await;
    eventually("the first lead arrives", || world.b.count("Lead") == 1).await;
    broker.kill();
    for n in 0..50 {
        world.in_a.create("Lead", json!({ "LastName": format!("During {n}"), "Company": "Acme" })).await;
    }
    broker.start_again();
    eventually("all leads arrive", || world.b.count("Lead") == 51).await;
    running.terminate().await.expect_code(0);
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(world.dead_letters().await, []);
}

async fn one_record_whose_call_always_fails_is_the_only_dead_letter(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.retry_for("2s").build().await else { return };
    let broken = Effect::Answer {
        status: 500,
        code: "UNKNOWN_EXCEPTION".into(),
        message: "An unexpected error occurred".into(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, broken).containing("Poison"));
    let rows = (0..300).map(|n| json!({ "LastName": if n == 150 { "Poison".to_owned() } else { format!("Fine {n}") }, "Company": "Acme" }));
    world.in_a.create_many("Lead", rows.collect()).await;
    world.sync().await.expect_code(1);
    assert_eq!(world.b.count("Lead"), 299);
    let letters = world.dead_letters().await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    let verify = world.command(&["verify", "orgstream.yaml"]).finish().await.expect_code(1);
    assert!(verify.stdout.contains("Lead"), "{}", verify.stdout);
}
}
