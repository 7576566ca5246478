//! XML read as a tree of names in their namespaces, since every client has prefixes of its own.
//!
//! What would cost more to read than to send is refused: a document type (its entities multiply), depth, and a great
//! many elements.

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// No request of any client goes deeper.
const MAX_DEPTH: usize = 50;
/// 200 records of 500 fields fit.
const MAX_ELEMENTS: usize = 200_000;

/// One element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Local name.
    pub(crate) name: String,
    /// Empty for a name that is in none.
    pub(crate) namespace: String,
    /// `xsi:type` without its prefix.
    pub(crate) kind: Option<String>,
    /// Its own text, without the space around it.
    pub(crate) text: String,
    /// Elements in it.
    pub(crate) children: Vec<Element>,
}

/// Why XML cannot be read, for people.
pub(crate) type Malformed = String;

impl Element {
    /// Reads a document; answers its root.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| "Invalid byte of UTF-8 sequence".to_owned())?;
        if let Some(illegal) = text.chars().find(|c| !is_legal(*c)) {
            return Err(format!("An invalid XML character (Unicode: 0x{:x}) was found", u32::from(illegal)));
        }
        let mut reader = NsReader::from_str(text);
        let mut open: Vec<Self> = vec![Self::default()];
        let mut count = 0;
        loop {
            let (namespace, event) = reader.read_resolved_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => {
                    open.push(Self::begun(&start, &namespace)?);
                    count += 1;
                }
                Event::Empty(start) => {
                    let element = Self::begun(&start, &namespace)?;
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(element);
                    }
                    count += 1;
                }
                Event::Text(text) => add(&mut open, &text),
                Event::GeneralRef(entity) => add(&mut open, &resolve(&entity)?),
                Event::CData(text) => add(&mut open, &text),
                Event::End(_) => {
                    let mut done = open.pop().unwrap_or_default();
                    done.text = String::from(done.text.trim());
                    let Some(parent) = open.last_mut() else {
                        return Err("an end without a beginning".to_owned());
                    };
                    parent.children.push(done);
                }
                Event::DocType(_) => return Err("DOCTYPE is disallowed".to_owned()),
                Event::Eof => break,
                _ => {}
            }
            if open.len() > MAX_DEPTH || count > MAX_ELEMENTS {
                return Err("the document has too many elements".to_owned());
            }
        }
        let mut document = open.pop().unwrap_or_default();
        if !open.is_empty() {
            return Err("XML document structures must start and end within the same entity.".to_owned());
        }
        document.children.pop().ok_or_else(|| "Premature end of file.".to_owned())
    }

    /// The first child with this name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child with this name.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// All children with this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn begun(start: &BytesStart<'_>, namespace: &ResolveResult<'_>) -> Result<Self, Malformed> {
        let name = start.local_name().as_ref().to_owned();
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => {
                return Err(format!("The prefix \"{prefix}\" for element \"{prefix}:{name}\" is not bound."));
            }
        };
        let mut kind = None;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            if attribute.key.local_name().as_ref() == "type" {
                let value = attribute.value.as_ref();
                kind = Some(value.split_once(':').map_or(value, |(_, local)| local).to_owned());
            }
        }
        Ok(Self { name, namespace, kind, ..Self::default() })
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Whether documents may have this character.
pub(crate) fn is_legal(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => character >= ' ',
    }
}

/// The five names that XML knows, and numbers; anything else stands as it is, as in a password that is not escaped.
fn resolve(entity: &str) -> Result<String, Malformed> {
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
    match known {
        Some(character) if is_legal(character) => Ok(character.into()),
        Some(_) => Err(format!("Character reference \"&{entity}\" is an invalid XML character.")),
        None => Ok(format!("&{entity};")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    #[test]
    fn prefixes_escapes_and_cdata_do_not_matter() {
        let xml = r#"<?xml version="1.0"?><e:Envelope xmlns:e="x"><e:Body><n1:login xmlns:n1="urn:x">
            <n1:username>a&amp;b</n1:username><password><![CDATA[p<w]]></password><o x:type="sf:Account"/></n1:login>
            </e:Body></e:Envelope>"#;
        let root = Element::read(xml.as_bytes()).unwrap();
        let login = root.child("Body").and_then(|body| body.child("login")).unwrap();
        assert_eq!((login.text_of("username"), login.text_of("password")), (Some("a&b"), Some("p<w")));
        assert_eq!(login.child("o").unwrap().kind.as_deref(), Some("Account"));
        assert_eq!((root.namespace.as_str(), login.namespace.as_str()), ("x", "urn:x"));
    }

    #[test]
    fn what_no_parser_takes_is_refused() {
        for broken in
            ["<a:b/>", "<a>&#0;</a>", "<a>\u{1}</a>", "<a b=\"1\" b=\"2\"/>", "<a b/>", "<a></b>", "<a/><"]
        {
            assert!(Element::read(broken.as_bytes()).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_costs_more_to_read_than_to_send_is_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        assert_eq!(Element::read(bomb.as_bytes()).unwrap_err(), "DOCTYPE is disallowed");
        let deep = "<a>".repeat(100_000);
        assert!(Element::read(deep.as_bytes()).is_err());
        let wide = format!("<x>{}</x>", "<a/>".repeat(300_000));
        assert!(Element::read(wide.as_bytes()).is_err());
    }

    /// A tree of names and texts.
    #[derive(Clone, Debug, PartialEq)]
    struct Tree(String, String, Vec<Tree>);

    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = ("[a-z][a-z0-9.-]{0,5}", "([!-~é€]([ -~\n]{0,6}[!-~])?)?")
            .prop_map(|(name, text)| Tree(name, text, Vec::new()));
        leaf.prop_recursive(4, 24, 4, |inner| {
            ("[a-z]{1,4}", vec(inner, 0..4)).prop_map(|(name, children)| Tree(name, String::new(), children))
        })
    }

    /// Writes a tree, its texts escaped or as CDATA, its names with or without a prefix.
    fn write(Tree(name, text, children): &Tree, plain: bool) -> String {
        let name = if plain { name.clone() } else { format!("p:{name}") };
        let text = if plain {
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&#62;").replace('é', "&#xe9;")
        } else {
            format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
        };
        let children: String = children.iter().map(|child| write(child, plain)).collect();
        format!("<{name} xmlns:p=\"urn:x\">{text}{children}</{name} >")
    }

    fn read(element: Element) -> Tree {
        Tree(element.name, element.text, element.children.into_iter().map(read).collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(tree in tree(), plain in any::<bool>()) {
            let xml = write(&tree, plain);
            prop_assert_eq!(read(Element::read(xml.as_bytes()).unwrap()), tree, "{}", xml);
        }

        #[test]
        fn pieces_of_xml_in_any_order_are_refused_with_a_reason_or_have_one_root(
            pieces in vec(prop_oneof![
                Just("<a>"), Just("</a>"), Just("<b x='1'/>"), Just("<c:d xmlns:c='u'>"), Just("</c:d>"), Just("&amp;"),
                Just("&#x"), Just("<![CDATA["), Just("]]>"), Just("<!--"), Just("-->"), Just("<?"), Just("é"), Just("'"),
            ], 0..9),
        ) {
            let xml = pieces.concat();
            match Element::read(xml.as_bytes()) {
                Ok(root) => prop_assert!(["a", "b", "d"].contains(&root.name.as_str()), "{}", xml),
                Err(reason) => prop_assert!(!reason.is_empty(), "{}", xml),
            }
        }
    }
}
