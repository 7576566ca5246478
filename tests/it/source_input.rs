//! Bad input of a source: one clear message each, and everything else goes on.

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;

use crate::support::{Finished, World, eventually};

/// A world whose accounts have this source, beside leads that have none of their own.
async fn world(account: &str) -> Option<World> {
    let objects = format!("Account: {{ source: {{ {account} }} }}\nLead:");
    World::builder().embedded().start_from("earliest").source_only().objects(&objects).build().await
}

/// One warning, in which all these words stand, and nothing of a panic.
#[track_caller]
fn says(finished: &Finished, words: &[&str]) {
    let is_it = |line: &&str| words.iter().all(|word| line.contains(word));
    let warnings = finished.stderr.lines().filter(|line| line.contains("WARN") && is_it(line)).count();
    assert_eq!(warnings, 1, "of {words:?} in\n{}", finished.stderr);
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
}

/// A run to the end that leaves accounts out and brings the lead.
async fn goes_on_without_accounts(world: &World, words: &[&str]) {
    world.sync().await;
    world.in_a.create("Account", json!({ "Name": "Nordwind" })).await;
    world.in_a.create("Lead", json!({ "LastName": "Kant", "Company": "Acme" })).await;
    let finished = world.sync().await.expect_code(1);
    says(&finished, words);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_push_topics_do_not_support_fails_its_object_alone() {
    let query = "push_topic: { query: \"SELECT Id FROM Account ORDER BY Name\" }";
    let Some(world) = world(query).await else { return };
    goes_on_without_accounts(&world, &["Account", "'ORDER BY' clause is not allowed", "check that"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_topic_of_the_same_name_on_another_object_fails_its_object_alone() {
    let Some(world) = world("push_topic: { name: Shared, manage: update }").await else { return };
    let other = json!({ "Name": "Shared", "Query": "SELECT Id, LastName FROM Contact", "ApiVersion": 62.0 });
    world.in_a.create("PushTopic", other).await;
    goes_on_without_accounts(&world, &["`Shared`", "is about Contact, not about Account", "another name"])
        .await;
    let topics = world.a.rows("PushTopic");
    let shared = topics.iter().find(|topic| topic["Name"] == "Shared").expect("it is there");
    assert_eq!(shared["Query"], "SELECT Id, LastName FROM Contact", "it is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_the_user_may_not_read_fails_alone() {
    let Some(world) = world("hydrate: true").await else { return };
    let effect =
        Effect::Answer { status: 404, code: "NOT_FOUND".to_owned(), message: "You may not".to_owned() };
    world.a.faults().add(Fault::new(CallKind::Describe, effect).containing("Account"));
    goes_on_without_accounts(&world, &["does not describe `Account`", "the user may read it"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_unknown_shape_is_kept_and_what_it_hides_is_read() {
    let Some(world) = world("hydrate: true").await else { return };
    world.prime().await;
    let event = json!({ "event": { "type": "merged" }, "sobject": { "Name": "a form of 2031" } });
    world.a.raise("/topic/orgstream_Account", event);
    world.in_a.create("Account", json!({ "Name": "Nordwind" })).await;
    world.in_a.create("Lead", json!({ "LastName": "Kant", "Company": "Acme" })).await;
    let finished = world.sync().await.expect_code(0);
    says(&finished, &["/topic/orgstream_Account", "replay id", "`data.event.type`", "dead_letters"]);
    let accounts = world.read(&world.topic("Account")).await;
    assert!(!accounts.is_empty());
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 1);
    let letters = world.dead_letters().await;
    let [(code, message)] = &letters[..] else { panic!("{letters:?}") };
    assert_eq!(code, "UNREADABLE_EVENT");
    assert!(message.contains("data.event.type"), "{message}");

    // It is passed: the next run does not meet it again.
    world.sync().await.expect_code(0);
    assert_eq!(world.dead_letters().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_ten_megabytes_is_read_like_any_other_and_one_beyond_the_bound_is_named() {
    let objects = "Account: { source: { hydrate: false } }\nLead:";
    let builder = World::builder().embedded().start_from("earliest").source_only().objects(objects);
    let builder = builder.source("stream: { max_response: 10MB }");
    let Some(world) = builder.org_a(|a| a.largest_answer(30_000_000)).build().await else { return };
    world.prime().await;
    let row = |nth: usize| json!({ "Name": format!("Account {nth}"), "Website": "x".repeat(250), "Site": "x".repeat(80) });
    world.in_a.create_many("Account", (0..10_000).map(row).collect()).await;
    world.in_a.create("Lead", json!({ "LastName": "Kant", "Company": "Acme" })).await;
    let connects = world.a.calls(CallKind::Connect);
    let running = world.run(&[]);
    // The first connect of a session is answered at once and without events, the second brings them.
    eventually("the answer is refused, and asked for again", || {
        world.a.calls(CallKind::Connect) > connects + 2
    })
    .await;
    // Once for each time that it is asked for again.
    let said = running.terminate().await.expect_code(0).stderr;
    assert!(
        said.contains("more than 10485760 bytes") && said.contains("source.stream.max_response"),
        "{said}"
    );

    world.edit("max_response: 10MB", "max_response: 100MB");
    world.sync().await.expect_code(0);
    assert_eq!(world.read(&world.topic("Account")).await.len(), 10_000);
    assert_eq!(world.read(&world.topic("Lead")).await.len(), 1);
}
