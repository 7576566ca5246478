//! Refusals of the Streaming API, in the words that clients parse.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::bayeux::{Bayeux, LEADS, connect, error, handshake, last_names, lead, message, subscribe};
use super::client::{Client, http, org, read};
use super::streaming::topic;
use crate::{CallKind, Effect, Fault, Org};

#[tokio::test]
async fn a_denied_handshake_gives_its_reason_apart() {
    let org = org("denied").await;
    let mut bayeux = Bayeux::new(&Client::login(&org).await);
    for (auth, reason) in [
        (None, "401::Request requires authentication"),
        (Some("Bearer nonsense".to_owned()), "401::Authentication invalid"),
    ] {
        bayeux.auth = auth;
        let reply = bayeux.one(handshake()).await;
        let expected = json!({
            "ext": {"sfdc": {"failureReason": reason}, "replay": true, "payload.format": true},
            "advice": {"reconnect": "none"}, "channel": "/meta/handshake", "id": "1",
            "error": "403::Handshake denied", "successful": false,
        });
        assert_eq!(reply.to_string(), expected.to_string());
    }
}

#[tokio::test]
async fn a_void_token_ends_every_message_with_its_session_named() {
    let org = org("void").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    org.expire_tokens();
    for message in [connect(&id), subscribe(&id, LEADS, -1), message("/meta/disconnect", &id)] {
        let reply = bayeux.one(message).await;
        assert_eq!((error(&reply), &reply["clientId"]), ("401::Authentication invalid", &json!(id)));
        assert_eq!(reply["advice"], json!({"interval": 0, "reconnect": "none"}));
    }
}

#[tokio::test]
async fn a_session_is_found_only_by_its_id_and_its_cookie() {
    let org = org("lost").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.connected().await;
    let foreign = Bayeux::new(&client);
    assert_eq!(
        error(&foreign.one(connect(&id)).await),
        format!("400::Client {id} has established a session, but no BAYEUX_BROWSER cookie present")
    );
    foreign.handshake().await;
    for (sender, id) in [(&foreign, id.as_str()), (&bayeux, "nobody")] {
        for message in
            [connect(id), subscribe(id, LEADS, -1), message("/meta/disconnect", id), message("/x", id)]
        {
            let reply = sender.one(message).await;
            assert_eq!((error(&reply), reply.get("clientId")), ("403::Unknown client", None));
            assert_eq!(reply["advice"], json!({"interval": 0, "reconnect": "handshake"}));
        }
    }
    let reply = bayeux.one(json!({"channel": "/meta/connect"})).await;
    assert_eq!(
        (error(&reply), &reply["advice"]["reconnect"]),
        ("403::Client has not completed handshake", &json!("handshake"))
    );
}

#[tokio::test]
async fn every_bad_subscription_has_its_own_text() {
    let org = org("texts").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.connected().await;
    let denied = "403:denied_by_security_policy:create_denied";
    for (subscription, text) in [
        (Json::Null, "400::Channel name not specified"),
        (json!(7), "400::Channel name not specified"),
        (json!([]), "400::Channel name not specified"),
        (json!(["/topic/Leads", 7]), "400::Channel name not specified"),
        (json!(""), "400::Channel name not specified"),
        (json!("topic/Leads"), "400::Channel subscriptions must start with a leading '/'"),
        (json!("/topic/Nope"), "400::The channel you requested to subscribe to does not exist {/topic/Nope}"),
        (
            json!("/topic/leads"),
            "400::The channel you requested to subscribe to does not exist {/topic/leads}",
        ),
        (json!("/topic/*"), denied),
        (json!("/**"), denied),
        (json!("/meta/connect"), denied),
        (json!("/service/x"), denied),
        (json!("/nonsense"), denied),
        (json!("/topic/Leads?LastName"), "400::Query fields {LastName} do not exist on the topic entity"),
    ] {
        let mut message = subscribe(&id, LEADS, -1);
        message["subscription"] = subscription.clone();
        let reply = bayeux.one(message).await;
        assert_eq!(
            (error(&reply), &reply["subscription"], &reply["clientId"]),
            (text, &subscription, &json!(id))
        );
    }
    for replay in [json!(0), json!(-3), json!(7321), json!("-2"), json!(1.5), json!(null), json!({})] {
        let mut message = subscribe(&id, LEADS, -1);
        message["ext"]["replay"][LEADS] = replay.clone();
        let shown = replay.as_str().map_or_else(|| replay.to_string(), str::to_owned);
        let text = format!(
            "400::The replayId {{{shown}}} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events."
        );
        assert_eq!(error(&bayeux.one(message).await), text);
    }
    let mut bare = subscribe(&id, LEADS, -1);
    bare.as_object_mut().unwrap().remove("ext");
    assert_eq!(bayeux.one(bare).await["successful"], true, "without a replay id only new events come");
}

