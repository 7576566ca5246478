//! `orgstream offsets`: how far pipelines are, shown; and where their sinks go on, set.

use serde_json::{Value as Json, json};

use crate::support::{Finished, Link, Rest, World, eventually, on_both_brokers};

/// `orgstream offsets` with these words.
async fn offsets(world: &Link, words: &[&str]) -> Finished {
    world.command(&[&["offsets"], words].concat()).finish().await
}

/// What is shown of the only pipeline.
async fn shown(world: &Link) -> Json {
    let shown = offsets(world, &["show", "orgstream.yaml", "--json"]).await.expect_code(0);
    let mut all: Json = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{}", shown.stdout));
    all[0].take()
}

fn sum(shown: &Json, name: &str) -> i64 {
    let partitions = shown["sink"]["partitions"].as_array().expect("partitions");
    partitions.iter().map(|place| place[name].as_i64().unwrap_or_default()).sum()
}

/// Members of a group that has stopped are waited for, and that is as long as a session.
fn short_sessions(world: &World) {
    world.edit("sink: { org: b,", "sink: { org: b, session_timeout: 6s,");
}

async fn lead(world: &World, name: &str) {
    world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
}

/// What comes now lies in the topic and is not read.
async fn produce(world: &World) {
    world.run(&["--only", "source", "--until-synced", "--quiet", "1s"]).finish().await.expect_code(0);
}

