//! What can be asked about a token, and where it may stand in a call.

use serde_json::{Value as Json, json};

use super::client::{Client, http, org, post_token, read};
use crate::Org;

async fn get(url: &str, authorization: Option<&str>) -> (u16, String) {
    let request = http().get(url);
    let request = match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn who_has_no_good_token_gets_one_plain_word() {
    let org = org("words").await;
    let client = Client::login(&org).await;
    let good = format!("Bearer {}", client.token);
    let base = org.url();
    let own = format!("{base}/id/{}/{}", org.id(), org.user_id());
    let other_org = format!("{base}/id/00D000000000001EAA/{}", org.user_id());
    let other_user = format!("{base}/id/{}/005000000000001AAA", org.id());
    let userinfo = format!("{base}/services/oauth2/userinfo");
    for (url, authorization, expected) in [
        (own.clone(), None, (403, "Missing_OAuth_Token")),
        (own.clone(), Some("Bearer 00Dx!AQx"), (403, "Bad_OAuth_Token")),
        (userinfo.clone(), None, (403, "Missing_OAuth_Token")),
        (userinfo.clone(), Some("OAuth wrong"), (403, "Bad_OAuth_Token")),
        (other_org, Some(good.as_str()), (403, "Wrong_Org")),
        (other_user, Some(good.as_str()), (404, "Bad_Id")),
        (format!("{base}/id/a/b"), Some(good.as_str()), (404, "Bad_Id")),
        (format!("{own}?version=x"), Some(good.as_str()), (406, "Invalid_Version")),
        (format!("{own}?callback=a%28"), Some(good.as_str()), (406, "Invalid_Callback")),
    ] {
        let (status, text) = get(&url, authorization).await;
        assert_eq!((status, text.as_str()), expected, "{url} {authorization:?}");
    }
}

#[tokio::test]
async fn the_identity_says_who_and_where() {
    let org = org("identity").await;
    let client = Client::login(&org).await;
    let own = format!("{}/id/{}/{}", org.url(), &org.id()[..15], org.user_id());
    let (status, text) = get(&format!("{own}?format=json&oauth_token={}", client.token), None).await;
    let body: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &body["organization_id"]), (200, &json!(org.id())));
    assert_eq!(body["id"], format!("{}/id/{}/{}", org.url(), org.id(), org.user_id()));
    assert_eq!(body["display_name"], "Ops Bot");
    let soap = format!("{}/services/Soap/u/{{version}}/{}", org.url(), &org.id()[..15]);
    assert_eq!(body["urls"]["partner"], soap);
    let bearer = format!("bearer {}", client.token);
    let (_, text) = get(&format!("{own}?version=59.0"), Some(&bearer)).await;
    assert!(text.contains("/services/data/v59.0/sobjects/"), "{text}");
    let (_, text) = get(&format!("{own}?format=xml"), Some(&bearer)).await;
    assert!(text.contains("<user><id>") && text.contains("<urls><enterprise>"), "{text}");
    let (_, text) = get(&format!("{}/services/oauth2/userinfo", org.url()), Some(&bearer)).await;
    let body: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(body["preferred_username"], org.credentials().username.as_str());
    assert_eq!((&body["zoneinfo"], &body["utcOffset"]), (&json!("Europe/Rome"), &json!(3_600_000)));
    assert!(body["updated_at"].as_str().unwrap().ends_with('Z'), "{body}");
}

