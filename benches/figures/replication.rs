//! The whole path: org A in one process, org B in another, orgstream in a third, the broker in a fourth.

use serde_json::Value as Json;

use super::peer::Broker;
use super::process::{Process, rate, sandbox, timed, until};
use super::{Figure, figure};

const RECORDS: u64 = 40_000;

pub(super) fn figures() -> Vec<Figure> {
    let mut figures = Vec::new();
    for (name, broker) in Broker::both() {
        figures.extend(path(name, &broker));
    }
    figures
}

fn path(name: &str, broker: &Broker) -> Vec<Figure> {
    let dir = tempfile::tempdir().expect("a directory");
    let records = RECORDS.to_string();
    let a = Process::start(dir.path(), &["sandbox", "--port", "0", "--records", &records], true);
    let b = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
    std::fs::write(dir.path().join("f.yaml"), file(&a, &b, broker.address())).expect("the file is written");
    let (url_a, url_b) = (a.text("login_url"), b.text("login_url"));

    let (running, _) = timed(|| Process::start(dir.path(), &["run", "f.yaml"], false));
    let ((), subscribed) = timed(|| {
        until("a subscription", || {
            let count = sandbox(url_a, "calls")["subscribe"].as_u64().unwrap_or(0);
            (count > 0).then_some(())
        });
    });
    let ((), arrived) = timed(|| until("everything in org b", || (rows(url_b) >= RECORDS).then_some(())));
    let load = running.memory_mb("VmHWM");
    let cpu = format!(
        "orgstream {:.1} s, org A {:.1} s, org B {:.1} s, broker {} s",
        running.cpu_seconds(),
        a.cpu_seconds(),
        b.cpu_seconds(),
        broker.cpu_seconds().map_or("?".to_owned(), |seconds| format!("{seconds:.1}")),
    );
    drop(running);

    let (running, _) = timed(|| Process::start(dir.path(), &["run", "f.yaml"], false));
    until("it runs", || (sandbox(url_a, "calls")["subscribe"].as_u64() >= Some(4)).then_some(()));
    let status = |key: &str| latencies(dir.path(), key);
    #[expect(clippy::disallowed_methods, reason = "nobody else waits on this thread")]
    std::thread::sleep(std::time::Duration::from_secs(5));
    let idle = running.memory_mb("VmRSS");
    trickle(&a);
    let total = RECORDS + 200;
    until("the trickle in org b", || (rows(url_b) >= total).then_some(()));
    vec![
        figure(format!("{name}: start to first subscription"), format!("{:.2} s", subscribed.as_secs_f64())),
        figure(
            format!(
                "{name}: snapshot of {RECORDS} records through the whole path, from the first subscription on"
            ),
            rate(RECORDS, arrived),
        ),
        figure(format!("{name}: processor time of that snapshot"), cpu),
        figure(format!("{name}: resident at most, under load"), format!("{load} MB")),
        figure(format!("{name}: resident when idle"), format!("{idle} MB")),
        figure(
            format!(
                "{name}: added by the source, from the answer that told of a change to its commit, p50 / p99"
            ),
            status("source"),
        ),
        figure(
            format!("{name}: from consumed to outcome, org B's answer included, p50 / p99"),
            status("sink"),
        ),
    ]
}

fn file(a: &Process, b: &Process, bootstrap_servers: &str) -> String {
    format!(
        "orgs:\n  a: {}\n  b: {}\nkafka: {{ bootstrap_servers: '{bootstrap_servers}' }}\npipelines:\n  crm:\n    \
         source: {{ org: a, topic: 'a.${{object}}' }}\n    sink: {{ org: b }}\n    objects:\n      \
         Account: {{ external_id: OrgA_Id__c }}\n      Contact: {{ external_id: OrgA_Id__c }}\n      \
         Lead: {{ external_id: OrgA_Id__c }}\n",
        a.as_org(),
        b.as_org()
    )
}

/// Live rows of the three objects.
fn rows(url: &str) -> u64 {
    let rows = sandbox(url, "rows");
    ["Account", "Contact", "Lead"].iter().filter_map(|object| rows[*object].as_u64()).sum()
}

/// Two hundred leads, one after the other.
fn trickle(org: &Process) {
    let url = org.text("login_url");
    let token = curl(&[
        &format!("{url}/services/oauth2/token"),
        "-d",
        "grant_type=client_credentials",
        "-d",
        &format!("client_id={}", org.text("client_id")),
        "-d",
        &format!("client_secret={}", org.text("client_secret")),
    ]);
    let bearer = format!("Authorization: Bearer {}", token["access_token"].as_str().expect("a token"));
    for n in 0..200 {
        let lead = format!("{{\"LastName\": \"Trickle {n}\", \"Company\": \"Drop\"}}");
        let path = format!("{url}/services/data/v62.0/sobjects/Lead");
        curl(&[&path, "-H", &bearer, "-H", "Content-Type: application/json", "-d", &lead]);
    }
}

fn curl(arguments: &[&str]) -> Json {
    let output = std::process::Command::new("curl").arg("-s").args(arguments).output().expect("curl runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The latencies of the task of this kind, as the process says them.
fn latencies(dir: &std::path::Path, kind: &str) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["status", "f.yaml", "--json"])
        .current_dir(dir)
        .output()
        .expect("the program starts");
    let status: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    let tasks = status["status"]["pipelines"][0]["tasks"].as_array().cloned().unwrap_or_default();
    let task = tasks.iter().find(|task| task["kind"] == kind).cloned().unwrap_or_default();
    let of = |key: &str| task["latency"][key].as_f64().unwrap_or(f64::NAN);
    format!("{:.1} ms / {:.1} ms", of("p50_ms"), of("p99_ms"))
}
