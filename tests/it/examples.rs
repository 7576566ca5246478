//! The examples run as the README says: the script that starts everything, the files, the program that embeds.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::support::shared_peers;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `examples/sandbox.sh` while it runs.
struct Sandbox {
    child: Child,
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let child = Command::new(root().join("examples/sandbox.sh"))
            .arg(dir.path())
            .env("ORGSTREAM", env!("CARGO_BIN_EXE_orgstream"))
            .stdout(Stdio::null())
            .spawn()
            .expect("the script starts");
        let mut sandbox = Self { child, dir, variables: Vec::new() };
        let env = sandbox.dir.path().join("env");
        while !env.exists() {
            assert!(sandbox.child.try_wait().expect("it can be asked").is_none(), "the script has ended");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let text = std::fs::read_to_string(env).expect("the file is there");
        let pair = |line: &str| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        sandbox.variables = text.lines().map(|line| pair(line).expect("export NAME=VALUE")).collect();
        sandbox
    }

    fn variable(&self, name: &str) -> &str {
        let found = self.variables.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// Runs a program to its end with the variables set.
    async fn output(&self, program: &Path, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).envs(self.variables.clone()).current_dir(root()).kill_on_drop(true);
        let output = tokio::time::timeout(Duration::from_mins(4), command.output());
        output.await.expect("the program ends").expect("the program starts")
    }

    async fn orgstream(&self, arguments: &[&str]) -> Output {
        self.output(Path::new(env!("CARGO_BIN_EXE_orgstream")), arguments).await
    }

    /// A state directory of the test's own, so that nothing is left in the checkout.
    fn state(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("temporary paths are UTF-8").to_owned()
    }

    /// Calls an org (`A` or `B`) as a REST client.
    async fn send(&self, org: &str, method: Method, path: &str, body: Option<Json>) -> reqwest::Response {
        let url = self.variable(&format!("ORG_{org}_URL"));
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.variable(&format!("ORG_{org}_CLIENT_ID"))),
            ("client_secret", self.variable(&format!("ORG_{org}_CLIENT_SECRET"))),
        ];
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().expect("a client");
        let login =
            http.post(format!("{url}/services/oauth2/token")).form(&form).send().await.expect("a login");
        let login: Json = login.json().await.expect("JSON");
        let url = format!("{url}/services/data/v62.0{path}");
        let mut request =
            http.request(method, url).bearer_auth(login["access_token"].as_str().expect("a token"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    async fn create(&self, object: &str, fields: Json) -> String {
        let made = self.send("A", Method::POST, &format!("/sobjects/{object}"), Some(fields)).await;
        let made: Json = made.json().await.expect("JSON");
        made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
    }

    /// The rows of org B that a query finds.
    async fn rows(&self, soql: &str) -> Vec<Json> {
        let query = format!("/query?q={}", soql.replace(' ', "+"));
        let found: Json = self.send("B", Method::GET, &query, None).await.json().await.expect("JSON");
        found["records"].as_array().unwrap_or_else(|| panic!("{found}")).clone()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // SIGTERM, so that the script ends what it started.
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

#[track_caller]
fn expect_success(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "stdout:\n{}\nstderr:\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn embed() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_orgstream")).with_file_name("examples").join("embed");
    assert!(program.exists(), "run `cargo build --example embed` first");
    program
}

#[tokio::test]
async fn the_examples_replicate_between_the_orgs_of_the_script() {
    if shared_peers().is_none() {
        return;
    }
    let sandbox = Sandbox::start().await;
    let account = sandbox.create("Account", json!({ "Name": "Acme" })).await;
    sandbox.create("Contact", json!({ "LastName": "Ada", "AccountId": account })).await;

    let state = sandbox.state("org-to-org");
    let run = ["run", "examples/org-to-org.yaml", "--state", &state, "--until-synced", "--quiet", "1s"];
    expect_success(&sandbox.orgstream(&run).await);
    let verify = ["verify", "examples/org-to-org.yaml", "--state", &state];
    let report = expect_success(&sandbox.orgstream(&verify).await);
    assert!(report.ends_with("0 difference(s)\n"), "{report}");
    assert!(report.contains("OwnerId (refers to"), "{report}");
    let copies = sandbox.rows("SELECT Id, OrgA_Id__c FROM Account").await;
    assert_eq!(copies[0]["OrgA_Id__c"], json!(account), "{copies:?}");

    let copy = copies[0]["Id"].as_str().expect("an id");
    let path = format!("/sobjects/Account/{copy}");
    let changed = sandbox.send("B", Method::PATCH, &path, Some(json!({ "Name": "Other" }))).await;
    assert!(changed.status().is_success(), "{changed:?}");
    let differs = sandbox.orgstream(&verify).await;
    assert_eq!(differs.status.code(), Some(1));
    let report = String::from_utf8_lossy(&differs.stdout).into_owned();
    let line = format!("Account {account} {copy} Name: \"Acme\" | \"Other\"");
    assert!(report.contains(&line), "{line} is not in\n{report}");

    sandbox.create("Lead", json!({ "LastName": "Byron", "Company": "Acme" })).await;
    for half in ["source-only", "sink-only"] {
        let (file, state) = (format!("examples/{half}.yaml"), sandbox.state(half));
        let run = ["run", &file, "--state", &state, "--until-synced", "--quiet", "1s"];
        expect_success(&sandbox.orgstream(&run).await);
    }
    assert_eq!(sandbox.rows("SELECT Id FROM Lead WHERE LastName = 'Byron'").await.len(), 1);

    // The program that embeds takes the state directory that the file names, so the file is copied.
    let text = std::fs::read_to_string(root().join("examples/org-to-org.yaml")).expect("the file is there");
    let text = text.replace("../state/org-to-org", &state);
    let file = sandbox.dir.path().join("embed.yaml");
    std::fs::write(&file, text).expect("a file");
    sandbox.create("Account", json!({ "Name": "Embedded" })).await;
    expect_success(&sandbox.output(&embed(), &[file.to_str().expect("temporary paths are UTF-8")]).await);
    assert_eq!(sandbox.rows("SELECT Id FROM Account WHERE Name = 'Embedded'").await.len(), 1);
}
