//! The SOAP API as libraries use it.

use super::client::{Client, http, org};
use crate::{CallKind, Flow, LoginPolicy, Org, OrgState, UserState};

/// A change of what is allowed.
type Change = fn(&mut LoginPolicy);

/// Status and text of a call; `inner` is the body.
async fn post(org: &Org, path: &str, token: &str, inner: &str) -> (u16, String) {
    let header = format!("<urn:SessionHeader><urn:sessionId>{token}</urn:sessionId></urn:SessionHeader>");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:urn=\"urn:partner.soap.sforce.com\"><se:Header>{header}</se:Header><se:Body>{inner}</se:Body></se:Envelope>"
    );
    send(org, path, text).await
}

async fn send(org: &Org, path: &str, text: String) -> (u16, String) {
    let request = http().post(format!("{}/services/Soap/{path}", org.url()));
    let answer = request
        .header("content-type", "text/xml")
        .header("soapaction", "\"\"")
        .body(text)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/xml;charset=UTF-8");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let rest = text.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("no {name} in {text}"));
    rest.split('<').next().unwrap()
}

fn credentials(username: &str, password: &str) -> String {
    format!(
        "<n1:login xmlns:n1=\"urn:partner.soap.sforce.com\"><n1:username>{username}</n1:username>\
             <n1:password>{password}</n1:password></n1:login>"
    )
}

#[tokio::test]
async fn a_login_is_refused_in_the_words_and_with_the_prefixes_that_clients_search_for() {
    let org = org("faults").await;
    let user = org.credentials().username.clone();
    let good = credentials(&user, &org.credentials().password);
    let fault = async |path: &str, inner: &str| {
        let (status, text) = post(&org, path, "", inner).await;
        assert_eq!(status, 500, "{text}");
        let code = element(&text, "sf:exceptionCode").to_owned();
        let message = element(&text, "sf:exceptionMessage");
        assert_eq!(element(&text, "faultstring"), format!("{code}: {message}"));
        code
    };
    assert_eq!(fault("u/60.0", &credentials(&user, "wrong")).await, "INVALID_LOGIN");
    assert_eq!(fault("u/60.0", &credentials("nobody@x.example", "x")).await, "INVALID_LOGIN");
    assert_eq!(fault("u/60.0", "<urn:login/>").await, "INVALID_LOGIN");
    for version in ["65.0", "67.0", "68.0", "6.0", "sixty", "60"] {
        assert_eq!(fault(&format!("u/{version}"), &good).await, "UNSUPPORTED_API_VERSION", "{version}");
    }
    let long = format!("<!--{}-->{good}", "x".repeat(11_000));
    assert_eq!(fault("u/60.0", &long).await, "INVALID_LOGIN");
    let changes: [(Change, &str); 6] = [
        (|p| p.user = UserState::Inactive, "INVALID_LOGIN"),
        (|p| p.org = OrgState::Locked, "ORG_LOCKED"),
        (|p| p.org = OrgState::Inactive, "TRIAL_EXPIRED"),
        (|p| p.org = OrgState::ApiDisabled, "API_DISABLED_FOR_ORG"),
        (|p| p.require_security_token = true, "LOGIN_MUST_USE_SECURITY_TOKEN"),
        (|p| p.blocked_flows.extend([Flow::SoapLogin]), "INVALID_OPERATION"),
    ];
    for (change, code) in changes {
        let mut policy = LoginPolicy::default();
        change(&mut policy);
        org.set_login_policy(policy);
        assert_eq!(fault("u/60.0", &good).await, code);
    }
    let enterprise = credentials(&user, "wrong").replace("urn:partner", "urn:enterprise");
    let (_, text) = post(&org, "c/60.0", "", &enterprise).await;
    assert!(text.contains("xmlns:sf=\"urn:fault.enterprise.soap.sforce.com\""), "{text}");
}

