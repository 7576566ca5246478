//! What a SOAP call is refused for, as a whole or record by record.

use serde_json::json;

use super::client::{Client, org};
use super::soap_client::{Soap, element, elements};
use crate::{CallKind, Org};

#[tokio::test]
async fn a_call_that_is_not_as_the_wsdl_has_it_is_refused_and_does_nothing() {
    let org = org("soap-wsdl").await;
    let client = Client::login(&org).await;
    let soap = Soap::partner(&client);
    let id = client.create("Account", json!({"Name": "Kept"})).await;
    let invalid = "soapenv:Client Element {urn:partner.soap.sforce.com}id invalid at this location";
    assert_eq!(soap.fault(&format!("<u:delete><u:id>{id}</u:id></u:delete>")).await, invalid);
    assert_eq!(soap.fault(&format!("<u:delete><u:ids><id>{id}</id></u:ids></u:delete>")).await, invalid);
    assert_eq!(soap.fault("<u:getUserInfo><u:id/></u:getUserInfo>").await, invalid);
    let unqualified = soap.fault("<u:query><item xmlns=\"\"/></u:query>").await;
    assert_eq!(unqualified, "soapenv:Client Element {}item invalid at this location");
    let twice = "<u:describeSObject><sObjectType>Lead</sObjectType><sObjectType>Task</sObjectType></u:describeSObject>";
    assert!(soap.fault(twice).await.ends_with("sObjectType invalid at this location"));
    assert!(soap.fault("<u:getUserInfo/><u:logout/>").await.ends_with("logout invalid at this location"));
    let missing = soap.fault("<u:query/>").await;
    assert_eq!(
        missing,
        "soapenv:Client Required element {urn:partner.soap.sforce.com}queryString is missing in query"
    );
    assert_eq!(soap.answer("<u:delete/>").await, "<deleteResponse></deleteResponse>");
    assert_eq!(client.get(&format!("sobjects/Account/{id}")).await.0, 200);
    let absent = soap.fault("<u:convertLead/>").await;
    let what = "the org simulator does not have the SOAP call convertLead()";
    assert_eq!(absent, format!("sf:FUNCTIONALITY_NOT_ENABLED FUNCTIONALITY_NOT_ENABLED: {what}"));
}

#[tokio::test]
async fn a_type_or_field_that_the_org_does_not_have_refuses_the_whole_call() {
    let org = org("soap-schema").await;
    let client = Client::login(&org).await;
    let soap = Soap::partner(&client);
    let good = "<u:sObjects><type>Account</type><Name>Good</Name></u:sObjects>";
    let create = |record: &str| format!("<u:create>{good}<u:sObjects>{record}</u:sObjects></u:create>");
    let (_, text) = soap.call(&create("<type>Account</type><Name>x</Name><Nope__c>1</Nope__c>")).await;
    assert_eq!(element(&text, "faultcode"), "sf:INVALID_FIELD");
    let message = "No such column 'Nope__c' on entity 'Account'. If you are attempting to use a custom field, be sure to \
                   append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
                   appropriate names.";
    assert_eq!(element(&text, "sf:exceptionMessage").replace("&apos;", "'"), message);
    assert!(text.contains(
        "<sf:row>-1</sf:row><sf:column>-1</sf:column></sf:InvalidFieldFault></detail></soapenv:Fault>"
    ));
    let attachment = soap.fault(&create("<type>Attachment</type>")).await;
    assert!(
        attachment
            .ends_with("FUNCTIONALITY_NOT_ENABLED: the org simulator does not have the object Attachment")
    );
    let (_, text) = soap.call(&create("<type>Nope</type>")).await;
    assert!(text.contains("<sf:InvalidSObjectFault xsi:type=\"sf:InvalidSObjectFault\">"), "{text}");
    let message = "sObject type 'Nope' is not supported. If you are attempting to use a custom object, be sure to append \
                   the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.";
    assert_eq!(element(&text, "sf:exceptionMessage").replace("&apos;", "'"), message);
    for record in [
        "<type>Account</type><fieldsToNull>Nope</fieldsToNull>",
        "<type>Account</type><Nope><Ext__c>1</Ext__c></Nope>",
        "<type>Account</type><Owner>x</Owner>",
    ] {
        assert!(soap.fault(&create(record)).await.starts_with("sf:INVALID_FIELD"), "{record}");
    }
    let untyped = soap.fault(&create("<Name>x</Name>")).await;
    let message = "Missing entity type information. sObject requires a separate 'type' field be sent.";
    assert_eq!(untyped, format!("soapenv:Client {message}"));
    let enterprise = Soap::enterprise(&client).fault(&create("<Name>x</Name>")).await;
    assert_eq!(enterprise, "sf:INVALID_TYPE INVALID_TYPE: Must send a concrete entity type.");
    assert_eq!(org.count("Account"), 0);
    let typed = "<u:create><u:sObjects xsi:type=\"u:Account\"><Name>x</Name></u:sObjects></u:create>";
    assert_eq!(element(&Soap::enterprise(&client).answer(typed).await, "success"), "true");
    let with_id = soap.answer(&create("<type>Account</type><Id>001000000000001AAA</Id><Name>x</Name>")).await;
    assert_eq!(elements(&with_id, "message"), ["cannot specify Id in an insert call"]);
}

