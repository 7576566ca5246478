//! The parameters of an OAuth call, and its answer in the format they ask for.

use serde_json::{Map, Value as Json, json};

use crate::server::{Answer, Call};

/// An OAuth error: `error` and `error_description`.
pub(crate) type OAuthError = (&'static str, &'static str);

/// Fields of the form, then of the query: the first of a name counts.
#[derive(Debug)]
pub(crate) struct Parameters {
    fields: Vec<(String, String)>,
    accept: Accept,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accept {
    Json,
    Xml,
    Urlencoded,
}

impl Parameters {
    /// Reads the parameters of a call. A body of another content type holds none.
    pub(crate) fn of(call: &Call) -> Self {
        let content_type = call.header("content-type").unwrap_or_default();
        let is_form =
            content_type.is_empty() || content_type.starts_with("application/x-www-form-urlencoded");
        let body = if is_form { call.form() } else { Vec::new() };
        let fields: Vec<(String, String)> = body.into_iter().chain(call.query.clone()).collect();
        let wanted = fields.iter().find(|(name, _)| name == "format").map(|(_, value)| value.as_str());
        let header = call.header("accept").unwrap_or_default();
        let accept = match (wanted, header) {
            (Some("xml"), _) => Accept::Xml,
            (Some("urlencoded"), _) => Accept::Urlencoded,
            (Some(_), _) => Accept::Json,
            (None, header) if header.starts_with("application/xml") => Accept::Xml,
            (None, header) if header.starts_with("application/x-www-form-urlencoded") => Accept::Urlencoded,
            (None, _) => Accept::Json,
        };
        Self { fields, accept }
    }

    /// A parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is there and not empty.
    pub(crate) fn required(&self, name: &str, missing: OAuthError) -> Result<&str, OAuthError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or(missing)
    }

    /// An answer in the format asked for; `root` names it in XML.
    pub(crate) fn answer(&self, status: u16, root: &str, body: &Json) -> Answer {
        let answer = match self.accept {
            Accept::Json => Answer::json(status, body),
            Accept::Xml => {
                let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", element(root, body));
                Answer::raw(status, "application/xml;charset=UTF-8", text.into_bytes())
            }
            Accept::Urlencoded => Answer::raw(
                status,
                "application/x-www-form-urlencoded;charset=UTF-8",
                urlencoded(body.as_object().unwrap_or(&Map::new())).into_bytes(),
            ),
        };
        answer.with("cache-control", "no-cache, no-store").with("pragma", "no-cache")
    }

    /// An error in the format asked for.
    pub(crate) fn error(&self, status: u16, (error, description): OAuthError) -> Answer {
        self.answer(status, "OAuth", &json!({"error": error, "error_description": description}))
    }
}

/// Members as `a=b&c=d`.
pub(crate) fn urlencoded(members: &Map<String, Json>) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        text.append_pair(name, &plain(value));
    }
    text.finish()
}

/// An element for a value, with child elements for the members of an object.
fn element(name: &str, value: &Json) -> String {
    match value {
        Json::Object(members) => {
            let inner: String = members.iter().map(|(name, value)| element(name, value)).collect();
            format!("<{name}>{inner}</{name}>")
        }
        Json::Null => format!("<{name}/>"),
        other => format!("<{name}>{}</{name}>", quick_xml::escape::escape(plain(other))),
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
