//! Logging in and being logged out.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::client::{Client, http, org, post_token};
use crate::Org;

async fn refused(org: &Org, form: &[(&str, &str)]) -> String {
    let (status, body) = post_token(&http(), org, form).await;
    assert_eq!(status, 400, "{body}");
    format!("{}: {}", body["error"].as_str().unwrap(), body["error_description"].as_str().unwrap())
}

fn assertion(org: &Org, audience: &str, subject: &str, ends_in: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "a client signs with its own clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let exp = i64::try_from(now).unwrap() + ends_in;
    let claims =
        json!({"iss": org.credentials().client_id, "sub": subject, "aud": audience, "exp": exp.to_string()});
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(org.credentials().private_key_pem.as_bytes()).unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

#[tokio::test]
async fn the_password_flow_answers_every_field_clients_read() {
    let org = org("password").await;
    let credentials = org.credentials();
    let password = format!("{}{}", credentials.password, credentials.security_token);
    let mut form = [
        ("grant_type", "password"),
        ("client_id", credentials.client_id.as_str()),
        ("client_secret", credentials.client_secret.as_str()),
        ("username", credentials.username.as_str()),
        ("password", password.as_str()),
    ];
    let (status, token) = post_token(&http(), &org, &form).await;
    assert_eq!(status, 200);
    assert!(token["access_token"].as_str().unwrap().starts_with(&format!("{}!", &org.id()[..15])));
    assert_eq!(token["instance_url"], org.url());
    assert_eq!(token["id"], format!("{}/id/{}/{}", org.url(), org.id(), org.user_id()));
    assert_eq!(token["token_type"], "Bearer");
    assert!(token["issued_at"].is_string() && token["signature"].is_string() && token["scope"].is_null());

    form[4].1 = "wrong";
    assert_eq!(refused(&org, &form).await, "invalid_grant: authentication failure");
    form[2].1 = "wrong";
    assert_eq!(refused(&org, &form).await, "invalid_client: invalid client credentials");
    form[1].1 = "wrong";
    assert_eq!(refused(&org, &form).await, "invalid_client_id: client identifier invalid");
    assert_eq!(
        refused(&org, &[("grant_type", "sorcery")]).await,
        "unsupported_grant_type: grant type not supported"
    );
}

#[tokio::test]
async fn an_assertion_is_judged_by_signature_audience_subject_and_end() {
    let org = org("jwt").await;
    let user = org.credentials().username.clone();
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for audience in ["https://login.salesforce.com", org.url()] {
        let good = assertion(&org, audience, &user, 180);
        let (status, token) = post_token(&http(), &org, &[("grant_type", grant), ("assertion", &good)]).await;
        assert_eq!(status, 200, "{token}");
    }
    // Salesforce's command line gives the end in milliseconds.
    let milliseconds = assertion(&org, org.url(), &user, 1_700_000_000_000);
    let form = [("grant_type", grant), ("assertion", milliseconds.as_str())];
    assert_eq!(post_token(&http(), &org, &form).await.0, 200);
    for (assertion, expected) in [
        (assertion(&org, "https://example.com", &user, 180), "invalid_grant: audience is invalid"),
        (
            assertion(&org, org.url(), "else@x.example", 180),
            "invalid_grant: user hasn't approved this consumer",
        ),
        (assertion(&org, org.url(), &user, -600), "invalid_grant: expired authorization code"),
        (assertion(&org, org.url(), &user, 86_400), "invalid_grant: invalid assertion"),
        (format!("{}x", assertion(&org, org.url(), &user, 180)), "invalid_grant: invalid assertion"),
    ] {
        assert_eq!(refused(&org, &[("grant_type", grant), ("assertion", &assertion)]).await, expected);
    }
}

#[tokio::test]
async fn a_token_ends_by_time_by_order_and_by_being_revoked() {
    let org = Org::builder().name("ends").session_lifetime(Duration::from_mins(10)).start().await.unwrap();
    let dead = json!([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]);
    let client = Client::login(&org).await;
    org.advance(Duration::from_secs(500));
    assert_eq!(client.get("limits").await.0, 200);
    org.advance(Duration::from_secs(500));
    assert_eq!(client.get("limits/").await.0, 200, "each call starts the time anew");
    org.advance(Duration::from_secs(601));
    assert_eq!(client.get("limits").await, (401, dead.clone()));

    let client = Client::login(&org).await;
    org.expire_tokens();
    assert_eq!(client.get("sobjects").await, (401, dead.clone()));

    let client = Client::login(&org).await;
    let revoke = format!("{}/services/oauth2/revoke", org.url());
    assert_eq!(
        client.http.post(revoke).form(&[("token", &client.token)]).send().await.unwrap().status(),
        200
    );
    assert_eq!(client.get("sobjects").await, (401, dead));
}

#[tokio::test]
async fn soap_login_gives_a_session_that_rest_accepts_and_faults_with_http_500() {
    let org = org("soap").await;
    let credentials = org.credentials();
    let login = |password: String| {
        let body = format!(
            "<se:Envelope xmlns:se=\"http://schemas.xmlsoap.org/soap/envelope/\"><se:Header/><se:Body>\
             <login xmlns=\"urn:partner.soap.sforce.com\"><username>{}</username><password>{password}</password>\
             </login></se:Body></se:Envelope>",
            credentials.username
        );
        http()
            .post(format!("{}/services/Soap/u/50.0/", org.url()))
            .header("content-type", "text/xml")
            .body(body)
            .send()
    };
    let answer = login(format!("{}{}", credentials.password, credentials.security_token)).await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    let element =
        |name: &str| text.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert_eq!(element("serverUrl"), format!("{}/services/Soap/u/50.0/{}", org.url(), &org.id()[..15]));
    let client = Client::with(&org, http(), &element("sessionId"));
    assert_eq!(
        client.column("SELECT Id, Username FROM User WHERE IsActive = true", "Username").await,
        [credentials.username.as_str()]
    );

    let answer = login("wrong".to_owned()).await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().contains("<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>"));
}