on_both_brokers! {
async fn a_sink_is_shown_and_set_back_and_reset(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.partitions(2).build().await else { return };
    short_sessions(&world);
    for name in ["Kant", "Hegel", "Fichte"] {
        lead(&world, name).await;
    }
    produce(&world).await;
    let before = shown(&world).await;
    assert_eq!((sum(&before, "committed"), sum(&before, "lag")), (0, sum(&before, "end")));
    assert_eq!(before["sink"]["partitions"][0]["next"], json!({ "state": "begins", "offset": 0 }));
    world.sync().await.expect_code(0);
    let after = shown(&world).await;
    assert_eq!((sum(&after, "lag"), sum(&after, "committed")), (0, sum(&after, "end")));
    assert!(after["source"].as_array().is_some_and(|places| !places.is_empty()), "{after}");

    // Somebody changes what was written.
    let in_b = Rest::login(&world.b).await;
    let row = world.b.rows("Lead")[0].clone();
    let (id, company) = (row["Id"].as_str().expect("an id"), row["Company"].clone());
    in_b.update("Lead", id, json!({ "Company": "Changed in org B" })).await;
    let company_now =
        || world.b.rows("Lead").iter().find(|row| row["Id"] == id).expect("it is there")["Company"].clone();

    // Set back, everything comes again and is known by its link.
    let dry = offsets(&world, &["set", "orgstream.yaml", "--to", "earliest", "--dry-run"]).await.expect_code(0);
    assert!(dry.stdout.contains("come again") && dry.stderr.contains("duplicates"), "{}\n{}", dry.stdout, dry.stderr);
    assert_eq!(sum(&shown(&world).await, "lag"), 0);
    offsets(&world, &["set", "orgstream.yaml", "--to", "earliest"]).await.expect_code(0);
    assert_eq!(sum(&shown(&world).await, "committed"), 0);
    world.sync().await.expect_code(0);
    assert_eq!((world.b.count("Lead"), company_now()), (3, json!("Changed in org B")));

    // Reset, everything is written once more.
    let reset = offsets(&world, &["reset", "orgstream.yaml"]).await.expect_code(0);
    assert!(reset.stderr.contains("written once more"), "{}", reset.stderr);
    let forgotten = shown(&world).await;
    assert!(forgotten["sink"]["partitions"][0]["committed"].is_null(), "{forgotten}");
    world.sync().await.expect_code(0);
    assert_eq!((world.b.count("Lead"), company_now()), (3, company));
    world.verify().await;
}

async fn what_is_passed_over_has_to_be_meant(builder: WorldBuilder, _kind: Kind) {
    let Some(world) = builder.partitions(2).build().await else { return };
    short_sessions(&world);
    world.prime().await;
    lead(&world, "Passed over").await;
    produce(&world).await;
    let lag = sum(&shown(&world).await, "lag");
    assert!(lag > 0);
    let refused = offsets(&world, &["set", "orgstream.yaml", "--to", "latest"]).await.expect_code(2);
    assert!(refused.stderr.contains("never delivered") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(sum(&shown(&world).await, "lag"), lag, "nothing is changed");
    offsets(&world, &["set", "orgstream.yaml", "--to", "latest", "--yes"]).await.expect_code(0);
    assert_eq!(sum(&shown(&world).await, "lag"), 0);
    lead(&world, "After it").await;
    world.sync().await.expect_code(0);
    let names: Vec<Json> = world.b.rows("Lead").iter().map(|row| row["LastName"].clone()).collect();
    assert_eq!(names, [json!("After it")]);

    // One partition alone, and one place.
    let topic = world.topic("Lead");
    let place = format!("{topic}:1=0");
    offsets(&world, &["set", "orgstream.yaml", "--to", &place]).await.expect_code(0);
    let only = format!("{topic}:0");
    offsets(&world, &["set", "orgstream.yaml", "--to", "1970-01-01T00:00:00Z", "--only", &only])
        .await
        .expect_code(0);
    let now = shown(&world).await;
    for place in now["sink"]["partitions"].as_array().expect("partitions") {
        let expected = if place["topic"] == topic.as_str() { &json!(0) } else { &place["end"] };
        assert_eq!(&place["committed"], expected, "{place}");
    }
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Lead"), 2);
    world.verify().await;
}

async fn a_group_that_is_at_work_is_left_alone_and_its_members_are_named(
    builder: WorldBuilder, _kind: Kind
) {
    let Some(world) = builder.partitions(2).build().await else { return };
    short_sessions(&world);
    lead(&world, "Kant").await;
    let running = world.run(&[]);
    eventually("it arrives", || world.b.count("Lead") == 1).await;
    for words in [&["set", "orgstream.yaml", "--to", "earliest"][..], &["reset", "orgstream.yaml"]] {
        let refused = offsets(&world, words).await.expect_code(1);
        let member = format!(".{}-sink-0", world.pipeline);
        assert!(refused.stderr.contains(&member) && refused.stderr.contains("at work"), "{}", refused.stderr);
    }
    let now = shown(&world).await;
    assert!(now["sink"]["members"].as_array().is_some_and(|members| members.len() == 1), "{now}");
    assert!(sum(&now, "committed") > 0, "{now}");
    // One that was killed is waited for, since nothing of this node can be at work.
    running.kill().await;
    offsets(&world, &["set", "orgstream.yaml", "--to", "earliest"]).await.expect_code(0);
    assert_eq!(sum(&shown(&world).await, "committed"), 0);
}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_place_is_refused_and_a_source_is_not_set() {
    let Some(world) =
        World::builder().embedded().source_only().start_from("earliest").objects("Lead:").build().await
    else {
        return;
    };
    world.prime().await;
    let pipeline = world.pipeline.clone();
    let refused =
        offsets(&world, &["set", "orgstream.yaml", &pipeline, "--to", "latest"]).await.expect_code(2);
    assert!(
        refused.stderr.contains("no sink") && refused.stderr.contains("--snapshot"),
        "{}",
        refused.stderr
    );
    let text = offsets(&world, &["show", "orgstream.yaml"]).await.expect_code(0).stdout;
    assert!(text.contains("PART OF THE SOURCE") && text.contains("as_of"), "{text}");

    let Some(world) = World::builder().embedded().partitions(2).build().await else { return };
    world.prime().await;
    let topic = world.topic("Lead");
    for (to, code, part) in [
        ("someday".to_owned(), 2, "neither `earliest` nor `latest`"),
        (format!("{topic}:7=0"), 78, "has no partition 7"),
        ("other:0=0".to_owned(), 78, "has no topic `other`"),
        (format!("{topic}:0=99"), 78, "and not 99"),
    ] {
        let refused = offsets(&world, &["set", "orgstream.yaml", "--to", &to]).await.expect_code(code);
        assert!(refused.stderr.contains(part), "no `{part}` in {}", refused.stderr);
    }
    let unknown = offsets(&world, &["reset", "orgstream.yaml", "crn"]).await.expect_code(2);
    assert!(unknown.stderr.contains("there is no pipeline `crn`"), "{}", unknown.stderr);
}
