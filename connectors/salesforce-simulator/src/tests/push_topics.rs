//! Which changes notify a PushTopic, and what a PushTopic may be.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, org};
use super::streaming::{Stream, error, topic};
use crate::Org;

/// Creates a PushTopic that must be accepted; answers its id.
async fn accepted(client: &Client, name: &str, query: &str, more: Json) -> String {
    let reply = topic(client, name, query, more).await;
    assert_eq!(reply["success"], true, "{query}: {reply}");
    reply["id"].as_str().unwrap().to_owned()
}

/// Type and one field of everything that a channel brings up to the event where that field is `end`.
async fn told(client: &Client, channel: &str, field: &str) -> Vec<(String, String)> {
    let (reply, stream) = Stream::open(client, channel, -2).await;
    assert_eq!(reply["successful"], true, "{reply}");
    let mut found = Vec::new();
    loop {
        for event in stream.events(1).await {
            let (kind, shown) = (&event["data"]["event"]["type"], &event["data"]["sobject"][field]);
            if shown == "end" {
                return found;
            }
            found.push((kind.as_str().unwrap().to_owned(), shown.as_str().unwrap_or("-").to_owned()));
        }
    }
}

/// An org whose connects end soon, so that nothing to tell is told soon.
async fn hasty(name: &str) -> Org {
    Org::builder().name(name).poll_hold(Duration::from_millis(50)).start().await.unwrap()
}

#[tokio::test]
async fn notify_for_fields_and_the_where_clause_decide_which_updates_are_told() {
    let org = org("matrix").await;
    let client = Client::login(&org).await;
    let query = "SELECT Id, Name FROM Account WHERE Rating IN ('Hot', 'Warm')";
    let kinds = ["All", "Referenced", "Select", "Where"];
    for kind in kinds {
        accepted(&client, kind, query, json!({"NotifyForFields": kind})).await;
    }
    let id = client.create("Account", json!({"Name": "0", "Rating": "Hot"})).await;
    let account = format!("sobjects/Account/{id}");
    // What is changed, the name then, and who is told: All, Referenced, Select, Where.
    let steps = [
        (json!({"Phone": "1"}), "0", [true, false, false, false]),
        (json!({"Name": "1"}), "1", [true, true, true, false]),
        (json!({"Rating": "Warm"}), "1", [true, true, false, true]),
        (json!({"Name": "2", "Rating": "Hot"}), "2", [true, true, true, true]),
        (json!({"Name": "2", "Rating": "Hot", "Phone": "1"}), "2", [false, false, false, false]),
        (json!({"Rating": "Cold"}), "2", [false, false, false, false]),
        (json!({"Name": "3"}), "3", [false, false, false, false]),
        (json!({"Rating": "Hot"}), "3", [true, true, false, true]),
    ];
    for (change, ..) in &steps {
        assert_eq!(client.patch(&account, change.clone()).await.0, 204);
    }
    client.delete(&account).await;
    client.undelete(&[&id]).await;
    client.create("Account", json!({"Name": "end", "Rating": "Hot"})).await;
    for (at, kind) in kinds.iter().enumerate() {
        let updates = steps.iter().filter(|(.., told)| told[at]).map(|(_, name, _)| ("updated", *name));
        let expected: Vec<(&str, &str)> = std::iter::once(("created", "0"))
            .chain(updates)
            .chain([("deleted", "-"), ("undeleted", "3")])
            .collect();
        let found = told(&client, &format!("/topic/{kind}"), "Name").await;
        let found: Vec<(&str, &str)> =
            found.iter().map(|(kind, name)| (kind.as_str(), name.as_str())).collect();
        assert_eq!(found, expected, "{kind}");
    }
}

