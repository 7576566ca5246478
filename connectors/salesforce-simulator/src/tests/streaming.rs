//! Bayeux long polling.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, org};
use crate::{CallKind, Org};

/// One CometD session.
pub(super) struct Stream {
    client: Client,
    cookie: String,
    client_id: String,
    version: &'static str,
}

/// Creates a PushTopic.
pub(super) async fn topic(client: &Client, name: &str, query: &str, more: Json) -> Json {
    let mut fields = json!({"Name": name, "Query": query, "ApiVersion": 60.0});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.post("sobjects/PushTopic", fields).await.1
}

impl Stream {
    /// Posts messages; answers the replies and the cookie, if one is set.
    async fn post(client: &Client, version: &str, cookie: &str, messages: Json) -> (Json, Option<String>) {
        let request = client.http.post(format!("{}/cometd/{version}", client.url)).bearer_auth(&client.token);
        let response = request.header("cookie", cookie).json(&messages).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let set = response.headers().get_all("set-cookie").iter();
        let pairs: Vec<String> =
            set.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        let set = (!pairs.is_empty()).then(|| pairs.join("; "));
        (response.json().await.unwrap(), set)
    }

    /// Shakes hands and connects for the first time.
    pub(super) async fn connect(client: &Client) -> (Json, Self) {
        Self::connect_at(client, "60.0").await
    }

