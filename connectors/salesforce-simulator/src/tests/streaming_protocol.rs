//! The letters of the protocol: paths, headers, bodies, order, members.

use serde_json::{Value as Json, json};

use super::bayeux::{Bayeux, LEADS, connect, error, handshake, last_names, lead, message, subscribe};
use super::client::{Client, org, read};

#[tokio::test]
async fn every_path_variant_and_every_form_of_the_token_is_served() {
    let org = org("paths").await;
    let client = Client::login(&org).await;
    for auth in [format!("Bearer {}", client.token), format!("OAuth {}", client.token), client.token.clone()]
    {
        for path in ["/37.0", "/43.0/", "/43.0/handshake", "//60.0//", "/67.0/connect"] {
            for kind in
                ["application/json", "application/json;charset=UTF-8", "Application/JSON; charset=utf-8"]
            {
                let mut bayeux = Bayeux::new(&client);
                bayeux.auth = Some(auth.clone());
                let answer = bayeux.send(path, kind, json!([handshake()]).to_string()).await;
                assert_eq!(answer.headers()["content-type"], "application/json;charset=UTF-8");
                let (status, reply) = read(answer).await;
                assert_eq!((status, &reply[0]["successful"]), (200, &json!(true)), "{path} {kind}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_without_a_supported_version_is_refused_with_an_array() {
    let org = org("versions").await;
    let bayeux = Bayeux::new(&Client::login(&org).await);
    let mandatory = "400::API version in the URI is mandatory. URI format: '/cometd/66.0'";
    let unsupported = "400::Unsupported API version. Only API versions '37.0' and later are supported. URI format: \
                       '/cometd/66.0'";
    for (path, text) in [
        ("", mandatory),
        ("/", mandatory),
        ("/handshake", mandatory),
        ("/36.0", unsupported),
        ("/36.0/handshake", unsupported),
        ("/replay/36.0", unsupported),
    ] {
        let answer = bayeux.send(path, "application/json", json!([handshake()]).to_string()).await;
        let (status, reply) = read(answer).await;
        let expected = json!([{"channel": "/meta/handshake", "id": "1", "error": text, "successful": false}]);
        assert_eq!((status, reply), (400, expected), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_array_of_messages_is_refused_and_a_single_object_is_not() {
    let org = org("bodies").await;
    let bayeux = Bayeux::new(&Client::login(&org).await);
    let send = async |kind: &str, body: &str| bayeux.send("/60.0", kind, body).await.status().as_u16();
    for body in ["", "nonsense", "1", "[1]", "[{}", "[[]]", "\"text\"", "null"] {
        assert_eq!(send("application/json", body).await, 400, "{body}");
    }
    for kind in ["text/plain", "text/json", "application/x-www-form-urlencoded", "application/jsonp"] {
        assert_eq!(send(kind, "[]").await, 400, "{kind}");
    }
    assert_eq!(bayeux.post(&json!([])).await, (200, json!([])));
    let (status, reply) = bayeux.post(&handshake()).await;
    assert_eq!((status, &reply[0]["successful"]), (200, &json!(true)));

    let mut large = handshake();
    large["pad"] = json!("");
    large["pad"] = json!("x".repeat(32_768 - json!([large]).to_string().len()));
    let (status, reply) = bayeux.post(&json!([large])).await;
    assert_eq!((status, &reply[0]["successful"]), (200, &json!(true)), "32,768 bytes are not too many");
    large["pad"] = json!("x".repeat(32_768));
    let (status, reply) = bayeux.post(&json!([large])).await;
    assert_eq!((status, error(&reply[0])), (413, "413::Maximum Request Size Exceeded"));
}

#[tokio::test]
async fn replies_have_the_members_and_the_order_of_a_real_org() {
    let org = org("shapes").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let text = async |message: Json| {
        bayeux.send("/60.0", "application/json", json!([message]).to_string()).await.text().await.unwrap()
    };
    let shaken = text(handshake()).await;
    let replies: Json = serde_json::from_str(&shaken).unwrap();
    let id = replies[0]["clientId"].as_str().unwrap().to_owned();
    assert!(
        id.len() == 27 && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
        "{id}"
    );
    assert_eq!(
        shaken,
        format!(
            r#"[{{"ext":{{"replay":true,"payload.format":true}},"minimumVersion":"1.0","clientId":"{id}","supportedConnectionTypes":["long-polling"],"channel":"/meta/handshake","id":"1","version":"1.0","successful":true}}]"#
        )
    );
    assert_eq!(
        text(connect(&id)).await,
        format!(
            r#"[{{"clientId":"{id}","advice":{{"interval":0,"timeout":110000,"reconnect":"retry"}},"channel":"/meta/connect","id":"2","successful":true}}]"#
        )
    );
    assert_eq!(
        text(subscribe(&id, LEADS, -1)).await,
        format!(
            r#"[{{"clientId":"{id}","channel":"/meta/subscribe","id":"3","subscription":"/topic/Leads","successful":true}}]"#
        )
    );
    lead(&client, "x").await;
    let answer = text(connect(&id)).await;
    assert!(answer.starts_with(r#"[{"data":{"event":{"createdDate":""#), "{answer}");
    let end = format!(
        r#"}},"channel":"/topic/Leads"}},{{"clientId":"{id}","channel":"/meta/connect","id":"2","successful":true}}]"#
    );
    assert!(answer.ends_with(&end), "{answer}");
    assert_eq!(
        text(message("/meta/disconnect", &id)).await,
        format!(r#"[{{"clientId":"{id}","channel":"/meta/disconnect","id":"4","successful":true}}]"#)
    );
    assert_eq!(
        text(connect(&id)).await,
        r#"[{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","id":"2","error":"403::Unknown client","successful":false}]"#
    );
}

#[tokio::test]
async fn a_handshake_sets_cookies_that_stay_for_the_next() {
    let org = org("cookies").await;
    let bayeux = Bayeux::new(&Client::login(&org).await);
    let send = async || bayeux.send("/60.0", "application/json", json!([handshake()]).to_string()).await;
    let first = send().await;
    let set: Vec<&str> =
        first.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(set[0].starts_with("sfdc-stream=!") && set[1].starts_with("BAYEUX_BROWSER="), "{set:?}");
    assert!(set.iter().all(|cookie| cookie.ends_with("; Path=/; HttpOnly")), "{set:?}");
    assert!(!send().await.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn each_message_of_a_call_is_answered_in_its_place_with_its_id_as_it_was() {
    let org = org("several").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    lead(&client, "before").await;
    let id = bayeux.handshake().await;
    let mut numbered = connect(&id);
    numbered["id"] = json!(7);
    numbered["advice"] = json!({"timeout": 0});
    let mut nameless = subscribe(&id, LEADS, -2);
    nameless.as_object_mut().unwrap().remove("id");
    let (_, replies) = bayeux.post(&json!([numbered, nameless, subscribe(&id, "/topic/Nope", -1)])).await;
    let seen: Vec<_> =
        replies.as_array().unwrap().iter().map(|r| (r["channel"].as_str(), r.get("id"))).collect();
    assert_eq!(
        seen,
        [
            (Some("/meta/connect"), Some(&json!(7))),
            (Some("/meta/subscribe"), None),
            (Some("/meta/subscribe"), Some(&json!("3"))),
        ],
        "events of a subscription come after its reply"
    );
    assert_eq!(replies[1]["successful"], true);
    // A connect in company is never held, and takes what earlier messages subscribed to.
    let other = bayeux.connected().await;
    let (_, replies) = bayeux.post(&json!([subscribe(&other, LEADS, -2), connect(&other)])).await;
    assert_eq!(
        (last_names(&replies), replies[2]["channel"].as_str()),
        (vec!["before".to_owned()], Some("/meta/connect"))
    );
    let (_, replies) = bayeux.post(&json!([connect(&other), message("/meta/unsubscribe", &other)])).await;
    assert_eq!(
        (&replies[0]["successful"], error(&replies[1])),
        (&json!(true), "400::Channel name not specified")
    );
    // A handshake and what follows it may come in one call.
    let (_, replies) = bayeux.post(&json!([handshake(), handshake()])).await;
    assert!(replies[0]["clientId"].is_string() && replies[0]["clientId"] != replies[1]["clientId"]);
}

#[tokio::test]
async fn a_timeout_of_nothing_is_answered_at_once() {
    let org = org("timeout").await;
    let (_, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    for timeout in [0, 1] {
        let mut message = connect(&id);
        message["advice"] = json!({"timeout": timeout});
        let reply = bayeux.one(message).await;
        assert_eq!((&reply["successful"], reply.get("advice")), (&json!(true), None));
    }
}

#[tokio::test]
async fn a_list_of_channels_is_granted_as_a_whole_or_not_at_all() {
    let org = org("lists").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    super::streaming::topic(&client, "Others", "SELECT Id, LastName FROM Lead", json!({})).await;
    let id = bayeux.connected().await;
    let mut both = subscribe(&id, LEADS, -1);
    both["subscription"] = json!([LEADS, "/topic/Nope"]);
    let reply = bayeux.one(both.clone()).await;
    assert_eq!(
        (error(&reply).split(' ').next(), &reply["subscription"]),
        (Some("400::The"), &both["subscription"])
    );
    both["subscription"] = json!(["/topic/Others", LEADS]);
    let reply = bayeux.one(both.clone()).await;
    assert_eq!((&reply["successful"], &reply["subscription"]), (&json!(true), &both["subscription"]));
    lead(&client, "x").await;
    let (_, answer) = bayeux.post(&json!([connect(&id)])).await;
    assert_eq!((last_names(&answer).len(), answer.as_array().unwrap().len()), (2, 3));
    both["channel"] = json!("/meta/unsubscribe");
    assert_eq!(bayeux.one(both.clone()).await["subscription"], both["subscription"]);
    let mut quiet = connect(&id);
    quiet["advice"] = json!({"timeout": 0});
    lead(&client, "y").await;
    assert_eq!(bayeux.one(quiet).await["successful"], true, "nothing comes after the end of both");
}

#[tokio::test]
async fn a_filtered_subscription_brings_what_meets_one_condition_under_its_full_name() {
    let org = org("filters").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    for name in ["a", "O'Hara & 1", "b", "c"] {
        lead(&client, name).await;
    }
    let filtered = r"/topic/Leads?LastName='O\'Hara & 1'&lastname='c'&Company='none'";
    let id = bayeux.subscribed(filtered, -2).await;
    let (_, answer) = bayeux.post(&json!([connect(&id)])).await;
    assert_eq!(
        (last_names(&answer), answer[0]["channel"].as_str()),
        (vec!["O'Hara & 1".to_owned(), "c".to_owned()], Some(filtered))
    );
    let reply = bayeux.one(subscribe(&id, "/topic/Leads?Phone='1'", -1)).await;
    assert_eq!(error(&reply), "400::Query fields {Phone} do not exist on the topic entity");
    let mut unsubscribe = message("/meta/unsubscribe", &id);
    unsubscribe["subscription"] = json!(filtered);
    assert_eq!(bayeux.one(unsubscribe).await["successful"], true);
}