#[tokio::test]
async fn each_operation_is_told_only_when_its_flag_is_set_and_its_row_matches() {
    let org = org("operations").await;
    let client = Client::login(&org).await;
    let flags = ["Create", "Update", "Delete", "Undelete"];
    let types = ["created", "updated", "deleted", "undeleted"];
    for flag in flags {
        let only = flags.map(|each| (format!("NotifyForOperation{each}"), json!(each == flag)));
        accepted(
            &client,
            flag,
            "SELECT Id, Name, Phone FROM Account WHERE Name != 'hidden'",
            Json::Object(only.into_iter().collect()),
        )
        .await;
    }
    for name in ["seen", "hidden"] {
        let id = client.create("Account", json!({"Name": name})).await;
        client.patch(&format!("sobjects/Account/{id}"), json!({"Phone": "1"})).await;
        client.delete(&format!("sobjects/Account/{id}")).await;
        client.undelete(&[&id]).await;
    }
    for (flag, kind) in flags.iter().zip(types) {
        let (_, stream) = Stream::open(&client, &format!("/topic/{flag}"), -2).await;
        assert_eq!(stream.kinds(1).await, [kind]);
    }
    let (_, rows) = client.get("query?q=SELECT+Name,NotifyForOperations+FROM+PushTopic+ORDER+BY+Id").await;
    let shown: Vec<&Json> =
        rows["records"].as_array().unwrap().iter().map(|row| &row["NotifyForOperations"]).collect();
    assert_eq!(shown, ["Create", "Update", "Extended", "Extended"]);
}

#[tokio::test]
async fn compound_fields_count_as_their_documents_say() {
    let org = org("compounds").await;
    let client = Client::login(&org).await;
    let table = [
        ("SELECT Id, Name FROM Contact", "Referenced", [true, false]),
        ("SELECT Id, Name, FirstName, LastName FROM Contact", "Select", [true, false]),
        ("SELECT Id, FirstName, LastName FROM Contact", "Referenced", [false, false]),
        ("SELECT Id, FirstName, MailingAddress FROM Contact", "Referenced", [false, false]),
        ("SELECT Id, FirstName, MailingAddress, MailingCity FROM Contact", "Select", [false, true]),
        ("SELECT Id, MailingCity, MailingStreet FROM Contact", "Referenced", [false, true]),
        ("SELECT Id, Email FROM Contact", "All", [true, true]),
    ];
    for (at, (query, notify, _)) in table.iter().enumerate() {
        accepted(&client, &format!("T{at}"), query, json!({"NotifyForFields": notify})).await;
    }
    let id = client.create("Contact", json!({"FirstName": "Ada", "LastName": "Low"})).await;
    client.patch(&format!("sobjects/Contact/{id}"), json!({"LastName": "Lovelace"})).await;
    client.patch(&format!("sobjects/Contact/{id}"), json!({"MailingCity": "London"})).await;
    client.delete(&format!("sobjects/Contact/{id}")).await;
    for (at, (query, _, [name, city])) in table.iter().enumerate() {
        let updates = usize::from(*name) + usize::from(*city);
        let (_, stream) = Stream::open(&client, &format!("/topic/T{at}"), -2).await;
        let kinds = stream.kinds(updates + 2).await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "updated").count(), updates, "{query}");
        assert_eq!(kinds.last().unwrap(), "deleted", "{query}");
    }
}

#[tokio::test]
async fn a_changed_topic_tells_by_its_new_query_at_once_and_a_renamed_one_goes_on_telling() {
    let org = hasty("edited").await;
    let client = Client::login(&org).await;
    let id = accepted(&client, "Before", "SELECT Id, Name FROM Account", json!({})).await;
    let (_, stream) = Stream::open(&client, "/topic/Before", -1).await;
    let path = format!("sobjects/PushTopic/{id}");
    let query = "SELECT Id, Name, Phone FROM Account WHERE Name LIKE 'x%'";
    assert_eq!(client.patch(&path, json!({"Query": query})).await.0, 204);
    client.create("Account", json!({"Name": "a"})).await;
    client.create("Account", json!({"Name": "x1", "Phone": "5"})).await;
    assert_eq!(stream.events(1).await[0]["data"]["sobject"]["Phone"], "5");

    assert_eq!(client.patch(&path, json!({"Name": "After"})).await.0, 204);
    client.create("Account", json!({"Name": "x2"})).await;
    let event = stream.events(1).await.remove(0);
    assert_eq!(
        (&event["channel"], &event["data"]["sobject"]["Name"]),
        (&json!("/topic/Before"), &json!("x2"))
    );
    let (reply, _) = Stream::open(&client, "/topic/Before", -1).await;
    assert_eq!(
        error(&reply),
        "400::The channel you requested to subscribe to does not exist {/topic/Before}"
    );
    let (reply, stream) = Stream::open(&client, "/topic/After", -1).await;
    assert_eq!(reply["successful"], true);

    assert_eq!(client.patch(&path, json!({"IsActive": false})).await.0, 204);
    client.create("Account", json!({"Name": "x3"})).await;
    let reply = stream.poll().await;
    assert_eq!(reply.as_array().unwrap().len(), 1, "an inactive topic tells nothing: {reply}");
    let (reply, _) = Stream::open(&client, "/topic/After", -1).await;
    assert!(error(&reply).starts_with("400::The channel you requested"), "{reply}");
}

