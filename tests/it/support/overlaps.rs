//! Which calls of an org were under way at the same time and carried the same record.

use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

use orgstream_salesforce_simulator::{Exchange, Org};
use serde_json::Value as Json;

use super::rest::Rest;

/// The field of org B that holds the id of org A.
const EXTERNAL: &str = "OrgA_Id__c";

/// Pairs of calls that overlap, each with the record that both carry. `objects` are those of the pipeline.
pub(crate) async fn overlaps(b: &Org, objects: &[&str]) -> Vec<String> {
    let in_b = Rest::login(b).await;
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for object in objects {
        for row in in_b.query_all(&format!("SELECT Id, {EXTERNAL} FROM {object}")).await {
            if let (Some(id), Some(name)) = (row["Id"].as_str(), row[EXTERNAL].as_str()) {
                names.insert(id.to_owned(), name.to_owned());
            }
        }
    }
    let mut calls: BTreeMap<String, Vec<(Instant, Instant, String)>> = BTreeMap::new();
    for exchange in b.exchanges() {
        for record in records(&exchange) {
            let record = names.get(&record).cloned().unwrap_or(record);
            let said = format!("{} {}", exchange.method, exchange.target);
            calls.entry(record).or_default().push((exchange.began, exchange.ended, said));
        }
    }
    assert!(!calls.is_empty(), "no call was kept");
    let mut found = Vec::new();
    for (record, mut calls) in calls {
        calls.sort();
        for pair in calls.windows(2) {
            if pair[1].0 < pair[0].1 {
                found.push(format!("{record}: {} and {}", pair[0].2, pair[1].2));
            }
        }
    }
    found
}

/// The records that a call carries, each by its id in org B or its external id.
fn records(exchange: &Exchange) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    in_url(&exchange.target, &mut found);
    if let Ok(body) = serde_json::from_str(&exchange.body) {
        in_body(&body, &mut found);
    }
    found
}

fn in_url(url: &str, found: &mut BTreeSet<String>) {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let ids = query.split('&').filter_map(|part| part.strip_prefix("ids="));
    found.extend(ids.flat_map(|ids| ids.split(',').flat_map(|ids| ids.split("%2C"))).map(str::to_owned));
    let is_id = |part: &&str| part.len() == 18 && part.chars().all(|c| c.is_ascii_alphanumeric());
    found.extend(path.rsplit('/').next().filter(is_id).map(str::to_owned));
}

fn in_body(body: &Json, found: &mut BTreeSet<String>) {
    match body {
        Json::Object(members) => {
            // A row may say both; the external id is the name that counts.
            let name = [EXTERNAL, "Id"].iter().find_map(|key| members.get(*key)?.as_str());
            found.extend(name.map(str::to_owned));
            if let Some(url) = members.get("url").and_then(Json::as_str) {
                in_url(url, found);
            }
            members.values().for_each(|member| in_body(member, found));
        }
        Json::Array(elements) => elements.iter().for_each(|element| in_body(element, found)),
        _ => {}
    }
}
