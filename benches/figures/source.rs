//! The source alone: org A in one process, orgstream in another, Apache Kafka in a third, or the embedded broker where
//! that cannot be had.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::client::{Client, calls};
use super::peer::Broker;
use super::process::{Process, rate, sandbox, timed, until};
use super::simulator::account;
use super::{Figure, figure};

const ROWS: usize = 200_000;
const EVENTS: usize = 400_000;
/// How long a thousand changes a second are written.
const PACED: Duration = Duration::from_secs(30);

pub(super) fn figures() -> Vec<Figure> {
    let (name, broker) = Broker::both().pop().expect("there is one at least");
    let mut figures = snapshot(name, &broker);
    for (hydrate, how) in [(false, "without hydration"), (true, "with hydration")] {
        figures.extend(streaming(name, &broker, hydrate, how));
        figures.extend(latency(name, &broker, hydrate, how));
    }
    figures
}

/// A snapshot, from its first batch to its last; and whether memory stays flat.
fn snapshot(name: &str, broker: &Broker) -> Vec<Figure> {
    let bench = Bench::new(broker);
    bench.write(ROWS);
    let running = bench.run("snapshot", "start: snapshot");
    let mut memory = Vec::new();
    let took = bench.timed_records(ROWS, || memory.push(running.memory_mb("VmRSS")));
    let quarter = |nth: usize| {
        let size = memory.len() / 4;
        memory[nth * size..(nth + 1) * size].iter().max().copied().unwrap_or_default()
    };
    vec![
        figure(format!("{name}: snapshot of {ROWS} accounts, source alone"), rate(count(ROWS), took)),
        figure(
            format!("{name}: resident at most in the second and in the last quarter of that snapshot"),
            format!("{} MB, {} MB", quarter(1), quarter(3)),
        ),
        figure(format!("{name}: processor time of that snapshot"), bench.cpu(&running)),
    ]
}

/// Events that wait in the org, from the first one produced to the last.
fn streaming(name: &str, broker: &Broker, hydrate: bool, how: &str) -> Vec<Figure> {
    let bench = Bench::new(broker);
    // Only a PushTopic that is there raises events.
    drop(bench.subscribed("prime", &format!("start: latest, hydrate: {hydrate}")));
    bench.write(EVENTS);
    let running = bench.run("stream", &format!("start: earliest, hydrate: {hydrate}"));
    let took = bench.timed_records(EVENTS, || ());
    vec![
        figure(
            format!("{name}: {EVENTS} PushTopic events streamed {how}, source alone"),
            rate(count(EVENTS), took),
        ),
        figure(format!("{name}: processor time of that stream"), bench.cpu(&running)),
    ]
}

/// A thousand changes a second, in collections of ten.
fn latency(name: &str, broker: &Broker, hydrate: bool, how: &str) -> Vec<Figure> {
    let bench = Bench::new(broker);
    let running = bench.subscribed("paced", &format!("start: latest, hydrate: {hydrate}"));
    bench.runtime.block_on(bench.paced());
    let latency = bench.task()["latency"].clone();
    let of = |key: &str| latency[key].as_f64().unwrap_or(f64::NAN);
    drop(running);
    vec![figure(
        format!("{name}: from the answer that told of a change to its commit, 1000/s {how}, p50 / p99"),
        format!("{:.1} ms / {:.1} ms", of("p50_ms"), of("p99_ms")),
    )]
}

/// An org and the directory of the runs that read it.
struct Bench<'a> {
    broker: &'a Broker,
    org: Process,
    client: Client,
    runtime: tokio::runtime::Runtime,
    dir: TempDir,
}

impl<'a> Bench<'a> {
    fn new(broker: &'a Broker) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let dir = tempfile::tempdir().expect("a directory");
        let org = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
        let client = runtime.block_on(Client::login(&org));
        Self { broker, org, client, runtime, dir }
    }

    fn write(&self, accounts: usize) {
        self.runtime.block_on(self.client.write("", calls(accounts, &account)));
    }

    /// Starts a source of accounts with these keys, under a name that no other run on this broker has.
    fn run(&self, name: &str, keys: &str) -> Process {
        let pipeline = format!("{name}{}", self.org.text("login_url").rsplit(':').next().unwrap_or_default());
        let org = &self.org;
        let text = format!(
            "orgs:\n  a: {}\n\
             kafka: {{ bootstrap_servers: '{}', topics: {{ partitions: 6, replication_factor: 1 }} }}\n\
             pipelines:\n  {pipeline}:\n    source: {{ org: a, topic: '{pipeline}.${{object}}', {keys} }}\n    \
             objects: {{ Account: {{}} }}\n",
            org.as_org(),
            self.broker.address(),
        );
        std::fs::write(self.dir.path().join("f.yaml"), text).expect("the file is written");
        Process::start(self.dir.path(), &["run", "f.yaml"], false)
    }

    /// As [`Bench::run`], and waits until it is subscribed.
    fn subscribed(&self, name: &str, keys: &str) -> Process {
        let calls = || sandbox(self.org.text("login_url"), "calls")["subscribe"].as_u64().unwrap_or_default();
        let before = calls();
        let running = self.run(name, keys);
        until("a subscription", || (calls() > before).then_some(()));
        until("a record of it", || (self.task()["flow"]["flow"] == "live").then_some(()));
        running
    }

    /// The time from the first record in Kafka to the one of this number, with `tick` every 50 ms.
    #[expect(clippy::disallowed_methods, reason = "a stop-watch, and nobody else waits on this thread")]
    fn timed_records(&self, records: usize, mut tick: impl FnMut()) -> Duration {
        let produced = || self.task()["counters"]["records"].as_u64().unwrap_or_default();
        until("a first record", || (produced() > 0).then_some(()));
        let began = Instant::now();
        let first = produced();
        let ((), took) = timed(|| {
            while produced() < count(records) {
                assert!(began.elapsed() < Duration::from_mins(5), "{} of {records}", produced());
                tick();
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        // What was there when the watch was started does not count.
        let counted = Duration::from_secs(count(records) - first);
        took.mul_f64(Duration::from_secs(count(records)).div_duration_f64(counted))
    }

    /// A thousand creates a second, ten in a call.
    async fn paced(&self) {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        let calls = PACED.as_millis() / 10;
        for call in 0..usize::try_from(calls).unwrap_or_default() {
            ticks.tick().await;
            let records: Vec<Json> = (0..10).map(|n| account(call * 10 + n)).collect();
            let path = "/services/data/v62.0/composite/sobjects";
            let call = self.client.call(Method::POST, path).json(&json!({ "records": records }));
            // The next one does not wait for this one's answer.
            tokio::spawn(async move { call.send().await.expect("an answer").bytes().await });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// The status of the one task; null while nothing answers.
    fn task(&self) -> Json {
        let socket = self.dir.path().join("state/control.sock");
        status(&socket)["pipelines"][0]["tasks"][0].clone()
    }

    fn cpu(&self, running: &Process) -> String {
        format!("orgstream {:.1} s, org A {:.1} s", running.cpu_seconds(), self.org.cpu_seconds())
    }
}

fn status(socket: &Path) -> Json {
    let output = std::process::Command::new("curl")
        .args(["-s", "--unix-socket"])
        .arg(socket)
        .arg("http://localhost/status")
        .output()
        .expect("curl runs");
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn count(records: usize) -> u64 {
    u64::try_from(records).expect("no platform has larger words")
}
