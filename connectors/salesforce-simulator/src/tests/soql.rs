//! What only SOQL can ask, over the wire.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::client::{Client, encode, org, typed};
use crate::Org;

/// Two accounts, three contacts of the first, a task for each of a contact and a lead.
async fn filled(org: &Org) -> Client {
    let client = Client::login(org).await;
    let acme = client
        .create(
            "Account",
            json!({"Name": "Acme", "Rating": "Hot", "NumberOfEmployees": 10, "AnnualRevenue": 1500}),
        )
        .await;
    client.create("Account", json!({"Name": "Bolt", "Rating": "Cold", "NumberOfEmployees": 30})).await;
    client.create("Account", json!({"Name": "50% off_", "NumberOfEmployees": 2, "Rating": "Hot"})).await;
    let mut contact = String::new();
    for (first, last) in [("Anna", "Rossi"), ("Bo", "Berg"), ("Cy", "Cole")] {
        contact =
            client.create("Contact", json!({"FirstName": first, "LastName": last, "AccountId": acme})).await;
    }
    let lead = client.create("Lead", json!({"LastName": "Lund", "Company": "Lund AB"})).await;
    client
        .create(
            "Task",
            json!({"Subject": "Call", "WhoId": contact, "WhatId": acme, "ActivityDate": "2026-02-03"}),
        )
        .await;
    client.create("Task", json!({"Subject": "Email", "WhoId": lead})).await;
    client
}

async fn refused(client: &Client, soql: &str) -> (String, String) {
    let (status, errors) = client.get(&format!("query?q={}", encode(soql))).await;
    assert_eq!(status, 400, "{soql}: {errors}");
    let text = |key: &str| errors[0][key].as_str().unwrap().to_owned();
    assert_eq!(errors[0].as_object().unwrap().keys().collect::<Vec<_>>(), ["message", "errorCode"]);
    (text("errorCode"), text("message"))
}

#[tokio::test]
async fn polymorphic_parents_and_typeof_show_what_is_referred_to() {
    let org = org("polymorphic").await;
    let client = filled(&org).await;
    let tasks = client
        .query("SELECT Subject, who.name, Who.Type, What.Name, Owner.Name FROM Task ORDER BY Subject")
        .await;
    let [call, email] = [&tasks["records"][0], &tasks["records"][1]];
    assert_eq!((&call["Who"]["Name"], &call["Who"]["Type"]), (&json!("Cy Cole"), &json!("Contact")));
    assert_eq!((&email["Who"]["Name"], &email["Who"]["Type"]), (&json!("Lund"), &json!("Lead")));
    assert_eq!((&call["What"]["Name"], &email["What"]), (&json!("Acme"), &Json::Null));
    assert_eq!(call["Who"]["attributes"]["type"], "Contact");
    let keys: Vec<&String> = call.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["attributes", "Subject", "Who", "What", "Owner"]);
    assert_eq!(client.column("SELECT Subject FROM Task WHERE Who.Type = 'lead'", "Subject").await, ["Email"]);
    let soql = "SELECT TYPEOF Who WHEN Contact THEN FirstName, Account.Name WHEN Lead THEN Company END, \
                TYPEOF What WHEN Lead THEN Company ELSE Name END FROM Task ORDER BY Subject";
    let tasks = client.query(soql).await;
    assert_eq!(tasks["records"][0]["Who"]["FirstName"], "Cy");
    assert_eq!(tasks["records"][0]["Who"]["Account"]["Name"], "Acme");
    assert_eq!(tasks["records"][1]["Who"]["Company"], "Lund AB");
    assert_eq!(
        (&tasks["records"][0]["What"]["Name"], &tasks["records"][1]["What"]),
        (&json!("Acme"), &Json::Null)
    );
    let (code, text) = refused(&client, "SELECT Who.Company FROM Task").await;
    assert_eq!(code, "INVALID_FIELD");
    assert!(text.contains("No such column 'Company' on entity 'Name'"), "{text}");
}