#[tokio::test]
async fn a_parent_is_named_by_its_external_id_and_of_several_objects_by_its_type() {
    let org = org("soap-parents").await;
    let client = Client::login(&org).await;
    let soap = Soap::partner(&client);
    let account = client.create("Account", json!({"Name": "Parent", "OrgA_Id__c": "p-1"})).await;
    let create = "<u:create><u:sObjects><type>Contact</type><LastName>Child</LastName><Account><type>Account</type>\
                  <OrgA_Id__c>p-1</OrgA_Id__c></Account></u:sObjects></u:create>";
    let contact = element(&soap.answer(create).await, "id").to_owned();
    let (_, row) = client.get(&format!("sobjects/Contact/{contact}")).await;
    assert_eq!(row["AccountId"], json!(account));
    let unknown = soap.answer(&create.replace("p-1", "p-2")).await;
    assert_eq!(element(&unknown, "statusCode"), "INVALID_FIELD");
}

#[tokio::test]
async fn platform_events_and_duplicates_are_told_in_the_result_of_their_record() {
    const YAML: &str = "objects:
  Order__e:
    label: Order
    plural: Orders
    fields:
      - { name: Order_Number__c, type: string, label: Number, length: 20 }
  Account:
    duplicate_rules:
      - { name: City_Duplicate_Rule, fields: [BillingCity], action: alert, message: Use one of these records? }
";
    let org = Org::builder().name("soap-events").objects(YAML).start().await.unwrap();
    let client = Client::login(&org).await;
    let soap = Soap::partner(&client);
    let event = "<u:create><u:sObjects><type>Order__e</type><Order_Number__c>1</Order_Number__c></u:sObjects></u:create>";
    let published = soap.answer(event).await;
    let (uuid, id) = (element(&published, "message"), element(&published, "id"));
    assert_eq!(
        published,
        format!(
            "<createResponse><result><errors><message>{uuid}</message><statusCode>OPERATION_ENQUEUED</statusCode>\
                 </errors><id>{id}</id><success>true</success></result></createResponse>"
        )
    );
    assert!(id.starts_with('e') && uuid.len() == 36, "{published}");

    let known = client.create("Account", json!({"Name": "Known", "BillingCity": "Roma"})).await;
    let double = "<u:create><u:sObjects><type>Account</type><Name>x</Name><BillingCity>roma</BillingCity></u:sObjects></u:create>";
    let refused = soap.answer(double).await;
    assert!(refused.contains(&format!(
        "<result><errors xsi:type=\"DuplicateError\"><message>Use one of these records?</message>\
         <statusCode>DUPLICATES_DETECTED</statusCode><duplicateResult><allowSave>true</allowSave>\
         <duplicateRule>City_Duplicate_Rule</duplicateRule><duplicateRuleEntityType>Account</duplicateRuleEntityType>\
         <errorMessage>Use one of these records?</errorMessage><matchResults><entityType>Account</entityType>\
         <matchEngine>ExactMatchEngine</matchEngine><matchRecords><matchConfidence>100.0</matchConfidence>\
         <record xsi:type=\"sf:sObject\"><sf:type>Account</sf:type><sf:Id>{known}</sf:Id><sf:Id>{known}</sf:Id></record>\
         </matchRecords><rule>City_Match_Rule</rule><size>1</size><success>true</success></matchResults>\
         </duplicateResult></errors><id xsi:nil=\"true\"/><success>false</success></result>"
    )), "{refused}");
    let anyway = soap.with("<DuplicateRuleHeader><allowSave>true</allowSave></DuplicateRuleHeader>");
    assert_eq!(element(&anyway.answer(double).await, "success"), "true");

    let both = "<u:create><u:sObjects><type>Account</type><Name>New</Name></u:sObjects><u:sObjects><type>Account</type>\
                </u:sObjects></u:create>";
    let together = soap.with("<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>");
    let rolled_back = together.answer(both).await;
    assert_eq!(
        elements(&rolled_back, "statusCode"),
        ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    );
    assert_eq!(rolled_back.matches("<id xsi:nil=\"true\"/>").count(), 2);
}

#[tokio::test]
async fn apis_that_are_not_there_say_so_in_the_shape_of_their_own_protocol() {
    let org = org("soap-absent").await;
    let client = Client::login(&org).await;
    let post = async |path: &str, kind: &str| {
        let request = client.http.post(format!("{}/services/{path}", org.url())).header("content-type", kind);
        let answer = request.body("{}").send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = post("Soap/m/60.0/00D000000000001", "text/xml").await;
    assert_eq!((status, element(&text, "faultcode")), (500, "sf:FUNCTIONALITY_NOT_ENABLED"));
    assert!(
        text.contains("xmlns:sf=\"http://soap.sforce.com/2006/04/metadata\"") && text.contains("Tooling API")
    );
    assert_eq!(post("Soap/T/60.0", "text/xml").await.0, 500);
    let (status, text) = post("async/60.0/job", "application/xml; charset=UTF-8").await;
    assert_eq!((status, element(&text, "exceptionCode")), (501, "FeatureNotEnabled"));
    assert!(text.contains("Bulk API 2.0"), "{text}");
    let (_, text) = post("async/60.0/job", "application/json").await;
    assert!(text.starts_with("{\"exceptionCode\":\"FeatureNotEnabled\",\"exceptionMessage\":"), "{text}");
    assert_eq!(org.calls(CallKind::Soap), 2);
}
