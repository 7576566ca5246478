//! The data file.

use std::io::Write as _;
use std::time::Duration;

use serde_json::json;

use super::client::Client;
use super::streaming::{Stream, topic};
use crate::{Org, SimulatorError};

#[tokio::test]
async fn an_org_with_a_data_file_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let start = || Org::builder().name("kept").data_file(&file).start();
    let org = start().await.unwrap();
    let (id, credentials) = (org.id().to_owned(), org.credentials().clone());
    let client = Client::login(&org).await;
    topic(&client, "Accounts", "SELECT Id, Name FROM Account", json!({})).await;
    let account = client.create("Account", json!({"Name": "Parent", "AnnualRevenue": 2})).await;
    let contact = client
        .create("Contact", json!({"LastName": "x", "AccountId": account, "Birthdate": "1990-01-02"}))
        .await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    org.advance(Duration::from_mins(1));
    let last = org.last_replay_id();
    org.stop().await;
    // A kill in the middle of a write leaves a line without an end.
    std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"commit\":{\"ro").unwrap();

    let org = start().await.unwrap();
    assert_eq!(
        (org.id(), org.credentials().client_secret.as_str()),
        (id.as_str(), credentials.client_secret.as_str())
    );
    assert_eq!((org.count("Account"), org.count("Contact"), org.last_replay_id()), (0, 0, last));
    let client = Client::login(&org).await;
    let (_, stream) = Stream::open(&client, "/topic/Accounts", -2).await;
    assert_eq!(stream.kinds(2).await, ["created", "deleted"]);
    assert_eq!(client.undelete(&[&account]).await, [""]);
    let (_, back) = client.get(&format!("sobjects/Contact/{contact}")).await;
    assert_eq!((&back["AccountId"], &back["Birthdate"]), (&json!(account), &json!("1990-01-02")));
    assert!(client.create("Account", json!({"Name": "new"})).await > account, "ids go on where they were");
    assert!(org.last_replay_id() > last);
}

#[tokio::test]
async fn a_file_that_is_cut_off_in_what_was_there_at_the_start_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let start = || Org::builder().name("cut").data_file(&file).records(20).start();
    start().await.unwrap().stop().await;
    let whole = std::fs::read(&file).unwrap();
    for left in [whole.len() - 1, whole.len() / 2, 10] {
        std::fs::write(&file, &whole[..left]).unwrap();
        let refused = start().await.unwrap_err();
        assert!(matches!(refused, SimulatorError::Damaged { .. }), "{left}: {refused}");
        assert_eq!(std::fs::read(&file).unwrap(), &whole[..left]);
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(start().await.unwrap().count("Account"), 5);
}

#[tokio::test]
async fn a_byte_that_is_another_refuses_the_start_and_the_file_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let start = || Org::builder().name("flipped").data_file(&file).records(20).start();
    let org = start().await.unwrap();
    Client::login(&org).await.create("Account", json!({"Name": "appended"})).await;
    org.stop().await;
    let whole = std::fs::read(&file).unwrap();
    for at in [0, 9, 40, whole.len() / 3, whole.len() / 2, whole.len() - 12, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        std::fs::write(&file, &flipped).unwrap();
        let line = whole[..at].split(|byte| *byte == b'\n').count();
        let refused = start().await.unwrap_err().to_string();
        let parts =
            [file.display().to_string(), format!("damaged in line {line}:"), "move it away".to_owned()];
        assert!(parts.iter().all(|part| refused.contains(part)), "{at}: {refused}");
        assert_eq!(std::fs::read(&file).unwrap(), flipped);
    }
    std::fs::write(&file, &whole).unwrap();
    assert_eq!(start().await.unwrap().count("Account"), 6);
}

#[tokio::test]
async fn a_file_from_before_there_were_checksums_is_read_and_gets_them() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let start = || Org::builder().name("older").data_file(&file).records(20).start();
    let org = start().await.unwrap();
    let id = org.id().to_owned();
    org.stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let plain: Vec<&str> = text.lines().map(|line| line.split_once(' ').unwrap().1).collect();
    std::fs::write(&file, format!("{}\n", plain.join("\n"))).unwrap();
    let org = start().await.unwrap();
    assert_eq!((org.id(), org.count("Account")), (id.as_str(), 5));
    assert!(!std::fs::read_to_string(&file).unwrap().contains("\n{"));
}

#[tokio::test]
async fn what_was_acknowledged_is_in_the_file_at_that_moment() {
    let dir = tempfile::tempdir().unwrap();
    let (file, copy) = (dir.path().join("org.jsonl"), dir.path().join("copy.jsonl"));
    let org = Org::builder().name("killed").data_file(&file).start().await.unwrap();
    let client = Client::login(&org).await;
    client.create("Account", json!({"Name": "acknowledged"})).await;
    // A process killed now leaves this file.
    std::fs::copy(&file, &copy).unwrap();
    assert!(matches!(Org::builder().data_file(&file).start().await, Err(SimulatorError::InUse { .. })));
    let after = Org::builder().data_file(&copy).start().await.unwrap();
    assert_eq!(after.rows("Account"), org.rows("Account"));
}

#[tokio::test]
async fn a_damaged_data_file_is_named_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("org.jsonl");
    let start = || Org::builder().name("damaged").data_file(&file).start();
    start().await.unwrap().stop().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let org = text.lines().next().unwrap().split_once(' ').unwrap().1;
    for (text, line) in [(format!("{org}\nnonsense\n"), 2), (format!("{{\"clock\":5}}\n{org}\n"), 1)] {
        std::fs::write(&file, &text).unwrap();
        let refused = start().await.unwrap_err();
        assert!(matches!(refused, SimulatorError::Damaged { line: at, .. } if at == line), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    }
}

#[tokio::test]
async fn a_seed_decides_the_ids_and_two_names_never_share_one() {
    let seeded = async |name: &str| {
        let org = Org::builder().name(name).seed(7).start().await.unwrap();
        let client = Client::login(&org).await;
        (org.id().to_owned(), client.create("Account", json!({"Name": "x"})).await)
    };
    let first = seeded("a").await;
    assert_eq!(first, seeded("a").await);
    let second = seeded("b").await;
    assert!(first.0 != second.0 && first.1 != second.1);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let org = Org::builder().start().await.unwrap();
    let port: u16 = org.url().rsplit(':').next().unwrap().parse().unwrap();
    let refused = Org::builder().port(port).start().await.unwrap_err().to_string();
    assert!(refused.contains(&port.to_string()), "{refused}");
    org.stop().await;
    Org::builder().port(port).start().await.unwrap();
}

#[tokio::test]
async fn forgotten_events_stay_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let start = || Org::builder().name("forget").data_file(dir.path().join("org.jsonl")).start();
    let org = start().await.unwrap();
    let client = Client::login(&org).await;
    topic(&client, "Accounts", "SELECT Id, Name FROM Account", json!({})).await;
    client.create("Account", json!({"Name": "old"})).await;
    let until = org.last_replay_id();
    client.create("Account", json!({"Name": "new"})).await;
    assert!(org.forget_events(until) >= 1);
    org.stop().await;
    let org = start().await.unwrap();
    assert_eq!(org.forget_events(until), 0, "they did not come back");
    let (_, stream) = Stream::open(&Client::login(&org).await, "/topic/Accounts", -2).await;
    assert_eq!(stream.kinds(1).await, ["created"]);
    let (refused, _) =
        Stream::open(&Client::login(&org).await, "/topic/Accounts", i64::try_from(until).unwrap()).await;
    assert!(refused["error"].as_str().unwrap().starts_with("400::The replayId"), "{refused}");
}
