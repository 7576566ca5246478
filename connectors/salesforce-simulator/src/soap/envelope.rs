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
    pub(super) fn name(self) -> &'static str {
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

    /// An answer: what stands in the header, if it has one, and in the body.
    pub(crate) fn envelope(self, header: Option<&str>, body: &str) -> Answer {
        let name = self.name();
        let sobjects = format!(" xmlns:sf=\"urn:sobject.{name}.soap.sforce.com\"");
        let sobjects = if body.contains("sf:") { sobjects.as_str() } else { "" };
        let types = " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
        let types = if body.contains("xsd:") { types } else { "" };
        let header =
            header.map(|header| format!("<soapenv:Header>{header}</soapenv:Header>")).unwrap_or_default();
        Answer::xml(
            200,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
                 xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:{name}.soap.sforce.com\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"{sobjects}{types}>{header}<soapenv:Body>{body}\
                 </soapenv:Body></soapenv:Envelope>"
            ),
        )
    }

    /// The namespace of its operations.
    pub(crate) fn namespace(self) -> String {
        format!("urn:{}.soap.sforce.com", self.name())
    }
}

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
        let mut operations = body.children.into_iter();
        let operation = operations.next().ok_or("Body without an operation")?;
        if let Some(further) = operations.next() {
            return Err(format!(
                "Element {{{}}}{} invalid at this location",
                further.namespace, further.name
            ));
        }
        Ok(Self { header, operation })
    }

    /// A text in a header, such as `sessionId` in `SessionHeader`.
    pub(crate) fn header(&self, header: &str, name: &str) -> Option<&str> {
        self.header.child(header)?.text_of(name)
    }
}

/// Text as XML content. What XML cannot say, such as a control character that came in JSON, is replaced.
pub(crate) fn escape(text: &str) -> String {
    let escaped = quick_xml::escape::escape(text);
    if escaped.chars().all(is_legal) {
        return escaped.into_owned();
    }
    escaped.chars().map(|c| if is_legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
