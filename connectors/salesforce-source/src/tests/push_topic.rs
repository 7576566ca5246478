//! PushTopics in the org.

use std::time::Duration;

use orgstream_api::{Health, Source as _, TaskError};
use orgstream_salesforce::{Row, SalesforceId};
use serde_json::{Value, json};

use super::feed::Committed;
use super::world::World;
use crate::config::{Manage, NotifyForFields, PushTopicConfig, SourceConfig, Start, SweepConfig};

async fn account_topic(world: &World) -> Row {
    let soql = "SELECT Id, Query, NotifyForFields, NotifyForOperationUndelete, Description FROM PushTopic \
                WHERE Name = 'orgstream_Account'";
    let mut rows = world.org.query(soql).await.unwrap().rows;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

fn id_of(row: &Row) -> SalesforceId {
    row.get("Id").and_then(Value::as_str).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_push_topic_is_created_once_and_repaired_when_it_differs() {
    let world = World::start().await;
    let mut committed = Committed::default();
    drop(committed.source(&world, Start::Latest).await);
    let first = account_topic(&world).await;
    assert_eq!(first["NotifyForFields"], "All");
    assert_eq!(first["Query"], "SELECT Id FROM Account");

    world.update("PushTopic", id_of(&first), json!({"NotifyForOperationUndelete": false})).await;
    drop(committed.source(&world, Start::Latest).await);
    let second = account_topic(&world).await;
    assert_eq!(id_of(&second), id_of(&first));
    assert_eq!(second["NotifyForOperationUndelete"], true);
}

#[tokio::test]
async fn a_push_topic_of_somebody_else_is_left_alone() {
    let world = World::start().await;
    let foreign = json!({
        "Name": "orgstream_Account", "Query": "SELECT Id, Name FROM Account", "ApiVersion": 62.0,
        "NotifyForFields": "Referenced",
    });
    let fields: Row = serde_json::from_value(foreign).unwrap();
    world.org.create_one("PushTopic", &fields, Duration::from_secs(10)).await.unwrap();
    let mut committed = Committed::default();
    let feed = committed.source(&world, Start::Latest).await;
    let Health::Degraded(text) = feed.health.borrow().clone() else { panic!("{:?}", feed.health) };
    assert!(text.contains("orgstream_Account") && text.contains("NotifyForFields"), "{text}");
    drop(feed);
    assert_eq!(account_topic(&world).await["NotifyForFields"], "Referenced");

    let error = Committed::default().try_source_of(&world, &["Account"]).await.err().unwrap();
    assert!(matches!(error, TaskError::Config(_)), "with no other object it is a fault of the file: {error}");
}

#[tokio::test]
async fn an_object_that_the_org_lacks_is_a_fault_of_the_file() {
    let world = World::start().await;
    let error = Committed::default().try_source_of(&world, &["Acount"]).await.err().unwrap();
    let text = error.to_string();
    assert!(matches!(error, TaskError::Config(_)), "{text}");
    assert!(text.contains("`Acount`") && text.contains("org `a`"), "{text}");
}

/// A source for accounts and contacts, the first by this PushTopic.
async fn with<'a>(
    world: &World,
    committed: &'a mut Committed,
    configure: fn(&mut SourceConfig),
) -> super::feed::Feed<'a> {
    committed.configure = Some(configure);
    committed.source(world, Start::Latest).await
}

fn named(config: &mut SourceConfig) -> &mut PushTopicConfig {
    let topic = &mut config.objects[0].push_topic;
    topic.name = Some("Mine".to_owned());
    topic.notify_for_fields = NotifyForFields::Select;
    topic.query = Some("SELECT Id, Name FROM Account".to_owned());
    topic
}

async fn mine(world: &World) -> Option<Row> {
    let soql =
        "SELECT Id, Query, NotifyForFields, NotifyForOperationDelete FROM PushTopic WHERE Name = 'Mine'";
    world.org.query(soql).await.unwrap().rows.pop()
}

async fn make_mine(world: &World, query: &str) {
    let fields = json!({"Name": "Mine", "Query": query, "ApiVersion": 60.0, "NotifyForFields": "Referenced"});
    let fields: Row = serde_json::from_value(fields).unwrap();
    world.org.create_one("PushTopic", &fields, Duration::from_secs(10)).await.unwrap();
}

