//! The life of CometD sessions: how they are kept, how they end, what is lost with them.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::bayeux::{Bayeux, LEADS, connect, error, last_names, lead, message, subscribe};
use super::client::{Client, org};
use crate::{CallKind, Effect, Fault};

#[tokio::test]
async fn a_session_ends_40_seconds_after_its_last_message_but_never_while_it_is_held() {
    let org = org("expiry").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    org.advance(Duration::from_secs(39));
    let (_, answer) = bayeux
        .while_held(&org, &id, async || {
            org.advance(Duration::from_secs(100));
            lead(&client, "x").await;
        })
        .await;
    assert_eq!(last_names(&answer), ["x"]);
    org.advance(Duration::from_secs(41));
    assert_eq!(error(&bayeux.one(connect(&id)).await), "403::Unknown client");
}

#[tokio::test]
async fn a_disconnect_releases_the_held_connect() {
    let org = org("goodbye").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let (status, answer) = bayeux
        .while_held(&org, &id, async || {
            assert_eq!(bayeux.one(message("/meta/disconnect", &id)).await["successful"], true);
        })
        .await;
    let reply = json!({"clientId": id, "advice": {"interval": 0, "reconnect": "none"}, "channel": "/meta/connect",
        "id": "2", "successful": true});
    assert_eq!((status, answer), (200, json!([reply])));
    assert_eq!(error(&bayeux.one(connect(&id)).await), "403::Unknown client");
}

#[tokio::test]
async fn the_history_of_a_subscription_comes_on_the_connect_that_is_held_meanwhile() {
    let org = org("history").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    lead(&client, "kept").await;
    let id = bayeux.connected().await;
    let (_, answer) = bayeux
        .while_held(&org, &id, async || {
            assert_eq!(bayeux.one(subscribe(&id, LEADS, -2)).await["successful"], true);
        })
        .await;
    assert_eq!(last_names(&answer), ["kept"]);
}

#[tokio::test]
async fn a_session_that_is_dropped_ends_its_held_connect_and_replay_goes_on_from_there() {
    let org = org("dropped").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    lead(&client, "a").await;
    let (_, answer) = bayeux.post(&json!([connect(&id)])).await;
    let last = answer[0]["data"]["event"]["replayId"].as_i64().unwrap();
    let (_, answer) = bayeux.while_held(&org, &id, async || org.drop_streaming_sessions()).await;
    assert_eq!(
        (error(&answer[0]), &answer[0]["advice"]["reconnect"]),
        ("403::Unknown client", &json!("handshake"))
    );
    lead(&client, "b").await;
    let id = bayeux.subscribed(LEADS, last).await;
    assert_eq!(bayeux.leads(&id).await, ["b"]);
}

#[tokio::test]
async fn the_server_itself_can_say_goodbye_to_a_held_connect_or_the_next() {
    let org = org("dismissed").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let dismiss = || org.faults().add(Fault::new(CallKind::Connect, Effect::BayeuxDisconnect).times(1));
    let expected = |id: &str| {
        json!([{"channel": "/meta/disconnect", "successful": true},
            {"clientId": id, "advice": {"interval": 0, "reconnect": "none"}, "channel": "/meta/connect", "id": "2",
                "successful": true}])
    };
    let id = bayeux.connected().await;
    dismiss();
    assert_eq!(bayeux.post(&json!([connect(&id)])).await.1, expected(&id));
    let id = bayeux.connected().await;
    let (_, answer) = bayeux
        .while_held(&org, &id, async || {
            dismiss();
        })
        .await;
    assert_eq!(answer, expected(&id));
    assert_eq!(error(&bayeux.one(connect(&id)).await), "403::Unknown client");
}

#[tokio::test]
async fn a_second_connect_of_a_session_ends_the_first_which_takes_no_events() {
    let org = org("twice").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let mut second = Json::Null;
    let (status, _) = bayeux
        .while_held(&org, &id, async || {
            second = bayeux.while_held(&org, &id, async || lead(&client, "x").await).await.1;
        })
        .await;
    assert_eq!((status, last_names(&second)), (500, vec!["x".to_owned()]));
}

