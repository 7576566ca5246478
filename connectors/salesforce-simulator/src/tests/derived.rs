//! Values that the org derives: what is written, and what is read then.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, org};
use super::streaming::{Stream, topic};
use crate::Org;

/// What a call writes, and the values that are read after it.
type Step = (Json, Json);

/// Creates a record with the first step and changes it with the others; after each it must have these values.
async fn play(client: &Client, object: &str, steps: &[Step]) -> String {
    let mut id: Option<String> = None;
    for (write, read) in steps {
        match &id {
            None => id = Some(client.create(object, write.clone()).await),
            Some(id) => {
                let (status, body) = client.patch(&format!("sobjects/{object}/{id}"), write.clone()).await;
                assert_eq!(status, 204, "{write}: {body}");
            }
        }
        reads(client, object, id.as_deref().unwrap(), read, &write.to_string()).await;
    }
    id.unwrap()
}

/// The record must have these values.
async fn reads(client: &Client, object: &str, id: &str, wanted: &Json, after: &str) {
    let (status, row) = client.get(&format!("sobjects/{object}/{id}")).await;
    assert_eq!(status, 200, "{row}");
    for (field, value) in wanted.as_object().unwrap() {
        assert_eq!(&row[field], value, "{object}.{field} after {after}");
    }
}

async fn started(name: &str) -> (Org, Client) {
    let org = org(name).await;
    let client = Client::login(&org).await;
    (org, client)
}

fn stage(name: &str) -> Json {
    json!({"StageName": name})
}

#[tokio::test]
async fn a_stage_says_how_likely_a_deal_is_and_whether_it_is_over() {
    let (_org, client) = started("stages").await;
    for (name, probability, category, closed, won) in [
        ("Prospecting", 10.0, "Pipeline", false, false),
        ("Qualification", 10.0, "Pipeline", false, false),
        ("Needs Analysis", 20.0, "Pipeline", false, false),
        ("Value Proposition", 50.0, "Pipeline", false, false),
        ("Id. Decision Makers", 60.0, "Pipeline", false, false),
        ("Perception Analysis", 70.0, "Pipeline", false, false),
        ("Proposal/Price Quote", 75.0, "Pipeline", false, false),
        ("Negotiation/Review", 90.0, "Pipeline", false, false),
        ("Closed Won", 100.0, "Closed", true, true),
        ("Closed Lost", 0.0, "Omitted", true, false),
    ] {
        let write = json!({"Name": name, "StageName": name, "CloseDate": "2026-05-31", "Amount": 250});
        let read = json!({"Probability": probability, "ForecastCategoryName": category, "ForecastCategory": category,
            "IsClosed": closed, "IsWon": won, "ExpectedRevenue": 2.5 * probability});
        play(&client, "Opportunity", &[(write, read)]).await;
    }
}

#[tokio::test]
async fn what_a_call_says_of_a_deal_counts_until_its_stage_changes() {
    let (_org, client) = started("deal").await;
    let new = json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-31", "Probability": 33,
        "ForecastCategoryName": "Commit"});
    let steps = [
        (
            new,
            json!({"Probability": 33.0, "ForecastCategory": "Forecast", "ExpectedRevenue": null, "Fiscal": "2026 1"}),
        ),
        (json!({"Amount": 1000}), json!({"Probability": 33.0, "ExpectedRevenue": 330.0})),
        (stage("Prospecting"), json!({"Probability": 33.0, "ForecastCategoryName": "Commit"})),
        (stage("Closed Won"), json!({"Probability": 100.0, "ForecastCategory": "Closed", "IsWon": true})),
        (
            json!({"StageName": "Qualification", "Probability": 45}),
            json!({"Probability": 45.0, "IsClosed": false}),
        ),
        (
            json!({"ForecastCategoryName": "Best Case"}),
            json!({"ForecastCategory": "BestCase", "Probability": 45.0}),
        ),
        (
            json!({"CloseDate": "2027-10-01"}),
            json!({"FiscalYear": 2027, "FiscalQuarter": 4, "Fiscal": "2027 4", "HasOpportunityLineItem": false}),
        ),
    ];
    play(&client, "Opportunity", &steps).await;
    let found =
        client.column("SELECT Name FROM Opportunity WHERE IsClosed = false AND FiscalYear = 2027", "Name");
    assert_eq!(found.await, ["x"]);
}

