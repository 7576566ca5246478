//! Faults on demand.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::bayeux::{Bayeux, LEADS, last_names, lead};
use super::client::{Client, http, org, post_token, read, typed};
use crate::{CallKind, Effect, Fault};

fn answer(status: u16, code: &str) -> Effect {
    Effect::Answer { status, code: code.to_owned(), message: "ordered".to_owned() }
}

#[tokio::test]
async fn one_record_can_make_every_call_fail_that_carries_it() {
    let org = org("poison").await;
    let client = Client::login(&org).await;
    org.faults().add(Fault::new(CallKind::Write, answer(500, "UNKNOWN_EXCEPTION")).containing("poison"));
    let both =
        json!([typed("Account", json!({"Name": "good"})), typed("Account", json!({"Name": "poison"}))]);
    let (status, errors) = client.post("composite/sobjects", json!({"records": both})).await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (500, Some("UNKNOWN_EXCEPTION")));
    assert_eq!((org.count("Account"), org.writes().len()), (0, 0));
    client.create("Account", json!({"Name": "good"})).await;
    assert_eq!((org.count("Account"), org.calls(CallKind::Write)), (1, 2));
}

#[tokio::test]
async fn a_record_error_refuses_its_record_as_often_as_asked() {
    let org = org("lock").await;
    let client = Client::login(&org).await;
    let lock = Effect::RecordError { code: "UNABLE_TO_LOCK_ROW".to_owned(), message: "busy".to_owned() };
    org.faults().add(Fault::new(CallKind::Write, lock).containing("Acme").times(1));
    let records = json!({"records": [typed("Account", json!({"Name": "Acme"})), typed("Account", json!({"Name": "Other"}))]});
    let (_, results) = client.post("composite/sobjects", records.clone()).await;
    assert_eq!(results[0]["errors"][0]["statusCode"], "UNABLE_TO_LOCK_ROW");
    assert_eq!(results[1]["success"], true);
    let (_, results) = client.post("composite/sobjects", records).await;
    assert_eq!(results[0]["success"], true);
}

#[tokio::test]
async fn a_cut_connection_has_written_or_not_as_ordered() {
    let org = org("cut").await;
    let client = Client::login(&org).await;
    let attempt = || {
        let url = format!("{}/services/data/v60.0/sobjects/Account", org.url());
        client.http.post(url).bearer_auth(&client.token).json(&json!({"Name": "x"})).send()
    };
    org.faults().add(Fault::new(CallKind::Write, Effect::Cut).times(1));
    assert!(attempt().await.is_err());
    assert_eq!(org.count("Account"), 0);
    org.faults().add(Fault::new(CallKind::Write, Effect::CutAfter).times(1));
    assert!(attempt().await.is_err());
    assert_eq!(org.count("Account"), 1);
    assert_eq!(attempt().await.unwrap().status(), 201);
}

#[tokio::test]
async fn an_org_that_is_down_answers_nothing_else_until_it_is_back() {
    let org = org("down").await;
    let client = Client::login(&org).await;
    org.faults().take_down();
    assert_eq!(client.get("limits").await.0, 503);
    assert_eq!(
        post_token(&http(), &org, &[]).await,
        (503, json!({"error": "SERVER_UNAVAILABLE", "error_description": "Server unavailable"}))
    );
    org.faults().clear();
    assert_eq!(client.get("limits").await.0, 200);
    org.faults().add(Fault::new(CallKind::Any, Effect::Cut).lasting(Duration::ZERO));
    assert_eq!(client.get("limits").await.0, 200, "a fault ends with its time");
}

