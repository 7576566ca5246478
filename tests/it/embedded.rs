//! A file that leaves everything out: broker, registry and orgs run inside the process, and are kept.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use serde_json::{Value as Json, json};

use crate::support::{Finished, Running, eventually};

const FILE: &str = "\
orgs:
  a: { sandbox: { records: 120 } }
  b: { sandbox: {} }
pipelines:
  crm:
    source: { org: a, topic: 'a.${object}' }
    sink: { org: b }
    objects:
      Account: { external_id: OrgA_Id__c }
      Contact: { external_id: OrgA_Id__c }
      Lead: { external_id: OrgA_Id__c }
";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("f.yaml"), FILE).expect("the file is written");
        Self(dir)
    }

    fn start(&self, arguments: &[&str]) -> Running {
        Running::start(self.0.path(), arguments)
    }

    async fn run(&self, arguments: &[&str]) -> Finished {
        self.start(arguments).finish().await
    }

    async fn sync(&self) -> Json {
        let synced = self.run(&["run", "f.yaml", "--until-synced", "--quiet", "1s"]).await.expect_code(0);
        serde_json::from_str(synced.stdout.lines().next().expect("a first line")).expect("JSON")
    }
}

/// One call to a simulated org, logged in with what the process said.
async fn call(org: &Json, method: reqwest::Method, path: &str, body: Option<Json>) -> Json {
    let text = |key: &str| org[key].as_str().expect("text").to_owned();
    let url = text("login_url");
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_mins(1)).build().unwrap();
    let form = [
        ("grant_type", "client_credentials".to_owned()),
        ("client_id", text("client_id")),
        ("client_secret", text("client_secret")),
    ];
    let url = url.trim_end_matches('/');
    let token: Json = client
        .post(format!("{url}/services/oauth2/token"))
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let mut request = client
        .request(method, format!("{url}/services/data/v62.0{path}"))
        .bearer_auth(token["access_token"].as_str().expect("a token"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_runs_inside_and_is_kept() {
    let place = Place::new();
    let said = place.sync().await;
    assert!(said["bootstrap_servers"].is_string() && said["schema_registry"].is_string(), "{said}");
    let verified = place.run(&["verify", "f.yaml"]).await.expect_code(0);
    assert!(verified.stdout.contains("Contact: 60 and 60 records"), "{}", verified.stdout);
    let again = place.sync().await;
    assert_eq!(again["bootstrap_servers"], said["bootstrap_servers"], "the same address at the next start");
    assert_eq!(again["orgs"]["a"]["client_id"], said["orgs"]["a"]["client_id"], "the same org");
    place.run(&["verify", "f.yaml"]).await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_can_join_in_while_it_runs_and_a_kill_loses_nothing() {
    let place = Place::new();
    let said = place.sync().await;
    let mut running = place.start(&["run", "f.yaml"]);
    let (a, b) = (&said["orgs"]["a"], &said["orgs"]["b"]);
    eventually_up(a).await;
    eventually_up(b).await;
    let made = call(
        a,
        reqwest::Method::POST,
        "/sobjects/Lead",
        Some(json!({ "LastName": "Joined", "Company": "In" })),
    )
    .await;
    let query =
        format!("/query?q=SELECT+LastName+FROM+Lead+WHERE+OrgA_Id__c='{}'", made["id"].as_str().unwrap());
    for _ in 0..600 {
        if call(b, reqwest::Method::GET, &query, None).await["totalSize"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let subjects: Json = reqwest::get(format!("{}/subjects", said["schema_registry"].as_str().unwrap()))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(subjects.as_array().unwrap().contains(&json!("a.Lead-value")), "{subjects}");
    let status = place.run(&["status", "f.yaml"]).await.expect_code(0);
    assert!(status.stdout.contains("embedded kafka: 127.0.0.1:"), "{}", status.stdout);
    let verified = place.run(&["verify", "f.yaml"]).await.expect_code(0);
    assert!(verified.stdout.contains("Lead: 31 and 31 records"), "{}", verified.stdout);
    eventually("it runs", || running.alive()).await;
    running.kill().await;
    place.sync().await;
    place.run(&["verify", "f.yaml"]).await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_has_less_than_the_state_knows_of_is_an_error_that_names_the_way_out() {
    let place = Place::new();
    place.sync().await;
    std::fs::remove_dir_all(place.0.path().join("state/kafka")).unwrap();
    let refused = place.run(&["run", "f.yaml"]).await.expect_code(1);
    for said in ["the embedded broker has lost records", "use a new `state` directory"] {
        assert!(refused.stderr.contains(said), "{}", refused.stderr);
    }
}

/// Cuts a file of the state directory to so many bytes.
fn cut(place: &Place, file: &str, length: u64) {
    let file = std::fs::File::options().write(true).open(place.0.path().join("state").join(file)).unwrap();
    file.set_len(length).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_cut_or_lost_a_file_is_said_to_be_damaged_with_what_to_do() {
    let place = Place::new();
    let running = place.start(&["run", "f.yaml"]);
    let status = async || place.run(&["status", "f.yaml"]).await.stdout;
    while !status().await.contains("delivered") {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    running.kill().await;
    let state = place.0.path().join("state");
    let kept = tempfile::tempdir().unwrap();
    let files = ["orgstream.db", "orgstream.db-wal"];
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in files {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    };
    copy(&state, kept.path());
    let refused = async |words: &str| {
        let ended = place.run(&["run", "f.yaml"]).await.expect_code(1);
        for said in [words, "damaged", "use a new `state` directory", "found again in the target org"] {
            assert!(ended.stderr.contains(said), "no `{said}` in\n{}", ended.stderr);
        }
    };
    // What a killed process wrote last lies in this file alone.
    cut(&place, "orgstream.db-wal", 0);
    refused("those up to").await;
    for file in files {
        std::fs::remove_file(state.join(file)).ok();
    }
    refused("knows the schema ids up to 0").await;

    copy(kept.path(), &state);
    place.sync().await;
    // Otherwise the journal still has what is cut off.
    let database = rusqlite::Connection::open(state.join("orgstream.db")).unwrap();
    let whole: i64 = database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, 0);
    drop(database);
    let length = std::fs::metadata(state.join("orgstream.db")).unwrap().len();
    cut(&place, "orgstream.db", length / 2);
    refused("state/orgstream.db").await;

    copy(kept.path(), &state);
    place.sync().await;
    place.run(&["verify", "f.yaml"]).await.expect_code(0);
}

async fn eventually_up(org: &Json) {
    let url = format!("{}/services/data", org["login_url"].as_str().expect("text"));
    for _ in 0..600 {
        if reqwest::get(&url).await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{url} never answers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_that_no_pipeline_has_is_refused() {
    let place = Place::new();
    let only_a_source =
        FILE.replace("    sink: { org: b }\n", "").replace("{ external_id: OrgA_Id__c }", "{}");
    std::fs::write(place.0.path().join("f.yaml"), only_a_source).expect("the file is written");
    let refused = place.run(&["run", "f.yaml", "--only", "sink"]).await.expect_code(78);
    assert!(refused.stderr.contains("no pipeline has a sink"), "{}", refused.stderr);
}
