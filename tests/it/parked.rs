//! Records that cannot be written yet: they wait in Kafka, and all others go on.

use std::time::Duration;

use orgstream::kafka::topics;
use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
use serde_json::{Value as Json, json};

use crate::lost_topics::delete;
use crate::support::{Dice, Rest, Running, World, assert_once_each, eventually};

/// What both orgs are like: a line is a detail of its invoice, and cannot be without it.
const ORG: &str = "
objects:
  Invoice__c:
    label: Invoice
    plural: Invoices
    fields:
      - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique] }
      - { name: Terms__c, type: textarea, label: Terms, length: 131072 }
      - { name: Remarks__c, type: textarea, label: Remarks, length: 131072 }
      - { name: Minutes__c, type: textarea, label: Minutes, length: 131072 }
  Line__c:
    label: Line
    plural: Lines
    fields:
      - *id
      - { name: Invoice__c, type: reference, label: Invoice, reference_to: [Invoice__c], on_delete: master_detail }
";

const OBJECTS: &str = "\
Invoice__c: { external_id: OrgA_Id__c }
Line__c: { external_id: OrgA_Id__c }
";

/// Org B, which takes the place of the world's own.
struct Ledger {
    world: World,
    b: Org,
}

/// Two orgs with invoices; `parked` is what the file says of records that wait.
async fn ledger(parked: &str) -> Option<Ledger> {
    let builder = World::builder().embedded().partitions(1).objects(OBJECTS);
    let world = builder.org_a(|org| org.objects(ORG)).build().await?;
    let b = Org::builder().name("ledger-b").objects(ORG).start().await.expect("org b starts");
    world.put_in_place_of_b(&b);
    world.edit("retry_for: 15m }", &format!("retry_for: 15m, parked: {{ {parked} }} }}"));
    Some(Ledger { world, b })
}

impl Ledger {
    async fn invoice(&self, name: &str) -> String {
        self.world.in_a.create("Invoice__c", json!({ "Name": name })).await
    }

    async fn line(&self, name: &str, invoice: &str) -> String {
        self.world.in_a.create("Line__c", json!({ "Name": name, "Invoice__c": invoice })).await
    }

    /// Org B answers writes of what contains `text` with an error.
    fn refuse(&self, text: &str, code: &str) -> u64 {
        let effect = Effect::RecordError { code: code.to_owned(), message: "on demand".to_owned() };
        self.b.faults().add(Fault::new(CallKind::Write, effect).containing(text))
    }

    /// Org B answers as ever again: nothing waits any more, nothing differs and nothing was refused.
    async fn free(&self, lock: u64, running: Running) {
        assert!(self.b.faults().remove(lock));
        self.until_parked(0).await;
        running.terminate().await.expect_code(0);
        self.world.sync().await.expect_code(0);
        self.world.verify().await;
        assert_eq!(self.world.dead_letters().await, []);
    }

    fn names(&self, object: &str) -> Vec<String> {
        let rows = self.b.rows(object);
        let mut names: Vec<String> =
            rows.iter().map(|row| row["Name"].as_str().expect("a name").to_owned()).collect();
        names.sort();
        names
    }

    /// The sink task as the status shows it.
    async fn sink(&self) -> Json {
        let shown = self.world.command(&["status", "orgstream.yaml", "--json"]).finish().await;
        let status: Json = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{shown:?}"));
        let tasks = status["status"]["pipelines"][0]["tasks"].as_array().expect("tasks").clone();
        tasks.into_iter().find(|task| task["kind"] == "sink").expect("a sink")
    }

