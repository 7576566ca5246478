//! Several collections in one call, which counts once: up to five of 200 records each.
//!
//! The org carries the collections out one after the other, each for itself, and each has its own answer: one may fail as
//! a whole while the others are written.
//!
//! The org takes `@{…}` in any text of such a call for a reference to an earlier answer and puts that in its place. A
//! record with such a text must go another way, see [`can_be_in_composite`].

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::call::{Call, Reply, data_path};
use crate::error::{ApiError, CallName, RecordError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::Row;
use crate::rest::collections::{Records, WriteResult, matched};
use crate::writing::WriteOptions;

/// Collections that one call takes.
pub const COLLECTIONS: usize = 5;

/// What makes the org look for a reference.
const REFERENCE: &str = "@{";

/// One collection of a call: up to 200 records.
#[derive(Debug, Clone)]
pub enum Collection<'a> {
    /// Changes records of `object`; each has its `Id` beside the fields to change.
    Update {
        /// Their object.
        object: &'a str,
        /// Their fields.
        records: Vec<&'a Row>,
    },
    /// Creates or changes records of `object`, found by the value of `field`, which each has beside the other fields.
    Upsert {
        /// Their object.
        object: &'a str,
        /// The external-id field.
        field: &'a str,
        /// Their fields.
        records: Vec<&'a Row>,
    },
    /// Moves records, of any objects, to the recycle bin.
    Delete(Vec<SalesforceId>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    all_or_none: bool,
    collate_subrequests: bool,
    composite_request: Vec<Subrequest<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subrequest<'a> {
    method: &'static str,
    url: String,
    reference_id: String,
    /// A subrequest inherits none of the call's own.
    http_headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Records<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    composite_response: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    #[serde(default)]
    reference_id: Option<String>,
    http_status_code: u16,
    body: Option<Box<RawValue>>,
}

/// Whether a record may be sent within a composite call: the org would replace a part of its text otherwise.
pub fn can_be_in_composite(row: &Row) -> bool {
    fn is_plain(value: &Json) -> bool {
        match value {
            Json::String(text) => !text.contains(REFERENCE),
            Json::Array(items) => items.iter().all(is_plain),
            Json::Object(fields) => fields.values().all(is_plain),
            Json::Null | Json::Bool(_) | Json::Number(_) => true,
        }
    }
    row.values().all(is_plain)
}

impl Org {
    /// Writes up to [`COLLECTIONS`] collections in one call, and answers for each in their order. Nothing is taken back
    /// when one of them fails.
    ///
    /// # Errors
    /// Where the call got no usable answer, so that nothing is known of any of them.
    pub async fn write_collections(
        &self,
        collections: &[Collection<'_>],
        timeout: Duration,
    ) -> Result<Vec<Result<Vec<WriteResult>, ApiError>>, ApiError> {
        let requests = collections.iter().enumerate();
        let body = Request {
            all_or_none: false,
            collate_subrequests: false,
            composite_request: requests
                .map(|(place, collection)| collection.subrequest(place, self.api_version(), &self.writing))
                .collect(),
        };
        let reply = self
            .call(
                Call::new(Method::POST, &["composite"], timeout).headers(self.writing.of_call()).json(&body),
            )
            .await?;
        let answer: Response = reply.json()?;
        let mut parts: HashMap<String, Part> = HashMap::new();
        for part in answer.composite_response {
            if let Some(id) = part.reference_id.clone() {
                parts.insert(id, part);
            }
        }
        let answers = collections.iter().enumerate().map(|(place, collection)| {
            let part = parts.remove(&reference_id(place));
            let part = part.ok_or_else(|| reply.unreadable("a part has no answer"))?;
            Ok(results(&reply, collection, &part))
        });
        answers.collect()
    }
}

/// What one part of the answer says.
fn results(reply: &Reply, collection: &Collection<'_>, part: &Part) -> Result<Vec<WriteResult>, ApiError> {
    let body = part.body.as_ref().map_or("null", |body| body.get());
    if part.http_status_code >= 300 {
        let (method, path, _) = collection.parts();
        let call = CallName { path: reply.name.path.clone() + &path, method, ..reply.name.clone() };
        let errors: Vec<RecordError> = serde_json::from_str(body).unwrap_or_default();
        return Err(Org::refusal(call, reply.started(), part.http_status_code, errors));
    }
    let results: Vec<WriteResult> = serde_json::from_str(body)
        .map_err(|error| reply.unreadable(format!("the answer of a part: {error}")))?;
    matched(reply, results, collection.len())
}

impl<'a> Collection<'a> {
    fn subrequest(&self, place: usize, api_version: &str, writing: &WriteOptions) -> Subrequest<'a> {
        let (method, path, query) = self.parts();
        let url = format!("/services/data/v{api_version}/composite{path}{query}");
        let method = match method {
            Method::DELETE => "DELETE",
            _ => "PATCH",
        };
        let headers = match self {
            Self::Update { object, .. } | Self::Upsert { object, .. } => writing.of_fields(object),
            Self::Delete(_) => writing.of_call(),
        };
        let http_headers = headers.into_iter().collect();
        Subrequest { method, url, reference_id: reference_id(place), http_headers, body: self.body() }
    }

    /// Method, path behind `composite`, and query.
    fn parts(&self) -> (Method, String, String) {
        match self {
            Self::Update { .. } => (Method::PATCH, data_path(&["sobjects"]), String::new()),
            Self::Upsert { object, field, .. } => {
                (Method::PATCH, data_path(&["sobjects", object, field]), String::new())
            }
            Self::Delete(ids) => {
                let list: Vec<&str> = ids.iter().map(SalesforceId::as_str).collect();
                (Method::DELETE, data_path(&["sobjects"]), format!("?allOrNone=false&ids={}", list.join(",")))
            }
        }
    }

    fn body(&self) -> Option<Records<'a>> {
        match self {
            Self::Update { object, records } | Self::Upsert { object, records, .. } => {
                Some(Records::of(object, records.iter().copied()))
            }
            Self::Delete(_) => None,
        }
    }

    /// How many records it has.
    fn len(&self) -> usize {
        match self {
            Self::Update { records, .. } | Self::Upsert { records, .. } => records.len(),
            Self::Delete(ids) => ids.len(),
        }
    }
}

