//! Faults: why a call as a whole is refused, in the shapes of the WSDL.

use super::element::Element;
use super::envelope::{Dialect, escape};
use crate::data::Refusal;
use crate::server::Answer;

/// Codes that a login alone is refused with.
const LOGIN_FAULTS: [&str; 9] = [
    "INVALID_LOGIN",
    "LOGIN_MUST_USE_SECURITY_TOKEN",
    "PASSWORD_LOCKOUT",
    "ORG_LOCKED",
    "API_DISABLED_FOR_ORG",
    "TRIAL_EXPIRED",
    "LOGIN_DURING_RESTRICTED_DOMAIN",
    "LOGIN_DURING_RESTRICTED_TIME",
    "API_CURRENTLY_DISABLED",
];

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request is not what the WSDL says. This has no code of the API.
    Request(String),
    /// Code and message of the API.
    Api(String, String),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Api(refusal.code, refusal.message)
    }
}

impl Fault {
    /// A fault of the API.
    pub(crate) fn api(code: &str, message: impl Into<String>) -> Self {
        Self::Api(code.to_owned(), message.into())
    }

    /// An element where the WSDL has none of its name.
    pub(crate) fn misplaced(element: &Element) -> Self {
        Self::Request(format!("Element {{{}}}{} invalid at this location", element.namespace, element.name))
    }

    /// The refusal where no org has an object of this name.
    pub(crate) fn no_such_type(name: &str) -> Refusal {
        let message = format!(
            "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append \
             the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
        );
        Refusal::new(400, "INVALID_TYPE", message)
    }

    /// The object has no field of this name.
    pub(crate) fn no_such_column(name: &str, object: &str) -> Self {
        let message = format!(
            "No such column '{name}' on entity '{object}'. If you are attempting to use a custom field, be sure to \
             append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
             appropriate names."
        );
        Self::api("INVALID_FIELD", message)
    }

    /// The fault as the call's answer.
    pub(crate) fn answer(&self, dialect: Dialect) -> Answer {
        match self {
            Self::Request(message) => Answer::xml(
                500,
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                     xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault>\
                     <faultcode>soapenv:Client</faultcode><faultstring>{}</faultstring></soapenv:Fault>\
                     </soapenv:Body></soapenv:Envelope>",
                    escape(message)
                ),
            ),
            Self::Api(code, message) => dialect.fault(500, code, message),
        }
    }
}

impl Dialect {
    /// A fault of the API. The prefix `sf:` in the detail is part of the interface: a client searches for it.
    pub(crate) fn fault(self, status: u16, code: &str, message: &str) -> Answer {
        let (kind, place) = kind(code);
        let prefix = if kind == "LoginFault" { "" } else { "sf:" };
        let place = if place { row_and_column(message) } else { String::new() };
        let (message, code, name) = (escape(message), escape(code), self.name());
        Answer::xml(
            status,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                 xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.{name}.soap.sforce.com\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
                 <faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>\
                 <sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
                 <sf:exceptionMessage>{message}</sf:exceptionMessage>{place}</sf:{kind}></detail></soapenv:Fault>\
                 </soapenv:Body></soapenv:Envelope>"
            ),
        )
    }
}

/// The type of a fault with this code, and whether it names a place in the query.
fn kind(code: &str) -> (&'static str, bool) {
    match code {
        "INVALID_FIELD" => ("InvalidFieldFault", true),
        "INVALID_TYPE" => ("InvalidSObjectFault", true),
        "MALFORMED_QUERY" => ("MalformedQueryFault", true),
        "INVALID_QUERY_LOCATOR" => ("InvalidQueryLocatorFault", false),
        "MALFORMED_ID" | "INVALID_ID_FIELD" => ("InvalidIdFault", false),
        code if LOGIN_FAULTS.contains(&code) => ("LoginFault", false),
        _ => ("UnexpectedErrorFault", false),
    }
}

/// The place that the message of a refused query names; −1 where there is none.
fn row_and_column(message: &str) -> String {
    let place = message.lines().find_map(|line| {
        let (row, column) = line.strip_prefix("ERROR at Row:")?.split_once(":Column:")?;
        Some((row.parse::<u32>().ok()?, column.parse::<u32>().ok()?))
    });
    match place {
        Some((row, column)) => format!("<sf:row>{row}</sf:row><sf:column>{column}</sf:column>"),
        None => "<sf:row>-1</sf:row><sf:column>-1</sf:column>".to_owned(),
    }
}