#[tokio::test]
async fn cases_and_tasks_know_since_when_they_are_closed() {
    let (org, client) = started("closed").await;
    let first = play(
        &client,
        "Case",
        &[
            (
                json!({"Subject": "x"}),
                json!({"IsClosed": false, "ClosedDate": null, "CaseNumber": "00001000"}),
            ),
            (json!({"Status": "Closed"}), json!({"IsClosed": true})),
        ],
    )
    .await;
    let when = |object: &'static str, field: &'static str| {
        let client = &client;
        async move { client.column(&format!("SELECT {field} FROM {object}"), field).await.remove(0) }
    };
    let closed = when("Case", "ClosedDate").await;
    assert_eq!(closed, when("Case", "LastModifiedDate").await);
    org.advance(Duration::from_mins(1));
    let again = [(json!({"Subject": "y"}), json!({"IsClosed": true, "ClosedDate": closed}))];
    for (write, read) in &again {
        assert_eq!(client.patch(&format!("sobjects/Case/{first}"), write.clone()).await.0, 204);
        reads(&client, "Case", &first, read, "another change").await;
    }
    let reopened = json!({"IsClosed": false, "ClosedDate": null});
    assert_eq!(client.patch(&format!("sobjects/Case/{first}"), json!({"Status": "New"})).await.0, 204);
    reads(&client, "Case", &first, &reopened, "reopening").await;
    play(
        &client,
        "Case",
        &[(json!({"Status": "Closed"}), json!({"IsClosed": true, "CaseNumber": "00001001"}))],
    )
    .await;

    let open = json!({"IsClosed": false, "CompletedDateTime": null, "IsHighPriority": false});
    let steps = [
        (json!({"Subject": "x"}), open.clone()),
        (
            json!({"Status": "Completed", "Priority": "High"}),
            json!({"IsClosed": true, "IsHighPriority": true}),
        ),
    ];
    let task = play(&client, "Task", &steps).await;
    assert_eq!(when("Task", "CompletedDateTime").await, when("Task", "LastModifiedDate").await);
    let write = json!({"Status": "In Progress", "Priority": "Low"});
    assert_eq!(client.patch(&format!("sobjects/Task/{task}"), write).await.0, 204);
    reads(&client, "Task", &task, &open, "reopening").await;
}

#[tokio::test]
async fn start_end_and_duration_of_an_event_always_agree() {
    let (_org, client) = started("appointments").await;
    let at = |time: &str| format!("2026-03-04T{time}:00.000+0000");
    play(
        &client,
        "Event",
        &[
            (
                json!({"StartDateTime": at("10:00"), "DurationInMinutes": 90}),
                json!({"EndDateTime": at("11:30"), "ActivityDateTime": at("10:00"), "ActivityDate": "2026-03-04",
                    "EndDate": "2026-03-04"}),
            ),
            (json!({"EndDateTime": at("10:30")}), json!({"DurationInMinutes": 30})),
            (json!({"StartDateTime": at("12:00")}), json!({"EndDateTime": at("12:30"), "DurationInMinutes": 30})),
            (json!({"ActivityDateTime": at("23:45")}), json!({"StartDateTime": at("23:45"), "EndDate": "2026-03-05"})),
            (json!({"Subject": "x"}), json!({"StartDateTime": at("23:45"), "DurationInMinutes": 30})),
        ],
    )
    .await;
    play(
        &client,
        "Event",
        &[
            (
                json!({"ActivityDate": "2026-03-04", "IsAllDayEvent": true}),
                json!({"StartDateTime": at("00:00"), "EndDateTime": at("00:00"), "DurationInMinutes": 1440,
                    "EndDate": "2026-03-04"}),
            ),
            (json!({"DurationInMinutes": 2880}), json!({"EndDate": "2026-03-05"})),
        ],
    )
    .await;
    let both = json!({"ActivityDateTime": at("08:00"), "EndDateTime": at("09:00")});
    play(&client, "Event", &[(both, json!({"StartDateTime": at("08:00"), "DurationInMinutes": 60}))]).await;
}

