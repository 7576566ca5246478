//! The simulated org: records written and read over HTTP, events over one CometD session, memory with a million
//! records. The org is a process of its own; the client shares the machine with it.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value as Json, json};

use super::client::{CALL, Client, calls};
use super::process::{Process, rate, timed};
use super::{Figure, figure};

/// Accounts and as many contacts.
const PAIRS: usize = 500_000;
const UPSERTED: usize = 200_000;
const EVENTS: usize = 300_000;

pub(super) fn figures() -> Vec<Figure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let org = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
    let client = runtime.block_on(Client::login(&org));
    let (accounts, made_accounts) = timed(|| runtime.block_on(client.write("", calls(PAIRS, &account))));
    let contact = |n: usize| contact(n, &accounts[n]);
    let (_, made_contacts) = timed(|| runtime.block_on(client.write("", calls(PAIRS, &contact))));
    let memory = org.memory_mb("VmRSS");
    let renewed = calls(UPSERTED, &|n| renewed(&account(n)));
    let (_, upserted) = timed(|| runtime.block_on(client.write("/Account/OrgA_Id__c", renewed)));
    let (read, queried) = timed(|| runtime.block_on(client.query_all()));
    drop(org);

    let org = Process::start(dir.path(), &["sandbox", "--port", "0"], true);
    let client = runtime.block_on(Client::login(&org));
    runtime.block_on(client.watch_accounts());
    runtime.block_on(client.write("", calls(EVENTS, &account)));
    let delivered = runtime.block_on(client.take_events());

    let records = 2 * PAIRS;
    vec![
        figure(
            format!("simulated org: {records} records created by collections of {CALL}"),
            rate(count(records), made_accounts + made_contacts),
        ),
        figure(
            format!("simulated org: {UPSERTED} records upserted by external id, all there already"),
            rate(count(UPSERTED), upserted),
        ),
        figure("simulated org: rows of ten fields queried in pages of 2000", rate(count(read), queried)),
        figure(
            format!("simulated org: {EVENTS} PushTopic events over one CometD session"),
            rate(count(EVENTS), delivered),
        ),
        figure(format!("simulated org: resident with {records} records"), format!("{memory} MB")),
    ]
}

impl Client {
    /// Reads all contacts; answers how many.
    async fn query_all(&self) -> usize {
        let fields = "Id,Name,FirstName,LastName,Email,Phone,Title,AccountId,MailingCity,SystemModstamp";
        let mut next = format!("/services/data/v62.0/query?q=SELECT+{fields}+FROM+Contact");
        let mut read = 0;
        loop {
            let page = self.call(Method::GET, &next).send().await.expect("an answer");
            let page: Json = page.json().await.expect("JSON");
            read += page["records"].as_array().expect("records").len();
            match page["nextRecordsUrl"].as_str() {
                Some(url) => url.clone_into(&mut next),
                None => return read,
            }
        }
    }

    async fn watch_accounts(&self) {
        let topic = json!({
            "Name": "Accounts",
            "Query": "SELECT Id, Name, Phone, BillingCity, OrgA_Id__c FROM Account",
            "ApiVersion": 62.0,
            "NotifyForFields": "All",
        });
        let made =
            self.call(Method::POST, "/services/data/v62.0/sobjects/PushTopic").json(&topic).send().await;
        assert_eq!(made.expect("an answer").status(), 201);
    }

    /// Subscribes from the oldest event on and takes all of them, each once and in order; answers the time that took.
    /// Every answer is parsed into a tree, as a client in any language does.
    async fn take_events(&self) -> Duration {
        let handshake = json!({"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]});
        let first = self.bayeux(&handshake, "").await;
        let cookies: Vec<&str> = first
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
            .collect();
        let cookies = cookies.join("; ");
        let reply: Json = first.json().await.expect("JSON");
        let id = reply[0]["clientId"].as_str().expect("a session").to_owned();
        let connect = json!({"channel": "/meta/connect", "clientId": id, "connectionType": "long-polling"});
        self.bayeux(&connect, &cookies).await.bytes().await.expect("an answer");
        let channel = "/topic/Accounts";
        let subscribe = json!({
            "channel": "/meta/subscribe",
            "clientId": id,
            "subscription": channel,
            "ext": {"replay": {channel: -2}},
        });
        let began = tokio::time::Instant::now();
        let mut taken = Taken::default();
        taken.add(self.bayeux(&subscribe, &cookies).await).await;
        while taken.events < EVENTS {
            taken.add(self.bayeux(&connect, &cookies).await).await;
        }
        began.elapsed()
    }

    async fn bayeux(&self, message: &Json, cookies: &str) -> Response {
        let request = self.call(Method::POST, "/cometd/62.0").header("cookie", cookies);
        request.json(&[message]).send().await.expect("an answer")
    }
}

/// Events that came over a session.
#[derive(Default)]
struct Taken {
    events: usize,
    last: u64,
}

impl Taken {
    /// Takes the events of an answer.
    async fn add(&mut self, answer: Response) {
        let messages: Vec<Json> = answer.json().await.expect("JSON");
        for message in &messages {
            let Some(replay_id) = message.pointer("/data/event/replayId") else { continue };
            let replay_id = replay_id.as_u64().expect("a number");
            assert!(replay_id > self.last, "{replay_id} comes after {}", self.last);
            self.last = replay_id;
            self.events += 1;
        }
    }
}

pub(super) fn account(n: usize) -> Json {
    json!({
        "attributes": {"type": "Account"},
        "OrgA_Id__c": format!("A-{n:09}"),
        "Name": format!("Meridian Logistics {n}"),
        "Type": "Customer - Direct",
        "Industry": "Transportation",
        "Rating": "Warm",
        "AnnualRevenue": n * 25,
        "NumberOfEmployees": n % 20_000,
        "BillingStreet": format!("{} Lindqvist Street", n % 240),
        "BillingCity": "Malmö",
        "BillingState": "Skåne",
        "BillingCountry": "Sweden",
        "Phone": format!("+46 40 {n:07}"),
        "Website": format!("https://meridian{n}.example"),
    })
}

/// The same account with another phone number.
fn renewed(account: &Json) -> Json {
    let mut renewed = account.clone();
    renewed["Phone"] = json!("+46 40 1000000");
    renewed
}

fn contact(n: usize, account: &str) -> Json {
    json!({
        "attributes": {"type": "Contact"},
        "OrgA_Id__c": format!("C-{n:09}"),
        "AccountId": account,
        "FirstName": "Wanjiru",
        "LastName": format!("Papadaki {n}"),
        "Title": "Head of Operations",
        "Email": format!("wanjiru.papadaki{n}@meridian.example"),
        "Phone": format!("+46 40 {n:07}"),
        "MailingStreet": format!("{} Lindqvist Street", n % 240),
        "MailingCity": "Malmö",
        "MailingCountry": "Sweden",
        "Birthdate": "1984-02-29",
    })
}

fn count(records: usize) -> u64 {
    u64::try_from(records).expect("no platform has larger words")
}
