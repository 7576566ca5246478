//! The commands as a script sees them: exit codes, stdout, stderr. Nothing here needs a peer.

use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use crate::support::Running;

/// What a command left.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    #[track_caller]
    fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

fn orgstream(dir: &Path, arguments: &[&str]) -> Ended {
    let program = env!("CARGO_BIN_EXE_orgstream");
    let output = Command::new(program).args(arguments).current_dir(dir).output().expect("the program starts");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// A file without faults, whose org refuses connections.
const GOOD: &str = "\
orgs:
  a: { url: 'http://127.0.0.1:9', auth: { flow: client_credentials, client_id: x, client_secret: top-secret } }
kafka: { bootstrap_servers: '127.0.0.1:9' }
schema_registry: { url: 'http://127.0.0.1:9' }
pipelines:
  crm: { source: { org: a, topic: 'a.${object}' }, objects: { Account: } }
";

fn with_file(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("f.yaml"), text).expect("the file is written");
    dir
}

#[test]
fn a_good_file_passes_check() {
    let dir = with_file(GOOD);
    let checked = orgstream(dir.path(), &["check", "f.yaml"]).expect_code(0);
    assert_eq!(checked.stdout, "f.yaml: no faults; 1 org(s), 1 pipeline(s)\n");
    assert_eq!(checked.stderr, "");
    assert!(!dir.path().join("state").exists(), "check leaves nothing behind");
}

#[test]
fn check_warns_of_schemas_that_no_other_reader_of_the_brokers_finds() {
    let lonely = GOOD.replace("schema_registry: { url: 'http://127.0.0.1:9' }\n", "");
    assert_ne!(lonely, GOOD);
    let dir = with_file(&lonely);
    let checked = orgstream(dir.path(), &["check", "f.yaml"]).expect_code(0);
    assert!(
        checked.stderr.starts_with("f.yaml: warning: `kafka.bootstrap_servers` names brokers"),
        "{}",
        checked.stderr
    );
    let checked = orgstream(dir.path(), &["check", "f.yaml", "--json"]).expect_code(0);
    let json: Json = serde_json::from_str(&checked.stdout).expect("JSON");
    assert!(
        json["warnings"][0].as_str().is_some_and(|text| text.contains("`schema_registry.url`")),
        "{json}"
    );
    let plain =
        lonely.replace("topic: 'a.${object}'", "topic: 'a.${object}', output: { key: text, value: json }");
    let dir = with_file(&plain);
    assert_eq!(orgstream(dir.path(), &["check", "f.yaml"]).expect_code(0).stderr, "");
}

#[test]
fn what_is_no_file_of_a_schema_store_is_refused_with_what_to_name() {
    let dir = with_file("some text that is longer than a header\n");
    let start =
        |data: &str| orgstream(dir.path(), &["schema-store", "--port", "0", "--data", data]).expect_code(2);
    let directory = start(".").stderr;
    assert!(directory.contains("is a directory") && directory.contains("schemas.db"), "{directory}");
    let other = start("f.yaml").stderr;
    assert!(other.contains("f.yaml is no file of a schema store"), "{other}");
}

#[test]
fn every_command_that_takes_a_file_reports_its_faults_with_places_and_ends_with_78() {
    let dir = with_file(&GOOD.replace("bootstrap_servers", "bootstrap_server").replace("org: a", "org: b"));
    let expected = "\
f.yaml:3:10: kafka.bootstrap_server: unknown key; did you mean `bootstrap_servers`?
f.yaml:6:25: pipelines.crm.source.org: `b` is not one of the orgs of this file; known here: `a`
";
    for command in ["check", "run", "status", "verify"] {
        let ended = orgstream(dir.path(), &[command, "f.yaml"]).expect_code(78);
        assert_eq!(ended.stderr, expected, "{command}");
        assert_eq!(ended.stdout, "", "{command}");
    }
    let ended = orgstream(dir.path(), &["check", "f.yaml", "--json"]).expect_code(78);
    let faults: Json = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(faults["file"], "f.yaml");
    assert_eq!(faults["faults"][1]["line"], 6);
    assert_eq!(faults["faults"][1]["column"], 25);
    assert_eq!(faults["faults"][1]["key"], "pipelines.crm.source.org");
}