    async fn until_parked(&self, count: u64) -> Json {
        for _ in 0..120 {
            let sink = self.sink().await;
            if sink["parked"] == count && (count == 0 || sink["parked_longest"].is_object()) {
                return sink;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("never {count} parked: {}", self.sink().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_waits_for_the_parent_that_it_needs_others_do_not_and_it_is_named_until_that_comes() {
    let Some(ledger) = ledger("max: 100").await else { return };
    let world = &ledger.world;
    world.prime().await;
    let fault = ledger.refuse("Refused", "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let refused = ledger.invoice("Refused").await;
    let line = ledger.line("first", &refused).await;
    let good = ledger.invoice("Good").await;
    ledger.line("of good", &good).await;
    world.sync_with(&["--only", "source"]).await.expect_code(0);
    world.in_a.update("Line__c", &line, json!({ "Name": "second" })).await;
    // The second time a sink that has not read yet what is parked looks as if it had nothing to do.
    for half in [&[][..], &["--only", "sink"]] {
        let finished = world.sync_with(half).await.expect_code(1);
        let count = format!("2 records of pipeline {} wait", world.pipeline);
        for said in [&line, "REQUIRED_PARENT_MISSING", &refused, &count] {
            assert!(finished.stderr.contains(said), "no `{said}` in\n{}", finished.stderr);
        }
    }
    assert_eq!(ledger.names("Line__c"), ["of good"]);
    let sink = ledger.sink().await;
    assert_eq!(sink["parked"], 2);
    assert!(sink["parked_longest"]["what"].as_str().is_some_and(|what| what.contains(&line)), "{sink}");

    assert!(ledger.b.faults().remove(fault));
    world.in_a.update("Invoice__c", &refused, json!({ "Name": "Refused no more" })).await;
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_eq!(ledger.names("Line__c"), ["of good", "second"]);
    assert_eq!(ledger.sink().await["parked"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_whose_parent_never_comes_is_a_dead_letter_with_its_own_bytes_when_its_time_is_over() {
    let Some(ledger) = ledger("expire_after: 4s").await else { return };
    let world = &ledger.world;
    world.prime().await;
    ledger.refuse("Refused", "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let refused = ledger.invoice("Refused").await;
    ledger.line("lonely", &refused).await;
    let running = world.run(&[]);
    let mut letters = Vec::new();
    for _ in 0..120 {
        letters = world.read(&topics::dead_letters(&world.pipeline)).await;
        if letters.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    running.terminate().await.expect_code(0);
    let of_line = |name: &str, value: &str| {
        letters.iter().find(|letter| letter.headers.text(name) == Some(value)).expect("a letter of the line")
    };
    let letter = of_line("__connect.errors.exception.class.name", "REQUIRED_PARENT_MISSING");
    let records = world.read(&world.topic("Line__c")).await;
    assert_eq!((&letter.key, &letter.value), (&records[0].key, &records[0].value));
    let kept: Vec<_> = letter.headers.iter().take(records[0].headers.iter().count()).collect();
    assert_eq!(kept, records[0].headers.iter().collect::<Vec<_>>());
    assert_eq!(ledger.sink().await["parked"], 0);
    // Nothing of it is left to be tried again.
    world.sync().await.expect_code(0);
    assert_eq!(world.read(&topics::dead_letters(&world.pipeline)).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_stays_locked_lets_the_others_of_its_partition_pass_and_comes_when_it_is_free() {
    let Some(ledger) = ledger("after: 1s").await else { return };
    let world = &ledger.world;
    world.prime().await;
    let lock = ledger.refuse("Locked", "UNABLE_TO_LOCK_ROW");
    let locked = ledger.invoice("Locked").await;
    let running = world.run(&[]);
    let sink = ledger.until_parked(1).await;
    let longest = &sink["parked_longest"];
    for said in [&locked, "UNABLE_TO_LOCK_ROW"] {
        assert!(longest["what"].as_str().is_some_and(|what| what.contains(said)), "{sink}");
    }
    for number in 0..20 {
        ledger.invoice(&format!("Free {number}")).await;
    }
    world.in_a.update("Invoice__c", &locked, json!({ "Name": "Locked no more" })).await;
    eventually("the others arrive", || ledger.b.count("Invoice__c") == 20).await;
    ledger.until_parked(2).await;
    ledger.free(lock, running).await;
    assert!(ledger.names("Invoice__c").contains(&"Locked no more".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_larger_than_kafkas_usual_limit_waits_like_any_other() {
    let Some(ledger) = ledger("after: 1s").await else { return };
    let world = &ledger.world;
    world.prime().await;
    let lock = ledger.refuse("Locked", "UNABLE_TO_LOCK_ROW");
    let text = "€".repeat(131_072);
    let texts = json!({ "Name": "Locked", "Terms__c": text, "Remarks__c": text, "Minutes__c": text });
    let locked = world.in_a.create("Invoice__c", texts).await;
    let running = world.run(&[]);
    ledger.until_parked(1).await;
    ledger.invoice("Free").await;
    world.in_a.update("Invoice__c", &locked, json!({ "Name": "Locked no more" })).await;
    ledger.until_parked(2).await;
    eventually("the other one arrives", || ledger.names("Invoice__c") == ["Free"]).await;
    ledger.free(lock, running).await;
    assert_eq!(ledger.names("Invoice__c"), ["Free", "Locked no more"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_records_wait_it_loses_and_doubles_nothing_and_keeps_their_order() {
    let Some(ledger) = ledger("after: 500ms").await else { return };
    let world = &ledger.world;
    world.prime().await;
    let lock = ledger.refuse("Locked", "UNABLE_TO_LOCK_ROW");
    let flow = tokio::spawn(flow(world.in_a.clone()));
    let mut dice = Dice::new();
    for kill in 0..5 {
        let running = world.run(&[]);
        let pause = Duration::from_millis(2_000 + dice.next() % 3_000);
        tokio::time::sleep(pause).await;
        println!("kill {kill} after {pause:?}, {} lines in org B", ledger.b.count("Line__c"));
        running.kill().await;
    }
    flow.await.expect("the flow does not panic");
    let entries = world.read(&topics::parked(&world.pipeline)).await;
    let of_records = entries.iter().filter(|entry| {
        entry.key.as_ref().is_some_and(|key| String::from_utf8_lossy(key).contains(r#""kind":"record""#))
    });
    assert!(of_records.count() > 20, "hardly anything was parked");
    assert!(ledger.b.faults().remove(lock));
    world.sync().await.expect_code(0);
    world.verify().await;
    assert_once_each(&world.a, &ledger.b, &["Invoice__c", "Line__c"]);
    assert_eq!(world.dead_letters().await, []);
    assert_eq!(ledger.sink().await["parked"], 0);
}

/// Makes invoices, every fourth of which is locked in org B, with lines, and changes both; lines change hands.
async fn flow(org: Rest) {
    for round in 0..12 {
        let name = |n| if n % 4 == 0 { format!("Locked {round}-{n}") } else { format!("Free {round}-{n}") };
        let invoices = (0..20).map(|n| json!({ "Name": name(n) })).collect();
        let invoices = org.create_many("Invoice__c", invoices).await;
        let line = |n: usize| json!({ "Name": format!("{round}-{n}"), "Invoice__c": invoices[n % 20] });
        let lines = org.create_many("Line__c", (0..40).map(line).collect()).await;
        for line in lines.iter().take(8) {
            org.update("Line__c", line, json!({ "Name": format!("changed in {round}") })).await;
        }
        for invoice in invoices.iter().take(4) {
            org.update("Invoice__c", invoice, json!({ "Name": format!("Locked again {round}") })).await;
        }
        for line in lines.iter().skip(36) {
            org.delete("Line__c", line).await;
        }
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_has_nowhere_to_wait_ends_the_process_and_is_not_lost() {
    let Some(ledger) = ledger("max: 100").await else { return };
    let world = &ledger.world;
    world.prime().await;
    let fault = ledger.refuse("Refused", "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let running = world.run(&[]);
    ledger.invoice("Good").await;
    eventually("it runs", || ledger.b.count("Invoice__c") == 1).await;
    let parked = topics::parked(&world.pipeline);
    delete(world, &parked).await;
    let refused = ledger.invoice("Refused").await;
    ledger.line("lonely", &refused).await;
    let ended = running.finish().await.expect_code(1);
    assert!(ended.stderr.contains(&parked), "no `{parked}` in\n{}", ended.stderr);
    assert!(ledger.b.faults().remove(fault));
    // Something else may have waited there before.
    let ended = world.sync().await.expect_code(1);
    for said in [parked.as_str(), "is lost"] {
        assert!(ended.stderr.contains(said), "no `{said}` in\n{}", ended.stderr);
    }
    world.sync_with(&["--snapshot", &world.pipeline]).await.expect_code(0);
    world.verify().await;
    assert_eq!(ledger.names("Line__c"), ["lonely"]);
}