#[tokio::test]
async fn another_process_orders_faults_over_http() {
    let org = org("admin").await;
    let client = Client::login(&org).await;
    let admin = async |method: reqwest::Method, path: &str, body: Json| {
        read(
            http()
                .request(method, format!("{}/simulator/{path}", org.url()))
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await
    };
    let post = reqwest::Method::POST;
    let fault = json!({"kind": "query", "effect": "answer", "status": 400, "code": "QUERY_TIMEOUT", "message": "slow", "times": 1});
    let (status, added) = admin(post.clone(), "faults", fault.clone()).await;
    assert_eq!((status, added["id"].is_u64()), (200, true));
    let (_, listed) = admin(reqwest::Method::GET, "faults", Json::Null).await;
    assert_eq!(listed[0]["fault"], fault);
    assert_eq!(client.get("query?q=SELECT+Id+FROM+Account").await.0, 400);
    assert_eq!(client.get("query?q=SELECT+Id+FROM+Account").await.0, 200);
    let (status, error) = admin(post.clone(), "faults", json!({"kind": "queries"})).await;
    assert!(status == 400 && error["error"].as_str().unwrap().contains("queries"));
    let (_, clock) = admin(post.clone(), "clock", json!({"advance_ms": 60_000})).await;
    assert_eq!(clock["ahead_ms"], 60_000);
    assert_eq!(admin(post, "tokens/expire", Json::Null).await.0, 204);
    assert_eq!(client.get("limits").await.0, 401);
    let (_, rows) = admin(reqwest::Method::GET, "rows", Json::Null).await;
    assert_eq!((&rows["Account"], &rows["User"]), (&json!(0), &json!(2)));
}

#[tokio::test]
async fn an_order_that_is_wrong_is_answered_with_what_is_possible() {
    let org = org("orders").await;
    let post = async |path: &str, body: Json| {
        read(http().post(format!("{}/simulator/{path}", org.url())).json(&body).send().await.unwrap()).await
    };
    for (path, body, expected) in [
        ("faults", json!({"kind": "query"}), "missing field `effect`"),
        ("faults", json!({"kind": "query", "effect": "fire"}), "expected one of `answer`, `cut`"),
        ("faults", json!({"kind": "query", "effect": "delay"}), "missing field `ms`"),
        (
            "faults",
            json!({"kind": "write", "effect": "cut", "contains": "x"}),
            "unknown key `contains`, expected one of kind",
        ),
        ("faults", json!({"kind": "query", "effect": "cut", "times": 0}), "times: 0 is met by no call"),
        ("faults", json!({"kind": "query", "effect": "bayeux_disconnect"}), "it ends a session"),
        ("faults", json!({"kind": "handshake", "effect": "bayeux_disconnect"}), "it ends a session"),
        (
            "faults",
            json!({"kind": "write", "effect": "bayeux_error", "error": "503::"}),
            "it is for messages",
        ),
        (
            "faults",
            json!({"kind": "connect", "effect": "bayeux_error", "error": "503::", "reconnect": "foo"}),
            "none, handshake or retry",
        ),
        (
            "faults",
            json!({"kind": "any", "effect": "delay_between", "min_ms": 300, "max_ms": 100}),
            "min_ms is more than max_ms",
        ),
        ("faults", json!({"kind": "any", "effect": "answer", "status": 999, "code": "X"}), "from 200 to 599"),
        ("logins", json!({"user": "tired"}), "expected one of `active`, `inactive`"),
        ("replay/forget", json!({}), "missing field `replay_id`"),
        ("clock", json!({"advance_ms": -1}), "invalid value"),
        ("clock", json!({"advance_ms": 253_402_300_800_000_i64}), "a thousand years ahead"),
    ] {
        let (status, answer) = post(path, body).await;
        assert_eq!(status, 400, "{path}");
        assert!(answer["error"].as_str().unwrap().contains(expected), "{path}: {answer}");
        assert!(answer["takes"].is_string(), "{path}: {answer}");
    }
    let (status, answer) = post("sorcery", Json::Null).await;
    assert_eq!(
        (status, &answer["error"]),
        (404, &json!("the simulator has no route POST /simulator/sorcery"))
    );
    let (status, routes) = read(http().get(format!("{}/simulator", org.url())).send().await.unwrap()).await;
    assert_eq!((status, &routes), (200, &answer["routes"]));
    assert!(routes["POST /simulator/faults"].as_str().unwrap().contains("delay_between"));
}

#[tokio::test]
async fn an_org_can_be_slow_and_faulty_at_once() {
    let org = org("slow").await;
    let client = Client::login(&org).await;
    let faults = org.faults();
    faults.add(Fault::new(CallKind::Any, Effect::DelayBetween { min_ms: 1, max_ms: 3 }));
    faults.add(Fault::new(CallKind::Query, answer(500, "UNKNOWN_EXCEPTION")).times(1));
    assert_eq!(client.get("query?q=SELECT+Id+FROM+Account").await.0, 500);
    assert_eq!(client.get("query?q=SELECT+Id+FROM+Account").await.0, 200);
    assert_eq!(faults.list().len(), 1, "the delay goes on");
    let exhausted = faults.exhaust_api_requests();
    let (status, errors) = client.get("limits").await;
    assert_eq!((status, errors[0]["errorCode"].as_str()), (403, Some("REQUEST_LIMIT_EXCEEDED")));
    assert_eq!(Client::login(&org).await.get("limits").await.0, 403);
    assert!(faults.remove(exhausted));
    assert_eq!(client.get("limits").await.0, 200);
}

#[tokio::test]
async fn an_unknown_status_code_is_refused_with_those_that_look_like_it() {
    let org = org("codes").await;
    let http = http();
    let url = |path: &str| format!("{}/simulator/{path}", org.url());
    let fault = |code: &str| json!({"kind": "write", "effect": "record_error", "code": code});
    let add = |code: &'static str| http.post(url("faults")).json(&fault(code)).send();
    let (status, refused) = read(add("UNABLE_TO_LOCK_ROWS").await.unwrap()).await;
    let said = refused["error"].as_str().unwrap();
    assert_eq!(status, 400);
    assert!(
        said.starts_with(
            "Salesforce has no status code UNABLE_TO_LOCK_ROWS for records; near it are UNABLE_TO_LOCK_ROW, "
        ),
        "{said}"
    );
    assert!(said.ends_with("; GET /simulator/codes lists all"), "{said}");
    let (_, codes) = read(http.get(url("codes")).send().await.unwrap()).await;
    assert!(codes.as_array().unwrap().contains(&json!("UNABLE_TO_LOCK_ROW")));
    assert_eq!(read(add("UNABLE_TO_LOCK_ROW").await.unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_record_error_refuses_records_of_the_calls_it_is_for_and_no_others() {
    let org = org("which").await;
    let client = Client::login(&org).await;
    let order = async |body: Json| {
        let url = format!("{}/simulator/faults", org.url());
        read(http().post(url).json(&body).send().await.unwrap()).await
    };
    let fault = |kind: &str| json!({"kind": kind, "effect": "record_error", "code": "UNABLE_TO_LOCK_ROW"});
    let (status, refused) = order(fault("query")).await;
    assert_eq!(status, 400);
    assert!(refused["error"].as_str().unwrap().contains("write no record"), "{refused}");
    for kind in ["soap", "bulk"] {
        assert_eq!(order(fault(kind)).await.0, 200);
        client.create("Account", json!({"Name": kind})).await;
    }
    let (_, good, bad) = client.done(json!({"object": "Account", "operation": "insert"}), "Name\nx\n").await;
    assert_eq!((good.len(), bad.len()), (1, 2), "{bad:?}");
}

#[tokio::test]
async fn an_org_that_is_down_or_exhausted_answers_no_call_of_any_kind() {
    let org = org("all").await;
    let client = Client::login(&org).await;
    let cometd = async |body: &'static str| {
        let request = http().post(format!("{}/cometd/60.0", org.url())).bearer_auth(&client.token);
        request.header("content-type", "application/json").body(body).send().await.unwrap().status().as_u16()
    };
    let exhausted = org.faults().exhaust_api_requests();
    assert_eq!((client.get("").await.0, client.get("composite").await.0), (403, 403));
    assert!(org.faults().remove(exhausted));
    org.faults().take_down();
    for body in ["", "[]", "[{}]", "no json"] {
        assert_eq!(cometd(body).await, 503, "{body}");
    }
}

#[tokio::test]
async fn a_counted_fault_waits_for_the_next_call_and_leaves_held_connects_alone() {
    let org = org("counted").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let (status, answer) = bayeux
        .while_held(&org, &id, async || {
            org.faults().add(Fault::new(CallKind::Any, answer(500, "UNKNOWN_EXCEPTION")).times(1));
            assert_eq!(client.get("limits").await.0, 500);
            lead(&client, "a").await;
        })
        .await;
    assert_eq!((status, last_names(&answer)), (200, vec!["a".to_owned()]));
}

#[tokio::test]
async fn a_stalled_org_holds_calls_and_events_back_until_the_stall_is_over() {
    let org = org("stall").await;
    let (client, bayeux) = Bayeux::ready(&org).await;
    let id = bayeux.subscribed(LEADS, -1).await;
    let (stalled, calls) = (std::sync::atomic::AtomicBool::new(false), &bayeux);
    let other = Bayeux::new(&client);
    let (_, answer) = calls
        .while_held(&org, &id, async || {
            let stall = org.faults().add(Fault::new(CallKind::Cometd, Effect::Stall));
            lead(&client, "a").await;
            let shakes = async {
                other.handshake().await;
                assert!(stalled.load(std::sync::atomic::Ordering::Relaxed), "nothing is answered meanwhile");
            };
            let ends = async {
                while org.calls(CallKind::Handshake) < 2 {
                    tokio::task::yield_now().await;
                }
                assert_eq!(client.get("limits").await.0, 200, "only /cometd stands still");
                stalled.store(true, std::sync::atomic::Ordering::Relaxed);
                assert!(org.faults().remove(stall));
            };
            tokio::join!(shakes, ends);
        })
        .await;
    assert_eq!(last_names(&answer), ["a"]);
}

#[tokio::test]
async fn it_is_kept_on_demand_when_each_call_that_changes_something_was_under_way() {
    let org = org("exchanges").await;
    let client = Client::login(&org).await;
    let lead = json!({ "LastName": "Doe", "Company": "Acme" });
    client.post("sobjects/Lead", lead.clone()).await;
    org.keep_exchanges();
    org.faults().add(Fault::new(CallKind::Write, Effect::Delay { ms: 50 }));
    let asked = tokio::time::Instant::now();
    tokio::join!(client.post("sobjects/Lead", lead.clone()), client.post("sobjects/Lead", lead));
    client.get("limits").await;
    let kept = org.exchanges();
    assert_eq!(kept.len(), 2, "neither what came before nor what only reads");
    for exchange in &kept {
        assert!(exchange.began > asked && exchange.ended - exchange.began >= Duration::from_millis(50));
        assert_eq!((&*exchange.method, exchange.target.contains("sobjects/Lead")), ("POST", true));
        assert!(exchange.body.contains("Acme"));
    }
    assert!(kept[1].began < kept[0].ended, "they were under way at the same time");
}
