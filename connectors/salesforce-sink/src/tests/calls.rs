//! How many calls a backlog costs.

use orgstream_salesforce_simulator::CallKind;

use super::change::Change;
use super::world::World;

#[tokio::test]
async fn two_thousand_waiting_records_need_at_most_twenty_calls() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.reset_calls();
    for number in 0..2_000 {
        runtime.submit_to(Change::created("Account", number), i32::try_from(number % 6).unwrap());
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 2_000);
    assert_eq!(runtime.counts().created, 2_000);
    let calls = world.sandbox.calls(CallKind::Write);
    assert!(calls <= 20, "{calls} calls");
    assert_eq!(runtime.counts().calls, calls);
}

#[tokio::test]
async fn records_that_arrive_in_chunks_share_calls() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.reset_calls();
    for chunk in 0..40_u32 {
        for number in 0..50 {
            let partition = i32::try_from(chunk % 6).unwrap();
            runtime.submit_to(Change::created("Account", chunk * 50 + number), partition);
        }
        // As long as a fetch of one partition may take.
        let pause = std::time::Duration::from_millis(15);
        if let Ok(answers) =
            tokio::time::timeout(pause, orgstream_api::Sink::settled(&mut runtime.sink)).await
        {
            runtime.answer(answers.unwrap()).await;
        }
    }
    runtime.settle().await;
    assert_eq!(world.sandbox.count("Account"), 2_000);
    let calls = world.sandbox.calls(CallKind::Write);
    assert!(calls <= 20, "{calls} calls");
}

#[tokio::test]
async fn changes_of_one_record_are_written_one_after_the_other() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    runtime.submit(Change::created("Account", 1));
    for number in 0..5 {
        runtime.submit(Change::updated("Account", 1).text("Name", &format!("name {number}")));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 6);
    assert_eq!(world.rows("Account")[0]["Name"], "name 4");
    assert!(world.sandbox.writes().iter().all(|call| call.records == 1));
}
