//! What a file of the fuzzing corpus means, played to an org. The fuzzing targets and the test that replays the corpus
//! share this.

use serde_json::Value as Json;

use super::client::{Client, encode};
use crate::Org;

/// An org with something to find, and a client of it.
pub(crate) async fn prepare() -> (Org, Client) {
    let org = Org::builder().name("played").records(300).seed(1).start().await.unwrap();
    let client = Client::login(&org).await;
    (org, client)
}

/// The file is a query. It is answered with rows or refused as a bad request; the next page is there when one is named.
pub(crate) async fn soql(client: &Client, file: &[u8]) {
    let query = encode(&String::from_utf8_lossy(file));
    for resource in ["query", "queryAll"] {
        let (status, answer) = client.get(&format!("{resource}?q={query}")).await;
        if status == 400 {
            assert!(answer[0]["errorCode"].is_string() && answer[0]["message"].is_string(), "{answer}");
            continue;
        }
        assert_eq!(status, 200, "{answer}");
        assert!(answer["totalSize"].is_u64() && answer["records"].is_array(), "{answer}");
        if let Some(next) = answer.get("nextRecordsUrl").and_then(Json::as_str) {
            let locator = next.rsplit('/').next().unwrap();
            assert_eq!(client.get(&format!("query/{locator}")).await.0, 200, "{next}");
        }
    }
}