#[tokio::test]
async fn rest_takes_its_token_where_clients_put_it_and_nowhere_else() {
    let org = org("headers").await;
    let client = Client::login(&org).await;
    let limits = format!("{}/services/data/v60.0/limits", org.url());
    let call = async |url: &str, header: (&str, &str)| {
        let (status, body) = read(http().get(url).header(header.0, header.1).send().await.unwrap()).await;
        (status, body[0]["errorCode"].as_str().unwrap_or_default().to_owned())
    };
    let token = client.token.as_str();
    let invalid = (401, "INVALID_SESSION_ID".to_owned());
    assert_eq!(call(&limits, ("accept", "*/*")).await, invalid);
    assert_eq!(call(&limits, ("authorization", "Bearer ")).await, (401, "INVALID_AUTH_HEADER".to_owned()));
    assert_eq!(call(&limits, ("authorization", token)).await, (401, "INVALID_AUTH_HEADER".to_owned()));
    assert_eq!(call(&limits, ("authorization", "Basic eA==")).await, (401, "INVALID_AUTH_HEADER".to_owned()));
    assert_eq!(call(&limits, ("x-sfdc-session", "wrong")).await, invalid);
    for header in [
        ("authorization", format!("bearer {token}")),
        ("authorization", format!("OAuth {token}")),
        ("x-sfdc-session", token.to_owned()),
    ] {
        assert_eq!(call(&limits, (header.0, &header.1)).await.0, 200, "{header:?}");
    }
    assert_eq!(call(&format!("{limits}?oauth_token={token}"), ("accept", "*/*")).await.0, 200);
}

#[tokio::test]
async fn revoking_says_what_was_wrong_with_the_token() {
    let org = org("revoke").await;
    let client = Client::login(&org).await;
    let base = format!("{}/services/oauth2/revoke", org.url());
    let error = async |query: &str| {
        let (status, body) = read(http().get(format!("{base}{query}")).send().await.unwrap()).await;
        assert_eq!(status, 400, "{body}");
        body["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error("").await, "invalid_request");
    assert_eq!(error("?token=stone").await, "unsupported_token_type");
    assert_eq!(error(&format!("?token={}!AQx", &org.id()[..15])).await, "invalid_token");
    assert_eq!(error("?token=stone&callback=a%28%29").await, "invalid_request");
    let (_, script) = get(&format!("{base}?token=stone&callback=f"), None).await;
    assert_eq!(script, "f({\"error\":\"unsupported_token_type\"});");
    let answer = http().get(format!("{base}?token={}", client.token)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap()), (200, String::new()));
    assert_eq!(client.get("limits").await.0, 401);
}

async fn introspect(org: &Org, form: &[(&str, &str)]) -> (u16, Json) {
    read(http().post(format!("{}/services/oauth2/introspect", org.url())).form(form).send().await.unwrap())
        .await
}

#[tokio::test]
async fn introspection_tells_the_app_about_its_own_tokens_only() {
    let org = org("introspect").await;
    let app = org.credentials();
    let client = Client::login(&org).await;
    let (id, secret) = (("client_id", app.client_id.as_str()), ("client_secret", app.client_secret.as_str()));
    let (status, body) = introspect(&org, &[id, ("token", &client.token)]).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_client")));
    assert_eq!(introspect(&org, &[id, secret]).await.1["error"], "invalid_request");
    let inactive = (200, json!({"active": false}));
    assert_eq!(introspect(&org, &[id, secret, ("token", "stone")]).await, inactive);
    let password = [
        ("grant_type", "password"),
        id,
        secret,
        ("username", app.username.as_str()),
        ("password", app.password.as_str()),
    ];
    let (_, plain) = post_token(&http(), &org, &password).await;
    let plain = plain["access_token"].as_str().unwrap();
    assert_eq!(introspect(&org, &[id, secret, ("token", plain)]).await, inactive, "a plain session");
    let (_, body) = introspect(&org, &[id, secret, ("token", &client.token)]).await;
    assert_eq!((&body["active"], &body["token_type"]), (&json!(true), &json!("access_token")));
    assert_eq!(body["username"], app.username.as_str());
    assert_eq!(body["exp"].as_i64().unwrap() - body["iat"].as_i64().unwrap(), 7200);
    let (_, body) = introspect(&org, &[id, secret, ("token", &app.refresh_token)]).await;
    assert_eq!(body["token_type"], "refresh_token");
}