fn reference_id(place: usize) -> String {
    format!("c{place}")
}

#[cfg(test)]
mod tests {
    use orgstream_api::Secret;
    use orgstream_salesforce_simulator as simulator;
    use serde_json::json;

    use super::*;
    use crate::{Auth, OrgConfig};

    #[test]
    fn a_text_that_the_org_would_replace_is_seen_wherever_it_stands() {
        let row = |value: Json| json!({"Name": value}).as_object().cloned().unwrap();
        for plain in [json!("mail@{"), json!("a @{c0.id} b"), json!({"Key__c": "@{x}"}), json!(["@{x}"])] {
            assert!(!can_be_in_composite(&row(plain.clone())), "{plain}");
        }
        for plain in [json!("me@acme.example"), json!("{}@"), json!(null), json!(7), json!({"Key__c": "x"})] {
            assert!(can_be_in_composite(&row(plain.clone())), "{plain}");
        }
    }

    #[tokio::test]
    async fn a_collection_that_fails_as_a_whole_fails_alone() {
        let sandbox = simulator::Org::builder().start().await.unwrap();
        let known = sandbox.credentials();
        let auth = Auth::ClientCredentials {
            client_id: known.client_id.clone(),
            client_secret: Secret::new(&known.client_secret),
        };
        let org = Org::connect(OrgConfig::new("b", sandbox.url().parse().unwrap(), auth)).await.unwrap();
        let row = |fields: Json| fields.as_object().cloned().unwrap();
        let (lead, known) =
            (row(json!({"LastName": "L", "Company": "C"})), row(json!({"Name": "A", "OrgA_Id__c": "1"})));
        let upsert = |object, field, record| Collection::Upsert { object, field, records: vec![record] };
        let collections = [
            upsert("Account", "OrgA_Id__c", &known),
            upsert("Lead", "Nope__c", &lead),
            upsert("Account", "OrgA_Id__c", &known),
        ];
        let answers = org.write_collections(&collections, Duration::from_secs(20)).await.unwrap();
        let [first, second, third] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!(first.as_ref().unwrap()[0].created, Some(true));
        assert_eq!(third.as_ref().unwrap()[0].created, Some(false));
        let refused = second.as_ref().unwrap_err();
        assert_eq!(refused.disposition(), crate::Disposition::Reject, "{refused}");
        assert!(refused.to_string().contains("/composite/sobjects/Lead/Nope__c"), "{refused}");
        assert_eq!(sandbox.calls(simulator::CallKind::Write), 1);
    }

    #[test]
    fn a_deletion_names_its_records_in_the_url_and_has_no_body() {
        let id = SalesforceId::parse("0015g00000AAAAA").unwrap();
        let request = Collection::Delete(vec![id, id]).subrequest(1, "62.0", &WriteOptions::default());
        assert_eq!(
            serde_json::to_value(request).unwrap(),
            json!({
                "method": "DELETE", "referenceId": "c1", "httpHeaders": {"sforce-call-options": "client=orgstream"},
                "url": format!("/services/data/v62.0/composite/sobjects?allOrNone=false&ids={id},{id}"),
            })
        );
    }
}
