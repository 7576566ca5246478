//! The sink alone: records that lie in topics are written into an org that answers at once or slowly, in peace or in trouble.
//!
//! A source fills the topics before. Counted is the time from the start of the sink's process to the outcome of the last
//! record, less the time to the first one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use super::peer::Broker;
use super::process::{Process, order, rate, sandbox, timed, until};
use super::{Figure, figure};

const RECORDS: u64 = 100_000;

const OBJECTS: &str = "{ Account: { external_id: OrgA_Id__c }, Contact: { external_id: OrgA_Id__c }, \
                       Lead: { external_id: OrgA_Id__c } }";

const SLOW: &str = r#"{"kind":"write","effect":"delay","ms":200}"#;
const LOCKS: &str = r#"{"kind":"write","effect":"record_error","code":"UNABLE_TO_LOCK_ROW","one_in":50}"#;
const REFUSED: &str =
    r#"{"kind":"write","effect":"record_error","code":"FIELD_CUSTOM_VALIDATION_EXCEPTION","one_in":100}"#;

/// An org B to write into: what it is, whether bulk jobs are allowed, and what goes wrong in it.
const PLACES: [(&str, &str, &[&str]); 4] = [
    ("0 ms a call", "off", &[]),
    ("0 ms a call, bulk jobs", "2000", &[]),
    ("200 ms a call", "off", &[SLOW]),
    ("200 ms a call, 2 % lock errors, 1 % refused", "off", &[SLOW, LOCKS, REFUSED]),
];

pub(super) fn figures() -> Vec<Figure> {
    let broker = Broker::embedded();
    let dir = tempfile::tempdir().expect("a directory");
    let records = RECORDS.to_string();
    let a = Process::start(dir.path(), &["sandbox", "--port", "0", "--records", &records], true);
    fill(dir.path(), &a, &broker);
    drop(a);
    let measured = PLACES.iter().enumerate().map(|(number, (what, bulk, faults))| {
        let b = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
        for fault in *faults {
            order(b.text("login_url"), "faults", fault);
        }
        write(dir.path(), &b, &broker, &format!("into{number}"), (what, bulk))
    });
    measured.flatten().collect()
}

/// Reads org A into topics.
fn fill(dir: &Path, a: &Process, broker: &Broker) {
    let file = format!(
        "orgs:\n  a: {}\nkafka: {{ bootstrap_servers: '{}' }}\npipelines:\n  fill:\n    \
         source: {{ org: a, topic: 'a.${{object}}' }}\n    objects: {{ Account: {{}}, Contact: {{}}, Lead: {{}} }}\n",
        a.as_org(),
        broker.address()
    );
    std::fs::write(dir.join("fill.yaml"), file).expect("the file is written");
    let filled = Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["run", "fill.yaml", "--until-synced"])
        .current_dir(dir)
        .env("RUST_LOG", "error")
        .output()
        .expect("the program starts");
    assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
}

fn write(dir: &Path, b: &Process, broker: &Broker, name: &str, (what, bulk): (&str, &str)) -> Vec<Figure> {
    let path = format!("{name}.yaml");
    let file = format!(
        "orgs:\n  {name}: {}\nkafka: {{ bootstrap_servers: '{}' }}\npipelines:\n  {name}:\n    sink: {{ org: {name}, \
         topic: 'a.${{object}}', bulk: {{ from: {bulk} }} }}\n    objects: {OBJECTS}\n",
        b.as_org(),
        broker.address()
    );
    std::fs::write(dir.join(&path), file).expect("the file is written");
    let running = Process::start(dir, &["run", &path], false);
    until("a first outcome", || (settled(dir, &path) > 0).then_some(()));
    let already = settled(dir, &path);
    #[expect(clippy::disallowed_methods, reason = "nobody else waits on this thread")]
    let all = || {
        // Whoever asks takes processor time from what is measured.
        std::thread::sleep(Duration::from_millis(250));
        (settled(dir, &path) >= RECORDS).then_some(())
    };
    let ((), time) = timed(|| until("all outcomes", all));
    let calls = sandbox(b.text("login_url"), "calls");
    let calls: u64 = ["write", "bulk"].iter().filter_map(|kind| calls[*kind].as_u64()).sum();
    let beside = format!(
        "{calls} calls, {} refused, {} MB at most, {:.1} s of processor time",
        task(dir, &path)["rejected"],
        running.memory_mb("VmHWM"),
        running.cpu_seconds()
    );
    vec![
        figure(format!("sink alone, {what}: of {RECORDS} records"), rate(RECORDS - already, time)),
        figure(format!("sink alone, {what}: for all of them"), beside),
    ]
}

/// Records with an outcome.
fn settled(dir: &Path, path: &str) -> u64 {
    let task = task(dir, path);
    let count = |value: &Json| value.as_u64().unwrap_or(0);
    count(&task["counters"]["delivered"]) + count(&task["rejected"])
}

fn task(dir: &Path, path: &str) -> Json {
    let output = Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["status", path, "--json"])
        .current_dir(dir)
        .output()
        .expect("the program starts");
    let status: Json = serde_json::from_slice(&output.stdout).unwrap_or_default();
    status["status"]["pipelines"][0]["tasks"][0].clone()
}
