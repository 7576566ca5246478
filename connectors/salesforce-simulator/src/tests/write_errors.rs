//! What is wrong with the values of a record: status, code, message and fields, to the letter. And what is taken.

use serde_json::json;

use super::world::{World, WriteError};

const NOT_WRITABLE: &str = "Please check the security settings of this field and verify that it is read/write for your profile or permission set.";

#[tokio::test]
async fn every_wrong_value_has_its_status_code_message_and_fields() {
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
            "POST sobjects/Contact",
            r#"{"LastName":"x","Boss":{"Ext__c":"1"}}"#,
            400,
            "INVALID_FIELD",
            "No such column 'Boss' on sobject of type Contact",
            None,
        ),
    ];
    world.refuses(rows).await;
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
