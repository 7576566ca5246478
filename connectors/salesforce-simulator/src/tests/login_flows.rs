//! The flows that need a refresh token or a code, and everything that is refused at a login.

use serde_json::{Value as Json, json};

use super::client::{Client, http, org, post_token, read};
use crate::{Flow, LoginPolicy, Org, OrgState, UserState};

/// A change of what is allowed.
type Change = fn(&mut LoginPolicy);

const CALLBACK: &str = "http://localhost:1717/OauthRedirect?x=1";

/// The error of a refused token call.
async fn refused(org: &Org, form: &[(&str, &str)]) -> String {
    let (status, body) = post_token(&http(), org, form).await;
    assert_eq!(status, 400, "{body}");
    format!("{}: {}", body["error"].as_str().unwrap(), body["error_description"].as_str().unwrap())
}

/// Where `/services/oauth2/authorize` sends a browser.
async fn authorize(org: &Org, parameters: &[(&str, &str)]) -> (u16, String) {
    let client =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = format!("{}/services/oauth2/authorize", org.url());
    let answer = client.get(url).query(parameters).send().await.unwrap();
    let status = answer.status().as_u16();
    match answer.headers().get("location") {
        Some(location) => (status, location.to_str().unwrap().to_owned()),
        None => (status, answer.text().await.unwrap()),
    }
}

async fn code(org: &Org, more: &[(&str, &str)]) -> String {
    let client = org.credentials().client_id.as_str();
    let mut parameters = vec![("response_type", "code"), ("client_id", client), ("redirect_uri", CALLBACK)];
    parameters.extend(more);
    let (status, location) = authorize(org, &parameters).await;
    assert_eq!(status, 302, "{location}");
    let url = url::Url::parse(&location).unwrap();
    url.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned()
}

#[tokio::test]
async fn every_flow_refuses_what_it_cannot_judge_in_the_words_clients_know() {
    let org = org("refused").await;
    let app = org.credentials();
    let (id, secret, user) = (app.client_id.as_str(), app.client_secret.as_str(), app.username.as_str());
    let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    for (form, expected) in [
        (vec![], "unsupported_grant_type: grant type not supported"),
        (vec![("grant_type", exchange)], "unsupported_grant_type: grant type not supported"),
        (vec![("grant_type", "password")], "invalid_request: must supply client_id"),
        (vec![("grant_type", "password"), ("client_id", id)], "invalid_client: invalid client credentials"),
        (
            vec![("grant_type", "password"), ("client_id", id), ("client_secret", secret)],
            "invalid_request: must supply username",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("client_id", id),
                ("client_secret", secret),
                ("username", user),
            ],
            "invalid_request: must supply password",
        ),
        (vec![("grant_type", jwt)], "invalid_request: must supply assertion"),
        (vec![("grant_type", jwt), ("assertion", "a.b.c")], "invalid_grant: invalid assertion"),
        (vec![("grant_type", "client_credentials")], "invalid_request: must supply client_id"),
        (
            vec![("grant_type", "refresh_token"), ("client_id", "x")],
            "invalid_client_id: client identifier invalid",
        ),
        (
            vec![("grant_type", "refresh_token"), ("client_id", id)],
            "invalid_request: must supply refresh_token",
        ),
        (
            vec![("grant_type", "refresh_token"), ("client_id", id), ("refresh_token", "5Aep861x")],
            "invalid_grant: expired access/refresh token",
        ),
        (
            vec![("grant_type", "authorization_code"), ("client_id", id), ("client_secret", secret)],
            "invalid_request: must supply code",
        ),
        (
            vec![
                ("grant_type", "authorization_code"),
                ("client_id", id),
                ("client_secret", secret),
                ("code", "x"),
                ("redirect_uri", CALLBACK),
            ],
            "invalid_grant: invalid authorization code",
        ),
    ] {
        assert_eq!(refused(&org, &form).await, expected, "{form:?}");
    }
    let get = http().get(format!("{}/services/oauth2/token?grant_type=password", org.url()));
    let (status, body) = read(get.send().await.unwrap()).await;
    assert_eq!((status, &body["error_description"]), (400, &json!("must use HTTP POST")));
    let form =
        http().post(format!("{}/services/oauth2/token", org.url())).header("host", "login.salesforce.com");
    let form = form.basic_auth(id, Some(secret)).form(&[("grant_type", "client_credentials")]);
    let (_, body) = read(form.send().await.unwrap()).await;
    assert_eq!(body["error_description"], "request not supported on this domain");
}

