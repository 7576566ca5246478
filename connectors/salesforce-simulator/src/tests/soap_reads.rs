//! Reads and describes over SOAP, in the shapes that generated clients insist on.

use serde_json::json;

use super::client::{Client, org};
use super::soap_client::{Soap, element, elements};
use crate::Org;

async fn filled(name: &str) -> (Org, Client, String, String) {
    let org = org(name).await;
    let client = Client::login(&org).await;
    let account = client.create("Account", json!({"Name": "A & B", "BillingCity": "Roma"})).await;
    let contact = client.create("Contact", json!({"LastName": "Rossi", "AccountId": account})).await;
    (org, client, account, contact)
}

fn query(soql: &str) -> String {
    format!("<u:query><u:queryString>{soql}</u:queryString></u:query>")
}

#[tokio::test]
async fn a_query_shows_parents_children_and_nothing_as_the_partner_wsdl_has_them() {
    let (_org, client, account, contact) = filled("soap-query").await;
    let soap = Soap::partner(&client);
    let (_, whole) = soap.call(&query("SELECT Phone, Name, Id FROM Account")).await;
    let start = "<soapenv:Header><LimitInfoHeader><limitInfo><current>";
    assert!(whole.contains(start) && whole.contains(" xmlns:sf=\"urn:sobject.partner.soap.sforce.com\""));
    assert!(whole.ends_with(&format!(
        "<queryResponse><result xsi:type=\"QueryResult\"><done>true</done><queryLocator xsi:nil=\"true\"/>\
         <records xsi:type=\"sf:sObject\"><sf:type>Account</sf:type><sf:Id>{account}</sf:Id><sf:Phone xsi:nil=\"true\"/>\
         <sf:Name>A &amp; B</sf:Name><sf:Id>{account}</sf:Id></records><size>1</size></result></queryResponse>\
         </soapenv:Body></soapenv:Envelope>"
    )));
    let parents = soap.answer(&query("SELECT LastName, Account.Name, ReportsTo.Name FROM Contact")).await;
    assert!(parents.contains(
        "<sf:type>Contact</sf:type><sf:Id xsi:nil=\"true\"/><sf:LastName>Rossi</sf:LastName>\
         <sf:Account xsi:type=\"sf:sObject\"><sf:type>Account</sf:type><sf:Id xsi:nil=\"true\"/>\
         <sf:Name>A &amp; B</sf:Name></sf:Account><sf:ReportsTo xsi:nil=\"true\"/></records>"
    ));
    let children =
        soap.answer(&query("SELECT (SELECT Id FROM Contacts), (SELECT Id FROM Cases) FROM Account")).await;
    assert!(children.contains(&format!(
        "<sf:Contacts xsi:type=\"QueryResult\"><done>true</done><queryLocator xsi:nil=\"true\"/>\
         <records xsi:type=\"sf:sObject\"><sf:type>Contact</sf:type><sf:Id>{contact}</sf:Id><sf:Id>{contact}</sf:Id>\
         </records><size>1</size></sf:Contacts><sf:Cases xsi:nil=\"true\"/>"
    )));
    let address = soap.answer(&query("SELECT BillingAddress, CreatedDate FROM Account")).await;
    assert!(address.contains(
        "<sf:BillingAddress xsi:type=\"address\"><latitude xsi:nil=\"true\"/><longitude xsi:nil=\"true\"/>\
         <city>Roma</city><country xsi:nil=\"true\"/><countryCode xsi:nil=\"true\"/>"
    ));
    assert!(element(&address, "sf:CreatedDate").ends_with("00Z"), "{address}");
    let (_, groups) = soap.call(&query("SELECT Name, COUNT(Id) FROM Account GROUP BY Name")).await;
    assert!(groups.contains("xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""));
    assert!(groups.contains(
        "<sf:type>AggregateResult</sf:type><sf:Id xsi:nil=\"true\"/><sf:Name xsi:type=\"xsd:string\">A &amp; B</sf:Name>\
         <sf:expr0 xsi:type=\"xsd:int\">1</sf:expr0>"
    ));
    let enterprise =
        Soap::enterprise(&client).answer(&query("SELECT LastName, Phone, Account.Name FROM Contact")).await;
    assert!(enterprise.contains(
        "<result><done>true</done><queryLocator xsi:nil=\"true\"/><records xsi:type=\"sf:Contact\">\
         <sf:LastName>Rossi</sf:LastName><sf:Account xsi:type=\"sf:Account\"><sf:Name>A &amp; B</sf:Name></sf:Account>\
         </records>"
    ));
    let (_, refused) = soap.call(&query("SELECT Id, Nope FROM Account")).await;
    assert_eq!(element(&refused, "faultcode"), "sf:INVALID_FIELD");
    assert!(refused.contains("<sf:InvalidFieldFault xsi:type=\"sf:InvalidFieldFault\">"), "{refused}");
    assert!(refused.contains(
        "</sf:exceptionMessage><sf:row>1</sf:row><sf:column>12</sf:column></sf:InvalidFieldFault>"
    ));
    let (_, refused) = soap.call(&query("SELECT Id FROM Account WHERE")).await;
    assert!(refused.contains("<sf:MalformedQueryFault xsi:type=\"sf:MalformedQueryFault\">"), "{refused}");
}

#[tokio::test]
async fn a_long_result_is_read_page_by_page_and_the_recycle_bin_is_emptied_for_good() {
    let org = Org::builder().name("soap-pages").records(900).seed(1).start().await.unwrap();
    let client = Client::login(&org).await;
    let soap = Soap::partner(&client).with("<QueryOptions><batchSize>200</batchSize></QueryOptions>");
    let all = client.column("SELECT Id FROM Contact", "Id").await;
    assert!(all.len() > 200);
    let mut page = soap.answer(&query("SELECT Id FROM Contact")).await;
    assert_eq!(element(&page, "size"), all.len().to_string());
    let mut read = page.matches("<records ").count();
    assert_eq!(read, 200);
    while element(&page, "done") == "false" {
        let locator = element(&page, "queryLocator").to_owned();
        page = soap
            .answer(&format!("<u:queryMore><u:queryLocator>{locator}</u:queryLocator></u:queryMore>"))
            .await;
        assert!(page.starts_with("<queryMoreResponse><result xsi:type=\"QueryResult\">"), "{page}");
        read += page.matches("<records ").count();
    }
    assert_eq!(read, all.len());
    let (_, refused) =
        soap.call("<u:queryMore><u:queryLocator>01g000000000001-200</u:queryLocator></u:queryMore>").await;
    assert!(refused.contains("<sf:InvalidQueryLocatorFault xsi:type="), "{refused}");

    let account = client.create("Account", json!({"Name": "Gone"})).await;
    client.create("Contact", json!({"LastName": "Gone", "AccountId": account})).await;
    let empty = format!("<u:emptyRecycleBin><u:ids>{account}</u:ids></u:emptyRecycleBin>");
    let early = soap.answer(&empty).await;
    assert_eq!(element(&early, "statusCode"), "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(client.delete(&format!("sobjects/Account/{account}")).await.0, 204);
    let found = "SELECT Id FROM Account WHERE IsDeleted = true";
    let found = format!("<u:queryAll><u:queryString>{found}</u:queryString></u:queryAll>");
    assert_eq!(element(&soap.answer(&found).await, "sf:Id"), account);
    let emptied = soap.answer(&empty).await;
    assert_eq!(
        emptied,
        format!(
            "<emptyRecycleBinResponse><result><id>{account}</id><success>true</success></result></emptyRecycleBinResponse>"
        )
    );
    assert_eq!(client.undelete(&[&account]).await, ["UNDELETE_FAILED"]);
}

#[tokio::test]
async fn records_are_retrieved_in_the_order_of_their_ids_and_changes_are_told() {
    let (org, client, account, _) = filled("soap-retrieve").await;
    let soap = Soap::partner(&client);
    let retrieve = |fields: &str, kind: &str, ids: &str| {
        format!(
            "<u:retrieve><u:fieldList>{fields}</u:fieldList><u:sObjectType>{kind}</u:sObjectType>{ids}</u:retrieve>"
        )
    };
    let ids = format!("<u:ids>001000000000001AAA</u:ids><u:ids>{account}</u:ids>");
    let read = soap.answer(&retrieve("Name, Phone", "Account", &ids)).await;
    assert_eq!(
        read,
        "<retrieveResponse><result xsi:nil=\"true\"/><result xsi:type=\"sf:sObject\"><sf:type>Account</sf:type>\
         <sf:Id xsi:nil=\"true\"/><sf:Name>A &amp; B</sf:Name><sf:Phone xsi:nil=\"true\"/></result></retrieveResponse>"
    );
    assert_eq!(soap.answer(&retrieve("Id", "Account", "")).await, "<retrieveResponse></retrieveResponse>");
    let text = soap.fault(&retrieve("Nope", "Account", &ids)).await;
    assert!(
        text.starts_with("sf:INVALID_FIELD INVALID_FIELD: No such column 'Nope' on entity 'Account'. If")
    );
    assert!(
        soap.fault(&retrieve("Id", "Nope", &ids))
            .await
            .starts_with("sf:INVALID_TYPE INVALID_TYPE: sObject type 'Nope'")
    );
    assert!(soap.fault(&retrieve("Id", "Contact", &ids)).await.starts_with("sf:MALFORMED_ID"));

    let now = async || element(&soap.answer("<u:getServerTimestamp/>").await, "timestamp").to_owned();
    let start = now().await;
    assert_eq!(client.delete(&format!("sobjects/Account/{account}")).await.0, 204);
    org.advance(std::time::Duration::from_mins(2));
    let end = now().await;
    let span = |call: &str, kind: &str, start: &str| {
        format!(
            "<u:{call}><u:sObjectType>{kind}</u:sObjectType><u:startDate>{start}</u:startDate>\
                 <u:endDate>{end}</u:endDate></u:{call}>"
        )
    };
    let deleted = soap.answer(&span("getDeleted", "Account", &start)).await;
    assert_eq!(element(&deleted, "id"), account);
    assert!(deleted.starts_with("<getDeletedResponse><result><deletedRecords><deletedDate>"), "{deleted}");
    assert!(element(&deleted, "latestDateCovered").ends_with(":00.000Z"), "{deleted}");
    let updated = soap.answer(&span("getUpdated", "User", &start)).await;
    assert!(updated.contains("<latestDateCovered>"), "{updated}");
    let wrong = "soapenv:Client 'soon' is not a valid value for the type xsd:dateTime";
    assert_eq!(soap.fault(&span("getUpdated", "User", "soon")).await, wrong);
}

#[tokio::test]
async fn describes_have_every_element_that_the_wsdl_requires_in_its_order() {
    let (_org, client, ..) = filled("soap-describe").await;
    let soap = Soap::partner(&client);
    let global = soap.answer("<u:describeGlobal/>").await;
    assert!(global.starts_with(
        "<describeGlobalResponse><result><encoding>UTF-8</encoding><maxBatchSize>200</maxBatchSize><sobjects>\
         <activateable>false</activateable><associateEntityType xsi:nil=\"true\"/>"
    ));
    assert!(global.contains("<idEnabled>false</idEnabled>") && global.contains("<name>Account</name>"));
    let lead =
        soap.answer("<u:describeSObject><u:sObjectType>lead</u:sObjectType></u:describeSObject>").await;
    assert_eq!(lead.matches("<result>").count(), 1);
    let (_, json) = client.get("sobjects/Lead/describe").await;
    assert_eq!(lead.matches("<fields>").count(), json["fields"].as_array().unwrap().len());
    let places = [
        "activateable",
        "childRelationships",
        "createable",
        "fields",
        "hasSubtypes",
        "idEnabled",
        "keyPrefix",
        "labelPlural",
        "mruEnabled",
        "recordTypeInfos",
        "replicateable",
        "supportedScopes",
        "undeletable",
        "urlNew",
    ];
    let places: Vec<_> = places.iter().map(|name| lead.find(&format!("<{name}>"))).collect();
    assert!(places.iter().all(Option::is_some), "{places:?}");
    assert!(lead.contains("<soapType>xsd:string</soapType><sortable>true</sortable><type>picklist</type>"));
    assert!(lead.contains("<referenceTo>Group</referenceTo><referenceTo>User</referenceTo>"), "{lead}");
    assert!(lead.contains("<defaultValue xsi:type=\"xsd:boolean\">false</defaultValue>"));
    let several = "<u:describeSObjects><u:sObjectType>Case</u:sObjectType><u:sObjectType>Task</u:sObjectType></u:describeSObjects>";
    let several = soap.answer(several).await;
    assert_eq!(several.matches("<result>").count(), 2);
    let unknown = "<u:describeSObject><u:sObjectType>Nope</u:sObjectType></u:describeSObject>";
    assert!(
        soap.fault(unknown).await.starts_with("sf:INVALID_TYPE INVALID_TYPE: sObject type 'Nope' is not")
    );
    assert_eq!(elements(&lead, "custom")[0], "false");
}
