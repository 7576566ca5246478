//! SOAP envelopes: read without regard to prefixes, since every client has its own, and written with the prefixes that
//! clients look for.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::server::Answer;

/// A request, reduced to its operation and the texts in it.
#[derive(Debug, Default)]
pub(crate) struct Envelope {
    /// Local name of the first element in the body.
    pub(crate) operation: String,
    texts: Vec<(String, String)>,
}

impl Envelope {
    /// Reads a request. `None` when it has no body element.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut reader = Reader::from_str(text);
        let mut envelope = Self::default();
        let mut open: Vec<String> = Vec::new();
        let mut content = String::new();
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    if envelope.operation.is_empty() && open.last().is_some_and(|parent| parent == "Body") {
                        envelope.operation.clone_from(&name);
                    }
                    open.push(name);
                    content.clear();
                }
                // Some clients do not escape passwords; what is no entity is taken as it stands.
                Event::Text(text) => content.push_str(&text),
                Event::GeneralRef(entity) => content.push_str(&resolve(&entity)),
                Event::CData(text) => content.push_str(&text),
                Event::End(_) => {
                    envelope.texts.push((open.pop()?, std::mem::take(&mut content).trim().to_owned()));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        (!envelope.operation.is_empty()).then_some(envelope)
    }

    /// The text of the first element with this local name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }

    /// The texts of all elements with this local name.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.texts.iter().filter(move |(found, _)| found == name).map(|(_, text)| text.as_str())
    }
}

/// An answer: what stands in the body.
pub(crate) fn body(inner: &str) -> Answer {
    Answer::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>{inner}</soapenv:Body>\
             </soapenv:Envelope>"
        ),
    )
}

/// A fault. The prefix `sf:` in the detail is part of the interface: a client searches for it.
pub(crate) fn fault(status: u16, code: &str, message: &str) -> Answer {
    let (login, prefix) =
        if code == "INVALID_LOGIN" { ("LoginFault", "") } else { ("UnexpectedErrorFault", "sf:") };
    let message = escape(message);
    Answer::xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
             xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:sf=\"urn:fault.partner.soap.sforce.com\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><soapenv:Fault>\
             <faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>\
             <sf:{login} xsi:type=\"sf:{login}\"><sf:exceptionCode>{code}</sf:exceptionCode>\
             <sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{login}></detail></soapenv:Fault>\
             </soapenv:Body></soapenv:Envelope>"
        ),
    )
}

/// Text as XML content.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn resolve(entity: &str) -> String {
    let known = match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        other => other
            .strip_prefix("#x")
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .or_else(|| other.strip_prefix('#').and_then(|decimal| decimal.parse().ok()))
            .and_then(char::from_u32),
    };
    known.map_or_else(|| format!("&{entity};"), String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_escapes_and_cdata_do_not_matter() {
        let xml = r#"<?xml version="1.0"?><e:Envelope xmlns:e="x"><e:Header/><e:Body><n1:login>
            <n1:username>a&amp;b</n1:username><password><![CDATA[p<w]]></password></n1:login></e:Body></e:Envelope>"#;
        let envelope = Envelope::read(xml.as_bytes()).unwrap();
        assert_eq!(envelope.operation, "login");
        assert_eq!(envelope.text("username"), Some("a&b"));
        assert_eq!(envelope.text("password"), Some("p<w"));
    }
}