#[test]
fn broken_yaml_is_one_clear_message() {
    let dir = with_file("orgs:\n  a: { url: 'x', \n");
    let ended = orgstream(dir.path(), &["run", "f.yaml"]).expect_code(78);
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("f.yaml:2:6: not valid YAML: "), "{}", ended.stderr);
}

#[test]
fn a_file_that_is_not_there_is_one_clear_message() {
    let dir = with_file(GOOD);
    let ended = orgstream(dir.path(), &["check", "g.yaml"]).expect_code(78);
    assert!(ended.stderr.starts_with("g.yaml:1:1: cannot be read: "), "{}", ended.stderr);
}

#[test]
fn a_variable_that_is_not_set_is_named_with_its_place() {
    let dir = with_file(&GOOD.replace("top-secret", "'${env:ORGSTREAM_TEST_NOT_SET}'"));
    let ended = orgstream(dir.path(), &["check", "f.yaml"]).expect_code(78);
    let expected = "f.yaml:2:98: orgs.a.auth.client_secret: the environment variable `ORGSTREAM_TEST_NOT_SET` is not set\n";
    assert_eq!(ended.stderr, expected);
}

#[test]
fn a_file_without_end_is_a_fault_like_any_other() {
    let dir = with_file(&GOOD.replace("top-secret", "'${file:/dev/zero}'"));
    let ended = orgstream(dir.path(), &["check", "f.yaml"]).expect_code(78);
    assert!(ended.stderr.contains("client_secret: `/dev/zero` is larger than 1024 KiB"), "{}", ended.stderr);
    let ended = orgstream(dir.path(), &["check", "/dev/zero"]).expect_code(78);
    assert!(ended.stderr.starts_with("/dev/zero:1:1: is larger than 1024 KiB"), "{}", ended.stderr);
}

#[test]
fn a_state_that_is_no_path_is_a_fault_of_the_file() {
    for (state, reason) in [("\"a\\0b\"", "is not a path"), ("''", "has no value")] {
        let dir = with_file(&format!("state: {state}\n{GOOD}"));
        let ended = orgstream(dir.path(), &["run", "f.yaml"]).expect_code(78);
        assert!(ended.stderr.starts_with(&format!("f.yaml:1:8: state: {reason}")), "{}", ended.stderr);
    }
}

