//! What the status shows of a source.

use orgstream_api::{Flow, Source};

use super::feed::Committed;
use super::world::World;
use crate::config::Start;

#[tokio::test]
async fn a_source_says_whether_changes_flow_and_how_fresh_everything_is() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.source(&world, Start::Latest).await;
    assert_eq!(feed.shown().flow, Flow::Connecting);
    feed.until_shown(|health| health.flow == Flow::Live).await;
    let live = feed.shown();
    let channels: Vec<_> = live.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(channels, ["/topic/orgstream_Account", "/topic/orgstream_Contact"]);
    assert!(live.as_of.is_some() && live.channels.iter().all(|channel| channel.flow == Flow::Live));

    let outage = world.sandbox.faults().take_down();
    world.sandbox.drop_streaming_sessions();
    let next_attempt = |flow: &Flow| match flow {
        Flow::Degraded(trouble) => trouble.next_attempt,
        _ => None,
    };
    feed.until_shown(|health| next_attempt(&health.flow).is_some()).await;
    let down = feed.shown();
    assert!(down.channels.iter().all(|channel| matches!(channel.flow, Flow::Degraded(_))), "{down:?}");
    assert_eq!(down.as_of, live.as_of, "nothing new is known, so the age grows");

    assert!(world.sandbox.faults().remove(outage));
    feed.until_shown(|health| health.flow == Flow::Live).await;
    feed.source.stop().await;
}

#[tokio::test]
async fn an_object_that_fails_is_degraded_and_the_others_are_live() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = committed.try_source_of(&world, &["Account", "Nonsense__c"]).await.unwrap();
    feed.until_shown(|health| health.channels.iter().any(|channel| channel.flow == Flow::Live)).await;
    let Flow::Degraded(trouble) = feed.shown().flow else { panic!("{:?}", feed.shown()) };
    assert!(trouble.reason.starts_with("Nonsense__c: ") && trouble.next_attempt.is_some(), "{trouble:?}");
    feed.source.stop().await;
}
