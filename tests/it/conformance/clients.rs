//! Clients that share no code with ours join in at the embedded broker.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value as Json;

use super::broker::{numbers, unique};
use super::restarting::Restarting;
use crate::support::{Kind, peer_install};

/// What `tests/peers/python/join_in.py` lets a client do.
fn join_in(client: &str) {
    let Some(python) = peer_install("python/install.sh") else { return };
    let broker = Restarting::of(Kind::Embedded);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/python/join_in.py");
    let output = Command::new(python)
        .args([script, client, broker.broker.bootstrap_servers()])
        .stdin(Stdio::null())
        .output()
        .expect("python starts");
    let said: Json = serde_json::from_str(&text(&output)).expect("JSON");
    let half = |from: u64, to: u64| Json::from((from..to).collect::<Vec<_>>());
    assert_eq!(said["first"], half(0, 100));
    assert_eq!(
        said["second"],
        half(100, 201),
        "it goes on behind its commit, and an aborted record is left out"
    );
    assert_eq!(said["committed"], 200);
}

#[track_caller]
fn text(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn confluent_kafka_joins_in() {
    join_in("confluent-kafka");
}

#[test]
fn kafka_python_joins_in() {
    join_in("kafka-python");
}

#[test]
fn aiokafka_joins_in() {
    join_in("aiokafka");
}

#[test]
fn kcat_joins_in() {
    let Some(kcat) = peer_install("kcat.sh") else { return };
    let broker = Restarting::of(Kind::Embedded);
    let (servers, topic, group) = (broker.broker.bootstrap_servers(), unique("kcat"), unique("group"));
    let run = |arguments: &[&str], input: &str| {
        let mut child = Command::new(&kcat)
            // "-E": it takes the end of its own connections for an error now and then.
            .args(["-E", "-b", servers])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kcat starts");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("kcat reads");
        text(&child.wait_with_output().expect("kcat ends"))
    };
    run(&["-P", "-t", &topic, "-z", "snappy"], &(numbers(0..100).join("\n") + "\n"));
    let read = run(&["-C", "-t", &topic, "-o", "beginning", "-e", "-q"], "");
    assert_eq!(read.lines().collect::<Vec<_>>(), numbers(0..100));
    let in_group = ["-X", "auto.offset.reset=earliest", "-e", "-q", "-G", &group, &topic];
    assert_eq!(run(&in_group, "").lines().collect::<Vec<_>>(), numbers(0..100));
    run(&["-P", "-t", &topic], &(numbers(100..150).join("\n") + "\n"));
    assert_eq!(run(&in_group, "").lines().collect::<Vec<_>>(), numbers(100..150), "behind its commit");
    assert!(run(&["-L"], "").contains(&topic));
}
