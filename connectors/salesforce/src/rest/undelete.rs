//! Undelete, which exists only in SOAP.

use std::time::Duration;

use crate::call::Call;
use crate::error::{ApiError, RecordError};
use crate::id::SalesforceId;
use crate::org::Org;
use crate::rest::WriteResult;
use crate::rest::collections::matched;
use crate::rest::soap::Element;

impl Org {
    /// Brings up to 200 records, of any objects, back from the recycle bin.
    pub async fn undelete_many(
        &self,
        ids: &[SalesforceId],
        timeout: Duration,
    ) -> Result<Vec<WriteResult>, ApiError> {
        let list: Vec<&str> = ids.iter().map(SalesforceId::as_str).collect();
        let body =
            format!("<urn:undelete><urn:ids>{}</urn:ids></urn:undelete>", list.join("</urn:ids><urn:ids>"));
        let reply = self.call(Call::soap(body, timeout)).await?;
        let results = results(reply.text()?).ok_or_else(|| reply.unreadable("it is no undelete response"))?;
        matched(&reply, results, ids.len())
    }
}

/// The results in an undelete response; `None` when it is none.
fn results(text: &str) -> Option<Vec<WriteResult>> {
    let document = Element::read(text)?;
    let response = document.child("Envelope")?.child("Body")?.child("undeleteResponse")?;
    response.all("result").map(result).collect()
}

fn result(element: &Element) -> Option<WriteResult> {
    let errors = element.all("errors").map(|error| {
        Some(RecordError {
            code: error.text_of("statusCode")?.to_owned(),
            message: error.text_of("message").unwrap_or_default().to_owned(),
            fields: error
                .all("fields")
                .map(|field| field.text.clone())
                .filter(|field| !field.is_empty())
                .collect(),
        })
    });
    Some(WriteResult {
        id: match element.text_of("id") {
            Some(id) => Some(id.parse().ok()?),
            None => None,
        },
        success: element.text_of("success")? == "true",
        created: None,
        errors: errors.collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn successes_and_refusals_are_read_in_order() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope
            xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com"
            xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header><LimitInfoHeader/></soapenv:Header>
            <soapenv:Body><undeleteResponse>
            <result><id>0015g00000AAAAAAA5</id><success>true</success></result>
            <result><errors><fields xsi:nil="true"/><message>Entity is not in the &quot;recycle bin&quot;</message>
            <statusCode>UNDELETE_FAILED</statusCode></errors><id xsi:nil="true"/><success>false</success></result>
            </undeleteResponse></soapenv:Body></soapenv:Envelope>"#;
        let results = results(text).unwrap();
        assert_eq!(results.len(), 2);
        assert!(results[0].success && results[0].errors.is_empty());
        assert_eq!(results[0].id, Some(SalesforceId::parse("0015g00000AAAAA").unwrap()));
        assert!(!results[1].success && results[1].id.is_none());
        assert_eq!(results[1].errors[0].code, "UNDELETE_FAILED");
        assert_eq!(results[1].errors[0].message, "Entity is not in the \"recycle bin\"");
        assert!(results[1].errors[0].fields.is_empty());
    }

    #[test]
    fn another_answer_is_no_result() {
        assert_eq!(results("<html/>"), None);
        assert_eq!(
            results("<Envelope><Body><undeleteResponse><result/></undeleteResponse></Body></Envelope>"),
            None
        );
    }
}
