//! `orgstream dev`, as a script sees it.

use std::path::Path;

use rustix::process::Signal;

use crate::support::{OnTerminal, Running};

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_with_0_when_org_b_shows_everything() {
    let dir = tempfile::tempdir().expect("a directory");
    let ended =
        Running::start(dir.path(), &["dev", "--once", "--records", "200"]).finish().await.expect_code(0);
    assert!(ended.stdout.ends_with("\n0 difference(s)\n"), "{}", ended.stdout);
    assert_eq!(std::fs::read_dir(dir.path()).expect("the directory").count(), 0, "nothing stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_leaves_no_difference() {
    let dir = tempfile::tempdir().expect("a directory");
    let arguments = ["dev", "--once", "--records", "400", "--faults"];
    let ended = Running::start(dir.path(), &arguments).finish().await.expect_code(0);
    for trouble in ["UNABLE_TO_LOCK_ROW", "sessions", "cuts the connection", "is down", "org b expire"] {
        let made = |line: &str| line.contains("On purpose: ") && line.contains(trouble);
        assert!(ended.stderr.lines().any(made), "{trouble}: {}", ended.stderr);
    }
    assert!(ended.stdout.ends_with("\n0 difference(s)\n"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_goes_on() {
    let dir = tempfile::tempdir().expect("a directory");
    let arguments = ["dev", "--once", "--records", "100", "--keep", "kept"];
    for accounts in ["Account: 27 and 27", "Account: 29 and 29"] {
        let ended = Running::start(dir.path(), &arguments).finish().await.expect_code(0);
        assert!(ended.stdout.contains(accounts), "{}", ended.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_it_prints_lines_until_it_is_stopped() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut running = Running::start(dir.path(), &["dev", "--records", "2000", "--keep", "kept"]);
    // Stopped in the middle of the snapshot or behind it, it ends in order.
    running.says("curl -s").await;
    assert!(running.alive());
    let ended = running.terminate().await.expect_code(0);
    assert!(ended.stdout.contains("Stopped in order: "), "{}", ended.stdout);
    let arguments = ["dev", "--once", "--keep", "kept"];
    Running::start(dir.path(), &arguments).finish().await.expect_code(0);
}

/// A directory to keep, with a file of its own.
fn kept(dir: &Path, source: &str, org_b: &str) {
    let kept = dir.join("kept");
    std::fs::create_dir(&kept).expect("a directory");
    let file = format!(
        "\
orgs:
  a: {{ sandbox: {{ records: 60 }} }}
  b: {{ sandbox: {org_b} }}
pipelines:
  crm:
    source: {source}
    sink: {{ org: b }}
    objects:
      Lead: {{ external_id: OrgA_Id__c }}
"
    );
    std::fs::write(kept.join("dev.yaml"), file).expect("the file is written");
}

/// Leads without this field are refused in org B.
const DEMANDING: &str = "\
objects:
  Lead:
    - { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
    - { name: Needed__c, type: string, label: Needed, length: 18, flags: [create, update] }
";

#[tokio::test(flavor = "multi_thread")]
async fn the_user_begins_although_org_b_never_holds_what_org_a_holds() {
    let dir = tempfile::tempdir().expect("a directory");
    // What was there before is never read.
    kept(dir.path(), "{ org: a, topic: 'a.${object}', start: latest }", "{}");
    let running = Running::start(dir.path(), &["dev", "--keep", "kept"]);
    running.says(" | user: ").await;
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_tells_what_was_rejected_and_does_not_wait_for_it() {
    let dir = tempfile::tempdir().expect("a directory");
    kept(dir.path(), "{ org: a, topic: 'a.${object}' }", "{ objects: demanding.yaml }");
    std::fs::write(dir.path().join("kept/demanding.yaml"), DEMANDING).expect("the file is written");
    let ended =
        Running::start(dir.path(), &["dev", "--once", "--keep", "kept"]).finish().await.expect_code(1);
    assert!(ended.stdout.contains(", but for "), "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing moves any more"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_reads_its_lines_any_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut running = Running::start(dir.path(), &["dev"]);
    running.says("The log is ").await;
    running.close_stdout().await;
    running.finish().await.expect_code(0);
    assert_eq!(std::fs::read_dir(dir.path()).expect("the directory").count(), 0, "nothing stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_terminal_stops_it_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let running = Running::start(dir.path(), &["dev"]);
    running.says(" | ").await;
    let ended = running.signal(Signal::HUP).await.expect_code(0);
    assert!(ended.stdout.contains("Stopped in order: "), "{}", ended.stdout);
    assert_eq!(std::fs::read_dir(dir.path()).expect("the directory").count(), 0, "nothing stays behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_leaves_its_log_and_says_where() {
    let dir = tempfile::tempdir().expect("a directory");
    // A directory that takes the place of the file of secrets.
    std::fs::create_dir_all(dir.path().join("kept/env/x")).expect("a directory");
    let ended = Running::start(dir.path(), &["dev", "--keep", "kept"]).finish().await.expect_code(1);
    assert!(ended.stderr.contains("kept/orgstream.log\n"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_ctrl_c_ends_the_view_and_gives_the_terminal_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut terminal = OnTerminal::start(dir.path(), &["dev"]);
    terminal.shows("every change follows").await;
    terminal.press(b"\x03");
    let (status, shown) = terminal.finish().await;
    assert_eq!(status.code(), Some(0), "{shown}");
    let (_, after) = shown.rsplit_once("\x1b[?1049l").expect("the screen of before comes back");
    assert!(after.contains("Stopping in order; Ctrl-C"), "{after}");
    assert!(after.contains("Stopped in order: "), "{after}");
    assert_eq!(std::fs::read_dir(dir.path()).expect("the directory").count(), 0, "nothing stays behind");
}