#[tokio::test]
async fn clients_publish_nothing_and_connect_only_as_the_org_serves() {
    let org = org("publish").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.connected().await;
    for (channel, text) in [
        (LEADS, "403:denied_by_security_policy:publish_denied"),
        ("/meta/nonsense", "404::Unknown channel"),
        ("", "400::Channel name not specified"),
    ] {
        let mut publish = message(channel, &id);
        publish["data"] = json!({"x": 1});
        assert_eq!(error(&bayeux.one(publish).await), text);
    }
    for kind in ["websocket", "callback-polling"] {
        let mut message = connect(&id);
        message["connectionType"] = json!(kind);
        assert_eq!(error(&bayeux.one(message).await), format!("400::Invalid connection type {{{kind}}}"));
    }
}

#[tokio::test]
async fn sessions_and_subscriptions_are_limited() {
    let org = Org::builder().name("full").streaming_clients(2).start().await.unwrap();
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.connected().await;
    bayeux.handshake().await;
    let reply = bayeux.one(handshake()).await;
    assert_eq!(
        (error(&reply), &reply["ext"]["sfdc"]["failureReason"]),
        ("403::Handshake denied", &json!("403::Organization concurrent user limit exceeded"))
    );
    let wanted = |n: usize| subscribe(&id, &format!("/topic/Leads?LastName='{n}'"), -1);
    for n in 0..100 {
        assert_eq!(bayeux.one(wanted(n)).await["successful"], true, "{n}");
    }
    assert_eq!(error(&bayeux.one(wanted(100)).await), "403::Subscription limit exceeded for this topic");
    assert_eq!(bayeux.one(wanted(7)).await["successful"], true, "a known one is only moved");
    bayeux.one(message("/meta/disconnect", &id)).await;
    bayeux.handshake().await;
    org.advance(Duration::from_secs(41));
    bayeux.handshake().await;
    bayeux.handshake().await;
}

#[tokio::test]
async fn events_beyond_the_daily_allocation_wait_until_usage_has_dropped() {
    let org = Org::builder().name("daily").daily_events(2).retention(Duration::from_hours(72));
    let org = org.session_lifetime(Duration::from_hours(100)).start().await.unwrap();
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    for name in ["a", "b", "c"] {
        lead(&client, name).await;
    }
    assert_eq!(bayeux.leads(&id).await, ["a", "b"]);
    let limit = "403::Organization total events daily limit exceeded";
    let reply = bayeux.one(connect(&id)).await;
    assert_eq!((error(&reply), &reply["clientId"], reply.get("advice")), (limit, &json!(id), None));
    let other = Bayeux::new(&client);
    let newcomer = other.connected().await;
    assert_eq!(error(&other.one(subscribe(&newcomer, LEADS, -1)).await), limit);
    org.advance(Duration::from_hours(25));
    let id = bayeux.subscribed(LEADS, -2).await;
    assert_eq!(bayeux.leads(&id).await, ["a", "b"], "what was not delivered is retained");
    org.limit_daily_events(None);
    assert_eq!(bayeux.leads(&id).await, ["c"]);
}

#[tokio::test]
async fn each_subscriber_counts_and_a_held_connect_tells_when_the_last_event_is_spent() {
    let org = Org::builder().name("spent").daily_events(1).start().await.unwrap();
    let (client, first) = Bayeux::ready(&org).await;
    let second = Bayeux::new(&client);
    let ids = (first.subscribed(LEADS, -1).await, second.subscribed(LEADS, -1).await);
    let mut answers = Vec::new();
    let (_, answer) = first
        .while_held(&org, &ids.0, async || {
            answers.push(second.while_held(&org, &ids.1, async || lead(&client, "x").await).await.1);
        })
        .await;
    answers.push(answer);
    let limit = "403::Organization total events daily limit exceeded";
    let events: usize = answers.iter().map(|answer| last_names(answer).len()).sum();
    let refused = answers.iter().filter(|answer| error(&answer[0]) == limit).count();
    assert_eq!((events, refused), (1, 1), "{answers:?}");
}

