//! `orgstream dev`, as a script sees it.

use std::time::Duration;

use crate::support::Running;

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
    assert!(ended.stderr.contains("On purpose: "), "{}", ended.stderr);
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
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(running.alive());
    let ended = running.terminate().await.expect_code(0);
    assert!(ended.stdout.contains("curl -s"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Stopped in order: "), "{}", ended.stdout);
    let arguments = ["dev", "--once", "--keep", "kept"];
    Running::start(dir.path(), &arguments).finish().await.expect_code(0);
}
