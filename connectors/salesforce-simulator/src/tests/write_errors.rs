//! Every error that a write can meet: status, code, message and fields, to the letter.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::client::{Client, read, typed};
use crate::{CallKind, Effect, Fault, Org};

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
type WriteError<'a> = (&'a str, &'a str, u16, &'a str, &'a str, Option<&'a [&'a str]>);

/// An org with something of everything, and the ids that the rows of the tables name in braces.
struct World {
    org: Org,
    client: Client,
    ids: Vec<(&'static str, String)>,
}

impl World {
    async fn new(name: &str) -> Self {
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

    fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Sends `POST path` with this text as the body.
    async fn send(&self, call: &str, body: &str, header: Option<(&str, &str)>) -> (u16, Json) {
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
}

async fn simulator(client: &Client, route: &str, body: Json) -> (u16, Json) {
    let url = format!("{}/simulator/{route}", client.url);
    read(client.http.post(url).json(&body).send().await.unwrap()).await
}

const NOT_WRITABLE: &str = "Please check the security settings of this field and verify that it is read/write for your profile or permission set.";

#[tokio::test]
async fn every_write_error_has_its_status_code_message_and_fields() {
    let world = World::new("write-errors").await;
    let long = "x".repeat(256);
    let too_long = format!(r#"{{"Name":"{long}"}}"#);
    let too_long_text = format!("Account Name: data value too large: {long} (max length=255)");
    let not_writable = |fields: &str| format!("Unable to create/update fields: {fields}. {NOT_WRITABLE}");
    let (created, name, twice, fixed) = (
        not_writable("CreatedDate, IsDeleted"),
        not_writable("Name"),
        not_writable("Twice__c"),
        not_writable("Fixed__c"),
    );
    let parsed = |kind: &str, token: &str, column: usize| {
        format!(
            "Cannot deserialize instance of {kind} from {token} or request may be missing a required field at [line:1, column:{column}]"
        )
    };
    let (much, day, moment, clock, flag, yes, half, nested, list) = (
        parsed("currency", "VALUE_STRING value much", 35),
        parsed("date", "VALUE_STRING value 2026-13-01", 37),
        parsed("datetime", "VALUE_STRING value 2026-01-01", 36),
        parsed("time", "VALUE_STRING value noon", 30),
        parsed("boolean", "VALUE_NULL value null", 26),
        parsed("boolean", "VALUE_STRING value yes", 27),
        parsed("int", "VALUE_NUMBER_FLOAT value 1.5", 36),
        parsed("string", "START_OBJECT value {", 10),
        parsed("phone", "START_ARRAY value [", 22),
    );
    let ambiguous = "Alt__c: more than one record found for external id field: [{twins}]";
    let (post, patch) = ("POST sobjects/Account", "PATCH sobjects/Account/{account}");
    let rows: &[WriteError<'_>] = &[
        (
            post,
            "",
            400,
            "JSON_PARSER_ERROR",
            "The HTTP entity body is required, but this request has no entity body.",
            None,
        ),
        (
            post,
            r#"{"Name":"x","foo":1}"#,
            400,
            "INVALID_FIELD",
            "No such column 'foo' on sobject of type Account",
            None,
        ),
        (
            post,
            r#"{"Name":"x","Hidden__c":"y"}"#,
            400,
            "INVALID_FIELD",
            "No such column 'Hidden__c' on sobject of type Account",
            None,
        ),
        (post, r#"{"Name":"x","AnnualRevenue":"much"}"#, 400, "JSON_PARSER_ERROR", &much, None),
        (post, r#"{"Name":"x","Signed__c":"2026-13-01"}"#, 400, "JSON_PARSER_ERROR", &day, None),
        (post, r#"{"Name":"x","Since__c":"2026-01-01"}"#, 400, "JSON_PARSER_ERROR", &moment, None),
        (post, r#"{"Name":"x","Opens__c":"noon"}"#, 400, "JSON_PARSER_ERROR", &clock, None),
        (post, r#"{"Name":"x","Vip__c":null}"#, 400, "JSON_PARSER_ERROR", &flag, None),
        (post, r#"{"Name":"x","Vip__c":"yes"}"#, 400, "JSON_PARSER_ERROR", &yes, None),
        (post, r#"{"Name":"x","NumberOfEmployees":1.5}"#, 400, "JSON_PARSER_ERROR", &half, None),
        (post, r#"{"Name":{"a":1}}"#, 400, "JSON_PARSER_ERROR", &nested, None),
        (post, r#"{"Name":"x","phone":["1"]}"#, 400, "JSON_PARSER_ERROR", &list, None),
        (
            post,
            r#"{"Phone":"1"}"#,
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Name]",
            Some(&["Name"]),
        ),
        (
            post,
            r#"{"Name":"  "}"#,
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Name]",
            Some(&["Name"]),
        ),
        (
            "POST sobjects/Lead",
            "{}",
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [LastName, Company]",
            Some(&["LastName", "Company"]),
        ),
        (
            patch,
            r#"{"Name":null}"#,
            400,
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [Name]",
            Some(&["Name"]),
        ),
        (post, &too_long, 400, "STRING_TOO_LONG", &too_long_text, Some(&["Name"])),
        (
            post,
            r#"{"Name":"x","AnnualRevenue":1e20}"#,
            400,
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Annual Revenue: value outside of valid range on numeric field: 1.0E20",
            Some(&["AnnualRevenue"]),
        ),
        (
            post,
            r#"{"Name":"x","NumberOfEmployees":123456789}"#,
            400,
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Employees: value outside of valid range on numeric field: 123456789",
            Some(&["NumberOfEmployees"]),
        ),
        (
            post,
            r#"{"Name":"x","Signed__c":"1492-10-12"}"#,
            400,
            "INVALID_TYPE_ON_FIELD_IN_RECORD",
            "Signed: invalid date: Wed Oct 12 00:00:00 GMT 1492",
            Some(&["Signed__c"]),
        ),
        (
            post,
            r#"{"Name":"x","Tier__c":"Lead"}"#,
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Tier: bad value for restricted picklist field: Lead",
            Some(&["Tier__c"]),
        ),
        (
            post,
            r#"{"Name":"x","Tier__c":"Tin"}"#,
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Tier: bad value for restricted picklist field: Tin",
            Some(&["Tier__c"]),
        ),
        (
            post,
            r#"{"Name":"x","Topics__c":"a;c"}"#,
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Topics: bad value for restricted picklist field: c",
            Some(&["Topics__c"]),
        ),
        (
            post,
            r#"{"Name":"x","Mail__c":"foo"}"#,
            400,
            "INVALID_EMAIL_ADDRESS",
            "Mail: invalid email address: foo",
            Some(&["Mail__c"]),
        ),
        (
            post,
            r#"{"Name":"x","CreatedDate":null,"isdeleted":false}"#,
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &created,
            Some(&["CreatedDate", "IsDeleted"]),
        ),
        (patch, r#"{"Twice__c":1}"#, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", &twice, Some(&["Twice__c"])),
        (patch, r#"{"Fixed__c":"x"}"#, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", &fixed, Some(&["Fixed__c"])),
        (
            "POST sobjects/Invoice__c",
            r#"{"Name":"INV-1"}"#,
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &name,
            Some(&["Name"]),
        ),
        (
            "PATCH sobjects/Contact/{contact}",
            r#"{"Name":"A B"}"#,
            400,
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &name,
            Some(&["Name"]),
        ),
        (
            patch,
            r#"{"Id":"{account}","Name":"x"}"#,
            400,
            "INVALID_FIELD",
            "The Id field should not be specified in the sobject data.",
            None,
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","AccountId":"abc"}"#,
            400,
            "MALFORMED_ID",
            "Account ID: id value of incorrect type: abc",
            Some(&["AccountId"]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","AccountId":"{lead}"}"#,
            400,
            "FIELD_INTEGRITY_EXCEPTION",
            "Account ID: id value of incorrect type: {lead}",
            Some(&["AccountId"]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","AccountId":"001zz0000000000AAA"}"#,
            400,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            Some(&["AccountId"]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","AccountId":"{gone}"}"#,
            400,
            "ENTITY_IS_DELETED",
            "entity is deleted",
            Some(&[]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","Account":{"Ext__c":"none"}}"#,
            400,
            "INVALID_FIELD",
            "Foreign key external ID: none not found for field Ext__c in entity Account",
            Some(&[]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","Account":{"Alt__c":"t"}}"#,
            400,
            "DUPLICATE_EXTERNAL_ID",
            ambiguous,
            Some(&["Alt__c"]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","Account":{"Phone":"1"}}"#,
            400,
            "INVALID_FIELD",
            "Field name provided, Phone is not an External ID or indexed field for Account",
            Some(&[]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","Boss":{"Ext__c":"1"}}"#,
            400,
            "INVALID_FIELD",
            "No such column 'Boss' on sobject of type Contact",
            None,
        ),
        (
            post,
            r#"{"Name":"x","Ext__c":"k1"}"#,
            400,
            "DUPLICATE_VALUE",
            "duplicate value found: Ext__c duplicates value on record with id: {account15}",
            Some(&[]),
        ),
        (
            post,
            r#"{"Name":"x","NumberOfEmployees":-1}"#,
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "A company has people.",
            Some(&["NumberOfEmployees"]),
        ),
        (
            post,
            r#"{"Name":"x","AnnualRevenue":-1}"#,
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "Revenue is never negative.",
            Some(&[]),
        ),
        (
            patch,
            r#"{"Name":"Another"}"#,
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "This name is kept.",
            Some(&["Name"]),
        ),
        (
            "POST sobjects/Contact",
            r#"{"LastName":"x","AccountId":"{cold}"}"#,
            400,
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "Not for cold accounts.",
            Some(&[]),
        ),
        (
            post,
            r#"{"Name":"x","OwnerId":"{user}"}"#,
            400,
            "INACTIVE_OWNER_OR_USER",
            "operation performed with inactive user [{user15}] as owner of account",
            Some(&["OwnerId"]),
        ),
        (
            "PATCH sobjects/Contact/{contact}",
            r#"{"AccountId":"{left}"}"#,
            400,
            "INACTIVE_OWNER_OR_USER",
            "owner is inactive, cannot reparent record",
            Some(&[]),
        ),
        (
            "PATCH sobjects/Account/{locked}",
            r#"{"Name":"x"}"#,
            400,
            "ENTITY_IS_LOCKED",
            "This record is locked. If you need to edit it, contact your admin.",
            Some(&[]),
        ),
        (
            "DELETE sobjects/Account/{locked}",
            "",
            400,
            "ENTITY_IS_LOCKED",
            "This record is locked. If you need to edit it, contact your admin.",
            Some(&[]),
        ),
        (
            "PATCH sobjects/Lead/{lead}",
            r#"{"LastName":"x"}"#,
            400,
            "CANNOT_UPDATE_CONVERTED_LEAD",
            "cannot reference converted lead",
            Some(&[]),
        ),
        (
            "PATCH sobjects/Account/{gone}",
            r#"{"Name":"x"}"#,
            404,
            "ENTITY_IS_DELETED",
            "entity is deleted",
            Some(&[]),
        ),
        ("DELETE sobjects/Account/{gone}", "", 404, "ENTITY_IS_DELETED", "entity is deleted", Some(&[])),
        (
            "PATCH sobjects/Account/001zz0000000000AAA",
            r#"{"Name":"x"}"#,
            404,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
            Some(&[]),
        ),
        (
            "PATCH sobjects/Account/{contact}",
            r#"{"Name":"x"}"#,
            400,
            "MALFORMED_ID",
            "Account ID: id value of incorrect type: {contact}",
            Some(&["Id"]),
        ),
        (
            "PATCH sobjects/Account/Ext__c/k2",
            r#"{"Name":"x","Ext__c":"k2"}"#,
            400,
            "INVALID_FIELD",
            "The Ext__c field should not be specified in the sobject data.",
            None,
        ),
        (
            "PATCH sobjects/Account/Phone/1",
            r#"{"Name":"x"}"#,
            404,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: Phone",
            None,
        ),
        (
            "POST sobjects/Organization",
            r#"{"Name":"x"}"#,
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "entity type cannot be inserted: Organization",
            Some(&[]),
        ),
    ];
    let mut wrong = Vec::new();
    for (call, body, status, code, message, fields) in rows {
        let answer = world.send(call, body, None).await;
        let mut error = json!({"message": world.filled(message), "errorCode": code});
        if let Some(fields) = fields {
            error["fields"] = json!(fields);
        }
        if answer != (*status, json!([error])) {
            wrong.push(format!("{call} {body}: {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.org.count("Account"), 6, "a refused record leaves nothing");
}

#[tokio::test]
async fn what_the_org_can_take_is_taken() {
    let world = World::new("accepted").await;
    for (body, field, value) in [
        (r#"{"Name":"x1","Price__c":"1.005"}"#, "Price__c", json!(1.01)),
        (r#"{"Name":"x2","NumberOfEmployees":"42"}"#, "NumberOfEmployees", json!(42)),
        (r#"{"Name":"  x3 "}"#, "Name", json!("x3")),
        (r#"{"Name":"x4","Phone":""}"#, "Phone", json!(null)),
        (r#"{"Name":"x5","Signed__c":"2026-01-31T23:00:00Z"}"#, "Signed__c", json!("2026-01-31")),
        (
            r#"{"Name":"x6","Since__c":"2026-01-01T12:00:00+0200"}"#,
            "Since__c",
            json!("2026-01-01T10:00:00.000+0000"),
        ),
        (r#"{"Name":"x7","Opens__c":"10:20:30"}"#, "Opens__c", json!("10:20:30.000Z")),
        (r#"{"Name":"x8","Topics__c":"b;a"}"#, "Topics__c", json!("b;a")),
        (r#"{"Name":"x9","Vip__c":"TRUE"}"#, "Vip__c", json!(true)),
        (r#"{"Name":"x10","Price__c":1.5}"#, "Twice__c", json!(3.0)),
        (r#"{"attributes":{"type":"Account","foo":1},"name":"x11"}"#, "Name", json!("x11")),
        (
            r#"{"Name":"x12","BillingState":"RM","BillingCountry":"Nowhere"}"#,
            "BillingCountry",
            json!("Nowhere"),
        ),
    ] {
        let (status, made) = world.send("POST sobjects/Account", body, None).await;
        assert_eq!(status, 201, "{body}: {made}");
        let (_, record) = world
            .client
            .get(&format!("sobjects/Account/{}?fields={field}", made["id"].as_str().unwrap()))
            .await;
        assert_eq!(record[field], value, "{body}");
    }
    let parents = r#"{"LastName":"Bianchi","FirstName":"Ada","Salutation":"Ms.","Account":{"Ext__c":"k1"},"Owner":{"attributes":{"type":"User"},"Username":"USER"}}"#
        .replace("USER", world.org.credentials().username.as_str());
    let (status, made) = world.send("POST sobjects/Contact", &parents, None).await;
    assert_eq!(status, 201, "{made}");
    let found = world
        .client
        .query("SELECT Name, Account.Ext__c, OwnerId FROM Contact WHERE LastName = 'Bianchi'")
        .await;
    let contact = &found["records"][0];
    assert_eq!((&contact["Name"], &contact["Account"]["Ext__c"]), (&json!("Ada Bianchi"), &json!("k1")));
    assert_eq!(contact["OwnerId"], world.org.user_id());
}

#[tokio::test]
async fn every_validation_rule_that_a_record_breaks_is_told() {
    let world = World::new("rules").await;
    let body = json!({"Name": "x", "NumberOfEmployees": -1, "AnnualRevenue": -1});
    let (status, errors) = world.client.post("sobjects/Account", body.clone()).await;
    assert_eq!((status, errors.as_array().unwrap().len()), (400, 2));
    let records = json!({"records": [typed("Account", body), typed("Account", json!({"Name": "fine"}))]});
    let (_, results) = world.client.post("composite/sobjects", records).await;
    let messages: Vec<&str> = results[0]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["A company has people.", "Revenue is never negative."]);
    assert_eq!(results[0]["errors"][0]["statusCode"], "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    assert_eq!(results[1]["success"], true);
}

#[tokio::test]
async fn formulas_and_auto_numbers_are_read_everywhere() {
    let world = World::new("formulas").await;
    let account = world.filled("{cold}");
    for _ in 0..2 {
        world.client.create("Invoice__c", json!({"Account__c": account})).await;
    }
    let names = world.client.column("SELECT Name FROM Invoice__c ORDER BY Name DESC", "Name").await;
    assert_eq!(names, ["INV-0002", "INV-0001"]);
    let of =
        world.client.column("SELECT Of__c FROM Invoice__c WHERE Of__c = 'Cold: INV-0002'", "Of__c").await;
    assert_eq!(of, ["Cold: INV-0002"]);
    world.client.patch(&format!("sobjects/Account/{account}"), json!({"Name": "Warm"})).await;
    let of = world.client.column("SELECT Of__c FROM Invoice__c ORDER BY Of__c DESC LIMIT 1", "Of__c").await;
    assert_eq!(of, ["Warm: INV-0002"], "a formula follows the parent");
    let numbers = world.client.column("SELECT Number__c FROM Invoice__c", "Number__c").await;
    assert!(numbers[1].ends_with("-02") && numbers[1].len() == 7, "{numbers:?}");
}

#[tokio::test]
async fn a_duplicate_is_saved_only_by_a_client_that_says_so_and_only_where_that_is_allowed() {
    let world = World::new("duplicates").await;
    let double = r#"{"Name":"KEPT","BillingCity":" roma"}"#;
    let (status, errors) = world.send("POST sobjects/Account", double, None).await;
    assert_eq!(status, 400);
    let id = world.filled("{account}");
    let result = json!({
        "allowSave": true,
        "duplicateRule": "City_Duplicate_Rule",
        "duplicateRuleEntityType": "Account",
        "errorMessage": "Use one of these records?",
        "matchResults": [{
            "entityType": "Account",
            "errors": [],
            "matchEngine": "ExactMatchEngine",
            "matchRecords": [{
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": 100.0,
                "record": {"attributes": {"type": "Account", "url": format!("/services/data/v60.0/sobjects/Account/{id}")}, "Id": id},
            }],
            "rule": "City_Match_Rule",
            "size": 1,
            "success": true,
        }],
    });
    let message = "Use one of these records?";
    assert_eq!(
        errors,
        json!([{"duplicateResult": result, "errorCode": "DUPLICATES_DETECTED", "message": message}])
    );
    let old = format!("{}/services/data/v59.0/sobjects/Account", world.client.url);
    let old = world.client.http.post(old).bearer_auth(&world.client.token).body(double).send().await.unwrap();
    assert!(read(old).await.1[0]["duplicateResut"].is_object(), "up to v59 a letter is missing");
    let records = json!({"records": [typed("Account", json!({"Name": "Kept", "BillingCity": "Roma"}))]});
    let (_, results) = world.client.post("composite/sobjects", records).await;
    assert_eq!(results[0]["errors"][0]["statusCode"], "DUPLICATES_DETECTED");
    assert_eq!(results[0]["errors"][0]["duplicateResult"], result);

    let allow = Some(("Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=true"));
    assert_eq!(world.send("POST sobjects/Account", double, allow).await.0, 201);
    let blocked =
        world.send("POST sobjects/Account", r#"{"Name":"y","Website":"HTTPS://a.example"}"#, allow).await;
    assert_eq!((blocked.0, &blocked.1[0]["duplicateResult"]["allowSave"]), (400, &json!(false)));
    assert_eq!(blocked.1[0]["message"], "Never the same site.");
    let untouched = world.send("PATCH sobjects/Account/{account}", r#"{"Phone":"1"}"#, None).await;
    assert_eq!(untouched.0, 204, "a change of other fields asks no rule");
}

#[tokio::test]
async fn permissions_locks_and_maintenance_change_while_the_org_runs() {
    let world = World::new("permissions").await;
    let client = &world.client;
    let deny = async |body: Json| assert_eq!(simulator(client, "permissions", body).await.0, 200);
    deny(json!({"object": "Account", "denied": ["create", "edit", "delete"]})).await;
    for (call, body, status, code, message) in [
        (
            "POST sobjects/Account",
            r#"{"Name":"x"}"#,
            400,
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "entity type cannot be inserted: Account",
        ),
        (
            "PATCH sobjects/Account/{account}",
            r#"{"Phone":"1"}"#,
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        ),
        (
            "DELETE sobjects/Account/{account}",
            "",
            403,
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "insufficient access rights on object id",
        ),
    ] {
        let error = json!([{"message": message, "errorCode": code, "fields": []}]);
        assert_eq!(world.send(call, body, None).await, (status, error), "{call}");
    }
    deny(json!({"object": "Account", "denied": ["read"]})).await;
    let (status, errors) = world.send("GET sobjects/Account/{account}", "", None).await;
    assert_eq!((status, &errors[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    let (_, errors) =
        world.send("POST sobjects/Contact", r#"{"LastName":"x","AccountId":"{account}"}"#, None).await;
    assert_eq!(errors[0]["errorCode"], "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY");
    assert_eq!(
        errors[0]["message"],
        world.filled("insufficient access rights on cross-reference id: {account15}")
    );
    deny(json!({"object": "Account", "denied": []})).await;
    deny(json!({"object": "account", "field": "phone", "denied": ["read"]})).await;
    let (status, errors) = world.send("GET sobjects/Account/{account}?fields=Phone", "", None).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_FIELD")));
    let (_, account) = world.send("GET sobjects/Account/{account}", "", None).await;
    assert!(account.get("Phone").is_none() && account.get("Fax").is_some());
    assert_eq!(simulator(client, "permissions", json!({"object": "Nix", "denied": []})).await.0, 400);

    let locks = format!("{}/simulator/locks", client.url);
    let locked = world.filled("{locked}");
    assert_eq!(read(client.http.get(&locks).send().await.unwrap()).await.1, json!([locked]));
    assert_eq!(client.http.delete(format!("{locks}/{locked}")).send().await.unwrap().status(), 204);
    assert_eq!(world.send("PATCH sobjects/Account/{locked}", r#"{"Fax":"1"}"#, None).await.0, 204);

    simulator(client, "maintenance", json!({"on": true})).await;
    for (call, body) in [
        ("POST sobjects/Account", r#"{"Name":"x"}"#),
        ("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#),
        ("PATCH sobjects/Account/Ext__c/k1", r#"{"Fax":"1"}"#),
        ("DELETE sobjects/Account/{account}", ""),
    ] {
        let (status, errors) = world.send(call, body, None).await;
        assert_eq!(
            (status, &errors[0]["errorCode"]),
            (503, &json!("INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE")),
            "{call}"
        );
    }
    assert_eq!(world.send("GET sobjects/Account/{account}", "", None).await.0, 200, "reading goes on");
    simulator(client, "maintenance", json!({"on": false})).await;
    assert_eq!(world.send("DELETE sobjects/Account/{account}", "", None).await.0, 204);
}

#[tokio::test]
async fn an_ordered_lock_conflict_names_the_record_as_a_real_one_does() {
    let world = World::new("conflicts").await;
    for (code, message) in [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: {account15}"),
        ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
    ] {
        let effect = Effect::RecordError { code: code.to_owned(), message: String::new() };
        world.org.faults().add(Fault::new(CallKind::Write, effect).times(1));
        let answer = world.send("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#, None).await;
        let error = json!([{"message": world.filled(message), "errorCode": code, "fields": []}]);
        assert_eq!(answer, (400, error));
    }
    assert_eq!(world.send("PATCH sobjects/Account/{account}", r#"{"Fax":"1"}"#, None).await.0, 204);
}