#[tokio::test]
async fn children_are_nested_in_their_own_order_and_long_lists_are_paged() {
    let org = org("children").await;
    let client = filled(&org).await;
    let soql = "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'Rossi' ORDER BY LastName DESC LIMIT 5), \
                (SELECT Id FROM Account.Cases) FROM Account ORDER BY Name DESC";
    let accounts = client.query(soql).await;
    let acme = &accounts["records"][1];
    assert_eq!((&acme["Name"], &acme["Cases"]), (&json!("Acme"), &Json::Null));
    assert_eq!((&acme["Contacts"]["totalSize"], &acme["Contacts"]["done"]), (&json!(2), &json!(true)));
    assert_eq!(acme["Contacts"]["records"][0]["LastName"], "Cole");
    assert_eq!(acme["Contacts"]["records"][0]["attributes"]["type"], "Contact");
    assert_eq!(accounts["records"][0]["Contacts"], Json::Null);

    let acme = client.column("SELECT Id FROM Account WHERE Name = 'acme'", "Id").await.remove(0);
    for _ in 0..2 {
        let more: Vec<Json> = (0..125)
            .map(|n| typed("Contact", json!({"LastName": format!("L{n}"), "AccountId": acme})))
            .collect();
        client.post("composite/sobjects", json!({"records": more})).await;
    }
    let url = format!("{}/services/data/v60.0/query", client.url);
    let request =
        client.http.get(url).bearer_auth(&client.token).header("Sforce-Query-Options", "batchSize=200");
    let request =
        request.query(&[("q", "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Acme'")]);
    let answer: Json = request.send().await.unwrap().json().await.unwrap();
    let children = &answer["records"][0]["Contacts"];
    assert_eq!((&children["totalSize"], &children["done"]), (&json!(253), &json!(false)));
    assert_eq!(children["records"].as_array().unwrap().len(), 200);
    let next = children["nextRecordsUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (status, rest) = client.get(&format!("query/{next}")).await;
    assert_eq!((status, rest["records"].as_array().unwrap().len(), &rest["done"]), (200, 53, &json!(true)));
    org.advance(Duration::from_hours(49));
    let client = Client::login(&org).await;
    let (status, errors) = client.get(&format!("query/{next}")).await;
    assert_eq!((status, &errors[0]["errorCode"]), (400, &json!("INVALID_QUERY_LOCATOR")));
}

#[tokio::test]
async fn rows_are_grouped_counted_and_summed() {
    let org = org("groups").await;
    let client = filled(&org).await;
    let groups = client
        .query("SELECT Rating, COUNT(Id), SUM(NumberOfEmployees) total, AVG(NumberOfEmployees), MIN(Name), MAX(AnnualRevenue) FROM Account GROUP BY Rating ORDER BY COUNT(Id) DESC")
        .await;
    assert_eq!(groups["totalSize"], 2);
    assert_eq!(
        groups["records"][0],
        json!({"attributes": {"type": "AggregateResult"}, "Rating": "Hot", "expr0": 2, "total": 12, "expr1": 6.0, "expr2": "50% off_", "expr3": 1500.0})
    );
    assert_eq!(groups["records"][1]["expr3"], Json::Null);
    let one = client.query("SELECT COUNT(AnnualRevenue), COUNT_DISTINCT(Rating) d FROM Account").await;
    assert_eq!(
        (&one["records"][0]["expr0"], &one["records"][0]["d"], &one["totalSize"]),
        (&json!(1), &json!(2), &json!(1))
    );
    let none = client.query("SELECT COUNT(Id), MAX(Name) FROM Account WHERE Name = 'x'").await;
    assert_eq!((&none["records"][0]["expr0"], &none["records"][0]["expr1"]), (&json!(0), &Json::Null));
    let having = client.query("SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name HAVING COUNT(Id) > 2 AND Account.Name LIKE 'a%'").await;
    assert_eq!((&having["records"][0]["Name"], &having["records"][0]["n"]), (&json!("Acme"), &json!(3)));
    let years = client
        .query(
            "SELECT CALENDAR_YEAR(CreatedDate), COUNT(Id) FROM Account GROUP BY CALENDAR_YEAR(CreatedDate)",
        )
        .await;
    assert_eq!(years["records"][0]["expr1"], 3);
    let rollup = client
        .query("SELECT Rating, GROUPING(Rating) g, COUNT(Id) n FROM Account GROUP BY ROLLUP(Rating)")
        .await;
    let last = &rollup["records"][2];
    assert_eq!((&last["Rating"], &last["g"], &last["n"]), (&Json::Null, &json!(1), &json!(3)));
    assert_eq!(
        client.query("SELECT COUNT() FROM Account LIMIT 2").await,
        json!({"totalSize": 2, "done": true, "records": []})
    );
    for (soql, text) in [
        ("SELECT Name, COUNT(Id) FROM Account", "Field must be grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM Account ORDER BY Name", "Ordered field must be grouped or aggregated: Name"),
        ("SELECT SUM(Name) FROM Account", "field Name does not support aggregate operator SUM"),
        (
            "SELECT COUNT(Id) FROM Account LIMIT 1",
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        ("SELECT Id x FROM Account", "only aggregate expressions use field aliasing"),
    ] {
        let (code, message) = refused(&client, soql).await;
        assert_eq!((code.as_str(), message.ends_with(text)), ("MALFORMED_QUERY", true), "{message}");
    }
}

#[tokio::test]
async fn semi_joins_find_parents_and_keep_to_their_limits() {
    let org = org("joins").await;
    let client = filled(&org).await;
    let names = async |condition: &str| {
        client.column(&format!("SELECT Name FROM Account WHERE {condition} ORDER BY Name"), "Name").await
    };
    assert_eq!(names("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'berg')").await, ["Acme"]);
    assert_eq!(names("Id NOT IN (SELECT AccountId FROM Contact) AND Rating = 'Cold'").await, ["Bolt"]);
    for (condition, text) in [
        (
            "Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
            "Semi join sub-selects are not allowed with the 'OR' operator",
        ),
        ("Name IN (SELECT AccountId FROM Contact)", "should be an id field, cannot use: 'Name'"),
        (
            "Id IN (SELECT ParentId FROM Account)",
            "The inner and outer selects should not be on the same object type",
        ),
        ("Id IN (SELECT Id FROM Contact)", "should point to the same object type"),
        (
            "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT WhoId FROM Task))",
            "Nesting of semi join sub-selects is not supported",
        ),
    ] {
        let (code, message) = refused(&client, &format!("SELECT Id FROM Account WHERE {condition}")).await;
        assert_eq!((code.as_str(), message.contains(text)), ("MALFORMED_QUERY", true), "{message}");
    }
}

#[tokio::test]
async fn dates_are_relative_to_the_orgs_clock() {
    let org = org("dates").await;
    let client = filled(&org).await;
    let found = async |condition: &str| {
        client.query(&format!("SELECT COUNT() FROM Account WHERE {condition}")).await["totalSize"]
            .as_u64()
            .unwrap()
    };
    for condition in [
        "CreatedDate = TODAY",
        "CreatedDate >= THIS_WEEK",
        "CreatedDate < NEXT_N_DAYS:1",
        "CreatedDate != YESTERDAY",
        "CreatedDate IN (TODAY, TOMORROW)",
    ] {
        assert_eq!(found(condition).await, 3, "{condition}");
    }
    org.advance(Duration::from_hours(24));
    let client = Client::login(&org).await;
    let found = async |condition: &str| {
        client.query(&format!("SELECT COUNT() FROM Account WHERE {condition}")).await["totalSize"]
            .as_u64()
            .unwrap()
    };
    assert_eq!((found("CreatedDate = TODAY").await, found("CreatedDate = YESTERDAY").await), (0, 3));
    assert_eq!(found("CreatedDate = LAST_N_DAYS:1 AND CreatedDate < TODAY").await, 3);
    let day = client
        .column(
            "SELECT Subject FROM Task WHERE ActivityDate = 2026-02-03 AND DAY_IN_MONTH(ActivityDate) = 3",
            "Subject",
        )
        .await;
    assert_eq!(day, ["Call"]);
}

#[tokio::test]
async fn fields_functions_and_aliases_select_what_they_say() {
    let org = org("fields").await;
    let client = filled(&org).await;
    let all = client.query("SELECT FIELDS(ALL) FROM Account WHERE Name = 'Acme' LIMIT 1").await;
    let (_, describe) = client.get("sobjects/Account/describe").await;
    assert_eq!(
        all["records"][0].as_object().unwrap().len(),
        describe["fields"].as_array().unwrap().len() + 1
    );
    let custom = client.query("SELECT fields(custom), name FROM Account LIMIT 1").await;
    assert!(
        custom["records"][0]
            .as_object()
            .unwrap()
            .keys()
            .all(|key| key.ends_with("__c") || key == "Name" || key == "attributes")
    );
    let (code, text) = refused(&client, "SELECT FIELDS(ALL) FROM Account").await;
    assert!(code == "MALFORMED_QUERY" && text.ends_with("must have a LIMIT of at most 200"), "{text}");
    let twice = refused(&client, "SELECT Id, FIELDS(ALL) FROM User LIMIT 200").await;
    assert_eq!(twice, ("INVALID_FIELD".to_owned(), "duplicate field selected: Id".to_owned()));
    let shown = client.query("SELECT toLabel(Rating), FORMAT(AnnualRevenue) revenue, FORMAT(NumberOfEmployees) FROM Account WHERE Name = 'Acme'").await;
    assert_eq!(
        (&shown["records"][0]["Rating"], &shown["records"][0]["NumberOfEmployees"]),
        (&json!("Hot"), &json!("10"))
    );
    assert!(shown["records"][0]["revenue"].as_str().unwrap().starts_with("$1,50"), "{shown}");
    let aliased =
        "SELECT c.LastName, a.Name FROM Contact c, c.Account a WHERE a.Name = 'Acme' AND c.LastName = 'Cole'";
    assert_eq!(client.query(aliased).await["records"][0]["Account"]["Name"], "Acme");
    let mine =
        "SELECT Id FROM Account USING SCOPE mine WHERE Name != '' WITH SECURITY_ENFORCED LIMIT 5 FOR VIEW";
    assert_eq!(client.query(mine).await["totalSize"], 3);
    assert_eq!(
        client.column("SELECT Name FROM Account WHERE Name LIKE '50\\% off\\_'", "Name").await,
        ["50% off_"]
    );
    assert_eq!(
        client.column("SELECT Name FROM Account WHERE Name = '\\u0041cm\\u0065'", "Name").await,
        ["Acme"]
    );
    assert_eq!(
        client.column("SELECT Name FROM Account ORDER BY Rating, Name DESC LIMIT 2", "Name").await,
        ["Acme", "50% off_"]
    );
}

#[tokio::test]
async fn every_mistake_has_its_words() {
    let org = org("words").await;
    let client = filled(&org).await;
    for (soql, code, message) in [
        (
            "SELECT Id FORM Account",
            "MALFORMED_QUERY",
            "\nSELECT Id FORM Account\n          ^\nERROR at Row:1:Column:11\nunexpected token: 'FORM'",
        ),
        (
            "SELECT Id FROM Account WHERE",
            "MALFORMED_QUERY",
            "\nSELECT Id FROM Account WHERE\n                            ^\nERROR at Row:1:Column:29\nunexpected token: '<EOF>'",
        ),
        (
            "SELECT FROM Account",
            "MALFORMED_QUERY",
            "\nSELECT FROM Account\n       ^\nERROR at Row:1:Column:8\nunexpected token: 'SELECT FROM'",
        ),
        (
            "SELECT * FROM Account",
            "MALFORMED_QUERY",
            "\nSELECT * FROM Account\n       ^\nERROR at Row:1:Column:8\nunexpected token: '*'",
        ),
        ("SELECT Id FROM $Account", "MALFORMED_QUERY", "line 1:15 unexpected token: '$'"),
        (
            "SELECT Id FROM Account WHERE Name = 'x",
            "MALFORMED_QUERY",
            "line 1:38 mismatched character '<EOF>' expecting '''",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "\nWHERE Name = 'a' AND Name = 'b' OR Name = 'c'\n                                ^\nERROR at Row:1:Column:56\nunexpected token: 'OR'",
        ),
        (
            "SELECT Id FROM Account ALL ROWS",
            "MALFORMED_QUERY",
            "\nSELECT Id FROM Account ALL ROWS\n                       ^\nERROR at Row:1:Column:24\nALL ROWS not allowed in this context",
        ),
        (
            "SELECT Id FROM Account OFFSET 2001",
            "NUMBER_OUTSIDE_VALID_RANGE",
            "\nSELECT Id FROM Account OFFSET 2001\n                              ^\nERROR at Row:1:Column:31\nMaximum SOQL offset allowed is 2000",
        ),
    ] {
        assert_eq!(refused(&client, soql).await, (code.to_owned(), message.to_owned()), "{soql}");
    }
    for (soql, code, end) in [
        ("SELECT Id FROM Account -- all", "MALFORMED_QUERY", "unexpected token: '-'"),
        (
            "SELECT Id FROM Account WHERE Name = :name",
            "MALFORMED_QUERY",
            "Bind variables only allowed in Apex code",
        ),
        ("SELECT Id FROM Account WHERE Name = foo", "MALFORMED_QUERY", "unexpected token: 'foo'"),
        ("SELECT Id FROM Account WHERE Name LIKE NULL", "MALFORMED_QUERY", "unexpected token: 'NULL'"),
        (
            "SELECT Id FROM Account WHERE SystemModstamp > 2020-52-12T12:12:00-05:00",
            "MALFORMED_QUERY",
            "Invalid datetime: 2020-52-12T12:12:00-05:00",
        ),
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        (
            "SELECT Id FROM Account WHERE Name INCLUDES ('a')",
            "INVALID_QUERY_FILTER_OPERATOR",
            "includes or excludes operator only valid on multipicklist field",
        ),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "value of filter criterion for field 'Name' must be of type string and should be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE NumberOfEmployees = '5'",
            "INVALID_FIELD",
            "value of filter criterion for field 'NumberOfEmployees' must be of type int and should not be enclosed in quotes",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Description FROM Account GROUP BY Description",
            "INVALID_FIELD",
            "field 'Description' can not be grouped in a query call",
        ),
        (
            "SELECT Boss.Name FROM Account",
            "INVALID_FIELD",
            "Didn't understand relationship 'Boss' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT Id, (SELECT Id FROM Foos) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Foos' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
        (
            "SELECT Id FROM Foo",
            "INVALID_TYPE",
            "sObject type 'Foo' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
        ),
    ] {
        let (found, message) = refused(&client, soql).await;
        assert_eq!((found.as_str(), message.ends_with(end)), (code, true), "{soql}: {message}");
    }
    for (path, code) in [
        ("query", "MALFORMED_QUERY"),
        ("query/?q=", "MALFORMED_QUERY"),
        ("query?explain=SELECT+Id+FROM+Account", "FUNCTIONALITY_NOT_ENABLED"),
    ] {
        let (status, errors) = client.get(path).await;
        assert_eq!((status, errors[0]["errorCode"].as_str()), (400, Some(code)), "{path}");
    }
}

#[tokio::test]
async fn picklists_of_several_values_are_searched_value_by_value() {
    let yaml = "objects: { Account: [ { name: Tags__c, type: multipicklist, label: Tags, length: 400, picklist: [AA, BB, CC], flags: [create, update, nillable] } ] }";
    let org = Org::builder().name("tags").objects(yaml).start().await.unwrap();
    let client = Client::login(&org).await;
    for (name, tags) in [("one", "AA"), ("two", "AA;BB"), ("three", "BB;CC")] {
        client.create("Account", json!({"Name": name, "Tags__c": tags})).await;
    }
    let names = async |condition: &str| {
        client.column(&format!("SELECT Name FROM Account WHERE {condition} ORDER BY Id"), "Name").await
    };
    assert_eq!(names("Tags__c INCLUDES ('AA;BB', 'CC')").await, ["two", "three"]);
    assert_eq!(names("Tags__c EXCLUDES ('AA')").await, ["three"]);
    assert_eq!(names("Tags__c = 'AA;BB'").await, ["two"]);
}

#[tokio::test]
async fn a_scope_within_a_sub_select_is_that_of_who_asks() {
    let org = org("scopes").await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "mine"})).await;
    client.create("Contact", json!({"LastName": "x", "AccountId": account})).await;
    let soql = "SELECT LastName FROM Contact WHERE AccountId IN (SELECT Id FROM Account USING SCOPE mine)";
    assert_eq!(client.column(soql, "LastName").await, ["x"]);
}
