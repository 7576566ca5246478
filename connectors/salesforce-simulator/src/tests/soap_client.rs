//! A SOAP client as small as can be: puts calls into envelopes, and finds elements in the answers.

use super::client::Client;

/// The SOAP API of an org, as a client of it sees it.
pub(super) struct Soap<'a> {
    client: &'a Client,
    dialect: &'static str,
    /// Further elements of the header.
    header: &'static str,
}

impl<'a> Soap<'a> {
    pub(super) fn partner(client: &'a Client) -> Self {
        Self { client, dialect: "partner", header: "" }
    }

    pub(super) fn enterprise(client: &'a Client) -> Self {
        Self { client, dialect: "enterprise", header: "" }
    }

    pub(super) fn with(&self, header: &'static str) -> Self {
        Self { header, ..*self }
    }

    /// Status and text of a call. `u` is the prefix of the API's namespace, and that of elements without one.
    pub(super) async fn call(&self, inner: &str) -> (u16, String) {
        let Self { client, dialect, header } = self;
        let text = format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:u=\"urn:{dialect}.soap.sforce.com\" \
             xmlns=\"urn:{dialect}.soap.sforce.com\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <e:Header><u:SessionHeader><u:sessionId>{}</u:sessionId></u:SessionHeader>{header}</e:Header>\
             <e:Body>{inner}</e:Body></e:Envelope>",
            client.token
        );
        let letter = if *dialect == "partner" { 'u' } else { 'c' };
        let request = client.http.post(format!("{}/services/Soap/{letter}/60.0", client.url));
        let answer = request.header("content-type", "text/xml").body(text).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// The body of a call that is answered.
    pub(super) async fn answer(&self, inner: &str) -> String {
        let (status, text) = self.call(inner).await;
        assert_eq!(status, 200, "{text}");
        text.split("<soapenv:Body>").nth(1).unwrap().split("</soapenv:Body>").next().unwrap().to_owned()
    }

    /// `faultstring` of a call that is refused, behind `faultcode`.
    pub(super) async fn fault(&self, inner: &str) -> String {
        let (status, text) = self.call(inner).await;
        assert_eq!(status, 500, "{text}");
        let fault = format!("{} {}", element(&text, "faultcode"), element(&text, "faultstring"));
        fault.replace("&apos;", "'")
    }
}

/// The text of the first element of this name.
pub(super) fn element<'a>(text: &'a str, name: &str) -> &'a str {
    elements(text, name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {text}"))
}

/// The texts of all elements of this name.
pub(super) fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let tag = format!("<{name}>");
    let parts = text.split(&tag).skip(1).map(|rest| rest.split('<').next().unwrap());
    parts.collect()
}