#[tokio::test]
async fn only_one_session_of_a_browser_is_held_at_a_time() {
    let org = org("browser").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let (first, second) = (bayeux.subscribed(LEADS, -1).await, bayeux.subscribed(LEADS, -1).await);
    let (_, answer) = bayeux
        .while_held(&org, &first, async || {
            let reply = bayeux.one(connect(&second)).await;
            let advice =
                json!({"interval": 2000, "multiple-clients": true, "timeout": 110_000, "reconnect": "retry"});
            assert_eq!((&reply["successful"], &reply["advice"]), (&json!(true), &advice));
            lead(&client, "x").await;
        })
        .await;
    assert_eq!(last_names(&answer), ["x"]);
    let (_, answer) = bayeux.post(&json!([connect(&second)])).await;
    assert_eq!(last_names(&answer), ["x"]);
    assert_eq!(answer[1]["advice"], json!({"interval": 0, "timeout": 110_000, "reconnect": "retry"}));
}

#[tokio::test]
async fn events_of_a_lost_answer_are_gone_for_the_session_and_come_back_by_replay() {
    let org = org("answer").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    lead(&client, "a").await;
    let id = bayeux.subscribed(LEADS, -2).await;
    let (_, answer) = bayeux.post(&json!([connect(&id)])).await;
    let last = answer[0]["data"]["event"]["replayId"].as_i64().unwrap();
    lead(&client, "b").await;
    org.faults().add(Fault::new(CallKind::Connect, Effect::CutAfter).times(1));
    let http = super::client::http();
    let lost = http.post(format!("{}/cometd/60.0", org.url())).bearer_auth(&client.token);
    let lost = lost.header("cookie", bayeux.cookie_header()).json(&json!([connect(&id)])).send().await;
    assert!(lost.is_err(), "the answer never arrives");
    lead(&client, "c").await;
    assert_eq!(bayeux.leads(&id).await, ["c"]);
    let id = bayeux.subscribed(LEADS, last).await;
    assert_eq!(bayeux.leads(&id).await, ["b", "c"]);
}

#[tokio::test]
async fn an_org_that_goes_down_ends_held_connects() {
    let org = org("outage").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let (status, _) = bayeux
        .while_held(&org, &id, async || {
            org.faults().take_down();
        })
        .await;
    assert_eq!(status, 503);
    org.faults().clear();
    assert_eq!(bayeux.post(&json!([message("/meta/disconnect", &id)])).await.1[0]["successful"], true);
}

#[tokio::test]
async fn twenty_clients_at_once_each_get_every_event_once_and_in_order() {
    let org = org("twenty").await;
    let (client, _) = Bayeux::ready(&org).await;
    let names: Vec<String> = (0..30).map(|n| format!("lead {n}")).collect();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let bayeux = Bayeux::new(&client);
        let id = bayeux.subscribed(LEADS, -1).await;
        let wanted = names.len();
        clients.spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < wanted {
                seen.extend(bayeux.leads(&id).await);
            }
            seen
        });
    }
    for name in &names {
        lead(&client, name).await;
    }
    while let Some(seen) = clients.join_next().await {
        assert_eq!(seen.unwrap(), names);
    }
}

#[tokio::test]
async fn an_answer_stays_below_a_mebibyte_and_the_rest_follows() {
    let org = org("large").await;
    let client = Client::login(&org).await;
    let query = "SELECT Id, Description FROM Lead";
    let made = super::streaming::topic(&client, "Long", query, json!({})).await;
    assert_eq!(made["success"], true, "{made}");
    let record = |n: usize| {
        let fields = json!({"LastName": n.to_string(), "Company": "x", "Description": "d".repeat(30_000)});
        super::client::typed("Lead", fields)
    };
    let records: Vec<Json> = (0..80).map(record).collect();
    let (status, _) = client.post("composite/sobjects", json!({"records": records})).await;
    assert_eq!(status, 200);
    let bayeux = Bayeux::new(&client);
    let id = bayeux.subscribed("/topic/Long", -2).await;
    let mut ids = Vec::new();
    let mut answers = 0;
    while ids.len() < 80 {
        let body = json!([connect(&id)]).to_string();
        let text = bayeux.send("/60.0", "application/json", body).await.text().await.unwrap();
        assert!(text.len() < 1024 * 1024, "{}", text.len());
        let answer: Json = serde_json::from_str(&text).unwrap();
        let events =
            answer.as_array().unwrap().iter().filter_map(|one| one["data"]["event"]["replayId"].as_u64());
        ids.extend(events);
        answers += 1;
    }
    assert!(ids.is_sorted_by(|a, b| a < b) && answers == 3, "{answers} answers");
}
