//! SIGKILL at random moments while changes flow, and what both orgs have to be in the end.

use std::collections::HashSet;
use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault, Org};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::{Dice, Rest, World};

/// How often a process is killed while what flows.
pub(crate) struct Killing {
    /// Kills; `ORGSTREAM_KILLS` asks for more.
    pub(crate) kills: u32,
    /// How long a process runs at least, milliseconds; up to five seconds more.
    pub(crate) after_ms: u64,
    /// Changes in org A at least.
    pub(crate) changes: usize,
}

/// What a record is told whose row, or whose parent's, another call holds.
pub(crate) fn locked() -> Effect {
    Effect::RecordError {
        code: "UNABLE_TO_LOCK_ROW".into(),
        message: "unable to obtain exclusive access".into(),
    }
}

/// Org B has as many records of each object as org A, and none of them twice.
pub(crate) fn assert_once_each(a: &Org, b: &Org, objects: &[&str]) {
    for object in objects {
        assert_eq!(b.count(object), a.count(object), "{object}");
        let rows = b.rows(object);
        let external: HashSet<&Json> = rows.iter().map(|row| &row["OrgA_Id__c"]).collect();
        assert_eq!(external.len(), rows.len(), "duplicates of {object} in org B");
    }
}

impl World {
    /// Kills the process again and again while changes flow, and lets it finish: both orgs are equal, each event stands once, and
    /// contacts came before their accounts.
    #[expect(clippy::print_stdout, reason = "the harness shows it with the failed test")]
    pub(crate) async fn survives(&self, killing: Killing) {
        self.prime().await;
        // Accounts meet locked rows now and then, so contacts come before them and their references are owed.
        self.b.faults().add(Fault::new(CallKind::Write, locked()).containing("Locked").times(60));
        let enough = CancellationToken::new();
        let flow = tokio::spawn(flow(self.in_a.clone(), killing.changes, enough.clone()));
        let asked = std::env::var("ORGSTREAM_KILLS").ok().and_then(|text| text.parse().ok());
        let mut dice = Dice::new();
        for kill in 0..asked.unwrap_or(killing.kills) {
            let running = self.run(&[]);
            let pause = Duration::from_millis(killing.after_ms + dice.next() % 5_000);
            tokio::time::sleep(pause).await;
            println!("kill {kill} after {pause:?}, {} rows in org B", self.b.count("Contact"));
            running.kill().await;
        }
        enough.cancel();
        let changes = flow.await.expect("the flow does not panic");
        assert!(changes >= killing.changes, "{changes} changes");
        self.sync().await.expect_code(0);
        self.assert_equal().await;
        for object in ["Account", "Contact", "Lead"] {
            self.every_event_stands_once(object).await;
        }
        let parked = self.read(&orgstream::kafka::topics::parked(&self.pipeline)).await;
        assert!(!parked.is_empty(), "no contact came before its account");
    }

    /// Both orgs have the same records, each once, no reference is missing, and nothing was refused.
    pub(crate) async fn assert_equal(&self) {
        self.verify().await;
        assert_once_each(&self.a, &self.b, &["Account", "Contact", "Lead"]);
        let references = [("Contact", "AccountId"), ("Contact", "ReportsToId"), ("Account", "ParentId")];
        for (object, reference) in references {
            let set = |rows: Vec<Json>| rows.iter().filter(|row| !row[reference].is_null()).count();
            assert_eq!(set(self.b.rows(object)), set(self.a.rows(object)), "{object}.{reference}");
        }
        assert_eq!(self.dead_letters().await, []);
    }
}

/// Changes org A until `count` changes are made and `enough` is said; contacts refer to accounts, accounts and contacts to
/// each other. Answers how many changes it made.
pub(crate) async fn flow(org: Rest, count: usize, enough: CancellationToken) -> usize {
    let (mut changes, mut round) = (0, 0);
    while changes < count || !enough.is_cancelled() {
        round += 1;
        let name =
            |n| if n % 4 == 0 { format!("Locked {round}-{n}") } else { format!("Account {round}-{n}") };
        let accounts = (0..40).map(|n| json!({ "Name": name(n) })).collect();
        let accounts = org.create_many("Account", accounts).await;
        let contact =
            |(n, account)| json!({ "LastName": format!("Contact {round}-{n}"), "AccountId": account });
        let contacts = org.create_many("Contact", accounts.iter().enumerate().map(contact).collect()).await;
        let lead = |n| json!({ "LastName": format!("Lead {round}-{n}"), "Company": "Acme" });
        let leads = org.create_many("Lead", (0..40).map(lead).collect()).await;
        for n in 0..10 {
            let parent = json!({ "ParentId": accounts[n + 10], "Phone": format!("{round}") });
            org.update("Account", &accounts[n], parent).await;
            org.update("Contact", &contacts[n], json!({ "ReportsToId": contacts[n + 10] })).await;
            for turn in 0..3 {
                org.update("Lead", &leads[n], json!({ "Description": format!("{round} {turn}") })).await;
            }
            org.delete("Lead", &leads[n + 20]).await;
            org.delete("Contact", &contacts[n + 30]).await;
        }
        changes += 120 + 10 * 7;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    changes
}
