//! Streaming from a Bayeux server that nobody of this project wrote: npm's faye, with Salesforce's replay. Whatever
//! happens to it, each of its events stands on the topic once, in their order.

use std::time::Duration;

use orgstream_api::record::header;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::{Bayeux, World};

/// The channel of the source's PushTopic.
const CHANNEL: &str = "/topic/Leads";

/// How long a session may be dead before the source has noticed: the hold of a connect, the margin, and a bit.
const DEAD: Duration = Duration::from_secs(20);

/// A source that streams from the peer, which everything else of org A is behind.
struct Stream {
    world: World,
    server: Option<Bayeux>,
    data: TempDir,
    transports: &'static str,
}

impl Stream {
    /// `None` where the peers cannot be had and need not be.
    async fn build(transports: &'static str) -> Option<Self> {
        let keys = "hydrate: false\nsweep: { every: off }";
        let world = World::builder().source_only().start_from("latest").partitions(1).source(keys);
        let world = world.objects("Lead: { source: { push_topic: { name: Leads } } }\n").build().await?;
        let data = tempfile::tempdir().expect("a directory");
        let server = Bayeux::start_at(world.a.url(), data.path(), None, transports)?;
        world.edit(world.a.url(), &server.url());
        Some(Self { world, server: Some(server), data, transports })
    }

    fn server(&self) -> &Bayeux {
        self.server.as_ref().expect("it runs")
    }

    /// Has the server do what `bayeux/server.cjs` says of `command`.
    async fn order(&self, command: &str) -> Json {
        let url = format!("{}/admin/{command}", self.server().url());
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().expect("a client");
        let answer = client.post(url).send().await;
        answer.expect("the server answers").json().await.expect("JSON")
    }

    /// So many events, one every so many milliseconds; does not wait for them.
    async fn publish(&self, count: u32, every: u32) {
        self.order(&format!("publish?channel={CHANNEL}&n={count}&every={every}")).await;
    }

    /// SIGKILL, and the same server again with what it had stored.
    fn kill_and_restart(&mut self) {
        let server = self.server.take().expect("it runs");
        let port = server.url().rsplit(':').next().and_then(|port| port.parse().ok());
        server.kill();
        self.server = Bayeux::start_at(self.world.a.url(), self.data.path(), port, self.transports);
        assert!(self.server.is_some(), "the server starts again");
    }

    /// Nothing of the server moves, though its connections stay.
    async fn stand_still(&self, time: Duration) {
        let pid = Pid::from_raw(self.server().pid()).expect("not zero");
        kill_process(pid, Signal::STOP).expect("the server can be stopped");
        tokio::time::sleep(time).await;
        kill_process(pid, Signal::CONT).expect("the server goes on");
    }

    /// The replay ids of all events that the server ever stored.
    fn stored(&self) -> Vec<i64> {
        let lines = std::fs::read_to_string(self.server().store()).expect("the store is there");
        // A last line without its end is being written.
        let whole = lines.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let events = whole.map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
        events.map(|event| event["data"]["event"]["replayId"].as_i64().expect("a replay id")).collect()
    }

    /// The replay ids of the records on the topic, in their order.
    async fn produced(&self) -> Vec<i64> {
        let records = self.world.read(&self.world.topic("Lead")).await;
        let id = |headers: &orgstream_api::Headers| headers.text(header::REPLAY_ID)?.parse().ok();
        records.iter().map(|record| id(&record.headers).expect("a streamed record")).collect()
    }

    /// Waits until so many events are stored and all of them stand on the topic, each once and in their order.
    async fn until_all(&self, count: usize) {
        for _ in 0..180 {
            let (produced, stored) = (self.produced().await, self.stored());
            assert!(produced.windows(2).all(|pair| pair[0] < pair[1]), "{produced:?}");
            if stored.len() >= count && produced == stored {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        let (produced, stored) = (self.produced().await, self.stored());
        let missing: Vec<_> = stored.iter().filter(|id| !produced.contains(id)).collect();
        panic!("{} of {} events came; missing {missing:?}", produced.len(), stored.len());
    }

    /// What travelled over WebSockets, of all servers.
    fn over_web_sockets(&self) -> usize {
        let logs =
            ["earlier.log", "out.log"].map(|name| std::fs::read_to_string(self.data.path().join(name)));
        let lines = logs.into_iter().flatten().collect::<String>();
        lines.matches(r#"{"via":"websocket","channel":"/meta/connect"}"#).count()
    }
}

/// Everything that can happen to a server, one after the other.
async fn scenario(transports: &'static str) {
    let Some(mut stream) = Stream::build(transports).await else { return };
    let running = stream.world.run(&[]);
    let mut subscribed = false;
    while !subscribed {
        subscribed = stream.order("state").await["subscribed"].as_u64() > Some(0);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stream.publish(500, 1).await;
    stream.until_all(500).await;

    // Replay after the newest that was committed.
    running.terminate().await.expect_code(0);
    stream.publish(500, 0).await;
    let running = stream.world.run(&[]);
    stream.until_all(1_000).await;

    // A place that the server does not know any more.
    running.terminate().await.expect_code(0);
    let newest = *stream.produced().await.last().expect("records");
    stream.publish(50, 0).await;
    stream.order(&format!("forget?replay_id={newest}")).await;
    let running = stream.world.run(&[]);
    stream.until_all(1_050).await;

    // Each in the middle of a burst.
    stream.publish(400, 5).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    stream.kill_and_restart();
    stream.publish(100, 1).await;
    stream.until_all(1_150).await;
    for trouble in ["cut", "forget-sessions"] {
        let before = stream.stored().len();
        stream.publish(100, 10).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        stream.order(trouble).await;
        stream.until_all(before + 100).await;
    }
    for how in ["garbage", "refuse"] {
        let before = stream.stored().len();
        stream.order(&format!("spoil?how={how}&times=1")).await;
        // A WebSocket makes no requests by itself.
        stream.order("cut").await;
        stream.publish(100, 10).await;
        stream.until_all(before + 100).await;
    }
    let before = stream.stored().len();
    stream.publish(100, 10).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    stream.stand_still(DEAD).await;
    stream.until_all(before + 100).await;

    running.terminate().await.expect_code(0);
    let over_web_sockets = stream.over_web_sockets();
    assert_eq!(over_web_sockets > 0, transports.contains("websocket"), "{over_web_sockets} connects");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_another_bayeux_server_comes_once_by_long_polling() {
    scenario("long-polling").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_another_bayeux_server_comes_once_over_a_web_socket() {
    scenario("long-polling,websocket").await;
}