#[tokio::test]
async fn a_busy_server_refuses_message_by_message_with_its_reason() {
    let org = org("busy").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let busy = "503::Server is too busy.  Please try your request again later.";
    let refuse = |kind| org.faults().add(Fault::new(kind, Effect::too_busy()).times(1));
    refuse(CallKind::Handshake);
    let reply = bayeux.one(handshake()).await;
    assert_eq!(
        (error(&reply), &reply["ext"]["sfdc"]["failureReason"]),
        ("403::Handshake denied", &json!(busy))
    );
    let id = bayeux.handshake().await;
    for (kind, message) in [
        (CallKind::Connect, connect(&id)),
        (CallKind::Subscribe, subscribe(&id, LEADS, -1)),
        (CallKind::Cometd, message("/meta/unsubscribe", &id)),
    ] {
        refuse(kind);
        let reply = bayeux.one(message).await;
        assert_eq!((error(&reply), &reply["ext"]["sfdc"]["failureReason"]), (busy, &json!(busy)));
        assert_eq!(reply["advice"]["reconnect"], "none");
    }
    assert!(bayeux.one(connect(&id)).await["advice"]["timeout"].is_u64(), "the first that is carried out");
    let (_, answer) = bayeux
        .while_held(&org, &id, async || {
            refuse(CallKind::Connect);
        })
        .await;
    assert_eq!(error(&answer[0]), busy);
}

#[tokio::test]
async fn who_may_not_read_the_object_or_a_field_of_the_where_clause_is_refused_and_other_hidden_fields_are_left_out()
 {
    let org = org("hidden").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    topic(&client, "Where", "SELECT Id, LastName FROM Lead WHERE Company != 'x'", json!({})).await;
    topic(&client, "Hidden", "SELECT Id, Company, Phone FROM Lead", json!({})).await;
    let deny = async |denial: Json| {
        let url = format!("{}/simulator/permissions", client.url);
        assert_eq!(read(http().post(url).json(&denial).send().await.unwrap()).await.0, 200);
    };
    let id = bayeux.connected().await;
    deny(json!({"object": "Lead", "field": "Phone", "denied": ["read"]})).await;
    assert_eq!(bayeux.one(subscribe(&id, "/topic/Hidden", -1)).await["successful"], true);
    client.create("Lead", json!({"LastName": "x", "Company": "c"})).await;
    let (_, told) = bayeux.post(&json!([connect(&id)])).await;
    assert_eq!(told[0]["data"]["sobject"].as_object().unwrap().keys().collect::<Vec<_>>(), ["Id", "Company"]);
    deny(json!({"object": "Lead", "field": "Company", "denied": ["read"]})).await;
    assert_eq!(
        error(&bayeux.one(subscribe(&id, "/topic/Where", -1)).await),
        "403::Subscriber does not have access to all fields referenced in the where clause of the PushTopic"
    );
    deny(json!({"object": "Lead", "denied": ["read"]})).await;
    for channel in [LEADS, "/topic/Hidden"] {
        let reply = bayeux.one(subscribe(&id, channel, -1)).await;
        assert_eq!(error(&reply), "403::Subscriber does not have access to the entity in this topic");
        assert_eq!((&reply["subscription"], &reply["successful"]), (&json!(channel), &json!(false)));
    }
    org.capture("Lead").unwrap();
    assert_eq!(
        error(&bayeux.one(subscribe(&id, "/data/LeadChangeEvent", -1)).await),
        "403::User not allowed to subscribe CDC without View All Data permissions"
    );
}

#[tokio::test]
async fn a_held_connect_keeps_its_token_over_a_jump_of_the_clock_and_an_idle_session_loses_both() {
    let org = org("jump").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let (status, told) = bayeux
        .while_held(&org, &id, async || {
            org.advance(Duration::from_hours(9));
            lead(&Client::login(&org).await, "after").await;
        })
        .await;
    assert_eq!((status, last_names(&told)), (200, vec!["after".to_owned()]));
    assert_eq!(client.get("limits").await.0, 200, "the token is as young as the answer of the connect");
    org.advance(Duration::from_hours(9));
    assert_eq!(client.get("limits").await.0, 401);
    assert_eq!(error(&bayeux.one(connect(&id)).await), "403::Unknown client");
    assert_eq!(bayeux.one(handshake()).await["ext"]["sfdc"]["failureReason"], "401::Authentication invalid");
}
