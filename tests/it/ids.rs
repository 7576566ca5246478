//! `orgstream ids`: links that are shown, corrected, taken in and filled in.

use std::time::Duration;

use orgstream::store::LinkKey;
use orgstream_api::{IdLink, InputOffset, LinkState, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::{Value as Json, json};

use crate::support::{Finished, Rest, World};

/// Runs `orgstream ids …` in the directory of the world's file.
async fn ids(world: &World, arguments: &[&str]) -> Finished {
    world.command(&[&["ids"], arguments].concat()).finish().await
}

/// The links that `orgstream ids lookup` shows of these ids.
async fn lookup(world: &World, ids: &[&str]) -> Vec<Json> {
    let arguments = [&["lookup", "orgstream.yaml", "--json"], ids].concat();
    let shown = self::ids(world, &arguments).await;
    serde_json::from_str(&shown.stdout).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_shown_corrected_exported_and_taken_in_again_while_nothing_runs() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let in_b = Rest::login(&world.b).await;
    let account = world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.sync().await.expect_code(0);
    let linked = world.b.rows("Account")[0]["Id"].as_str().expect("an id").to_owned();
    let other = in_b.create("Account", json!({ "Name": "Other" })).await;

    // Either side, in the long form and in the short one.
    for id in [account.as_str(), &account[..15], &linked[..15]] {
        let shown = lookup(&world, &[id]).await;
        assert_eq!(shown.len(), 1, "{id}: {shown:?}");
        let link = &shown[0];
        assert_eq!((&link["source_id"], &link["target_id"]), (&json!(account), &json!(linked)));
        assert_eq!(
            (&link["source"], &link["target"], &link["state"]),
            (&json!("a"), &json!("b"), &json!("live"))
        );
    }
    let table = ids(&world, &["lookup", "--state", "state", &account]).await.expect_code(0).stdout;
    assert!(table.starts_with("OBJECT") && table.contains(&linked), "{table}");
    let exported = ids(&world, &["export", "orgstream.yaml"]).await.expect_code(0).stdout;
    let line = format!("Account,{account},{linked}");
    assert!(exported.starts_with("object,source_id,target_id\n") && exported.contains(&line), "{exported}");

    let set = ids(&world, &["set", "orgstream.yaml", "account", &account, &other]).await.expect_code(0);
    assert_eq!(set.stdout, "Links: 1 changed.\n");
    assert_eq!(lookup(&world, &[&account]).await[0]["target_id"], other.as_str());
    assert!(lookup(&world, &[&account]).await[0]["last"].is_string(), "what was written stays known");

    // What ran last left its status, and these commands run nothing.
    let status = world.command(&["status", "orgstream.yaml"]).finish().await.expect_code(1);
    assert!(status.stdout.starts_with("As of "), "{status:?}");

    let gone = ids(&world, &["forget", "orgstream.yaml", "Account", &account]).await.expect_code(0);
    assert_eq!(gone.stdout, "Links: 1 taken out.\n");
    let unknown = ids(&world, &["lookup", "orgstream.yaml", &account]).await.expect_code(1);
    assert!(unknown.stderr.contains(&account), "{}", unknown.stderr);
    let again = ids(&world, &["forget", "orgstream.yaml", "Account", &account]).await.expect_code(1);
    assert_eq!(again.stdout, "Links: 1 not there.\n");

    std::fs::write(world.dir.path().join("links.csv"), exported).expect("a file");
    let taken = ids(&world, &["import", "orgstream.yaml", "links.csv", "--json"]).await.expect_code(0);
    let taken: Json = serde_json::from_str(&taken.stdout).expect("JSON");
    assert_eq!((&taken["new"], &taken["changed"]), (&json!(1), &json!(0)));
    assert_eq!(lookup(&world, &[&linked]).await[0]["source_id"], account.as_str());

    // What comes next is written by the link.
    world.in_a.update("Account", &account, json!({ "Phone": "1" })).await;
    world.sync().await.expect_code(0);
    let rows = world.b.rows("Account");
    let row = rows.iter().find(|row| row["Id"] == linked.as_str()).expect("it is there");
    assert_eq!((rows.len(), &row["Phone"]), (2, &json!("1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_runs_takes_changes_and_forgets_what_it_noted() {
    let Some(world) = World::builder().embedded().build().await else { return };
    world.prime().await;
    let running = world.run(&[]);
    running.says("{").await;
    let account = world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    crate::support::eventually("the account arrives", || world.b.count("Account") == 1).await;
    let linked = world.b.rows("Account")[0]["Id"].as_str().expect("an id").to_owned();
    let mut is_linked = false;
    for _ in 0..100 {
        is_linked = !lookup(&world, &[&account]).await.is_empty();
        if is_linked {
            break;
        }
    }
    assert!(is_linked, "the link is bound after the account was written");
    // Without the link and without its external id the record of org B is nobody's.
    let in_b = Rest::login(&world.b).await;
    in_b.update("Account", &linked, json!({ "OrgA_Id__c": null })).await;
    let gone = ids(&world, &["forget", "--state", "state", "Account", &account]).await.expect_code(0);
    assert_eq!(gone.stdout, "Links: 1 taken out.\n");
    world.in_a.update("Account", &account, json!({ "Phone": "1" })).await;
    crate::support::eventually("the account is made anew", || world.b.count("Account") == 2).await;

    let set =
        ids(&world, &["set", "--state", "state", "Account", &account, &linked[..15]]).await.expect_code(0);
    assert!(set.stdout.starts_with("Links: 1 "), "{}", set.stdout);
    assert_eq!(lookup(&world, &[&account]).await[0]["target_id"], linked.as_str());
    running.terminate().await.expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_refused_as_a_whole_with_every_fault() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let account = "001000000000001AAA";
    let before = ids(&world, &["lookup", "orgstream.yaml", account]).await.expect_code(1);
    assert!(before.stderr.contains("has no id map yet"), "{}", before.stderr);
    let strangers = ids(&world, &["set", "orgstream.yaml", "Account", account, account]).await.expect_code(2);
    assert!(strangers.stderr.contains("run the pipeline once"), "{}", strangers.stderr);
    world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    world.sync().await.expect_code(0);
    let links = format!(
        "Account,{account},{account}\nOrder,{account},{account}\nAccount,{account}x,{account}\nAccount,{account}\n\
         Contact,{account},003000000000001AAA\n"
    );
    std::fs::write(world.dir.path().join("links.csv"), links).expect("a file");
    let refused = ids(&world, &["import", "orgstream.yaml", "links.csv"]).await.expect_code(2);
    for said in [
        "line 2 names the object `Order`",
        "line 3 has no id",
        "line 4 has 2 cells",
        "line 5 links",
        "Nothing is taken in",
    ] {
        assert!(refused.stderr.contains(said), "no `{said}` in\n{}", refused.stderr);
    }
    ids(&world, &["lookup", "orgstream.yaml", account]).await.expect_code(1);
    for (arguments, said) in [
        (&["lookup", "orgstream.yaml", "x", "001"][..], "`001` is not a Salesforce id"),
        (&["lookup", account], "cannot be read"),
        (&["lookup", "orgstream.yaml"], "an id is missing"),
        (
            &["set", "orgstream.yaml", "Account", account],
            "takes 3 words behind the configuration, and here are 2",
        ),
        (&["set", "orgstream.yaml", "Order", account, account], "those that are: Account, Contact, Lead"),
        (&["set", "orgstream.yaml", "Account", account, "003000000000001AAA"], "not ids of the same object"),
        (&["set", "--state", "state", "Account", account, account], "name the configuration"),
        (&["set", "orgstream.yaml", "Account", account, account], "org `a` has no Account"),
        (&["set", "orgstream.yaml", "Account", account, account], "org `b` has no Account"),
        (&["export", "orgstream.yaml", "--object", "Acount"], "did you mean `Account`?"),
        (&["export", "orgstream.yaml", "--from", "nobody"], "`nobody` is neither the id of an org"),
        (&["import", "orgstream.yaml", "none.csv"], "cannot be read"),
        (&["bootstrap", "orgstream.yaml", "--object", "Order"], "there are: Account of"),
    ] {
        let refused = ids(&world, arguments).await;
        assert!(matches!(refused.code(), Some(2 | 78)), "{arguments:?}: {refused:?}");
        assert!(refused.stderr.contains(said), "no `{said}` in\n{}", refused.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_has_records_already_gets_its_links_without_a_write() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let in_b = Rest::login(&world.b).await;
    let account = world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    let other = world.in_a.create("Account", json!({ "Name": "Globex" })).await;
    let twin = in_b.create("Account", json!({ "Name": "Acme", "OrgA_Id__c": account })).await;
    for (name, id) in [("of nobody", "001000000000001AAA"), ("no id", "4711")] {
        in_b.create("Account", json!({ "Name": name, "OrgA_Id__c": id })).await;
    }
    let filled = ids(&world, &["bootstrap", "orgstream.yaml", "--json"]).await.expect_code(0).stdout;
    let filled: Json = serde_json::from_str(&filled).expect("JSON");
    let of_accounts = filled.as_array().expect("objects").iter().find(|one| one["object"] == "Account");
    let of_accounts = of_accounts.expect("accounts are filled in");
    let counts = ["rows", "new", "not_in_source", "no_ids"].map(|name| of_accounts[name].clone());
    assert_eq!(counts, [json!(3), json!(1), json!(1), json!(1)], "{of_accounts}");
    let linked = &lookup(&world, &[&account]).await[0];
    assert_eq!((&linked["source"], &linked["target_id"]), (&json!("a"), &json!(twin)));
    assert_eq!(world.b.count("Account"), 3);

    // One that leads elsewhere stays, and is named.
    let [wrong] = [in_b.create("Account", json!({ "Name": "wrong", "OrgA_Id__c": other })).await];
    world.sync().await.expect_code(0);
    assert_eq!(world.b.count("Account"), 4, "both were found");
    let elsewhere = in_b.create("Account", json!({ "Name": "elsewhere" })).await;
    ids(&world, &["set", "orgstream.yaml", "Account", &other, &elsewhere]).await.expect_code(0);
    let table =
        ids(&world, &["bootstrap", "orgstream.yaml", "--object", "account"]).await.expect_code(0).stdout;
    assert!(table.starts_with("PIPELINE") && table.contains("OTHERWISE"), "{table}");
    for said in [&other, &elsewhere, &wrong] {
        assert!(table.contains(said.as_str()), "no `{said}` in\n{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_of_deleted_records_are_kept_for_thirty_days() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let days_ago = |days: i64| orgstream::clock::now_ms() - days * 24 * 60 * 60 * 1_000;
    let link = |source_id: &str, days| IdLink {
        source_org: world.a.id().to_owned(),
        object: "Account".to_owned(),
        source_id: source_id.to_owned(),
        target_org: world.b.id().to_owned(),
        target_id: None,
        state: LinkState::Deleted(days_ago(days)),
        last: InputOffset { partition: TopicPartition { topic: "t".to_owned(), partition: 0 }, offset: 0 },
        stamp: None,
    };
    world.prime().await;
    let (old, young) = ("001000000000031AAA", "001000000000029AAA");
    let producer: FutureProducer =
        ClientConfig::new().set("bootstrap.servers", &world.bootstrap_servers).create().expect("a producer");
    for link in [link(old, 31), link(young, 29)] {
        let key = serde_json::to_string(&LinkKey::of(&link)).expect("JSON");
        let value = serde_json::to_string(&link).expect("JSON");
        let record = FutureRecord::to("_orgstream.ids").partition(0).key(&key).payload(&value);
        producer.send(record, Duration::from_secs(10)).await.expect("it is taken");
    }
    world.sync().await.expect_code(0);
    ids(&world, &["lookup", "orgstream.yaml", old]).await.expect_code(1);
    assert_eq!(lookup(&world, &[young]).await[0]["state"], "deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_with_records_that_no_link_leads_to_is_named_at_the_start() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let in_b = Rest::login(&world.b).await;
    let account = world.in_a.create("Account", json!({ "Name": "Acme" })).await;
    in_b.create("Account", json!({ "Name": "Acme", "OrgA_Id__c": account })).await;
    let first = world.sync().await.expect_code(0).stderr;
    let said = first.lines().find(|line| line.contains("orgstream ids bootstrap FILE"));
    let said = said.unwrap_or_else(|| panic!("nothing is said of it in\n{first}"));
    assert!(said.contains("Account") && !said.contains("Contact"), "{said}");
    let second = world.sync().await.expect_code(0).stderr;
    assert!(!second.contains("orgstream ids bootstrap FILE"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_is_made_to_stand_for_two() {
    let Some(world) = World::builder().embedded().build().await else { return };
    let one = world.in_a.create("Account", json!({ "Name": "One" })).await;
    let two = world.in_a.create("Account", json!({ "Name": "Two" })).await;
    world.sync().await.expect_code(0);
    let target =
        async |id: &str| lookup(&world, &[id]).await[0]["target_id"].as_str().expect("an id").to_owned();
    let (first, second) = (target(&one).await, target(&two).await);

    let refused = ids(&world, &["set", "orgstream.yaml", "Account", &one, &second]).await.expect_code(2);
    assert!(
        refused.stderr.contains(&two) && refused.stderr.contains("Nothing is changed"),
        "{}",
        refused.stderr
    );
    let import = async |lines: [String; 2]| {
        std::fs::write(world.dir.path().join("links.csv"), lines.join("\n")).expect("a file");
        ids(&world, &["import", "orgstream.yaml", "links.csv"]).await
    };
    let line = |source: &str, target: &str| format!("Account,{source},{target}");
    import([line(&one, &second), line(&two, &second)]).await.expect_code(2);
    assert_eq!((target(&one).await, target(&two).await), (first.clone(), second.clone()));

    // What changes places at once stands for one each, before and after.
    import([line(&one, &second), line(&two, &first)]).await.expect_code(0);
    assert_eq!((target(&one).await, target(&two).await), (second, first));
}