#[tokio::test]
async fn topics_of_old_versions_write_the_older_date() {
    let org = org("dates").await;
    let client = Client::login(&org).await;
    for (name, version, end) in [("Old", 36.0, "+0000"), ("New", 37.0, "Z")] {
        accepted(&client, name, "SELECT Id, Name FROM Account", json!({"ApiVersion": version})).await;
        client.create("Account", json!({"Name": "x"})).await;
        let (_, stream) = Stream::open(&client, &format!("/topic/{name}"), -2).await;
        let event = stream.events(1).await.remove(0);
        assert!(event["data"]["event"]["createdDate"].as_str().unwrap().ends_with(end), "{event}");
    }
}

#[tokio::test]
async fn names_are_unique_by_letter_case_and_what_the_org_sets_cannot_be_written() {
    let org = org("names").await;
    let client = Client::login(&org).await;
    let query = "SELECT Id, Name FROM Account";
    accepted(&client, "Same", query, json!({})).await;
    accepted(&client, "SAME", query, json!({})).await;
    for (name, query, more, code) in [
        ("Same", query.to_owned(), json!({}), "DUPLICATE_VALUE"),
        (
            "Read",
            query.to_owned(),
            json!({"NotifyForOperations": "Create"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        ("a name of more than 25 chars", query.to_owned(), json!({}), "STRING_TOO_LONG"),
        ("Long", format!("{query} WHERE Name != '{}'", "x".repeat(1300)), json!({}), "STRING_TOO_LONG"),
    ] {
        let reply = topic(&client, name, &query, more).await;
        assert_eq!(reply[0]["errorCode"], code, "{name}: {reply}");
    }
}

#[tokio::test]
async fn an_org_has_a_hundred_active_topics_at_most() {
    let org = org("hundred").await;
    let client = Client::login(&org).await;
    let query = "SELECT Id, Name FROM Account";
    let mut first = String::new();
    for n in 0..100 {
        first = accepted(&client, &format!("T{n}"), query, json!({})).await;
    }
    let reply = topic(&client, "More", query, json!({})).await;
    assert_eq!(reply[0]["errorCode"], "LIMIT_EXCEEDED", "{reply}");
    accepted(&client, "Idle", query, json!({"IsActive": false})).await;
    client.patch(&format!("sobjects/PushTopic/{first}"), json!({"IsActive": false})).await;
    accepted(&client, "More", query, json!({})).await;
}

#[tokio::test]
async fn forgotten_ids_are_refused_and_ids_may_start_high() {
    let org = Org::builder().name("high").first_replay_id(1 << 31).start().await.unwrap();
    let client = Client::login(&org).await;
    accepted(&client, "Accounts", "SELECT Id, Name FROM Account", json!({})).await;
    for name in ["a", "b"] {
        client.create("Account", json!({"Name": name})).await;
    }
    let (_, stream) = Stream::open(&client, "/topic/Accounts", -2).await;
    let ids: Vec<i64> = stream
        .events(2)
        .await
        .iter()
        .map(|event| event["data"]["event"]["replayId"].as_i64().unwrap())
        .collect();
    assert!(ids[0] >= 1 << 31 && ids[1] > ids[0], "{ids:?}");
    org.forget_events(u64::try_from(ids[0]).unwrap());
    let (reply, _) = Stream::open(&client, "/topic/Accounts", ids[0]).await;
    assert!(error(&reply).starts_with("400::The replayId {"), "{reply}");
    let (_, stream) = Stream::open(&client, "/topic/Accounts", -2).await;
    assert_eq!(stream.events(1).await[0]["data"]["event"]["replayId"], ids[1]);
}
