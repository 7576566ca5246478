//! The schema registry that all converters name, and how it is logged in to.

use super::document::{Map, Origin};
use super::finding::{Finding, Verdict};
use super::given::Given;
use super::org::names_user;
use super::secrets::Secrets;
use super::settings::listed;
use super::wire::{Named, Wires};

/// What is said of certificates that no file in PEM form has.
const STORES: &str = "certificates of a registry are in PEM form: write `…ssl.truststore.type=PEM` (or `…ssl.keystore.type=PEM`) and name a \
                      PEM file; or `orgstream import`, and then `schema_registry.ca`, `certificate` and `key`";
/// Options of TLS that need no word: the newest version that both sides know is taken, and hosts are verified.
const IDLE: [&str; 5] =
    ["protocol", "enabled.protocols", "provider", "keymanager.algorithm", "trustmanager.algorithm"];

/// A registry that somebody names, with the options beside it.
struct Options<'a> {
    number: usize,
    given: &'a Given,
    /// What stands before each option.
    prefix: &'a str,
}

impl<'a> Options<'a> {
    /// An option that is filled, with its property.
    fn get(&self, name: &str) -> Option<(String, &'a str)> {
        let property = format!("{}{name}", self.prefix);
        let value = self.given.get(&property).filter(|value| !value.is_empty())?;
        Some((property, value))
    }

    fn from(&self, property: &str) -> Origin {
        (self.number, property.to_owned())
    }

    fn refuse(&self, property: &str, message: &str, found: &mut Vec<Finding>) {
        found.push(self.given.finding(property, Verdict::Refused, message));
    }
}

/// Puts the registry into `file`; the second of two is refused.
pub(super) fn registry(
    all: &[(usize, &Given, &Wires)],
    worker: Option<(usize, &Given)>,
    secrets: &mut Secrets,
    file: &mut Map,
    found: &mut Vec<Finding>,
) {
    let mut first: Option<(&Given, &Named)> = None;
    let named = all
        .iter()
        .flat_map(|(number, given, wires)| wires.registries.iter().map(|named| (*number, *given, named)));
    for (number, given, named) in named {
        let (number, given) = worker.filter(|_| named.in_worker).unwrap_or((number, given));
        // A list of addresses of one registry; the first is enough.
        let addresses = listed(&named.text);
        if addresses.iter().any(|url| names_user(url)) {
            let message = "holds a user before its host; write it without, and `…basic.auth.credentials.source=USER_INFO` and \
                           `…basic.auth.user.info=USER:PASSWORD` beside it";
            found.push(given.finding(&named.property, Verdict::Refused, message));
            continue;
        }
        match first {
            Some((other, known)) if known.text != named.text => {
                let message = format!(
                    "another registry than `{}` of {} names; one process has one registry, so run two processes",
                    known.property, other.of
                );
                found.push(given.finding(&named.property, Verdict::Refused, message));
                continue;
            }
            Some(_) => {}
            None => {
                first = Some((given, named));
                let url = addresses.first().map(String::as_str).unwrap_or_default();
                let is_hidden = given.hidden.contains(&named.property);
                let url = if is_hidden { secrets.hide("registry", "url", url) } else { url.to_owned() };
                file.map("schema_registry").put("url", url, Some((number, named.property.clone())));
            }
        }
        let prefix = named.property.trim_end_matches("schema.registry.url");
        let options = Options { number, given, prefix };
        let section = file.map("schema_registry");
        login(&options, secrets, section, found);
        certificates(&options, secrets, section, found);
    }
}

