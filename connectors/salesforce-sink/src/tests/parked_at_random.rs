//! Leads that change at random, of which some wait, while processes end and partitions come and go.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::change::{Change, id};
use super::parked::{lead, locked, world};
use super::runtime::Runtime;
use super::world::{World, config, jobs};
use crate::config::{Algorithm, Operation, SinkConfig};
use crate::parking::Parking;

const LEADS: u32 = 3;

/// What happens to three leads and their customers.
#[derive(Debug, Clone)]
enum Step {
    Change(u32, What),
    /// A customer arrives.
    Customer(u32),
    Lock,
    Unlock,
    /// The sink has a moment.
    Run,
    Kill,
    Reassign,
}

/// How a lead changes.
#[derive(Debug, Clone, Copy)]
enum What {
    Whole { customer: u32, referrer: u32 },
    Name,
    Customer(u32),
    Referrer(Option<u32>),
    Delete,
}

/// How changes reach org B.
#[derive(Debug, Clone, Copy)]
struct Way {
    algorithm: Algorithm,
    /// With so many waiting changes a bulk job begins.
    bulk: Option<usize>,
}

fn ways() -> impl Strategy<Value = Way> {
    let algorithm = prop_oneof![Just(Algorithm::Ordered), Just(Algorithm::Merged)];
    (algorithm, prop_oneof![Just(None), Just(Some(2))]).prop_map(|(algorithm, bulk)| Way { algorithm, bulk })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        3 => (0..LEADS, 0..LEADS).prop_map(|(customer, referrer)| What::Whole { customer, referrer }),
        2 => Just(What::Name),
        2 => (0..LEADS).prop_map(What::Customer),
        2 => proptest::option::of(0..LEADS).prop_map(What::Referrer),
        1 => Just(What::Delete),
    ];
    let step = prop_oneof![
        12 => (0..LEADS, what).prop_map(|(lead, what)| Step::Change(lead, what)),
        1 => (0..LEADS).prop_map(Step::Customer),
        1 => Just(Step::Lock),
        1 => Just(Step::Unlock),
        5 => Just(Step::Run),
        1 => Just(Step::Kill),
        1 => Just(Step::Reassign),
    ];
    proptest::collection::vec(step, 1..60)
}

/// A lead as org A has it.
#[derive(Debug, Default, Clone)]
struct Lead {
    changes: u32,
    lives: bool,
    customer: u32,
    referrer: Option<u32>,
}

impl Lead {
    /// Changes the lead, and says what a source says of it; nothing, where there is nothing to delete.
    fn change(&mut self, number: u32, what: What) -> Option<Change> {
        let was_there = self.changes > 0;
        self.changes += 1;
        let account = |number| id("Account", number);
        let name = format!("{:04}", self.changes);
        let updated = Change::updated("Lead", number).text("LastName", &name);
        match what {
            What::Delete if !self.lives => {
                self.changes -= 1;
                return None;
            }
            What::Delete => {
                self.lives = false;
                return Some(Change::deleted("Lead", number));
            }
            What::Name if self.lives => return Some(updated),
            What::Customer(customer) if self.lives => {
                self.customer = customer;
                return Some(updated.text("Customer__c", &account(customer)));
            }
            What::Referrer(referrer) if self.lives => {
                self.referrer = referrer;
                return Some(match referrer {
                    Some(referrer) => updated.text("Referrer__c", &account(referrer)),
                    None => updated.null("Referrer__c"),
                });
            }
            What::Whole { customer, referrer } => (self.customer, self.referrer) = (customer, Some(referrer)),
            // It is made, or brought back, with what it had.
            What::Name | What::Customer(_) | What::Referrer(_) => {}
        }
        let event = match (was_there, self.lives) {
            (false, _) => "created",
            (true, false) => "undeleted",
            (true, true) => "updated",
        };
        self.lives = true;
        let whole = lead(number, self.customer).text("LastName", &name).event(Some(event));
        Some(match self.referrer {
            Some(referrer) => whole.text("Referrer__c", &account(referrer)),
            None => whole.null("Referrer__c"),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    /// Whatever is missing or locked, whichever way changes go, and whenever the process ends or its partitions go: org B ends
    /// as org A, with every reference, and nothing is rejected.
    #[test]
    fn org_b_ends_as_org_a_whatever_is_parked_and_killed_when(way in ways(), steps in steps()) {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        threads.block_on(play(way, steps));
    }
}

async fn play(way: Way, steps: Vec<Step>) {
    let world = world().await;
    let (mut runtime, mut locks) = (sink(&world, way).await, Vec::new());
    let mut leads = vec![Lead::default(); LEADS as usize];
    for step in steps {
        match step {
            Step::Change(number, what) => {
                if let Some(change) = leads[number as usize].change(number, what) {
                    runtime.submit(change);
                }
            }
            Step::Customer(number) => runtime.submit(Change::created("Account", number)),
            Step::Lock => locks.push(world.sandbox.faults().add(locked("Acme"))),
            Step::Unlock => unlock(&world, &mut locks),
            Step::Run => runtime.run_for(Duration::from_millis(120)).await,
            Step::Kill => {
                let mut next = sink(&world, way).await;
                runtime.crash_into(&mut next);
                runtime = next;
            }
            Step::Reassign => runtime.reassign().await,
        }
    }
    unlock(&world, &mut locks);
    (0..LEADS).for_each(|number| runtime.submit(Change::created("Account", number)));
    runtime.settle().await;
    assert!(runtime.rejections().is_empty(), "{:?}", runtime.rejections());
    assert!(runtime.owed.is_empty(), "{:?}", runtime.owed);
    let account = |number: &u32| world.row("Account", &id("Account", *number)).unwrap()["Id"].clone();
    for (number, lead) in (0_u32..).zip(&leads) {
        let written = world.row("Lead", &id("Lead", number));
        let written =
            written.map(|row| ["LastName", "Customer__c", "Referrer__c"].map(|name| row[name].clone()));
        let expected = lead.lives.then(|| {
            let referrer = lead.referrer.as_ref().map_or(Json::Null, account);
            [json!(format!("{:04}", lead.changes)), account(&lead.customer), referrer]
        });
        assert_eq!(written, expected, "lead {number}: {lead:?}");
    }
}

async fn sink(world: &World, way: Way) -> Runtime {
    let parking = Parking { after: Duration::from_millis(100), ..Parking::default() };
    let config = config(Operation::Sync, Duration::from_mins(1));
    let Way { algorithm, bulk } = way;
    world.try_sink(SinkConfig { parking, algorithm, bulk: jobs(bulk), ..config }).await.unwrap()
}

fn unlock(world: &World, locks: &mut Vec<u64>) {
    locks.drain(..).for_each(|lock| assert!(world.sandbox.faults().remove(lock)));
}