    /// The same in another API version.
    async fn connect_at(client: &Client, version: &'static str) -> (Json, Self) {
        let handshake = json!([{"channel": "/meta/handshake", "id": "1", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"], "ext": {"replay": true}}]);
        let (reply, cookie) = Self::post(client, version, "", handshake).await;
        assert_eq!(
            (&reply[0]["successful"], &reply[0]["id"], reply[0].get("advice")),
            (&json!(true), &json!("1"), None)
        );
        assert_eq!(reply[0]["ext"], json!({"replay": true, "payload.format": true}));
        let client = client.clone();
        let client_id = reply[0]["clientId"].as_str().unwrap().to_owned();
        let stream = Self { client, cookie: cookie.unwrap(), client_id, version };
        (stream.poll().await, stream)
    }

    /// Connects and subscribes.
    pub(super) async fn open(client: &Client, channel: &str, replay: i64) -> (Json, Self) {
        let (_, stream) = Self::connect(client).await;
        (stream.subscribe(channel, replay).await, stream)
    }

    /// The same in another API version.
    pub(super) async fn open_at(
        client: &Client,
        version: &'static str,
        channel: &str,
        replay: i64,
    ) -> (Json, Self) {
        let (_, stream) = Self::connect_at(client, version).await;
        (stream.subscribe(channel, replay).await, stream)
    }

    async fn send(&self, mut message: Json) -> Json {
        message["clientId"] = json!(self.client_id);
        message["id"] = json!("9");
        Self::post(&self.client, self.version, &self.cookie, json!([message])).await.0
    }

    pub(super) async fn subscribe(&self, channel: &str, replay: i64) -> Json {
        let key = channel.split('?').next().unwrap();
        let message =
            json!({"channel": "/meta/subscribe", "subscription": channel, "ext": {"replay": {key: replay}}});
        self.send(message).await[0].clone()
    }

    /// Subscribes to several channels with one message.
    pub(super) async fn subscribe_to(&self, channels: &Json) -> Json {
        self.send(json!({"channel": "/meta/subscribe", "subscription": channels})).await[0].clone()
    }

    /// One `/meta/connect`.
    pub(super) async fn poll(&self) -> Json {
        self.send(json!({"channel": "/meta/connect", "connectionType": "long-polling"})).await
    }

    /// The next `n` events, whatever number of polls they take.
    pub(super) async fn events(&self, n: usize) -> Vec<Json> {
        let mut events = Vec::new();
        while events.len() < n {
            let replies = self.poll().await;
            let replies = replies.as_array().unwrap();
            assert_eq!(replies.last().unwrap()["successful"], true, "{replies:?}");
            events.extend(replies.iter().filter(|reply| reply.get("data").is_some()).cloned());
        }
        events
    }

    /// The types of the next `n` events.
    pub(super) async fn kinds(&self, n: usize) -> Vec<String> {
        let events = self.events(n).await;
        events.iter().map(|event| event["data"]["event"]["type"].as_str().unwrap().to_owned()).collect()
    }
}

/// The error of a reply; empty when there is none.
pub(super) fn error(reply: &Json) -> &str {
    reply["error"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn the_first_connect_brings_the_advice_at_once_and_events_come_in_order() {
    let org = org("events").await;
    let client = Client::login(&org).await;
    let created = topic(
        &client,
        "Accounts",
        "SELECT Name, Id, AnnualRevenue, BillingAddress, CreatedDate FROM Account",
        json!({"NotifyForFields": "All"}),
    )
    .await;
    assert_eq!(created["success"], true, "{created}");
    let (first, stream) = Stream::connect(&client).await;
    assert_eq!(first[0]["advice"], json!({"interval": 0, "timeout": 110_000, "reconnect": "retry"}));
    assert_eq!(stream.subscribe("/topic/Accounts", -1).await["successful"], true);

    let id =
        client.create("Account", json!({"Name": "Acme", "BillingCity": "Roma", "AnnualRevenue": 3})).await;
    client.patch(&format!("sobjects/Account/{id}"), json!({"Phone": "1"})).await;
    client.patch(&format!("sobjects/Account/{id}"), json!({"Phone": "1"})).await;
    client.delete(&format!("sobjects/Account/{id}")).await;
    client.undelete(&[&id]).await;
    let events = stream.events(4).await;
    let kinds: Vec<&Json> = events.iter().map(|event| &event["data"]["event"]["type"]).collect();
    assert_eq!(
        kinds,
        ["created", "updated", "deleted", "undeleted"],
        "a write that changes nothing raises nothing"
    );
    let shown = &events[0]["data"]["sobject"];
    assert_eq!(
        (&shown["Id"], &shown["Name"], &shown["BillingAddress"]["City"]),
        (&json!(id), &json!("Acme"), &json!("Roma"))
    );
    assert_eq!(shown["CreatedDate"].as_str().unwrap().get(19..), Some(".000Z"));
    assert_eq!(events[2]["data"]["sobject"], json!({"Id": id}));
    let ids: Vec<u64> =
        events.iter().map(|event| event["data"]["event"]["replayId"].as_u64().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b) && ids[3] == org.last_replay_id());
}

#[tokio::test]
async fn replay_goes_on_after_an_id_and_refuses_what_is_not_retained() {
    let org = org("replay").await;
    let client = Client::login(&org).await;
    topic(&client, "Leads", "SELECT Id, LastName FROM Lead", json!({})).await;
    for name in ["a", "b", "c"] {
        client.create("Lead", json!({"LastName": name, "Company": "x"})).await;
    }
    let (reply, stream) = Stream::open(&client, "/topic/Leads", -2).await;
    assert_eq!(reply["successful"], true);
    let all = stream.events(3).await;
    let id_of = |event: &Json| event["data"]["event"]["replayId"].as_i64().unwrap();
    let (_, stream) = Stream::open(&client, "/topic/Leads", id_of(&all[0])).await;
    assert_eq!(stream.events(2).await, all[1..]);
    let (reply, _) = Stream::open(&client, "/topic/Leads", id_of(&all[2])).await;
    assert_eq!(reply["successful"], true, "the last id is a place to go on from");

    let future = id_of(&all[2]) + 1;
    let text = format!(
        "400::The replayId {{{future}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events."
    );
    let (reply, _) = Stream::open(&client, "/topic/Leads", future).await;
    assert_eq!((error(&reply), &reply["subscription"]), (text.as_str(), &json!("/topic/Leads")));
    org.advance(Duration::from_hours(25));
    let client = Client::login(&org).await;
    let (reply, _) = Stream::open(&client, "/topic/Leads", id_of(&all[2])).await;
    assert!(error(&reply).contains("you provided was invalid"), "older than retention");
    let (reply, stream) = Stream::open(&client, "/topic/Leads", -2).await;
    assert_eq!(reply["successful"], true);
    client.create("Lead", json!({"LastName": "d", "Company": "x"})).await;
    assert_eq!(stream.events(1).await[0]["data"]["sobject"]["LastName"], "d");
}

#[tokio::test]
async fn notify_for_fields_and_operation_flags_decide_what_is_raised() {
    let org = org("rules").await;
    let client = Client::login(&org).await;
    let query = "SELECT Id, Name FROM Account WHERE Rating = 'Hot'";
    for (name, notify) in [("All", "All"), ("Ref", "Referenced"), ("Sel", "Select"), ("Whe", "Where")] {
        let reply = topic(
            &client,
            name,
            query,
            json!({"NotifyForFields": notify, "NotifyForOperationDelete": false}),
        )
        .await;
        assert_eq!(reply["success"], true, "{reply}");
    }
    let id = client.create("Account", json!({"Name": "a"})).await;
    let account = format!("sobjects/Account/{id}");
    for change in [
        json!({"Name": "cold"}),
        json!({"Rating": "Hot"}),
        json!({"Name": "b"}),
        json!({"Phone": "1"}),
        json!({"Rating": "Cold"}),
        json!({"Rating": "Hot", "Name": "c"}),
    ] {
        assert_eq!(client.patch(&account, change).await.0, 204);
    }
    client.delete(&account).await;
    client.create("Account", json!({"Name": "end", "Rating": "Hot"})).await;
    // In order: entering the WHERE, a selected field, another field, both; leaving it raises nothing.
    for (name, expected) in [("All", 4), ("Ref", 3), ("Sel", 2), ("Whe", 2)] {
        let (_, stream) = Stream::open(&client, &format!("/topic/{name}"), -2).await;
        let events = stream.events(expected + 1).await;
        let names: Vec<&Json> = events.iter().map(|event| &event["data"]["sobject"]["Name"]).collect();
        assert_eq!((names.len(), names[expected]), (expected + 1, &json!("end")), "{name}");
    }
}

#[tokio::test]
async fn cascaded_contacts_raise_no_event() {
    let org = org("quiet").await;
    let client = Client::login(&org).await;
    topic(&client, "Contacts", "SELECT Id, LastName FROM Contact", json!({})).await;
    let account = client.create("Account", json!({"Name": "x"})).await;
    client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    client.delete(&format!("sobjects/Account/{account}")).await;
    client.undelete(&[&account]).await;
    client.create("Contact", json!({"LastName": "end"})).await;
    let (_, stream) = Stream::open(&client, "/topic/Contacts", -2).await;
    assert_eq!(stream.kinds(2).await, ["created", "created"]);
}

#[tokio::test]
async fn a_held_connect_ends_with_an_event_its_time_its_token_or_the_org() {
    let org = Org::builder().name("held").poll_hold(Duration::from_millis(50)).start().await.unwrap();
    let client = Client::login(&org).await;
    let (_, stream) = Stream::connect(&client).await;
    let reply = stream.poll().await;
    assert_eq!((reply.as_array().unwrap().len(), &reply[0]["successful"]), (1, &json!(true)), "time is up");
    org.stop().await;

    let org = super::client::org("held").await;
    let client = Client::login(&org).await;
    topic(&client, "Leads", "SELECT Id, LastName FROM Lead", json!({})).await;
    let (_, stream) = Stream::open(&client, "/topic/Leads", -1).await;
    let (events, _) =
        tokio::join!(stream.events(1), client.create("Lead", json!({"LastName": "x", "Company": "y"})));
    assert_eq!(events[0]["data"]["sobject"]["LastName"], "x");

    let held = async |end: &dyn Fn()| {
        let before = org.calls(CallKind::Connect);
        tokio::join!(stream.poll(), async {
            while org.calls(CallKind::Connect) == before {
                tokio::task::yield_now().await;
            }
            end();
        })
        .0
    };
    let reply = held(&|| org.expire_tokens()).await;
    assert_eq!(error(&reply[0]), "401::Authentication invalid");
}

#[tokio::test]
async fn a_silenced_subscription_lives_but_brings_nothing_until_it_is_renewed() {
    let org = Org::builder().name("silent").poll_hold(Duration::from_millis(50)).start().await.unwrap();
    let client = Client::login(&org).await;
    topic(&client, "Leads", "SELECT Id, LastName FROM Lead", json!({})).await;
    let (_, stream) = Stream::open(&client, "/topic/Leads", -2).await;
    org.silence("/topic/Leads");
    client.create("Lead", json!({"LastName": "x", "Company": "y"})).await;
    let reply = stream.poll().await;
    assert_eq!((reply.as_array().unwrap().len(), &reply[0]["successful"]), (1, &json!(true)));
    stream.subscribe("/topic/Leads", -2).await;
    assert_eq!(stream.kinds(1).await, ["created"]);
}

#[tokio::test]
async fn a_push_topic_that_cannot_work_is_refused() {
    let org = org("topics").await;
    let client = Client::login(&org).await;
    for (query, more, code) in [
        ("SELECT Name FROM Account", json!({}), "INVALID_FIELD"),
        ("SELECT Id, Name FROM Account LIMIT 5", json!({}), "INVALID_FIELD"),
        ("SELECT Id, Name FROM User", json!({}), "INVALID_FIELD"),
        ("SELECT Id FROM Account", json!({}), "INVALID_FIELD"),
        ("SELECT Id, Nope FROM Account", json!({}), "INVALID_FIELD"),
        ("SELECT Id, Name FROM Account", json!({"NotifyForFields": "Where"}), "INVALID_FIELD"),
        (
            "SELECT Id, Name FROM Account",
            json!({"NotifyForFields": "Some"}),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        (
            "SELECT Id, Name FROM Account",
            json!({"Name": "a name of more than 25 letters"}),
            "STRING_TOO_LONG",
        ),
        ("SELECT Id, Name FROM Account", json!({"ApiVersion": 20.0}), "INVALID_FIELD"),
    ] {
        let reply = topic(&client, "Topic", query, more).await;
        assert_eq!(reply[0]["errorCode"], code, "{query}: {reply}");
    }
    assert_eq!(topic(&client, "Topic", "SELECT Id, Name FROM Account", json!({})).await["success"], true);
    assert_eq!(
        topic(&client, "Topic", "SELECT Id, Name FROM Account", json!({})).await[0]["errorCode"],
        "DUPLICATE_VALUE"
    );
    assert_eq!(
        client.column("SELECT NotifyForOperations FROM PushTopic", "NotifyForOperations").await,
        ["All"]
    );
}
