//! The SOAP that is needed where REST has no answer: envelopes, results and faults of the partner API.

use orgstream_api::Secret;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::error::RecordError;

/// An element with its text and its children; attributes and namespaces are dropped, since no element of the
/// answers is told from another by them.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// Reads a document; `None` when it is not well-formed XML.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        // The first entry stands for the document.
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    open.push(Self { name: start.local_name().into_inner().to_owned(), ..Self::default() });
                }
                Event::Empty(start) => open
                    .last_mut()?
                    .children
                    .push(Self { name: start.local_name().into_inner().to_owned(), ..Self::default() }),
                Event::End(_) => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().ok()? {
                        Some(character) => character,
                        None => predefined(&reference)?,
                    };
                    open.last_mut()?.text.push(character);
                }
                Event::Eof => {
                    let document = open.pop()?;
                    return (open.is_empty() && !document.children.is_empty()).then_some(document);
                }
                Event::Decl(_) | Event::PI(_) | Event::DocType(_) | Event::Comment(_) => {}
            }
        }
    }

    /// The first child `name`.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child `name`; `None` when it is absent or empty, as `xsi:nil` elements are.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }
}

/// A whole request of `client` around `body`.
pub(crate) fn envelope(session_id: &Secret, client: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:urn=\"urn:partner.soap.sforce.com\">\
         <soapenv:Header><urn:SessionHeader><urn:sessionId>{}</urn:sessionId></urn:SessionHeader>\
         <urn:CallOptions><urn:client>{}</urn:client></urn:CallOptions></soapenv:Header>\
         <soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>",
        escape(session_id.reveal()),
        escape(client)
    )
}

/// The fault in an answer, its code without namespace.
pub(crate) fn fault(body: &[u8]) -> Option<RecordError> {
    let document = Element::read(std::str::from_utf8(body).ok()?)?;
    let fault = document.child("Envelope")?.child("Body")?.child("Fault")?;
    let code = fault.text_of("faultcode")?;
    let code = code.rsplit_once(':').map_or(code, |(_, local)| local);
    let message = fault.text_of("faultstring").unwrap_or_default();
    let message = message.strip_prefix(code).map_or(message, |rest| rest.trim_start_matches(": "));
    Some(RecordError { code: code.to_owned(), message: message.to_owned(), fields: Vec::new() })
}

/// The five entities that every XML document knows.
fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_whatever_its_prefixes() {
        let body = br#"<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
            xmlns:sf="urn:fault.partner.soap.sforce.com"><s:Body><s:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>
            <faultstring>INVALID_SESSION_ID: Session &lt;gone&#62; &amp; over</faultstring><detail/></s:Fault></s:Body>
            </s:Envelope>"#;
        let fault = fault(body).unwrap();
        assert_eq!(fault.code, "INVALID_SESSION_ID");
        assert_eq!(fault.message, "Session <gone> & over");
    }

    #[test]
    fn what_is_no_envelope_has_no_fault() {
        for body in ["", "oops", "<html><body>down</body></html>", "<a><b></a>"] {
            assert_eq!(fault(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_session_id_cannot_break_out_of_its_element() {
        let text = envelope(&Secret::new("a</urn:sessionId>&"), "<b>", "<x/>");
        let document = Element::read(&text).unwrap();
        let header = document.child("Envelope").unwrap().child("Header").unwrap();
        assert_eq!(header.child("SessionHeader").unwrap().text_of("sessionId"), Some("a</urn:sessionId>&"));
        assert_eq!(header.child("CallOptions").unwrap().text_of("client"), Some("<b>"));
    }
}
