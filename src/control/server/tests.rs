use std::collections::BTreeMap;
use std::os::unix::net::UnixListener as DeadListener;

use super::*;
use async_trait::async_trait;
use orgstream_api::Command;

use crate::control::{
    Answer, Answered, Confirmation, Kind, NotOrdered, PartitionLag, PipelineStatus, SnapshotOrder, State,
    TaskStatus, ask, order,
};

/// Takes the orders of one pipeline.
struct NoSource;

#[async_trait]
impl Orders for NoSource {
    async fn order(&self, pipeline: &str, command: Command) -> Result<(), NotOrdered> {
        match (pipeline, command) {
            ("crm", Command::Snapshot { filter: None, .. }) => Ok(()),
            ("crm", command) => Err(NotOrdered::Refused(format!("{command:?}"))),
            (other, _) => Err(NotOrdered::Unknown(format!("no {other}"))),
        }
    }
}

fn sample() -> Status {
    Status {
        node: "n".to_owned(),
        pid: 7,
        started: "2026-01-01T00:00:00.000Z".to_owned(),
        at: "2026-01-01T00:00:01.000Z".to_owned(),
        embedded: BTreeMap::from([("kafka".to_owned(), "127.0.0.1:9092".to_owned())]),
        http: None,
        kafka_cluster: None,
        orgs: BTreeMap::new(),
        pipelines: vec![PipelineStatus::of(
            "crm".to_owned(),
            vec![TaskStatus {
                reason: Some("org b: maintenance".to_owned()),
                lag: vec![PartitionLag { topic: "a.Account".to_owned(), partition: 3, settled: 10, end: 12 }],
                lag_at: Some("2026-01-01T00:00:00.500Z".to_owned()),
                owed: 1,
                rejected: 2,
                skipped: BTreeMap::from([("stale".to_owned(), 3)]),
                fields_left_out: BTreeMap::from([(
                    "Account".to_owned(),
                    BTreeMap::from([("Fax".to_owned(), "ignored".to_owned())]),
                )]),
                rate_in: 0.5,
                rate_out: 0.25,
                ..TaskStatus::new("crm-sink-0", Kind::Sink, State::Degraded, "2026-01-01T00:00:00.000Z")
            }],
        )],
    }
}

#[tokio::test]
async fn nobody_else_may_connect_even_where_the_directory_is_open_to_all() {
    let state = tempfile::tempdir().unwrap();
    std::fs::set_permissions(state.path(), Permissions::from_mode(0o777)).unwrap();
    let held = StateDir::open(state.path()).unwrap();
    let server = ControlServer::bind(&held).unwrap();
    let mode = std::fs::metadata(&server.files.path.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

async fn serve_and_ask(state: &Path) {
    let held = StateDir::open(state).unwrap();
    let server = ControlServer::bind(&held).unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(server.serve(Arc::new(sample), Arc::new(NoSource), stop.clone()));
    assert_eq!(ask(state).await.unwrap(), Answer::Running(sample()));
    take_orders(state).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(ask(state).await.unwrap(), Answer::NotRunning(Some(sample())));
    assert!(SocketPath::find(state).unwrap().is_none(), "nothing stays behind");
}

#[tokio::test]
async fn a_process_answers_and_leaves_its_last_status() {
    let dir = tempfile::tempdir().unwrap();
    serve_and_ask(&dir.path().join("state")).await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_served_from_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("x".repeat(120));
    let held = StateDir::open(&state).unwrap();
    let server = ControlServer::bind(&held).unwrap();
    let socket = SocketPath::find(&state).unwrap().expect("the pointer names a socket");
    assert!(!socket.starts_with(&state), "{}", socket.display());
    drop((server, held));
    serve_and_ask(&state).await;
}

#[tokio::test]
async fn a_socket_that_a_killed_process_left_is_no_process_and_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let held = StateDir::open(&state).unwrap();
    drop(DeadListener::bind(state.join("control.sock")).unwrap());
    assert_eq!(ask(&state).await.unwrap(), Answer::NotRunning(None));
    drop(held);
    serve_and_ask(&state).await;
}

#[tokio::test]
async fn a_directory_that_does_not_exist_runs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let answer = ask(&dir.path().join("none")).await.unwrap();
    assert_eq!(answer, Answer::NotRunning(None));
}

#[tokio::test]
async fn a_process_that_does_not_answer_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let held = StateDir::open(dir.path()).unwrap();
    let _deaf = DeadListener::bind(held.path().join("control.sock")).unwrap();
    let error = ask(dir.path()).await.unwrap_err().to_string();
    let pid = std::process::id();
    for words in [format!("process {pid} holds"), "does not answer".to_owned(), format!("kill -CONT {pid}")] {
        assert!(error.contains(&words), "{error}");
    }
}

#[tokio::test]
async fn a_process_that_ends_before_it_answers_is_none_and_leaves_an_order_in_doubt() {
    let dir = tempfile::tempdir().unwrap();
    let _held = StateDir::open(dir.path()).unwrap();
    let socket = dir.path().join("control.sock");
    for ordered in [false, true] {
        std::fs::remove_file(&socket).ok();
        let listener = DeadListener::bind(&socket).unwrap();
        let dying = std::thread::spawn(move || {
            let (asked, _) = listener.accept().unwrap();
            drop(listener);
            // The question is read, as by a process that is about to answer.
            std::io::Read::read(&mut &asked, &mut [0; 1_024]).unwrap();
        });
        if ordered {
            let wanted = SnapshotOrder { object: "Lead".to_owned(), filter: None };
            let error = order(dir.path(), "crm", "snapshots", &wanted).await.unwrap_err().to_string();
            assert!(error.contains("ended before it answered") && error.contains("give it again"), "{error}");
        } else {
            assert_eq!(ask(dir.path()).await.unwrap(), Answer::NotRunning(None));
        }
        dying.join().unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_leaves_no_half_status() {
    let dir = tempfile::tempdir().unwrap();
    let held = StateDir::open(dir.path()).unwrap();
    std::os::unix::fs::symlink("/dev/full", dir.path().join(ASIDE)).unwrap();
    let server = ControlServer::bind(&held).unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    let error = server.serve(Arc::new(sample), Arc::new(NoSource), stop).await.unwrap_err();
    assert!(error.to_string().contains("status.json"), "{error}");
    assert_eq!(ask(dir.path()).await.unwrap(), Answer::NotRunning(None));
    assert!(!dir.path().join(LAST).exists() && !dir.path().join(ASIDE).exists());
}

async fn take_orders(state: &Path) {
    let wanted =
        |filter: Option<&str>| SnapshotOrder { object: "Lead".to_owned(), filter: filter.map(str::to_owned) };
    let Answered::Accepted(accepted) = order(state, "crm", "snapshots", &wanted(None)).await.unwrap() else {
        panic!("the order is accepted")
    };
    assert_eq!(accepted.order.unwrap().len(), 8);
    let refused = order(state, "crm", "snapshots", &wanted(Some("A = 1"))).await.unwrap();
    assert!(matches!(&refused, Answered::Refused(why) if why.contains("A = 1")), "{refused:?}");
    let confirmation = Confirmation { object: "Lead".to_owned(), gap: 3 };
    let refused = order(state, "crm", "gaps/confirm", &confirmation).await.unwrap();
    assert!(matches!(&refused, Answered::Refused(why) if why.contains("gap: 3")), "{refused:?}");
    let unknown = order(state, "a/b", "snapshots", &wanted(None)).await.unwrap();
    assert_eq!(unknown, Answered::Refused("no a/b".to_owned()));
}
