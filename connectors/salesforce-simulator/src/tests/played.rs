//! What a file of the fuzzing corpus means, played to an org. The fuzzing targets and the test that replays the corpus
//! share this.

use std::time::Duration;

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use serde_json::{Value as Json, json};

use super::client::{Client, encode};
use crate::Org;

/// An org with something to find, and a client of it.
pub(crate) async fn prepare() -> (Org, Client) {
    let org = Org::builder().name("played").records(300).seed(1).poll_hold(Duration::from_millis(1));
    let org = org.start().await.unwrap();
    let client = Client::login(&org).await;
    let topic = json!({"Name": "Leads", "Query": "SELECT Id, LastName FROM Lead", "ApiVersion": 60.0});
    client.create("PushTopic", topic).await;
    (org, client)
}

/// The file is a query. It is answered with rows, or refused as a bad request or for an object that the simulator lacks;
/// the next page is there when one is named.
pub(crate) async fn soql(client: &Client, file: &[u8]) {
    let query = encode(&String::from_utf8_lossy(file));
    for resource in ["query", "queryAll"] {
        let (status, answer) = client.get(&format!("{resource}?q={query}")).await;
        if matches!(status, 400 | 501) {
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

/// The first byte says what the job is and how its file is written, the rest is the file. The job ends, and gives three
/// files that can be read.
pub(crate) async fn csv(client: &Client, file: &[u8]) {
    let (choice, file) = file.split_first().map_or((0, file), |(first, rest)| (usize::from(*first), rest));
    let operation = ["insert", "update", "upsert", "delete"][choice % 4];
    let key = (operation == "upsert").then_some("OrgA_Id__c");
    let delimiter = ["COMMA", "TAB", "PIPE", "CARET", "SEMICOLON", "BACKQUOTE"][choice / 4 % 6];
    let ending = ["LF", "CRLF"][choice / 24 % 2];
    let job = json!({"object": "Contact", "operation": operation, "externalIdFieldName": key,
        "columnDelimiter": delimiter, "lineEnding": ending});
    let (status, job) = client.post("jobs/ingest", job).await;
    assert_eq!(status, 200, "{job}");
    let path = format!("jobs/ingest/{}", job["id"].as_str().unwrap());
    let url = format!("{}/services/data/v60.0/{path}/batches", client.url);
    let upload = client.http.put(url).bearer_auth(&client.token).body(file.to_vec()).send().await.unwrap();
    assert_eq!(upload.status(), 201);
    assert_eq!(client.patch(&path, json!({"state": "UploadComplete"})).await.0, 200);
    let job = loop {
        let (_, job) = client.get(&path).await;
        match job["state"].as_str() {
            Some("UploadComplete" | "InProgress") => tokio::time::sleep(Duration::from_millis(1)).await,
            _ => break job,
        }
    };
    let number = |key: &str| job[key].as_u64().unwrap();
    assert!(job["state"] == "JobComplete" || job["errorMessage"].is_string(), "{job}");
    assert!(number("numberRecordsFailed") <= number("numberRecordsProcessed"), "{job}");
    for results in ["successfulResults", "failedResults", "unprocessedrecords"] {
        assert_eq!(client.get(&format!("{path}/{results}")).await.0, 200);
    }
    assert_eq!(client.delete(&path).await.0, 204);
}

/// The file is the body of a streaming call of a session whose id stands in it as `CLIENT`. Every message of it is
/// answered, or the call is refused as a whole.
pub(crate) async fn bayeux(client: &Client, file: &[u8]) {
    let (cookie, id) = session(client).await;
    let parts: Vec<&[u8]> = split(file, b"CLIENT");
    let body = parts.join(id.as_bytes());
    let messages = match serde_json::from_slice(&body) {
        Ok(Json::Array(messages)) => messages.len(),
        _ => 1,
    };
    let (status, answer) = stream(client, &cookie, body).await;
    match (status, &answer) {
        (200, Json::Array(replies)) => {
            let replies: Vec<&Json> = replies.iter().filter(|reply| reply.get("data").is_none()).collect();
            assert!(replies.len() >= messages, "{answer}");
            let refused = |reply: &&&Json| reply["successful"] == false;
            assert!(replies.iter().filter(refused).all(|reply| reply["error"].is_string()), "{answer}");
        }
        (413, Json::Array(_)) | (400, Json::Null) => {}
        _ => panic!("{status} {answer}"),
    }
    let goodbye = json!([{"channel": "/meta/disconnect", "clientId": id}]);
    stream(client, &cookie, goodbye.to_string().into_bytes()).await;
}

/// The file is the body of a SOAP call in which `SESSION` stands for the id of a session of its own. It is answered with
/// an envelope that any XML parser takes: the response, or a fault.
pub(crate) async fn soap(client: &Client, file: &[u8]) {
    let session = client.new_token().await;
    let body = split(file, b"SESSION").join(session.as_bytes());
    let request = client.http.post(format!("{}/services/Soap/u/60.0", client.url));
    let request = request.header("content-type", "text/xml; charset=UTF-8").header("soapaction", "\"\"");
    let response = request.body(body).send().await.unwrap();
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "text/xml;charset=UTF-8");
    let text = response.text().await.unwrap();
    let names = element_names(&text);
    let body = names.iter().position(|name| name == "Body").unwrap_or_else(|| panic!("{text}"));
    let answered = names.get(body + 1).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(names[0], "Envelope");
    match status {
        200 => assert!(answered.ends_with("Response"), "{text}"),
        500 => assert!(answered == "Fault" && names.iter().any(|name| name == "faultstring"), "{text}"),
        _ => panic!("{status} {text}"),
    }
    client.http.post(format!("{}/services/oauth2/revoke?token={session}", client.url)).send().await.unwrap();
}

/// The local names of the elements of a document, in their order. What is not well-formed panics.
fn element_names(text: &str) -> Vec<String> {
    let legal = |c: char| c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}' || "\t\n\r".contains(c);
    assert!(text.chars().all(legal), "{text}");
    let mut reader = NsReader::from_str(text);
    let mut names = Vec::new();
    let mut open = 0;
    loop {
        let (namespace, event) =
            reader.read_resolved_event().unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(!matches!(namespace, ResolveResult::Unknown(_)), "{namespace:?}: {text}");
        match event {
            Event::Start(start) | Event::Empty(start) if start.attributes().any(|one| one.is_err()) => {
                panic!("{start:?}: {text}")
            }
            Event::Start(start) => {
                open += 1;
                names.push(start.local_name().as_ref().to_owned());
            }
            Event::Empty(start) => names.push(start.local_name().as_ref().to_owned()),
            Event::End(_) => open -= 1,
            Event::Eof => {
                assert_eq!(open, 0, "{text}");
                return names;
            }
            _ => {}
        }
    }
}

/// A new session: its cookie and its id. Sessions that files have opened are dropped when there are too many.
async fn session(client: &Client) -> (String, String) {
    loop {
        let handshake = b"[{\"channel\":\"/meta/handshake\"}]".to_vec();
        let request = client.http.post(format!("{}/cometd/60.0", client.url)).bearer_auth(&client.token);
        let request = request.header("content-type", "application/json").body(handshake);
        let response = request.send().await.unwrap();
        let cookies = response.headers().get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
        let cookie = cookies.filter_map(|set| set.split(';').next()).collect::<Vec<_>>().join("; ");
        let answer: Json = response.json().await.unwrap();
        if let Some(id) = answer[0]["clientId"].as_str() {
            return (cookie, id.to_owned());
        }
        client.http.post(format!("{}/simulator/cometd/drop", client.url)).send().await.unwrap();
    }
}

async fn stream(client: &Client, cookie: &str, body: Vec<u8>) -> (u16, Json) {
    let request = client.http.post(format!("{}/cometd/60.0", client.url)).bearer_auth(&client.token);
    let request = request.header("content-type", "application/json").header("cookie", cookie).body(body);
    super::client::read(request.send().await.unwrap()).await
}

/// The parts of some bytes between the places where others stand.
fn split<'a>(mut bytes: &'a [u8], by: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(by.len()).position(|window| window == by) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + by.len()..];
    }
    parts.push(bytes);
    parts
}
