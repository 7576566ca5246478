//! The examples of test suites that use the simulator run as `docs/SIMULATOR.md` says.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::path::Path;
use std::process::Stdio;

use crate::support::peer_install;

/// Runs a suite in its folder, against the binary of these tests.
async fn suite(mut command: tokio::process::Command, folder: &str) {
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/simulator").join(folder));
    command.env("ORGSTREAM", env!("CARGO_BIN_EXE_orgstream")).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_example_for_pytest_passes() {
    let Some(python) = peer_install("salesforce/python/install.sh") else { return };
    let mut command = tokio::process::Command::new(python);
    command.args(["-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]);
    suite(command, "python").await;
}

#[tokio::test]
async fn the_example_for_node_passes() {
    let Some(modules) = peer_install("salesforce/node/install.sh") else { return };
    let mut command = tokio::process::Command::new("node");
    command.args(["--test"]).env("NODE_PATH", modules);
    suite(command, "node").await;
}