#[test]
fn what_is_wrong_in_the_state_directory_is_one_line_with_the_place_and_what_to_do() {
    for (name, content, words) in [
        ("node", &b"garbage"[..], &["state/node holds no node id", "remove the file"][..]),
        ("node", b"", &["state/node holds no node id"]),
        (
            "orgstream.db",
            &[b'x'; 4096],
            &["state/orgstream.db", "use a new `state`", "file is not a database"],
        ),
    ] {
        let dir = with_file(GOOD);
        let state = dir.path().join("state");
        std::fs::create_dir(&state).expect("a directory");
        std::fs::write(state.join(name), content).expect("the file is written");
        let ended = orgstream(dir.path(), &["run", "f.yaml"]).expect_code(1);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        for words in words {
            assert_eq!(ended.stderr.matches(words).count(), 1, "{words}: {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("Error code"), "{}", ended.stderr);
        assert_eq!(std::fs::read(state.join(name)).expect("it stays"), content);
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let dir = with_file(GOOD);
    for arguments in [
        &["walk"][..],
        &["run"],
        &["run", "f.yaml", "--only", "both"],
        &["run", "f.yaml", "--quiet", "3"],
        &["status"],
    ] {
        let ended = orgstream(dir.path(), arguments).expect_code(2);
        assert!(ended.stderr.starts_with("error: "), "{}", ended.stderr);
    }
}

#[test]
fn the_schema_is_json_and_knows_every_section() {
    let dir = with_file(GOOD);
    let ended = orgstream(dir.path(), &["schema"]).expect_code(0);
    let schema: Json = serde_json::from_str(&ended.stdout).expect("JSON");
    for section in ["orgs", "kafka", "schema_registry", "state", "pipelines"] {
        assert!(schema["properties"][section]["description"].is_string(), "{section}");
    }
}

#[test]
fn status_says_when_nothing_runs() {
    let dir = with_file(GOOD);
    let ended = orgstream(dir.path(), &["status", "f.yaml"]).expect_code(1);
    for said in [
        "nothing runs on the state directory",
        "nothing has run there yet",
        "`orgstream run f.yaml` starts it",
    ] {
        assert!(ended.stderr.contains(said), "no `{said}` in {}", ended.stderr);
    }
    std::fs::create_dir(dir.path().join("state")).expect("a directory");
    let ended = orgstream(dir.path(), &["status", "f.yaml"]).expect_code(1);
    assert!(ended.stderr.contains("no run has left its status"), "{}", ended.stderr);
    let ended = orgstream(dir.path(), &["status", "--state", "elsewhere", "--json"]).expect_code(1);
    let answer: Json = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(answer["running"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_org_that_refuses_connections_is_shown_with_the_cause_and_the_key_of_its_address() {
    let dir = with_file(GOOD);
    let running = Running::start(dir.path(), &["run", "f.yaml"]);
    running.warns("An org does not answer").await;
    let status = orgstream(dir.path(), &["status", "f.yaml"]).expect_code(0).stdout;
    let log = running.terminate().await.expect_code(0).stderr;
    let last = orgstream(dir.path(), &["status", "f.yaml"]).expect_code(1);
    let ended = ["; process ", " ended at ", "`orgstream run f.yaml` starts it"];
    assert!(ended.iter().all(|said| last.stderr.contains(said)), "{}", last.stderr);
    assert!(last.stdout.contains("crm-source-0"), "{}", last.stdout);
    let other = "  b: { url: 'http://127.0.0.1:10', auth: { flow: client_credentials, client_id: x, client_secret: y } }";
    let text = GOOD
        .replace("\nkafka", &format!("\n{other}\nkafka"))
        .replace("objects: { Account: }", "sink: { org: b }, objects: { Account: { external_id: X__c } }");
    std::fs::write(dir.path().join("g.yaml"), text).expect("the file is written");
    let verify = orgstream(dir.path(), &["verify", "g.yaml"]).expect_code(1).stderr;
    for shown in [status, log.lines().next().unwrap_or_default().to_owned(), verify] {
        for words in ["Connection refused", "orgs.a.url"] {
            assert_eq!(shown.matches(words).count(), 1, "{words} in\n{shown}");
        }
    }
}

#[tokio::test]
async fn a_sandbox_says_first_where_it_is_and_ends_on_sigterm() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["sandbox", "--port", "0"])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.next_line().await.expect("a line").expect("not the end");
    let said: Json = serde_json::from_str(&line).expect("JSON");
    for key in [
        "login_url",
        "username",
        "password",
        "security_token",
        "client_id",
        "client_secret",
        "private_key_file",
    ] {
        assert!(said[key].is_string(), "{key} in {said}");
    }
    let versions = format!("{}/services/data", said["login_url"].as_str().expect("text"));
    assert!(reqwest::get(versions).await.expect("the org answers").status().is_success());
    let pid = i32::try_from(child.id().expect("it runs")).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be signalled");
    assert_eq!(child.wait().await.expect("it ends").code(), Some(0));
}

#[tokio::test]
async fn a_broker_says_first_where_it_is_and_ends_on_sigterm() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().to_str().expect("UTF-8");
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["broker", "--port", "0", "--data", data])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.next_line().await.expect("a line").expect("not the end");
    let said: Json = serde_json::from_str(&line).expect("JSON");
    let address = said["bootstrap_servers"].as_str().expect("text");
    // It takes connections as soon as it says so.
    let connection = tokio::net::TcpStream::connect(address).await;
    connection.expect("the broker listens");
    // What is taken is said in one line.
    let port = address.rsplit_once(':').expect("a port").1;
    for (arguments, culprit) in
        [(&["broker", "--port", port][..], address), (&["broker", "--port", "0", "--data", data], data)]
    {
        let ended = orgstream(dir.path(), arguments).expect_code(1);
        let errors: Vec<_> = ended.stderr.lines().filter(|line| line.contains(culprit)).collect();
        assert_eq!(errors.len(), 1, "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    let pid = i32::try_from(child.id().expect("it runs")).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be signalled");
    assert_eq!(child.wait().await.expect("it ends").code(), Some(0));
}

#[tokio::test]
async fn a_process_whose_standard_error_nobody_reads_ends_on_sigterm() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .args(["sandbox", "--port", "0"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    lines.next_line().await.expect("a line").expect("not the end");
    drop(child.stderr.take());
    let pid = i32::try_from(child.id().expect("it runs")).expect("a pid");
    let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be signalled");
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), child.wait()).await;
    assert_eq!(ended.expect("it ends").expect("it is waited for").code(), Some(0));
}