fn shown(feed: &super::feed::Feed<'_>) -> String {
    match feed.health.borrow().clone() {
        Health::Degraded(text) => text,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_push_topic_is_made_as_the_file_says_and_only_its_events_come() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = with(&world, &mut committed, |config| {
        let topic = named(config);
        topic.notify.delete = false;
        topic.api_version = Some("60.0".to_owned());
    })
    .await;
    feed.until(|committed| committed.position("channel", "/topic/Mine").is_some()).await;
    let made = mine(&world).await.unwrap();
    assert_eq!(
        (&made["Query"], &made["NotifyForFields"]),
        (&json!("SELECT Id, Name FROM Account"), &json!("Select"))
    );
    assert_eq!(made["NotifyForOperationDelete"], false);
    let account = world.create("Account", json!({"Name": "Nordwind"})).await;
    feed.until_records(1).await;
    world.update("Account", account, json!({"Phone": "1"})).await;
    world.update("Account", account, json!({"Name": "Südwind"})).await;
    feed.until_records(2).await;
    assert_eq!(committed.records.len(), 2, "no event tells of a field that is not selected");
}

#[tokio::test]
async fn what_differs_is_set_told_or_refused_as_the_file_says() {
    for (manage, is_set) in [(Manage::Create, false), (Manage::Update, true), (Manage::Never, false)] {
        let world = World::start().await;
        make_mine(&world, "SELECT Id, Name FROM Account").await;
        let mut committed = Committed::default();
        let configure: fn(&mut SourceConfig) = match manage {
            Manage::Create => |config| named(config).manage = Some(Manage::Create),
            Manage::Update => |config| named(config).manage = Some(Manage::Update),
            Manage::Never => |config| named(config).manage = Some(Manage::Never),
        };
        let mut feed = with(&world, &mut committed, configure).await;
        feed.until(|committed| committed.position("channel", "/topic/Mine").is_some()).await;
        let now = mine(&world).await.unwrap();
        assert_eq!(now["NotifyForFields"] == json!("Select"), is_set, "{manage:?}");
        let told = shown(&feed).contains("NotifyForFields is \"Referenced\", not \"Select\"");
        assert_eq!(told, !is_set, "{manage:?}: {}", shown(&feed));
        // Different or not, it is used.
        world.create("Account", json!({"Name": "Nordwind"})).await;
        feed.until_records(1).await;
    }
}

#[tokio::test]
async fn a_push_topic_that_is_about_another_object_or_absent_or_refused_fails_its_object_alone() {
    for (configure, foreign, wanted) in [
        (
            (|config| named(config).manage = Some(Manage::Update)) as fn(&mut SourceConfig),
            true,
            "is about Lead, not about Account",
        ),
        (|config| named(config).manage = Some(Manage::Never), false, "has no PushTopic `Mine`"),
        (
            |config| named(config).query = Some("SELECT Id FROM Account ORDER BY Name".to_owned()),
            false,
            "'ORDER BY' clause is not allowed",
        ),
    ] {
        let world = World::start().await;
        if foreign {
            make_mine(&world, "SELECT Id, LastName FROM Lead").await;
        }
        let mut committed = Committed::default();
        let mut feed = with(&world, &mut committed, configure).await;
        assert!(shown(&feed).contains(wanted) && shown(&feed).contains("Account"), "{}", shown(&feed));
        feed.until(|committed| committed.position("channel", "/topic/orgstream_Contact").is_some()).await;
        let contact = world.create("Contact", json!({"LastName": "Verdi"})).await;
        feed.until_records(1).await;
        assert_eq!(super::feed::id(&feed.committed.records[0]), contact.as_str());
        if foreign {
            assert_eq!(mine(&world).await.unwrap()["Query"], "SELECT Id, LastName FROM Lead");
        }
    }
}

#[tokio::test]
async fn without_hydration_a_record_is_what_its_event_tells_and_a_delete_stays_the_last_word() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = with(&world, &mut committed, |config| {
        for object in &mut config.objects {
            object.hydrate = false;
        }
    })
    .await;
    feed.until(|committed| committed.positions.len() >= 2).await;
    let account = world.create("Account", json!({"Name": "Nordwind", "BillingCity": "Bremen"})).await;
    feed.until_records(1).await;
    world.update("Account", account, json!({"Phone": null, "Name": "Südwind"})).await;
    world.delete(account).await;
    feed.until_records(3).await;
    world.undelete(account).await;
    feed.until_records(4).await;
    let kinds: Vec<_> = feed.committed.records.iter().map(super::feed::kind).collect();
    assert_eq!(kinds, ["created", "updated", "deleted", "undeleted"]);
    assert_eq!((feed.counter("hydrated"), feed.counter("folded")), (0, 0));
    let updated = &feed.committed.records[1];
    assert_eq!(super::feed::text(updated, "Name"), "Südwind");
    assert_eq!(super::feed::text(updated, "BillingCity"), "Bremen");
    let carried = updated.record.headers.text(orgstream_api::record::header::CARRIED).unwrap();
    assert!(
        carried.contains("\"Phone\"")
            && !carried.contains("Description")
            && !carried.contains("BillingAddress")
    );
    committed.assert_order();
}