#[tokio::test]
async fn states_of_user_and_org_refuse_a_login_that_is_otherwise_right() {
    let org = org("states").await;
    let app = org.credentials();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", app.client_id.as_str()),
        ("refresh_token", app.refresh_token.as_str()),
    ];
    let password = [
        ("grant_type", "password"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
        ("username", app.username.as_str()),
        ("password", app.password.as_str()),
    ];
    let client = [
        ("grant_type", "client_credentials"),
        ("client_id", app.client_id.as_str()),
        ("client_secret", app.client_secret.as_str()),
    ];
    let with = |change: Change| {
        let mut policy = LoginPolicy::default();
        change(&mut policy);
        org.set_login_policy(policy);
    };
    let cases = [
        ((|p| p.user = UserState::Inactive) as Change, refresh.as_slice(), "inactive_user: user is inactive"),
        (|p| p.user = UserState::Inactive, &client, "invalid_grant: inactive user"),
        (|p| p.user = UserState::Locked, &password, "invalid_grant: user is locked"),
        (|p| p.user = UserState::PasswordExpired, &password, "invalid_grant: authentication failure"),
        (|p| p.org = OrgState::Inactive, &client, "inactive_org: organization is not active"),
        (
            |p| p.user = UserState::NotAdminApproved,
            &client,
            "invalid_app_access: user is not admin approved to access this app",
        ),
        (|p| p.require_security_token = true, &password, "invalid_grant: authentication failure"),
        (|p| p.blocked_flows.extend([Flow::Password]), &password, "invalid_grant: authentication failure"),
        (
            |p| p.blocked_flows.extend([Flow::ClientCredentials]),
            &client,
            "invalid_grant: no client credentials user enabled",
        ),
    ];
    for (change, form, expected) in cases {
        with(change);
        assert_eq!(refused(&org, form).await, expected);
    }
    org.set_login_policy(LoginPolicy::default());
    for form in [refresh.as_slice(), &password, &client] {
        assert_eq!(post_token(&http(), &org, form).await.0, 200);
    }
}

