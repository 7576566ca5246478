//! An org with something of everything that writes can run into.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, read};
use crate::Org;

const OBJECTS: &str = "objects:
  Account:
    fields:
      - { name: Ext__c, type: string, label: Ext, length: 40, flags: [create, update, nillable, external_id, unique, id_lookup] }
      - { name: Alt__c, type: string, label: Alt, length: 40, flags: [create, update, nillable, external_id, id_lookup] }
      - { name: Tier__c, type: picklist, label: Tier, length: 255, picklist: [Gold, { value: Tin, active: false }], flags: [create, update, nillable, restricted] }
      - { name: Topics__c, type: multipicklist, label: Topics, length: 4099, picklist: [a, b], flags: [create, update, nillable, restricted] }
      - { name: Opens__c, type: time, label: Opens }
      - { name: Since__c, type: datetime, label: Since }
      - { name: Signed__c, type: date, label: Signed }
      - { name: Mail__c, type: email, label: Mail, length: 80 }
      - { name: Vip__c, type: boolean, label: Vip }
      - { name: Friend__c, type: reference, label: Friend, reference_to: [Contact] }
      - { name: Twice__c, type: currency, label: Twice, precision: 18, scale: 2, formula: Price__c * 2 }
      - { name: Price__c, type: currency, label: Price, precision: 18, scale: 2 }
      - { name: Hidden__c, type: string, label: Hidden, length: 10, denied: [read, edit] }
      - { name: Fixed__c, type: string, label: Fixed, length: 10, denied: [edit] }
    validation_rules:
      - { name: People, formula: NumberOfEmployees < 0, message: A company has people., field: numberofemployees }
      - { name: Money, formula: AnnualRevenue < 0, message: Revenue is never negative. }
      - { name: Kept, formula: 'ISCHANGED(Name) && PRIORVALUE(Name) = \"Kept\"', message: This name is kept., field: Name }
    duplicate_rules:
      - { name: City_Duplicate_Rule, fields: [Name, BillingCity], action: alert }
      - { name: Site_Duplicate_Rule, fields: [Website], message: Never the same site. }
  Contact:
    validation_rules:
      - { name: Known, formula: 'ISPICKVAL(Account.Rating, \"Cold\")', message: Not for cold accounts. }
  Invoice__c:
    label: Invoice
    plural: Invoices
    name_field: { auto_number: 'INV-{0000}' }
    fields:
      - { name: Account__c, type: reference, label: Account, reference_to: [Account], on_delete: master_detail }
      - { name: Number__c, type: string, label: Number, auto_number: '{YYYY}-{00}' }
      - { name: Of__c, type: string, label: Of, length: 80, formula: 'Account__r.Name & \": \" & Name' }
";

/// Call, body; status, code, message, fields.
pub(super) type WriteError<'a> = (&'a str, &'a str, u16, &'a str, &'a str, Option<&'a [&'a str]>);

/// An org with something of everything, and the ids that the rows of the tables name in braces.
pub(super) struct World {
    pub(super) org: Org,
    pub(super) client: Client,
    ids: Vec<(&'static str, String)>,
}

impl World {
    pub(super) async fn new(name: &str) -> Self {
        let org = Org::builder().name(name).objects(OBJECTS).start().await.unwrap();
        let client = Client::login(&org).await;
        let (_, profiles) = client.get("query?q=SELECT+Id+FROM+Profile+LIMIT+1").await;
        let user = client
            .create(
                "User",
                json!({"Username": "gone@example.com", "LastName": "Gone", "Email": "gone@example.com", "Alias": "gone",
                    "TimeZoneSidKey": "Europe/Rome", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
                    "LanguageLocaleKey": "en_US", "ProfileId": profiles["records"][0]["Id"]}),
            )
            .await;
        let account = client
            .create("Account", json!({"Name": "Kept", "Ext__c": "k1", "BillingCity": "Roma", "Website": "https://a.example"}))
            .await;
        let twins = [
            client.create("Account", json!({"Name": "Twin", "Alt__c": "t"})).await,
            client.create("Account", json!({"Name": "Twin", "Alt__c": "t"})).await,
        ];
        let cold = client.create("Account", json!({"Name": "Cold", "Rating": "Cold"})).await;
        let left = client.create("Account", json!({"Name": "Left", "OwnerId": user})).await;
        let gone = client.create("Account", json!({"Name": "Gone"})).await;
        let locked = client.create("Account", json!({"Name": "Locked"})).await;
        let contact = client.create("Contact", json!({"LastName": "Rossi", "AccountId": account})).await;
        let lead =
            client.create("Lead", json!({"LastName": "Old", "Company": "x", "IsConverted": true})).await;
        assert_eq!(client.delete(&format!("sobjects/Account/{gone}")).await.0, 204);
        assert_eq!(client.patch(&format!("sobjects/User/{user}"), json!({"IsActive": false})).await.0, 204);
        assert_eq!(simulator(&client, "locks", json!({"id": locked})).await.0, 200);
        let [twin, other] = twins;
        let ids = vec![
            ("{account15}", account[..15].to_owned()),
            ("{account}", account),
            ("{twins}", format!("{twin}, {other}")),
            ("{cold}", cold),
            ("{left}", left),
            ("{gone}", gone),
            ("{locked}", locked),
            ("{contact}", contact),
            ("{lead}", lead),
            ("{user15}", user[..15].to_owned()),
            ("{user}", user),
        ];
        Self { org, client, ids }
    }

    pub(super) fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Sends `POST path` with this text as the body.
    pub(super) async fn send(&self, call: &str, body: &str, header: Option<(&str, &str)>) -> (u16, Json) {
        let (method, path) = call.split_once(' ').unwrap();
        let url = format!("{}/services/data/v60.0/{}", self.client.url, self.filled(path));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.http.request(method, url).bearer_auth(&self.client.token);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "application/json").body(self.filled(body));
        read(request.send().await.unwrap()).await
    }

    /// Refuses every call of a table with exactly this status, code, message and fields.
    pub(super) async fn refuses(&self, rows: &[WriteError<'_>]) {
        let mut wrong = Vec::new();
        for (call, body, status, code, message, fields) in rows {
            let answer = self.send(call, body, None).await;
            let mut error = json!({"message": self.filled(message), "errorCode": code});
            if let Some(fields) = fields {
                error["fields"] = json!(fields);
            }
            if answer != (*status, json!([error])) {
                wrong.push(format!("{call} {body}: {answer:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(self.org.count("Account"), 6, "a refused record leaves nothing");
    }
}

/// Calls a route of the simulator itself.
pub(super) async fn simulator(client: &Client, route: &str, body: Json) -> (u16, Json) {
    let url = format!("{}/simulator/{route}", client.url);
    read(client.http.post(url).json(&body).send().await.unwrap()).await
}