#[tokio::test]
async fn an_event_without_start_or_length_or_with_two_lengths_is_refused() {
    let (_org, client) = started("disagreement").await;
    let (start, end) = ("2026-03-04T10:00:00Z", "2026-03-04T11:00:00Z");
    for (write, code, fields) in [
        (json!({"Subject": "x"}), "REQUIRED_FIELD_MISSING", &["DurationInMinutes", "ActivityDateTime"][..]),
        (json!({"StartDateTime": start}), "REQUIRED_FIELD_MISSING", &["DurationInMinutes"]),
        (json!({"EndDateTime": end}), "REQUIRED_FIELD_MISSING", &["ActivityDateTime"]),
        (json!({"IsAllDayEvent": true}), "REQUIRED_FIELD_MISSING", &["ActivityDate"]),
        (
            json!({"StartDateTime": start, "EndDateTime": end, "DurationInMinutes": 61}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &["DurationInMinutes"],
        ),
        (
            json!({"StartDateTime": start, "ActivityDateTime": end, "DurationInMinutes": 60}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            &["ActivityDateTime"],
        ),
        (json!({"StartDateTime": end, "EndDateTime": start}), "FIELD_INTEGRITY_EXCEPTION", &["EndDateTime"]),
    ] {
        let (status, refusal) = client.post("sobjects/Event", write.clone()).await;
        let told = (status, &refusal[0]["errorCode"], &refusal[0]["fields"]);
        assert_eq!(told, (400, &json!(code), &json!(fields)), "{write}: {refusal}");
    }
    let agreed = json!({"StartDateTime": start, "EndDateTime": end, "DurationInMinutes": 60});
    play(&client, "Event", &[(agreed, json!({"ActivityDate": "2026-03-04"}))]).await;
}

#[tokio::test]
async fn an_activity_belongs_to_the_account_of_what_it_is_about_or_of_its_contact() {
    let (_org, client) = started("accounts").await;
    let account = client.create("Account", json!({"Name": "Acme"})).await;
    let other = client.create("Account", json!({"Name": "Beta"})).await;
    let contact = client.create("Contact", json!({"LastName": "Rossi", "AccountId": account})).await;
    let deal =
        json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-31", "AccountId": other});
    let deal = client.create("Opportunity", deal).await;
    let steps = [
        (json!({"Subject": "x"}), json!({"AccountId": null})),
        (json!({"WhoId": contact}), json!({"AccountId": account})),
        (json!({"WhatId": deal}), json!({"AccountId": other})),
        (json!({"WhatId": account}), json!({"AccountId": account})),
        (json!({"WhatId": null, "WhoId": null}), json!({"AccountId": null})),
    ];
    play(&client, "Task", &steps).await;
}

#[tokio::test]
async fn a_campaign_member_shows_its_person_and_nobody_is_one_twice() {
    let (_org, client) = started("members").await;
    let campaign = client.create("Campaign", json!({"Name": "Fair"})).await;
    let account = client.create("Account", json!({"Name": "Acme"})).await;
    let contact = json!({"FirstName": "Ada", "LastName": "Rossi", "MailingCity": "Roma", "Email": "a@example.com",
        "AccountId": account});
    let contact = client.create("Contact", contact).await;
    let lead = json!({"LastName": "Verdi", "Company": "Beta", "City": "Milano", "DoNotCall": true});
    let lead = client.create("Lead", lead).await;
    let of_contact = json!({"CampaignId": campaign, "ContactId": contact});
    let member = play(
        &client,
        "CampaignMember",
        &[
            (
                of_contact.clone(),
                json!({"Name": "Ada Rossi", "FirstName": "Ada", "LastName": "Rossi", "City": "Roma", "Type": "Contact",
                    "Email": "a@example.com", "CompanyOrAccount": "Acme", "LeadOrContactId": contact, "Status": "Sent",
                    "HasResponded": false, "FirstRespondedDate": null}),
            ),
            (json!({"Status": "Responded"}), json!({"HasResponded": true})),
            (json!({"Status": "Sent"}), json!({"HasResponded": false})),
        ],
    )
    .await;
    let of_lead = json!({"CampaignId": campaign, "LeadId": lead});
    let shown = json!({"Name": "Verdi", "FirstName": null, "City": "Milano", "Type": "Lead", "DoNotCall": true,
        "CompanyOrAccount": "Beta", "LeadOrContactId": lead});
    play(&client, "CampaignMember", &[(of_lead.clone(), shown)]).await;
    for twice in [of_contact, of_lead] {
        let (status, refusal) = client.post("sobjects/CampaignMember", twice).await;
        let wanted =
            json!([{"message": "Already a campaign member.", "errorCode": "DUPLICATE_VALUE", "fields": []}]);
        assert_eq!((status, refusal), (400, wanted));
    }
    let second = client.create("Campaign", json!({"Name": "Show"})).await;
    let both = json!({"CampaignId": second, "LeadId": lead, "ContactId": contact});
    let taken = json!({"LeadId": null, "ContactId": contact, "Type": "Contact", "FirstName": "Ada"});
    let both = play(&client, "CampaignMember", &[(both, taken)]).await;
    assert_eq!(client.delete(&format!("sobjects/CampaignMember/{both}")).await.0, 204);
    let stamp = "SELECT SystemModstamp FROM CampaignMember WHERE Type = 'Contact'";
    let before = client.column(stamp, "SystemModstamp").await;
    assert_eq!(
        client.patch(&format!("sobjects/Contact/{contact}"), json!({"FirstName": "Eva"})).await.0,
        204
    );
    assert_eq!(client.patch(&format!("sobjects/Account/{account}"), json!({"Name": "Acme2"})).await.0, 204);
    let follows = json!({"Name": "Eva Rossi", "FirstName": "Eva", "CompanyOrAccount": "Acme2"});
    reads(&client, "CampaignMember", &member, &follows, "renaming contact and account").await;
    assert_eq!(client.column(stamp, "SystemModstamp").await, before);
}

#[tokio::test]
async fn lines_of_a_deal_are_priced_and_the_deal_knows_that_it_has_some() {
    let (_org, client) = started("lines").await;
    let book = client.column("SELECT Id FROM Pricebook2", "Id").await.remove(0);
    let product = client.create("Product2", json!({"Name": "Pump", "ProductCode": "P-1"})).await;
    let entry = json!({"Pricebook2Id": book, "Product2Id": product, "UnitPrice": 40, "IsActive": true});
    let named = json!({"Name": "Pump", "ProductCode": "P-1"});
    let entry = play(&client, "PricebookEntry", &[(entry, named)]).await;
    let deal =
        json!({"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-31", "Pricebook2Id": book});
    let deal = client.create("Opportunity", deal).await;
    let line = json!({"OpportunityId": deal, "PricebookEntryId": entry, "Quantity": 3});
    let line = play(
        &client,
        "OpportunityLineItem",
        &[
            (
                line,
                json!({"UnitPrice": 40.0, "ListPrice": 40.0, "TotalPrice": 120.0, "Product2Id": product,
                    "ProductCode": "P-1", "Name": "Deal Pump"}),
            ),
            (json!({"UnitPrice": 12.5}), json!({"TotalPrice": 37.5, "ListPrice": 40.0})),
            (json!({"Quantity": 4, "Discount": 10}), json!({"TotalPrice": 45.0})),
            (json!({"TotalPrice": 72}), json!({"UnitPrice": 20.0, "TotalPrice": 72.0})),
        ],
    )
    .await;
    reads(&client, "Opportunity", &deal, &json!({"HasOpportunityLineItem": true}), "adding a line").await;
    let renamed = json!({"Name": "Valve", "ProductCode": "V-1"});
    assert_eq!(client.patch(&format!("sobjects/Product2/{product}"), renamed.clone()).await.0, 204);
    reads(&client, "PricebookEntry", &entry, &renamed, "renaming the product").await;
    reads(&client, "OpportunityLineItem", &line, &json!({"Name": "Deal Valve"}), "renaming the product")
        .await;
    assert_eq!(client.delete(&format!("sobjects/OpportunityLineItem/{line}")).await.0, 204);
    reads(&client, "Opportunity", &deal, &json!({"HasOpportunityLineItem": false}), "deleting the line")
        .await;
}

#[tokio::test]
async fn derived_fields_are_not_written() {
    let (_org, client) = started("refused").await;
    for (object, field, value) in [
        ("Opportunity", "IsWon", json!(true)),
        ("Opportunity", "ExpectedRevenue", json!(5)),
        ("Case", "ClosedDate", json!("2026-01-01T00:00:00Z")),
        ("Task", "IsClosed", json!(true)),
        ("Event", "EndDate", json!("2026-01-01")),
        ("CampaignMember", "HasResponded", json!(true)),
        ("PricebookEntry", "ProductCode", json!("x")),
    ] {
        let (status, refusal) = client.post(&format!("sobjects/{object}"), json!({field: value})).await;
        let told = (status, &refusal[0]["errorCode"], &refusal[0]["fields"]);
        assert_eq!(told, (400, &json!("INVALID_FIELD_FOR_INSERT_UPDATE"), &json!([field])));
    }
}

#[tokio::test]
async fn events_show_derived_values_and_notice_that_they_change() {
    let (org, client) = started("derived-events").await;
    org.capture("Opportunity").unwrap();
    let query = "SELECT Id, Name, IsWon FROM Opportunity WHERE IsClosed = true";
    let reply = topic(&client, "Over", query, json!({"NotifyForFields": "Where"})).await;
    assert_eq!(reply["success"], true, "{reply}");
    let steps = [
        (
            json!({"Name": "x", "StageName": "Prospecting", "CloseDate": "2026-01-31"}),
            json!({"IsClosed": false}),
        ),
        (stage("Closed Won"), json!({"IsClosed": true})),
    ];
    play(&client, "Opportunity", &steps).await;
    let (_, stream) = Stream::open(&client, "/topic/Over", -2).await;
    let told = stream.events(1).await;
    assert_eq!(
        (&told[0]["data"]["event"]["type"], &told[0]["data"]["sobject"]["IsWon"]),
        (&json!("updated"), &json!(true))
    );
    let (_, stream) = Stream::open(&client, "/data/OpportunityChangeEvent", -2).await;
    let told = stream.events(2).await;
    let payload = &told[0]["data"]["payload"];
    assert_eq!((&payload["Probability"], &payload["IsWon"]), (&json!(10.0), &json!(false)));
    let changed = &told[1]["data"]["payload"]["ChangeEventHeader"]["changedFields"];
    let mut changed: Vec<&str> =
        changed.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    changed.sort_unstable();
    assert_eq!(
        changed,
        [
            "ForecastCategory",
            "ForecastCategoryName",
            "IsClosed",
            "IsWon",
            "LastModifiedDate",
            "Probability",
            "StageName"
        ]
    );
}
