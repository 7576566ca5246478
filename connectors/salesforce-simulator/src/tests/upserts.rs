//! Upserts that name one record twice, through every API that has them.

use serde_json::{Value as Json, json};

use super::client::{Client, typed};
use crate::Org;

#[tokio::test]
async fn rows_share_a_key_when_they_mean_one_record_whatever_the_api() {
    const YAML: &str = "objects:
  Account:
    fields:
      - { name: Exact__c, type: string, label: Exact, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
      - { name: Loose__c, type: string, label: Loose, length: 18, flags: [create, update, nillable, external_id, unique] }
      - { name: Number__c, type: double, label: Number, precision: 10, scale: 0, flags: [create, update, nillable, external_id, unique] }
";
    let org = Org::builder().name("keys").objects(YAML).start().await.unwrap();
    let client = Client::login(&org).await;
    for (field, keys, written) in [
        ("Exact__c", ["ABC", "abc", "x", "x"], [true, true, false, false]),
        ("Loose__c", ["ABC", "abc", "x", "y"], [false, false, true, true]),
        ("Number__c", ["1", "1.0", "2", "3"], [false, false, true, true]),
    ] {
        let body = json!({"object": "Account", "operation": "upsert", "externalIdFieldName": field});
        let rows: Vec<String> = keys.iter().map(|key| format!("{key},n\n")).collect();
        let (_, good, bad) = client.done(body, &format!("{field},Name\n{}", rows.concat())).await;
        let expected = written.iter().filter(|written| **written).count();
        assert_eq!((good.len() - 1, bad.len() - 1), (expected, 4 - expected), "bulk {field}: {bad:?}");

        let records: Vec<Json> =
            keys.iter().map(|key| typed("Account", json!({field: key, "Name": "n"}))).collect();
        let path = format!("composite/sobjects/Account/{field}");
        let (_, results) = client.patch(&path, json!({"records": records})).await;
        let results: Vec<bool> =
            results.as_array().unwrap().iter().map(|result| result["success"] == true).collect();
        assert_eq!(results, written, "REST {field}");

        let records: Vec<String> = keys
            .iter()
            .map(|key| format!("<urn:sObjects><urn:type>Account</urn:type><urn:{field}>{key}</urn:{field}><urn:Name>n</urn:Name></urn:sObjects>"))
            .collect();
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\">\
             <e:Header><urn:SessionHeader><urn:sessionId>{}</urn:sessionId></urn:SessionHeader></e:Header><e:Body>\
             <urn:upsert><urn:externalIDFieldName>{field}</urn:externalIDFieldName>{}</urn:upsert></e:Body></e:Envelope>",
            client.token,
            records.concat()
        );
        let request = client.http.post(format!("{}/services/Soap/u/60.0", client.url));
        let answer = request.header("content-type", "text/xml").body(body).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let results = text.split("<success>").skip(1);
        let results: Vec<bool> = results.map(|result| result.starts_with("true")).collect();
        assert_eq!(results, written, "SOAP {field}: {text}");
        if let Some(first) = written.iter().position(|written| !written) {
            let refused = format!("Duplicate external id specified: {}", keys[first]);
            assert!(
                text.contains(&refused) && text.contains("<statusCode>DUPLICATE_VALUE</statusCode>"),
                "{text}"
            );
        }
    }
}
