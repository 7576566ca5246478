//! How many calls a backlog costs.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};

use super::change::{Change, id};
use super::world::World;

#[tokio::test]
async fn a_thousand_records_are_made_changed_and_deleted_by_one_call_each() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    for round in 0..3 {
        world.sandbox.reset_calls();
        for number in 0..1_000 {
            runtime.submit(match round {
                0 => Change::created("Account", number).text("Phone", "1"),
                1 => Change::updated("Account", number).null("Phone"),
                _ => Change::deleted("Account", number),
            });
        }
        runtime.settle().await;
        assert_eq!(world.sandbox.calls(CallKind::Write), 1, "round {round}");
        assert_eq!(world.sandbox.calls(CallKind::Composite), 1, "round {round}");
        let left = world.rows("Account");
        match round {
            0 => assert!(left.len() == 1_000 && left.iter().all(|row| row["Phone"] == "1")),
            1 => assert!(left.len() == 1_000 && left.iter().all(|row| row["Phone"].is_null())),
            _ => assert!(left.is_empty()),
        }
    }
    assert_eq!(runtime.counts().calls, 3);
    assert_eq!(runtime.delivered_count(), 3_000);
}

#[tokio::test]
async fn a_text_that_a_composite_call_would_replace_goes_by_collections_as_it_is() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.reset_calls();
    for number in 0..1_000 {
        runtime.submit(Change::created("Account", number).text("Name", &format!("@{{c0[{number}].id}}")));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1_000);
    assert_eq!(world.row("Account", &id("Account", 7)).unwrap()["Name"], "@{c0[7].id}");
    assert_eq!(world.sandbox.calls(CallKind::Composite), 0);
    assert!(world.sandbox.calls(CallKind::Write) <= 5);
}

#[tokio::test]
async fn a_lost_answer_to_a_thousand_records_doubles_none() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    world.sandbox.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    for number in 0..1_000 {
        runtime.submit(Change::created("Account", number));
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 1_000);
    assert_eq!(world.sandbox.count("Account"), 1_000);
}

#[tokio::test]
async fn of_a_thousand_records_in_a_call_each_has_its_own_error() {
    let world = World::start().await;
    let mut runtime = world.sync().await;
    let locked = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: String::new() };
    world.sandbox.faults().add(Fault::new(CallKind::Write, locked).containing("Account 99").times(5));
    for number in 0..1_000 {
        let change = Change::created("Account", number);
        runtime.submit(if number % 100 == 3 { change.text("Name", &"x".repeat(300)) } else { change });
    }
    runtime.settle().await;
    assert_eq!(runtime.delivered_count(), 990);
    assert_eq!(world.sandbox.count("Account"), 990);
    assert_eq!(runtime.counts().rejected["STRING_TOO_LONG"], 10);
    assert_eq!(runtime.counts().retries, 5);
}

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
