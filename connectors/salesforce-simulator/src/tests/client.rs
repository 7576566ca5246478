//! A client that knows nothing of the simulator's inside.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};

use crate::Org;

/// A client with a token.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
    pub(super) token: String,
    /// Consumer key and secret of its connected app.
    pub(super) app: [String; 2],
}

impl Client {
    /// Logs in with client credentials.
    pub(super) async fn login(org: &Org) -> Self {
        let client = Self::with(org, http(), "");
        Self { token: client.new_token().await, ..client }
    }

    /// A client with this token.
    pub(super) fn with(org: &Org, http: reqwest::Client, token: &str) -> Self {
        let app = [org.credentials().client_id.clone(), org.credentials().client_secret.clone()];
        Self { http, url: org.url().to_owned(), token: token.to_owned(), app }
    }

    /// A token of a session of its own.
    pub(super) async fn new_token(&self) -> String {
        let [id, secret] = &self.app;
        let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
        let url = format!("{}/services/oauth2/token", self.url);
        let (status, token) = read(self.http.post(url).form(&form).send().await.unwrap()).await;
        assert_eq!(status, 200, "{token}");
        token["access_token"].as_str().unwrap().to_owned()
    }

    /// Calls a path below the API version.
    pub(super) async fn send(&self, method: Method, path: &str, body: Option<Json>) -> Response {
        let url = format!("{}/services/data/v60.0/{path}", self.url);
        let request = self.http.request(method, url).bearer_auth(&self.token);
        match body {
            Some(body) => request.json(&body).send().await.unwrap(),
            None => request.send().await.unwrap(),
        }
    }

    /// Status and JSON of a call; `null` for an empty body.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<Json>) -> (u16, Json) {
        read(self.send(method, path, body).await).await
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Json) {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: Json) -> (u16, Json) {
        self.call(Method::POST, path, Some(body)).await
    }

    pub(super) async fn patch(&self, path: &str, body: Json) -> (u16, Json) {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub(super) async fn delete(&self, path: &str) -> (u16, Json) {
        self.call(Method::DELETE, path, None).await
    }

    /// Creates a record; answers its id.
    pub(super) async fn create(&self, object: &str, fields: Json) -> String {
        let (status, body) = self.post(&format!("sobjects/{object}"), fields).await;
        assert_eq!(status, 201, "{body}");
        body["id"].as_str().unwrap().to_owned()
    }

    /// Runs a query.
    pub(super) async fn query(&self, soql: &str) -> Json {
        let (status, body) = self.get(&format!("query?q={}", encode(soql))).await;
        assert_eq!(status, 200, "{soql}: {body}");
        body
    }

    /// The names that a query of one column finds.
    pub(super) async fn column(&self, soql: &str, field: &str) -> Vec<String> {
        let answer = self.query(soql).await;
        let records = answer["records"].as_array().unwrap();
        records.iter().map(|record| record[field].as_str().unwrap_or("null").to_owned()).collect()
    }

    /// SOAP undelete: status code of each result, empty when it worked.
    pub(super) async fn undelete(&self, ids: &[&str]) -> Vec<String> {
        let ids = ids.join("</urn:ids><urn:ids>");
        let body = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:urn=\"urn:partner.soap.sforce.com\">\
             <e:Header><urn:SessionHeader><urn:sessionId>{}</urn:sessionId></urn:SessionHeader></e:Header>\
             <e:Body><urn:undelete><urn:ids>{ids}</urn:ids></urn:undelete></e:Body></e:Envelope>",
            self.token
        );
        let url = format!("{}/services/Soap/u/60.0", self.url);
        let response =
            self.http.post(url).header("content-type", "text/xml").body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let text = response.text().await.unwrap();
        let results = text.split("<result>").skip(1);
        results
            .map(|result| {
                let code = result.split("<statusCode>").nth(1).and_then(|rest| rest.split('<').next());
                code.unwrap_or_default().to_owned()
            })
            .collect()
    }
}

/// A client without state.
pub(super) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Calls the token endpoint.
pub(super) async fn post_token(http: &reqwest::Client, org: &Org, form: &[(&str, &str)]) -> (u16, Json) {
    let url = format!("{}/services/oauth2/token", org.url());
    read(http.post(url).form(form).send().await.unwrap()).await
}

/// Status and JSON of an answer.
pub(super) async fn read(response: Response) -> (u16, Json) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Json::Null))
}

/// Encodes a query parameter.
pub(super) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// One record of a collection.
pub(super) fn typed(object: &str, mut fields: Json) -> Json {
    fields["attributes"] = json!({"type": object});
    fields
}

/// An org of its own for a test.
pub(super) async fn org(name: &str) -> Org {
    Org::builder().name(name).start().await.unwrap()
}