#[tokio::test]
async fn a_request_that_is_no_envelope_or_too_costly_to_read_is_a_fault_of_the_client() {
    let org = org("envelopes").await;
    let deep = format!("<Envelope><Body>{}", "<a>".repeat(5_000));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aa\">]><Envelope><Body><login>&a;</login></Body></Envelope>";
    for text in [
        "",
        "{}",
        "<a/>",
        "<Envelope/>",
        "<Envelope><Body/></Envelope>",
        "<Envelope><Body><login>",
        &deep,
        bomb,
    ] {
        let (status, answer) = send(&org, "u/60.0", text.to_owned()).await;
        assert_eq!((status, element(&answer, "faultcode")), (500, "soapenv:Client"), "{text:.40}: {answer}");
    }
    let (_, answer) = post(&org, "u/60.0", "", "<urn:sorcery/>").await;
    let text = "No operation available for request {urn:partner.soap.sforce.com}sorcery, please check the WSDL for the service.";
    assert_eq!(element(&answer, "faultstring"), text);
    let (_, answer) = post(&org, "c/60.0", "", "<urn:getUserInfo/>").await;
    let text = "No operation available for request {urn:partner.soap.sforce.com}getUserInfo, please check the WSDL for the service.";
    assert_eq!(element(&answer, "faultstring"), text);
    let get = http().get(format!("{}/services/Soap/u/60.0", org.url())).send().await.unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn a_login_has_its_elements_in_the_order_that_clients_read_them_in() {
    let org = org("order").await;
    let app = org.credentials();
    let password = format!("<![CDATA[{}{}]]>", app.password, app.security_token);
    let (status, text) = post(&org, "u/22.0/", "", &credentials(&app.username, &password)).await;
    assert_eq!(status, 200, "{text}");
    let result = text.split("<result>").nth(1).unwrap();
    let names =
        ["metadataServerUrl", "passwordExpired", "sandbox", "serverUrl", "sessionId", "userId", "userInfo"];
    let places: Vec<_> = names.iter().map(|name| result.find(&format!("<{name}>")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
    assert_eq!(element(&text, "organizationId"), org.id());
    let short = &org.id()[..15];
    assert_eq!(element(&text, "serverUrl"), format!("{}/services/Soap/u/22.0/{short}", org.url()));
    assert_eq!((org.calls(CallKind::Soap), org.calls(CallKind::SoapLogin)), (1, 1));
    let good = credentials(&app.username, &app.password).replace("urn:partner", "urn:enterprise");
    let (_, text) = post(&org, "c/59.0", "", &good).await;
    assert_eq!(element(&text, "serverUrl"), format!("{}/services/Soap/c/59.0/{short}", org.url()));
    assert!(text.contains(" xmlns=\"urn:enterprise.soap.sforce.com\""), "{text}");
    org.set_login_policy(LoginPolicy { user: UserState::PasswordExpired, ..LoginPolicy::default() });
    let (_, text) = post(&org, "u/59.0", "", &credentials(&app.username, &app.password)).await;
    assert_eq!(element(&text, "passwordExpired"), "true");
}

#[tokio::test]
async fn a_session_tells_about_itself_until_it_is_logged_out() {
    let org = org("session").await;
    let client = Client::login(&org).await;
    let path = format!("u/60.0/{}", &org.id()[..15]);
    let (status, text) = post(&org, &path, "00Dx!wrong", "<urn:getUserInfo/>").await;
    assert_eq!((status, element(&text, "faultcode")), (500, "sf:INVALID_SESSION_ID"));
    let start = "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session.";
    assert!(element(&text, "faultstring").starts_with(start), "{text}");
    let (_, text) = post(&org, &path, &client.token, "<urn:getUserInfo/>").await;
    assert_eq!(element(&text, "userFullName"), "Ops Bot");
    let (_, text) = post(&org, &path, &client.token, "<urn:getServerTimestamp/>").await;
    assert!(element(&text, "timestamp").ends_with('Z'), "{text}");
    assert_eq!(post(&org, &path, &client.token, "<urn:logout/>").await.0, 200);
    assert_eq!(client.get("limits").await.0, 401);
}

#[tokio::test]
async fn records_are_written_with_a_result_for_each() {
    let org = org("records").await;
    let client = Client::login(&org).await;
    let call = async |inner: &str| {
        let (status, text) = post(&org, "u/60.0", &client.token, inner).await;
        assert_eq!(status, 200, "{text}");
        text
    };
    let refused = call(
        "<urn:create><urn:sObjects><type>Account</type></urn:sObjects><urn:sObjects><type>Contact</type>\
                        </urn:sObjects></urn:create>",
    )
    .await;
    let codes: Vec<&str> =
        refused.split("<statusCode>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(codes, ["REQUIRED_FIELD_MISSING", "REQUIRED_FIELD_MISSING"]);
    assert!(refused.contains("<id xsi:nil=\"true\"/><success>false</success>"), "{refused}");
    let many = "<urn:ids>001000000000001AAA</urn:ids>".repeat(201);
    let (status, text) =
        post(&org, "u/60.0", &client.token, &format!("<urn:delete>{many}</urn:delete>")).await;
    assert_eq!((status, element(&text, "faultcode")), (500, "sf:EXCEEDED_ID_LIMIT"));

    let created = call(
        "<urn:create><urn:sObjects><type>Account</type><Name>A &amp; B</Name><AnnualRevenue>25\
                        </AnnualRevenue></urn:sObjects></urn:create>",
    )
    .await;
    let id = element(&created, "id").to_owned();
    let (_, row) = client.get(&format!("sobjects/Account/{id}")).await;
    assert_eq!((row["Name"].as_str(), row["AnnualRevenue"].as_f64()), (Some("A & B"), Some(25.0)));
    call(&format!("<urn:update><urn:sObjects><type>Account</type><fieldsToNull>AnnualRevenue</fieldsToNull><Id>{id}</Id>\
                   </urn:sObjects></urn:update>")).await;
    assert!(client.get(&format!("sobjects/Account/{id}")).await.1["AnnualRevenue"].is_null());
    let upsert = "<urn:upsert><urn:externalIDFieldName>OrgA_Id__c</urn:externalIDFieldName><urn:sObjects>\
                  <type>Account</type><OrgA_Id__c>k</OrgA_Id__c><Name>U</Name></urn:sObjects></urn:upsert>";
    assert_eq!(element(&call(upsert).await, "created"), "true");
    assert_eq!(element(&call(upsert).await, "created"), "false");
    let wrong = upsert.replace("OrgA_Id__c</urn:ext", "Name</urn:ext");
    assert_eq!(element(&call(&wrong).await, "statusCode"), "INVALID_FIELD");
    let ids = format!("<urn:ids>{id}</urn:ids>");
    assert_eq!(element(&call(&format!("<urn:delete>{ids}</urn:delete>")).await, "success"), "true");
    assert_eq!(
        element(&call(&format!("<urn:delete>{ids}</urn:delete>")).await, "statusCode"),
        "ENTITY_IS_DELETED"
    );
    assert_eq!(element(&call(&format!("<urn:undelete>{ids}</urn:undelete>")).await, "success"), "true");
    assert_eq!(client.get(&format!("sobjects/Account/{id}")).await.0, 200);
}