#[tokio::test]
async fn a_code_is_exchanged_once_for_the_address_and_the_proof_it_was_asked_with() {
    let org = org("code").await;
    let app = org.credentials();
    let exchange = |code: &str, more: &[(&'static str, String)]| {
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("client_id", app.client_id.clone()),
            ("code", code.to_owned()),
        ];
        form.extend_from_slice(more);
        form
    };
    let post = async |form: Vec<(&'static str, String)>| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        post_token(&http(), &org, &form).await
    };
    let uri = ("redirect_uri", CALLBACK.to_owned());
    let secret = ("client_secret", app.client_secret.clone());

    let elsewhere =
        exchange(&code(&org, &[]).await, &[("redirect_uri", "http://x".to_owned()), secret.clone()]);
    assert_eq!(post(elsewhere).await.1["error"], "redirect_uri_mismatch");
    // Each example stands in RFC 7636, appendix B.
    let challenge = [
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let verifier = ("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    let unproved = exchange(&code(&org, &challenge).await, &[uri.clone(), ("code_verifier", "y".to_owned())]);
    assert_eq!(post(unproved).await.1["error_description"], "invalid code verifier");
    let proved = exchange(&code(&org, &challenge).await, &[uri.clone(), verifier]);
    let (status, token) = post(proved.clone()).await;
    assert_eq!(status, 200, "{token}");
    assert_eq!(token["scope"], "refresh_token id api");
    assert_eq!(post(proved).await.1["error_description"], "invalid authorization code");
    let late = exchange(&code(&org, &[]).await, &[uri.clone(), secret.clone()]);
    org.advance(std::time::Duration::from_mins(16));
    assert_eq!(post(late).await.1["error_description"], "expired authorization code");

    // The refresh token gives new sessions, and takes them along when it ends.
    let refresh_token = token["refresh_token"].as_str().unwrap().to_owned();
    let refresh = [
        ("grant_type", "refresh_token"),
        ("client_id", app.client_id.as_str()),
        ("refresh_token", refresh_token.as_str()),
    ];
    let (_, again) = post_token(&http(), &org, &refresh).await;
    assert!(again["refresh_token"].is_null() && again["issued_at"].is_string(), "{again}");
    let client = Client::with(&org, http(), again["access_token"].as_str().unwrap());
    assert_eq!(client.get("limits").await.0, 200);
    let revoke = format!("{}/services/oauth2/revoke", org.url());
    let revoked = client.http.post(revoke).form(&[("token", &refresh_token)]).send().await.unwrap();
    assert_eq!(revoked.status(), 200);
    assert_eq!(client.get("limits").await.0, 401);
    assert_eq!(refused(&org, &refresh).await, "invalid_grant: expired access/refresh token");
}

#[tokio::test]
async fn an_authorization_is_sent_back_or_shown_but_never_sent_to_a_stranger() {
    let org = org("authorize").await;
    let client = org.credentials().client_id.as_str();
    for (parameters, expected) in [
        (vec![("client_id", "x"), ("redirect_uri", CALLBACK)], "error=invalid_client_id"),
        (vec![("client_id", client)], "error=redirect_uri_missing"),
        (vec![("client_id", client), ("redirect_uri", "nowhere")], "error=redirect_uri_mismatch"),
    ] {
        let (status, text) = authorize(&org, &parameters).await;
        assert!(status == 400 && text.starts_with(expected), "{status} {text}");
    }
    let ask = |more: &[(&'static str, &'static str)]| {
        let mut parameters = vec![("client_id", client), ("redirect_uri", CALLBACK), ("state", "s 1")];
        parameters.extend_from_slice(more);
        parameters
    };
    for (more, expected) in [
        (vec![("response_type", "sorcery")], "&error=unsupported_response_type&"),
        (vec![("response_type", "code"), ("scope", "openid")], "&error=invalid_scope&"),
    ] {
        let (status, location) = authorize(&org, &ask(&more)).await;
        assert!(status == 302 && location.starts_with(CALLBACK) && location.contains(expected), "{location}");
        assert!(location.ends_with("&state=s+1"), "{location}");
    }
    let (_, location) = authorize(&org, &ask(&[("response_type", "token"), ("scope", "api")])).await;
    let fragment = location.split('#').nth(1).unwrap();
    assert!(fragment.contains("access_token=00D") && !fragment.contains("refresh_token"), "{fragment}");
}

#[tokio::test]
async fn answers_come_as_json_xml_or_a_form() {
    let org = org("formats").await;
    let app = org.credentials();
    let call = async |format: &str, secret: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", app.client_id.as_str()),
            ("client_secret", secret),
            ("format", format),
        ];
        let answer =
            http().post(format!("{}/services/oauth2/token", org.url())).form(&form).send().await.unwrap();
        let content_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(answer.headers()["cache-control"], "no-cache, no-store");
        (content_type, answer.text().await.unwrap())
    };
    let (content_type, text) = call("xml", "wrong").await;
    assert_eq!(content_type, "application/xml;charset=UTF-8");
    assert_eq!(
        text,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth><error>invalid_client</error>\
         <error_description>invalid client credentials</error_description></OAuth>"
    );
    let (content_type, text) = call("urlencoded", "wrong").await;
    assert_eq!(content_type, "application/x-www-form-urlencoded;charset=UTF-8");
    assert_eq!(text, "error=invalid_client&error_description=invalid+client+credentials");
    let (content_type, text) = call("json", &app.client_secret).await;
    assert_eq!(content_type, "application/json;charset=UTF-8");
    assert!(serde_json::from_str::<Json>(&text).unwrap()["access_token"].is_string());
    assert!(call("xml", &app.client_secret).await.1.contains("<access_token>00D"));
}

#[tokio::test]
async fn a_refresh_token_is_good_after_a_restart_and_a_revoked_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let start = || Org::builder().name("tokens").data_file(dir.path().join("org")).start();
    let org = start().await.unwrap();
    let (client_id, printed) = (org.credentials().client_id.clone(), org.credentials().refresh_token.clone());
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id.as_str()),
        ("refresh_token", printed.as_str()),
    ];
    assert_eq!(post_token(&http(), &org, &form).await.0, 200);
    org.stop().await;
    let org = start().await.unwrap();
    assert_eq!(post_token(&http(), &org, &form).await.0, 200);
    let url = format!("{}/services/oauth2/revoke?token={printed}", org.url());
    assert_eq!(http().get(url).send().await.unwrap().status(), 200);
    org.stop().await;
    let org = start().await.unwrap();
    assert_eq!(refused(&org, &form).await, "invalid_grant: expired access/refresh token");
}

#[tokio::test]
async fn a_refused_login_leaves_no_refresh_token_behind() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("org.jsonl");
    let org = Org::builder().name("refused").data_file(&file).start().await.unwrap();
    let tokens = || std::fs::read_to_string(&file).unwrap().matches("5Aep861").count();
    let code = code(&org, &[("scope", "refresh_token")]).await;
    let before = tokens();
    org.set_login_policy(LoginPolicy { user: UserState::Inactive, ..LoginPolicy::default() });
    let app = org.credentials();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("client_id", &app.client_id),
        ("client_secret", &app.client_secret),
    ];
    assert_eq!(refused(&org, &form).await, "invalid_grant: inactive user");
    assert_eq!(tokens(), before);
}
