//! SOAP envelopes: what a request asks for, and answers with the prefixes that clients look for.

use super::element::{Element, Malformed, is_legal};
use crate::server::Answer;

/// One of the two APIs, which differ in their namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `/services/Soap/u`.
    Partner,
    /// `/services/Soap/c`.
    Enterprise,
}

impl Dialect {
    /// Its name in namespaces.
    fn name(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Enterprise => "enterprise",
        }
    }

    /// The letter in its address.
    pub(crate) fn letter(self) -> char {
        match self {
            Self::Partner => 'u',
            Self::Enterprise => 'c',
        }
    }

    /// An answer: what stands in the body.
    pub(crate) fn body(self, inner: &str) -> Answer {
        let name = self.name();
        Answer::xml(
            200,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                 xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:{name}.soap.sforce.com\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>{inner}</soapenv:Body>\
                 </soapenv:Envelope>"
            ),
        )
    }

    /// A fault of the API. The prefix `sf:` in the detail is part of the interface: a client searches for it.
    pub(crate) fn fault(self, status: u16, code: &str, message: &str) -> Answer {
        let (kind, prefix) =
            if LOGIN_FAULTS.contains(&code) { ("LoginFault", "") } else { ("UnexpectedErrorFault", "sf:") };
        let message = escape(message);
        let name = self.name();
        Answer::xml(
            status,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                 xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.{name}.soap.sforce.com\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
                 <faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>\
                 <sf:{kind} xsi:type=\"sf:{kind}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
                 <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail></soapenv:Fault>\
                 </soapenv:Body></soapenv:Envelope>"
            ),
        )
    }

    /// The namespace of its operations.
    pub(crate) fn namespace(self) -> String {
        format!("urn:{}.soap.sforce.com", self.name())
    }
}

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

/// A request.
#[derive(Debug)]
pub(crate) struct Envelope {
    header: Element,
    /// The first element of the body.
    pub(crate) operation: Element,
}

impl Envelope {
    /// Reads a request, or says what is wrong with it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut root = Element::read(bytes)?;
        if root.name != "Envelope" {
            return Err(format!("Bad envelope tag: {}", root.name));
        }
        let body = root.children.iter().position(|child| child.name == "Body");
        let body = body.map(|at| root.children.remove(at)).ok_or("Envelope without Body")?;
        let header = root.children.into_iter().find(|child| child.name == "Header").unwrap_or_default();
        let operation = body.children.into_iter().next().ok_or("Body without an operation")?;
        Ok(Self { header, operation })
    }

    /// A text in a header, such as `sessionId` in `SessionHeader`.
    pub(crate) fn header(&self, header: &str, name: &str) -> Option<&str> {
        self.header.child(header)?.text_of(name)
    }
}

/// A fault of the request as such, which has no code of the API.
pub(crate) fn client_fault(message: &str) -> Answer {
    Answer::xml(
        500,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault>\
             <faultcode>soapenv:Client</faultcode><faultstring>{}</faultstring></soapenv:Fault></soapenv:Body>\
             </soapenv:Envelope>",
            escape(message)
        ),
    )
}

/// Text as XML content. What XML cannot say, such as a control character that came in JSON, is replaced.
pub(crate) fn escape(text: &str) -> String {
    let escaped = quick_xml::escape::escape(text);
    if escaped.chars().all(is_legal) {
        return escaped.into_owned();
    }
    escaped.chars().map(|c| if is_legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