#[tokio::test]
async fn what_somebody_changes_in_a_push_topic_is_told_while_the_source_runs() {
    let world = World::start().await;
    let mut committed = Committed::default();
    let mut feed = with(&world, &mut committed, |config| {
        config.describe_every = Duration::from_millis(300);
        named(config).manage = Some(Manage::Create);
    })
    .await;
    feed.until(|committed| committed.position("channel", "/topic/Mine").is_some()).await;
    let id = id_of(&mine(&world).await.unwrap());
    world.update("PushTopic", id, json!({"NotifyForOperationDelete": false})).await;
    let told = |health: &Health| matches!(health, Health::Degraded(text) if text.contains("NotifyForOperationDelete is false"));
    feed.until_health(told).await;
    world.update("PushTopic", id, json!({"NotifyForOperationDelete": true})).await;
    feed.until_running().await;
}

/// A source without sweeps that was stopped and is started again: what raised no event `meanwhile` is brought.
async fn brings_what_raised_no_event(meanwhile: impl AsyncFn(&World, Row)) {
    let world = World::start().await;
    let sweep = SweepConfig { every: None, ..SweepConfig::default() };
    let mut committed = Committed { sweep, ..Committed::default() };
    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until_subscribed().await;
    let account = world.create("Account", json!({"Name": "before"})).await;
    feed.until_records(1).await;
    feed.source.stop().await;
    world.sandbox.advance(Duration::from_mins(10));
    let topic = account_topic(&world).await;
    meanwhile(&world, topic).await;

    let mut feed = committed.source(&world, Start::Latest).await;
    feed.until(|committed| committed.gap("Account").is_some_and(|gap| gap["state"] == "closed")).await;
    assert_eq!(committed.gap("Account").unwrap()["cause"], "channel_changed");
    assert_eq!(committed.names().get(account.as_str()).map(String::as_str), Some("raised no event"));
    assert!(committed.gap("Contact").is_none());

    let mut feed = committed.source(&world, Start::Latest).await;
    let later = world.create("Account", json!({"Name": "later"})).await;
    feed.until(|committed| committed.names().contains_key(later.as_str())).await;
    assert_eq!(committed.gaps("Account").len(), 1, "it is found once");
}

async fn rename_the_only_account(world: &World) {
    let rows = world.org.query("SELECT Id FROM Account").await.unwrap().rows;
    world.update("Account", id_of(&rows[0]), json!({"Name": "raised no event"})).await;
}

#[tokio::test]
async fn what_happened_while_somebody_had_a_push_topic_switched_off_is_read() {
    brings_what_raised_no_event(async |world, topic| {
        world.update("PushTopic", id_of(&topic), json!({"IsActive": false})).await;
        rename_the_only_account(world).await;
    })
    .await;
}

#[tokio::test]
async fn what_happened_before_a_killed_run_made_the_push_topic_anew_is_read() {
    brings_what_raised_no_event(async |world, topic| {
        world.delete(id_of(&topic)).await;
        rename_the_only_account(world).await;
        let fields = json!({
            "Name": "orgstream_Account", "Query": topic["Query"], "ApiVersion": 62.0,
            "NotifyForFields": topic["NotifyForFields"],
        });
        world.create("PushTopic", fields).await;
    })
    .await;
}