/// User and password, or a token. One registry has one login, so that of one converter is the other's as well.
fn login(options: &Options<'_>, secrets: &mut Secrets, section: &mut Map, found: &mut Vec<Finding>) {
    if let Some((source, word)) = options.get("basic.auth.credentials.source") {
        let info = options
            .get("basic.auth.user.info")
            .or_else(|| options.get("schema.registry.basic.auth.user.info"));
        match info.as_ref().and_then(|(property, info)| Some((property, info.split_once(':')?))) {
            Some((property, (user, password))) if word.eq_ignore_ascii_case("USER_INFO") => {
                let mut auth = Map::default();
                auth.put(
                    "username",
                    secrets.hide("registry", "username", user),
                    Some(options.from(property)),
                );
                auth.put(
                    "password",
                    secrets.hide("registry", "password", password),
                    Some(options.from(property)),
                );
                put(section, "basic_auth", auth, property, options, found);
            }
            _ => {
                let message = "write `USER_INFO`, and `basic.auth.user.info=USER:PASSWORD` beside it; other places of credentials are not \
                               looked at";
                options.refuse(&source, message, found);
            }
        }
    }
    if let Some((source, word)) = options.get("bearer.auth.credentials.source") {
        match options.get("bearer.auth.token") {
            Some((property, token)) if word.eq_ignore_ascii_case("STATIC_TOKEN") => {
                let token = secrets.hide("registry", "token", token);
                put(section, "bearer_token", token, &property, options, found);
            }
            _ => {
                let message = "write `STATIC_TOKEN`, and `bearer.auth.token` beside it; other places of tokens are not looked at";
                options.refuse(&source, message, found);
            }
        }
    }
}

/// Puts what a converter says of the one registry. Two that say it otherwise are refused.
fn put(
    section: &mut Map,
    key: &str,
    value: impl Into<super::document::Value>,
    property: &str,
    options: &Options<'_>,
    found: &mut Vec<Finding>,
) {
    let value = value.into();
    if section.get(key).is_some_and(|known| !known.is_like(&value)) {
        let message = "another converter logs in to the registry otherwise; one process has one registry and one login to it: write the \
                       same for both";
        return options.refuse(property, message, found);
    }
    section.put(key, value, Some(options.from(property)));
}

/// Certificates, which stand in PEM form, in a file or as the text itself.
fn certificates(options: &Options<'_>, secrets: &mut Secrets, section: &mut Map, found: &mut Vec<Finding>) {
    let ssl = "schema.registry.ssl.";
    let is_pem = |store: &str| {
        let kind = options.get(&format!("{ssl}{store}.type"));
        kind.is_some_and(|(_, kind)| kind.eq_ignore_ascii_case("PEM"))
    };
    let start = format!("{}{ssl}", options.prefix);
    let names = options.given.properties.keys().filter_map(|name| Some((name, name.strip_prefix(&start)?)));
    for (property, name) in names {
        let value = options.given.get(property).unwrap_or_default();
        let mut text = |key: &str| secrets.plain("registry", key, value);
        match name {
            _ if IDLE.contains(&name) => {}
            "truststore.type" if is_pem("truststore") => {}
            "keystore.type" if is_pem("keystore") => {}
            "truststore.location" if is_pem("truststore") => {
                let text = text("ca");
                put(section, "ca", text, property, options, found);
            }
            "truststore.certificates" => {
                let text = text("ca");
                put(section, "ca", text, property, options, found);
            }
            "keystore.location" if is_pem("keystore") => {
                let text = text("key");
                put(section, "certificate", text.clone(), property, options, found);
                put(section, "key", text, property, options, found);
            }
            "keystore.certificate.chain" => {
                let text = text("certificate");
                put(section, "certificate", text, property, options, found);
            }
            "keystore.key" => {
                let text = secrets.hide("registry", "key", value);
                put(section, "key", text, property, options, found);
            }
            "endpoint.identification.algorithm" if value.eq_ignore_ascii_case("https") => {}
            "endpoint.identification.algorithm" => {
                options.refuse(
                    property,
                    "a registry's certificate has to name its host; leave it out",
                    found,
                );
            }
            "key.password" => {
                let message = "a key with a password is not read here; `openssl pkcs8 -in KEY -out PLAIN` takes the password off";
                options.refuse(property, message, found);
            }
            _ => options.refuse(property, STORES, found),
        }
    }
}
