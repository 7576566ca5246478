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

/// Every object, and how many sample records are asked for.
const ALL: (&[&str], u64, u64) = (&["Account", "Contact", "Lead"], 100_000, 100_000);
/// A quarter of the sample records are leads.
const LEADS: (&[&str], u64, u64) = (&["Lead"], 300_000, 75_000);

const SLOW: &str = r#"{"kind":"write","effect":"delay","ms":200}"#;
const LOCKS: &str = r#"{"kind":"write","effect":"record_error","code":"UNABLE_TO_LOCK_ROW","one_in":50}"#;
const REFUSED: &str =
    r#"{"kind":"write","effect":"record_error","code":"FIELD_CUSTOM_VALIDATION_EXCEPTION","one_in":100}"#;

/// What is written into an org B.
struct Load {
    /// What tells it from the others.
    what: &'static str,
    /// Objects, the sample records to ask for, and those of the objects among them.
    records: (&'static [&'static str], u64, u64),
    /// From how many on jobs are used.
    bulk: &'static str,
    /// What goes wrong in org B.
    faults: &'static [&'static str],
}

const LOADS: [Load; 5] = [
    Load { what: "0 ms a call", records: ALL, bulk: "off", faults: &[] },
    Load { what: "0 ms a call, bulk jobs", records: ALL, bulk: "2000", faults: &[] },
    Load { what: "0 ms a call, bulk jobs, leads alone", records: LEADS, bulk: "2000", faults: &[] },
    Load { what: "200 ms a call", records: ALL, bulk: "off", faults: &[SLOW] },
    Load {
        what: "200 ms a call, 2 % lock errors, 1 % refused",
        records: ALL,
        bulk: "off",
        faults: &[SLOW, LOCKS, REFUSED],
    },
];

pub(super) fn figures() -> Vec<Figure> {
    LOADS.iter().flat_map(Load::figures).collect()
}

impl Load {
    /// With a broker of its own, so that nobody reads the id links of those before.
    fn figures(&self) -> Vec<Figure> {
        let broker = Broker::embedded();
        let dir = tempfile::tempdir().expect("a directory");
        let (_, asked, _) = self.records;
        let a =
            Process::start(dir.path(), &["sandbox", "--port", "0", "--records", &asked.to_string()], true);
        self.fill(dir.path(), &a, &broker);
        drop(a);
        let b = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
        for fault in self.faults {
            order(b.text("login_url"), "faults", fault);
        }
        self.write(dir.path(), &b, &broker)
    }

    /// `objects:` of a file, each with these keys.
    fn objects(&self, keys: &str) -> String {
        let (objects, ..) = self.records;
        let lines = objects.iter().map(|object| format!("      {object}: {{ {keys} }}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Reads org A into topics.
    fn fill(&self, dir: &Path, a: &Process, broker: &Broker) {
        let file = format!(
            "orgs:\n  a: {}\nkafka: {{ bootstrap_servers: '{}' }}\npipelines:\n  fill:\n    \
             source: {{ org: a, topic: 'a.${{object}}' }}\n    objects:\n{}",
            a.as_org(),
            broker.address(),
            self.objects("")
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

    fn write(&self, dir: &Path, b: &Process, broker: &Broker) -> Vec<Figure> {
        let (path, (_, _, records), what) = ("into.yaml", self.records, self.what);
        let file = format!(
            "orgs:\n  b: {}\nkafka: {{ bootstrap_servers: '{}' }}\npipelines:\n  into:\n    sink: {{ org: b, \
             topic: 'a.${{object}}', bulk: {{ from: {} }} }}\n    objects:\n{}",
            b.as_org(),
            broker.address(),
            self.bulk,
            self.objects("external_id: OrgA_Id__c")
        );
        std::fs::write(dir.join(path), file).expect("the file is written");
        let running = Process::start(dir, &["run", path], false);
        until("a first outcome", || (settled(dir, path) > 0).then_some(()));
        let already = settled(dir, path);
        #[expect(clippy::disallowed_methods, reason = "nobody else waits on this thread")]
        let all = || {
            // Whoever asks takes processor time from what is measured.
            std::thread::sleep(Duration::from_millis(250));
            (settled(dir, path) >= records).then_some(())
        };
        let ((), time) = timed(|| until("all outcomes", all));
        let calls = sandbox(b.text("login_url"), "calls");
        let calls: u64 = ["write", "bulk"].iter().filter_map(|kind| calls[*kind].as_u64()).sum();
        let beside = format!(
            "{calls} calls, {} refused, {} MB at most, {:.1} s of processor time",
            task(dir, path)["rejected"],
            running.memory_mb("VmHWM"),
            running.cpu_seconds()
        );
        vec![
            figure(format!("sink alone, {what}: of {records} records"), rate(records - already, time)),
            figure(format!("sink alone, {what}: for all of them"), beside),
        ]
    }
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
