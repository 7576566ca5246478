//! A simulated org and a client that changes it.

use std::time::Duration;

use orgstream_api::Secret;
use orgstream_salesforce::{Auth, Org, OrgConfig, OrgOptions, Proxy, Row, SalesforceId};
use orgstream_salesforce_simulator as simulator;
use serde_json::{Value, json};

use super::proxy;

const TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct World {
    pub(super) sandbox: simulator::Org,
    pub(super) org: Org,
}

/// Makes two tests of a scenario: by long polling, and over a WebSocket. It is given the builder of its org.
macro_rules! over_both_transports {
    ($(async fn $name:ident($builder:ident: OrgBuilder) $body:block)+) => {
        $(mod $name {
            use super::*;

            async fn scenario($builder: orgstream_salesforce_simulator::OrgBuilder) $body

            #[tokio::test]
            async fn by_long_polling() {
                scenario(World::builder()).await;
            }

            #[tokio::test]
            async fn over_a_web_socket() {
                scenario(World::builder().websocket(true)).await;
            }
        })+
    };
}

pub(super) use over_both_transports;

impl World {
    pub(super) async fn start() -> Self {
        Self::of(Self::builder()).await
    }

    /// An org that holds connects for less than anything waits here.
    pub(super) fn builder() -> simulator::OrgBuilder {
        simulator::Org::builder().poll_hold(Duration::from_millis(700))
    }

    pub(super) async fn of(builder: simulator::OrgBuilder) -> Self {
        let sandbox = builder.name("a").start().await.unwrap();
        let org = Self::log_in(&sandbox).await;
        Self { sandbox, org }
    }

    /// A client of its own: its token, its breaker, its descriptions.
    pub(super) async fn log_in(sandbox: &simulator::Org) -> Org {
        Self::log_in_with(sandbox, OrgOptions::default()).await
    }

    /// As [`World::log_in`], with calls through something that says `instead` once in an answer that says `words`, which
    /// are as long.
    pub(super) async fn through_a_proxy_that_says(words: &'static str, instead: &'static str) -> Self {
        let sandbox = Self::builder().name("a").start().await.unwrap();
        let url = proxy::start(sandbox.url(), words, instead).await.parse().unwrap();
        let proxy = Some(Proxy { url, credentials: None });
        let org = Self::log_in_with(&sandbox, OrgOptions { proxy, ..OrgOptions::default() }).await;
        Self { sandbox, org }
    }

    async fn log_in_with(sandbox: &simulator::Org, options: OrgOptions) -> Org {
        let known = sandbox.credentials();
        let auth = Auth::Password {
            client_id: known.client_id.clone(),
            client_secret: Secret::new(&known.client_secret),
            username: known.username.clone(),
            password: Secret::new(format!("{}{}", known.password, known.security_token)),
        };
        let url = sandbox.url().parse().unwrap();
        Org::connect(OrgConfig { options, ..OrgConfig::new("a", url, auth) }).await.unwrap()
    }

    pub(super) async fn create_accounts(&self, count: usize) -> Vec<SalesforceId> {
        let mut ids = Vec::new();
        let rows: Vec<Row> =
            (0..count).map(|number| row(json!({"Name": format!("Account {number}")}))).collect();
        for rows in rows.chunks(200) {
            let results = self.org.create_many("Account", rows, TIMEOUT).await.unwrap();
            ids.extend(results.into_iter().map(|result| result.id.expect("the account is valid")));
        }
        ids
    }

    pub(super) async fn create(&self, object: &str, fields: Value) -> SalesforceId {
        self.org.create_one(object, &row(fields), TIMEOUT).await.unwrap()
    }

    /// At most 200 rows.
    pub(super) async fn create_many(&self, object: &str, rows: Vec<Value>) {
        let rows: Vec<Row> = rows.into_iter().map(row).collect();
        let results = self.org.create_many(object, &rows, TIMEOUT).await.unwrap();
        assert!(results.iter().all(|result| result.success), "{results:?}");
    }

    /// Publishes a platform event, which has no id.
    pub(super) async fn publish(&self, event: &str, fields: Value) {
        let results = self.org.create_many(event, &[row(fields)], TIMEOUT).await.unwrap();
        assert!(results[0].success, "{results:?}");
    }

    pub(super) async fn update(&self, object: &str, id: SalesforceId, fields: Value) {
        self.org.update_one(object, &id, &row(fields), TIMEOUT).await.unwrap();
    }

    pub(super) async fn delete(&self, id: SalesforceId) {
        let results = self.org.delete_many(&[id], TIMEOUT).await.unwrap();
        assert!(results[0].success, "{results:?}");
    }

    /// What time it is in the org, by the stamp of a row that is written now.
    pub(super) async fn sandbox_now(&self) -> String {
        let lead = self.create("Lead", json!({"LastName": "clock", "Company": "clock"})).await;
        let fields = ["SystemModstamp".to_owned()];
        let rows = self.org.retrieve("Lead", &[lead], &fields).await.unwrap();
        rows[0].as_ref().unwrap()["SystemModstamp"].as_str().unwrap().to_owned()
    }

    pub(super) async fn undelete(&self, id: SalesforceId) {
        let results = self.org.undelete_many(&[id], TIMEOUT).await.unwrap();
        assert!(results[0].success, "{results:?}");
    }
}

fn row(fields: Value) -> Row {
    serde_json::from_value(fields).unwrap()
}
