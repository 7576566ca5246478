//! The HTTP server of a process that runs: figures, health, Kafka Connect's reading endpoints, and who may ask.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be has failed, which is all there is to say"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use orgstream::http::metrics::families::{ALL, Family};
use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::support::{Kind, Link, OwnBroker, Running, World, eventually, peer_install, run_script};

/// Asks one server.
struct Asker {
    http: Client,
    url: String,
}

impl Asker {
    /// The server of the process of `link`, as its status names it.
    async fn of(link: &Link) -> Self {
        for _ in 0..600 {
            let status = link.command(&["status", "orgstream.yaml", "--json"]).finish().await;
            let said: Json = serde_json::from_str(&status.stdout).unwrap_or_default();
            if let Some(url) = said["status"]["http"].as_str().filter(|_| said["running"] == true) {
                return Self::at(url);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the process never runs");
    }

    fn at(url: &str) -> Self {
        let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { http, url: url.to_owned() }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    async fn text(&self, path: &str) -> String {
        self.get(path).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }

    async fn json(&self, path: &str) -> Json {
        self.get(path).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    async fn answer(&self, path: &str) -> (StatusCode, Json) {
        read(self.get(path).send().await.unwrap()).await
    }

    /// Waits until a path answers so; the last answer's body.
    async fn until(&self, path: &str, what: &str, holds: impl Fn(StatusCode, &Json) -> bool) -> Json {
        let mut last = (StatusCode::OK, Json::Null);
        for _ in 0..1_800 {
            last = self.answer(path).await;
            if holds(last.0, &last.1) {
                return last.1;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{path} never says {what}: {} {}", last.0, last.1);
    }
}

async fn read(response: Response) -> (StatusCode, Json) {
    let status = response.status();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

/// Puts an HTTP server into the file.
fn add_http(link: &Link, keys: &str) {
    link.edit("state: ./state", &format!("state: ./state\nhttp: {{ listen: '127.0.0.1:0'{keys} }}"));
}

/// The samples of a page: name, labels, value.
fn samples(page: &str) -> Vec<(String, BTreeMap<String, String>, f64)> {
    let sample = |line: &str| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap();
        let pairs = labels.split("\",").filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (label, value) = pair.split_once("=\"").unwrap();
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        };
        (name.to_owned(), pairs.map(pair).collect(), value.parse().unwrap())
    };
    page.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

/// The sum of the samples of `name` that have all these labels.
fn sum(page: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
    let has = |known: &BTreeMap<String, String>| {
        labels.iter().all(|(label, value)| known.get(*label).is_some_and(|known| known == value))
    };
    samples(page).iter().filter(|(known, of, _)| known == name && has(of)).map(|(_, _, value)| value).sum()
}

/// The rows of `docs/METRICS.md`: name, type, labels.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/METRICS.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `orgstream_"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let labels = cells[3].split(',').map(|label| label.trim().trim_matches('`').to_owned());
        let labels = labels.filter(|label| !label.is_empty()).collect();
        (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels))
    };
    rows.map(row).collect()
}

/// Prometheus' own parser finds every sample, and a help and a type for each.
async fn as_prometheus_reads_it(asker: &Asker, page: &str) {
    let Some(python) = peer_install("prometheus/install.sh") else { return };
    let url = format!("{}/metrics", asker.url);
    let read: Json =
        serde_json::from_str(&run_script(&python, &["prometheus/read_metrics.py", &url], &[]).await).unwrap();
    assert_eq!(read["undocumented"], json!([]), "{read}");
    assert!(read["content_type"].as_str().unwrap().starts_with("text/plain; version=0.0.4"), "{read}");
    assert_eq!(read["types"].as_object().unwrap().len(), ALL.len(), "{read}");
    assert!(read["types"].as_object().unwrap().values().all(|kind| kind != "unknown"), "{read}");
    // Nothing has happened since the page was read but what is counted in lines that are there.
    assert!(read["samples"].as_u64() >= Some(samples(page).len() as u64), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_run_are_those_of_the_page_and_count_what_happened() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, "");
    let refused = Effect::RecordError {
        code: "FIELD_CUSTOM_VALIDATION_EXCEPTION".to_owned(),
        message: "on demand".to_owned(),
    };
    world.b.faults().add(Fault::new(CallKind::Write, refused).containing("Poison"));
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    let is_live = |_, said: &Json| said["pipelines"][0]["tasks"][0]["flow"]["flow"] == "live";
    asker.until("/status", "live", is_live).await;
    for name in ["One", "Two", "Poison"] {
        world.in_a.create("Lead", json!({ "LastName": name, "Company": "Acme" })).await;
    }
    eventually("two leads arrive", || world.b.count("Lead") == 2).await;
    let is_settled = |page: &str| {
        sum(page, "orgstream_sink_dead_letters_total", &[]) >= 1.0
            && sum(page, "orgstream_sink_lag", &[]) == 0.0
    };
    let mut page = asker.text("/metrics").await;
    for _ in 0..600 {
        if is_settled(&page) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        page = asker.text("/metrics").await;
    }
    assert!(is_settled(&page), "{page}");

    as_prometheus_reads_it(&asker, &page).await;

    // What is served is what is documented, both ways, with the same types and labels.
    let documented = documented();
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let served: BTreeMap<_, _> = types.map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(served.keys().copied().collect::<Vec<_>>(), documented.keys().collect::<Vec<_>>());
    for (name, kind) in &served {
        assert_eq!(documented[*name].0, *kind, "{name}");
    }
    let mut seen = BTreeSet::new();
    for (name, labels, _) in samples(&page) {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let family = family.filter(|family| served.get(family) == Some(&"histogram")).unwrap_or(&name);
        let labels: BTreeSet<String> = labels.into_keys().filter(|label| label != "le").collect();
        assert_eq!(documented[family].1, labels, "{name}");
        seen.insert(family.to_owned());
    }
    let lacking: Vec<_> =
        ALL.iter().map(|Family { name, .. }| *name).filter(|name| !seen.contains(*name)).collect();
    // What only a gap, a snapshot under way, and something that waits have a sample of.
    assert_eq!(
        lacking,
        [
            "orgstream_source_gaps",
            "orgstream_source_snapshot_rows",
            "orgstream_source_snapshot_rows_expected",
            "orgstream_sink_skipped_total",
            "orgstream_sink_owed_oldest_age_seconds",
            "orgstream_sink_parked_oldest_age_seconds",
            "orgstream_org_allowance_used",
            "orgstream_org_allowance_max"
        ]
        .into_iter()
        .filter(|name| !seen.contains(*name))
        .collect::<Vec<_>>()
    );

    let pipeline = [("pipeline", world.pipeline.as_str())];
    assert!(sum(&page, "orgstream_source_records_total", &pipeline) >= 3.0, "{page}");
    assert!(sum(&page, "orgstream_source_bytes_total", &pipeline) > 300.0, "{page}");
    assert!(sum(&page, "orgstream_source_latency_seconds_count", &pipeline) >= 3.0, "{page}");
    assert!(sum(&page, "orgstream_sink_records_total", &pipeline) >= 3.0, "{page}");
    assert!(sum(&page, "orgstream_sink_delivered_total", &pipeline) >= 2.0, "{page}");
    let code = [("code", "FIELD_CUSTOM_VALIDATION_EXCEPTION")];
    assert!(sum(&page, "orgstream_sink_rejected_total", &code) >= 1.0, "{page}");
    let writes = [("org", "b"), ("kind", "write"), ("outcome", "answered")];
    assert!(sum(&page, "orgstream_org_calls_total", &writes) >= 1.0, "{page}");
    assert!(sum(&page, "orgstream_org_sent_bytes_total", &[("org", "b")]) > 0.0, "{page}");
    assert!(sum(&page, "orgstream_org_received_bytes_total", &[("org", "a")]) > 0.0, "{page}");
    let granted = [("org", "b"), ("outcome", "granted")];
    assert!(sum(&page, "orgstream_org_logins_total", &granted) >= 1.0, "{page}");
    let live = [pipeline[0], ("flow", "live")];
    assert!(sum(&page, "orgstream_source_flow", &live) > 0.0, "{page}");
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_turns_red_when_an_org_is_away_for_long_and_green_when_it_is_back() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, ", unhealthy_after: 2s");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    asker.until("/ready", "200", |status, _| status == StatusCode::OK).await;
    asker.until("/health", "healthy", |_, said| said["status"] == "healthy").await;
    let outage = world.b.faults().take_down();
    world.in_a.create("Lead", json!({ "LastName": "During", "Company": "Acme" })).await;
    let red = |status, _: &Json| status == StatusCode::SERVICE_UNAVAILABLE;
    let said = asker.until("/health", "503", red).await;
    assert_eq!(said["status"], "unhealthy", "{said}");
    let trouble = &said["troubles"][0];
    assert_eq!(trouble["task"], format!("{}-sink-0", world.pipeline), "{said}");
    assert_eq!(trouble["what"], "degraded", "{said}");
    assert!(trouble["since"].as_str().is_some_and(|since| since.ends_with('Z')), "{said}");
    assert!(!trouble["reason"].as_str().unwrap_or_default().is_empty(), "{said}");
    asker.until("/ready", "503", red).await;
    assert_eq!(asker.answer("/live").await.0, StatusCode::OK, "a restart would not help");
    let page = asker.text("/metrics").await;
    assert!(page.contains("\norgstream_healthy 0\n"), "{page}");
    assert!(page.contains("\norgstream_org_available{org=\"b\"} 0\n"), "{page}");
    assert!(world.b.faults().remove(outage));
    asker
        .until("/health", "healthy", |status, said| status == StatusCode::OK && said["status"] == "healthy")
        .await;
    asker.until("/ready", "200", |status, _| status == StatusCode::OK).await;
    assert!(asker.text("/metrics").await.contains("\norgstream_healthy 1\n"));
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_turns_red_when_kafka_is_away_for_long() {
    let mut broker = OwnBroker::start(Kind::Embedded);
    let Some(world) = World::builder().embedded().kafka(broker.address()).build().await else { return };
    add_http(&world, ", unhealthy_after: 2s");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    asker.until("/health", "healthy", |_, said| said["status"] == "healthy").await;
    broker.kill();
    world.in_a.create("Lead", json!({ "LastName": "During", "Company": "Acme" })).await;
    asker.until("/health", "503", |status, _| status == StatusCode::SERVICE_UNAVAILABLE).await;
    broker.start_again();
    asker
        .until("/health", "healthy", |status, said| status == StatusCode::OK && said["status"] == "healthy")
        .await;
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_knows_the_credentials_is_answered_and_probes_see_only_the_word() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, ", auth: { basic: { ann: pass-word-1 }, bearer: { p: t0ken-1 } }");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    for (path, probe) in [
        ("/live", true),
        ("/health", true),
        ("/ready", true),
        ("/metrics", false),
        ("/status", false),
        ("/connectors", false),
        ("/nothing", false),
    ] {
        let response = asker.get(path).send().await.unwrap();
        assert_eq!(response.status() == StatusCode::UNAUTHORIZED, !probe, "{path}");
        if !probe {
            let ways: Vec<_> = response.headers().get_all("www-authenticate").iter().cloned().collect();
            assert_eq!(ways, ["Basic realm=\"orgstream\"", "Bearer"]);
            let (_, said) = read(response).await;
            assert_eq!(said["error_code"], 401, "{path}: {said}");
        }
    }
    let (_, said) = asker.answer("/health").await;
    assert_eq!((said.get("troubles"), &said["message"]), (None, &json!("")), "{said}");
    let known = [
        asker.get("/status").basic_auth("ann", Some("pass-word-1")),
        asker.get("/status").bearer_auth("t0ken-1"),
    ];
    for request in known {
        let (status, said) = read(request.send().await.unwrap()).await;
        assert_eq!((status, said["pid"].is_number()), (StatusCode::OK, true), "{said}");
    }
    let unknown = [
        asker.get("/live").basic_auth("ann", Some("pass-word-2")),
        asker.get("/status").basic_auth("bob", Some("pass-word-1")),
        asker.get("/status").basic_auth("ann", None::<&str>),
        asker.get("/status").bearer_auth("t0ken"),
        asker.get("/status").bearer_auth("pass-word-1"),
        asker.get("/status").header("authorization", "Digest x"),
        asker.get("/status").header("authorization", "Basic !"),
    ];
    for request in unknown {
        let (status, said) = read(request.send().await.unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{said}");
    }
    // Neither the status of the process nor its log shows them.
    let status = world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
    let ended = running.terminate().await.expect_code(0);
    for text in [status.stdout, ended.stdout, ended.stderr] {
        assert!(!text.contains("pass-word-1") && !text.contains("t0ken-1"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_certificate_speaks_https_only() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(world.dir.path().join("server.pem"), made.cert.pem()).unwrap();
    std::fs::write(world.dir.path().join("server.key"), made.signing_key.serialize_pem()).unwrap();
    add_http(&world, ", tls: { certificate: server.pem, key: server.key }");
    let running = world.run(&[]);
    let url = Asker::of(&world).await.url;
    let port = url.strip_prefix("https://127.0.0.1:").expect("HTTPS").to_owned();
    // One that never finishes its handshake holds up nobody.
    let _idle = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let certificate = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let http =
        Client::builder().tls_certs_only([certificate]).timeout(Duration::from_secs(30)).build().unwrap();
    let asker = Asker { http, url: format!("https://localhost:{port}") };
    assert_eq!(asker.answer("/live").await.0, StatusCode::OK);
    assert!(asker.text("/metrics").await.contains("orgstream_build_info"));
    let stranger = Asker::at(&asker.url);
    assert!(stranger.get("/live").send().await.is_err(), "nobody vouches for the certificate");
    let plain = Asker::at(&format!("http://localhost:{port}"));
    assert!(plain.get("/live").send().await.is_err(), "it is no plain HTTP");
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_and_an_open_address_without_credentials_end_the_start() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    world.edit("state: ./state", &format!("state: ./state\nhttp: {{ listen: '{address}' }}"));
    let ended = world.run(&[]).finish().await.expect_code(1);
    for words in [format!("cannot listen on {address}"), "http.listen".to_owned(), "in use".to_owned()] {
        assert!(ended.stderr.contains(&words), "{}", ended.stderr);
    }
    world.edit(&format!("listen: '{address}'"), "listen: '0.0.0.0:0'");
    let ended = world.run(&[]).finish().await.expect_code(78);
    assert!(
        ended.stderr.contains("http.listen: `0.0.0.0` is reached from other machines"),
        "{}",
        ended.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_only_this_machine_by_its_own_names_is_answered() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, "");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    // As a page in a browser that has made its own name mean this machine.
    let (status, said) =
        read(asker.get("/connectors").header("host", "evil.example").send().await.unwrap()).await;
    assert_eq!((status, &said["error_code"]), (StatusCode::FORBIDDEN, &json!(403)), "{said}");
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_are_shown_as_kafka_connect_shows_connectors() {
    let Some(world) = World::builder().embedded().partitions(2).build().await else { return };
    add_http(&world, "");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    world.in_a.create("Lead", json!({ "LastName": "One", "Company": "Acme" })).await;
    eventually("the lead arrives", || world.b.count("Lead") == 1).await;
    let (source, sink) = (format!("{}-source", world.pipeline), format!("{}-sink", world.pipeline));
    let server = asker.json("/").await;
    assert!(server["version"].is_string() && server["commit"].is_string(), "{server}");
    assert!(server["kafka_cluster_id"].is_string(), "{server}");
    assert_eq!(asker.json("/connectors").await, json!([sink, source]));

    let info = asker.json(&format!("/connectors/{sink}")).await;
    assert_eq!((&info["name"], &info["type"]), (&json!(sink), &json!("sink")), "{info}");
    assert_eq!(info["tasks"], json!([{ "connector": sink, "task": 0 }]), "{info}");
    let config = &info["config"];
    assert_eq!((&config["name"], &config["tasks.max"]), (&json!(sink), &json!("1")), "{info}");
    assert_eq!(
        (&config["sink.org"], &config["objects.Lead.external_id"]),
        (&json!("b"), &json!("OrgA_Id__c")),
        "{info}"
    );
    assert!(config.get("source.org").is_none(), "{info}");
    assert!(config.as_object().unwrap().values().all(Json::is_string), "{info}");
    assert_eq!(asker.json(&format!("/connectors/{sink}/config")).await, *config);
    assert_eq!(asker.json(&format!("/connectors/{source}/config")).await["source.org"], "a");

    let worker = asker.url.strip_prefix("http://").unwrap();
    let running_at = |name: &str| {
        json!({
            "name": name,
            "connector": { "state": "RUNNING", "worker_id": worker, "version": server["version"] },
            "tasks": [{ "id": 0, "state": "RUNNING", "worker_id": worker, "version": server["version"] }],
            "type": name.rsplit('-').next(),
        })
    };
    for name in [&source, &sink] {
        let status = asker
            .until(&format!("/connectors/{name}/status"), "running", |_, said| *said == running_at(name))
            .await;
        assert_eq!(asker.json(&format!("/connectors/{name}/tasks/0/status")).await, status["tasks"][0]);
    }
    let expanded = asker.json("/connectors?expand=status&expand=info&expand=other").await;
    assert_eq!(expanded[&sink], json!({ "status": running_at(&sink), "info": info }));
    assert_eq!(asker.json("/connectors?expand=info").await[&sink], json!({ "info": info }));

    let tasks = asker.json(&format!("/connectors/{source}/tasks")).await;
    assert_eq!(tasks[0]["id"], json!({ "connector": source, "task": 0 }), "{tasks}");
    assert!(tasks[0]["config"]["task.class"].is_string(), "{tasks}");
    let topics: Vec<String> = ["Account", "Contact", "Lead"].map(|object| world.topic(object)).into();
    for name in [&source, &sink] {
        assert_eq!(
            asker.json(&format!("/connectors/{name}/topics")).await,
            json!({ name.as_str(): { "topics": topics } })
        );
    }
    let offsets = asker.json(&format!("/connectors/{source}/offsets")).await;
    let offsets = offsets["offsets"].as_array().unwrap();
    let channel = offsets.iter().find(|offset| offset["partition"]["channel"].is_string());
    assert!(channel.is_some_and(|channel| channel["offset"].is_object()), "{offsets:?}");
    let path = format!("/connectors/{sink}/offsets");
    let of_leads = |said: &Json| {
        let offsets = said["offsets"].as_array().cloned().unwrap_or_default();
        let leads = offsets
            .into_iter()
            .filter(|offset| offset["partition"]["kafka_topic"] == json!(world.topic("Lead")));
        leads.filter_map(|offset| offset["offset"]["kafka_offset"].as_i64()).collect::<Vec<_>>()
    };
    asker.until(&path, "an offset", |_, said| of_leads(said).iter().any(|offset| *offset > 0)).await;

    let plugins = asker.json("/connector-plugins?connectorsOnly=true").await;
    let classes: Vec<_> = plugins.as_array().unwrap().iter().map(|plugin| &plugin["class"]).collect();
    assert!(classes.contains(&&config["connector.class"]), "{plugins}");
    let loggers = asker.json("/admin/loggers").await;
    assert_eq!(
        (&loggers["orgstream"]["level"], &loggers["root"]["level"]),
        (&json!("INFO"), &json!("WARN")),
        "{loggers}"
    );
    assert_eq!(asker.json("/admin/loggers/orgstream").await, loggers["orgstream"]);
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_and_what_is_not_done_is_said_in_kafka_connects_words() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, "");
    let running = world.run(&[]);
    let asker = Asker::of(&world).await;
    let sink = format!("{}-sink", world.pipeline);
    for (path, message) in [
        ("/connectors/x".to_owned(), "Connector x not found".to_owned()),
        ("/connectors/x/config".to_owned(), "Connector x not found".to_owned()),
        ("/connectors/x/tasks".to_owned(), "Connector x not found".to_owned()),
        ("/connectors/x/offsets".to_owned(), "Connector x not found".to_owned()),
        ("/connectors/x/status".to_owned(), "No status found for connector x".to_owned()),
        (format!("/connectors/{sink}/tasks/7/status"), format!("No status found for task {sink}-7")),
        (format!("/connectors/{sink}/tasks/a/status"), "HTTP 404 Not Found".to_owned()),
        ("/admin/loggers/x".to_owned(), "Logger x not found.".to_owned()),
        ("/nothing".to_owned(), "HTTP 404 Not Found".to_owned()),
    ] {
        let (status, said) = asker.answer(&path).await;
        assert_eq!(
            (status, said),
            (StatusCode::NOT_FOUND, json!({ "error_code": 404, "message": message })),
            "{path}"
        );
    }
    assert_eq!(asker.json("/connectors/x/topics").await, json!({ "x": { "topics": [] } }));
    let send = async |method: &str, path: &str| {
        let method: reqwest::Method = method.parse().unwrap();
        read(
            asker.http.request(method, format!("{}{path}", asker.url)).json(&json!({})).send().await.unwrap(),
        )
        .await
    };
    for (method, path) in [("PUT", "/config"), ("PATCH", "/config"), ("DELETE", "")] {
        let (status, said) = send(method, &format!("/connectors/{sink}{path}")).await;
        assert_eq!(
            (status, &said["error_code"]),
            (StatusCode::CONFLICT, &json!(409)),
            "{method} {path}: {said}"
        );
        let message = said["message"].as_str().unwrap();
        assert!(message.contains(&world.pipeline) && message.contains("orgstream.yaml"), "{said}");
        let (status, said) = send(method, &format!("/connectors/x{path}")).await;
        let expected = if (method, path) == ("PUT", "/config") { 400 } else { 404 };
        assert_eq!(
            (status.as_u16(), &said["error_code"]),
            (expected, &json!(expected)),
            "{method} {path}: {said}"
        );
    }
    let (status, said) = send("POST", "/connectors").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
    let (status, said) = send("GET", &format!("/connectors/{sink}/pause")).await;
    assert_eq!(
        (status, &said["message"]),
        (StatusCode::METHOD_NOT_ALLOWED, &json!("HTTP 405 Method Not Allowed"))
    );
    let (status, said) = send("DELETE", "/metrics").await;
    assert_eq!((status, &said["error_code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!(405)));
    running.terminate().await.expect_code(0);
}

/// Starts with a log in this form, until the server answers.
async fn logged(world: &World, arguments: &[&str]) -> Vec<String> {
    let running: Running = world.run(arguments);
    running.warns("HTTP server answers").await;
    let ended = running.terminate().await.expect_code(0);
    ended.stderr.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_the_form_that_the_file_or_the_command_line_asks_for() {
    let Some(world) = World::builder().embedded().build().await else { return };
    add_http(&world, "");
    for line in logged(&world, &["--log-format", "logfmt"]).await {
        assert!(line.starts_with("ts=20") && line.contains(" level=") && line.contains(" msg="), "{line}");
    }
    world.edit("state: ./state", "state: ./state\nlog: { format: json }");
    for line in logged(&world, &[]).await {
        let said: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            said["timestamp"].is_string() && said["level"].is_string() && said["message"].is_string(),
            "{said}"
        );
    }
    let pretty = logged(&world, &["--log-format", "pretty"]).await;
    assert!(pretty.iter().all(|line| serde_json::from_str::<Json>(line).is_err()), "{pretty:?}");
}
