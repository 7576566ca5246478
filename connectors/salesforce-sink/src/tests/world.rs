//! A simulated org B, and the sinks that write to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use orgstream_api::intents::MemoryIntents;
use orgstream_api::store::MemoryIdMap;
use orgstream_api::{HealthReporter, Intents, Secret, TaskError};
use orgstream_salesforce::{Auth, Org, OrgConfig, Row, SalesforceId};
use orgstream_salesforce_simulator as simulator;
use serde_json::Value as Json;

use super::change::ORG_A;
use super::runtime::Runtime;
use crate::Tally;
use crate::bulk::rules::{BulkFrom, BulkRules};
use crate::config::{Algorithm, Operation, SinkConfig, SinkContext, SinkObject};
use crate::failures::Failures;
use crate::object_rules::Rules;
use crate::parking::Parking;
use crate::rules::ReferenceRules;

/// The field of org B that holds ids of org A.
pub(super) const EXTERNAL: &str = "OrgA_Id__c";

const TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct World {
    pub(super) sandbox: simulator::Org,
    pub(super) org: Org,
    pub(super) ids: Arc<MemoryIdMap>,
    /// The org that records come from, where a sink may ask it.
    pub(super) org_a: Option<Org>,
    pub(super) intents: Arc<MemoryIntents>,
    /// Where rows of bulk jobs lie.
    pub(super) spool: PathBuf,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::of(simulator::Org::builder()).await
    }

    pub(super) async fn of(builder: simulator::OrgBuilder) -> Self {
        let sandbox = builder.name("b").start().await.unwrap();
        let org = connect("b", &sandbox).await;
        Self {
            sandbox,
            org,
            ids: Arc::default(),
            org_a: None,
            intents: Arc::default(),
            spool: std::env::temp_dir(),
        }
    }

    /// A sink for accounts, contacts and leads, run by a small runtime.
    pub(super) async fn sink(&self, operation: Operation, retry_for: Duration) -> Runtime {
        self.try_sink(config(operation, retry_for)).await.unwrap()
    }

    pub(super) async fn sync(&self) -> Runtime {
        self.sink(Operation::Sync, Duration::from_mins(1)).await
    }

    /// As [`World::sync`], with records parked in another way.
    pub(super) async fn parking(&self, parking: Parking) -> Runtime {
        let config = config(Operation::Sync, Duration::from_mins(1));
        self.try_sink(SinkConfig { parking, ..config }).await.unwrap()
    }

    pub(super) async fn try_sink(&self, config: SinkConfig) -> Result<Runtime, TaskError> {
        self.sink_with(config, self.intents.clone()).await
    }

    pub(super) async fn sink_with(
        &self,
        config: SinkConfig,
        intents: Arc<dyn Intents>,
    ) -> Result<Runtime, TaskError> {
        let (health, listener) = HealthReporter::new();
        let context = SinkContext {
            ids: self.ids.clone(),
            intents,
            lease: Arc::new(orgstream_api::sink::Always),
            health,
            source: self.org_a.clone(),
            spool: self.spool.clone(),
            tally: Arc::new(Tally::new(config.failures.stop_after)),
        };
        let sink = crate::start(config, self.org.clone(), context).await?;
        Ok(Runtime::new(sink, self.ids.clone(), listener))
    }

    /// As [`World::sync`], with changes of one record that wait together as one write.
    pub(super) async fn merged(&self) -> Runtime {
        let config = config(Operation::Sync, Duration::from_mins(1));
        self.try_sink(SinkConfig { algorithm: Algorithm::Merged, ..config }).await.unwrap()
    }

    /// As [`World::sync`], with bulk jobs from so many waiting records on.
    pub(super) async fn sync_by_bulk(&self, from: usize) -> Runtime {
        self.sync_with(jobs(Some(from))).await
    }

    /// As [`World::sync`], with these bulk jobs.
    pub(super) async fn sync_with(&self, bulk: BulkRules) -> Runtime {
        let config = config(Operation::Sync, Duration::from_mins(1));
        self.try_sink(SinkConfig { bulk, ..config }).await.unwrap()
    }

    /// The living row of org B that stands for a record of org A.
    pub(super) fn row(&self, object: &str, id: &str) -> Option<Row> {
        let mut rows = self.rows(object).into_iter().filter(|row| row[EXTERNAL] == id);
        let row = rows.next();
        assert!(rows.next().is_none(), "{object} {id} is doubled");
        row
    }

    pub(super) fn rows(&self, object: &str) -> Vec<Row> {
        let rows = self.sandbox.rows(object).into_iter();
        rows.map(|row| match row {
            Json::Object(row) => row,
            other => panic!("{other} is no row"),
        })
        .collect()
    }

    /// Creates a row of org B behind the sink's back.
    pub(super) async fn create(&self, object: &str, fields: Json) -> SalesforceId {
        let row = serde_json::from_value(fields).unwrap();
        self.org.create_one(object, &row, TIMEOUT).await.unwrap()
    }

    /// Takes rights of a field from org B's user, who calls the org.
    pub(super) async fn deny(&self, object: &str, field: &str, rights: &[&str]) {
        let denial = serde_json::json!({"object": object, "field": field, "denied": rights}).to_string();
        let url = format!("{}/simulator/permissions", self.sandbox.url());
        let answer = self.org.http().post(url).body(denial).send().await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// Deletes a row of org B behind the sink's back.
    pub(super) async fn delete(&self, id: SalesforceId) {
        let results = self.org.delete_many(&[id], TIMEOUT).await.unwrap();
        assert!(results[0].success, "{results:?}");
    }
}

/// Logs in to a simulated org.
pub(super) async fn connect(name: &str, sandbox: &simulator::Org) -> Org {
    let known = sandbox.credentials();
    let auth = Auth::ClientCredentials {
        client_id: known.client_id.clone(),
        client_secret: Secret::new(&known.client_secret),
    };
    let url = sandbox.url().parse().unwrap();
    Org::connect(OrgConfig::new(name, url, auth)).await.unwrap()
}

/// Bulk jobs from so many waiting records on, or none.
pub(super) fn jobs(from: Option<usize>) -> BulkRules {
    BulkRules { from: from.map_or(BulkFrom::Never, BulkFrom::Waiting), ..BulkRules::default() }
}

pub(super) fn config(operation: Operation, retry_for: Duration) -> SinkConfig {
    let object = |name: &str| SinkObject {
        name: name.to_owned(),
        topic: format!("a.{name}"),
        external_id: Some(EXTERNAL.to_owned()),
        ignore_fields: Vec::new(),
        rules: Rules::default(),
        references: ReferenceRules::default(),
    };
    SinkConfig {
        pipeline: "crm".to_owned(),
        operation,
        algorithm: Algorithm::Ordered,
        when: None,
        reading: crate::Reading::default(),
        retry_for,
        parking: Parking::default(),
        failures: Failures::default(),
        on_deleted_target: crate::DeletedTarget::default(),
        writing: orgstream_salesforce::WriteOptions::default(),
        source_org: Some(ORG_A.to_owned()),
        bulk: jobs(None),
        objects: vec![object("Contact"), object("Account"), object("Lead")],
    }
}
