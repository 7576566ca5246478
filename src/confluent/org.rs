//! The org of a connector: where it is, how to log in, how it is called.

use super::document::Map;
use super::part::Making;

/// What logs in to any org, and is no org's own address.
const LOGIN: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// Whether `url` logs in to any org.
pub(super) fn is_login(url: &str) -> bool {
    LOGIN.iter().any(|host| url.contains(host))
}

/// Whether the address has a user in it, and perhaps a password, before its host.
pub(super) fn names_user(url: &str) -> bool {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    behind.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
}

/// The keys of the org.
pub(super) fn org(making: &mut Making<'_, '_>) -> Map {
    let mut org = Map::default();
    if making.settings.text("salesforce.instance").is_some_and(|url| names_user(&url)) {
        let message =
            "holds a user before its host; write it without, and the user into `salesforce.username`";
        making.settings.refuse("salesforce.instance", message);
    } else {
        making.copy(&mut org, "url", "salesforce.instance");
    }
    let auth = auth(making);
    making.put(&mut org, "auth", auth, "salesforce.grant.type");
    if let Some(version) = making.settings.filled("salesforce.version") {
        let digits = version.chars().all(|c| c.is_ascii_digit());
        let version = if digits { format!("{version}.0") } else { version };
        making.put(&mut org, "api_version", version, "salesforce.version");
    }
    if let Some(time) = making.settings.number("connection.timeout") {
        let mut timeouts = Map::default();
        making.put(&mut timeouts, "stream", format!("{time}ms"), "connection.timeout");
        org.put("timeouts", timeouts, None);
    }
    if let Some(proxy) = proxy(making) {
        making.put(&mut org, "proxy", proxy, "http.proxy");
    }
    org
}

fn auth(making: &mut Making<'_, '_>) -> Map {
    let mut auth = Map::default();
    let flow = making.settings.word("salesforce.grant.type");
    making.put(&mut auth, "flow", flow.as_str(), "salesforce.grant.type");
    making.copy(&mut auth, "client_id", "salesforce.consumer.key");
    let flow = flow.as_str();
    if matches!(flow, "password" | "client_credentials") {
        secret(making, &mut auth, flow, "client_secret", "salesforce.consumer.secret");
    }
    if matches!(flow, "password" | "jwt_bearer") {
        making.copy(&mut auth, "username", "salesforce.username");
        if making.settings.filled("salesforce.username").is_none() {
            missing(making, flow, "salesforce.username");
        }
    }
    match flow {
        "password" => {
            secret(making, &mut auth, flow, "password", "salesforce.password");
            making.hide(&mut auth, "security_token", "salesforce.password.token");
        }
        "jwt_bearer" => {
            let mut keystore = Map::default();
            making.copy(&mut keystore, "path", "salesforce.jwt.keystore.path");
            if making.settings.filled("salesforce.jwt.keystore.path").is_none() {
                missing(making, flow, "salesforce.jwt.keystore.path");
            }
            secret(making, &mut keystore, flow, "password", "salesforce.jwt.keystore.password");
            making.put(&mut auth, "keystore", keystore, "salesforce.jwt.keystore.path");
        }
        "client_credentials" => {
            let url = making.settings.text("salesforce.instance").unwrap_or_default();
            if is_login(&url) {
                making.settings.refuse(
                    "salesforce.instance",
                    "CLIENT_CREDENTIALS needs the org's own address: its My Domain, such as `https://acme.my.salesforce.com`",
                );
            }
        }
        _ => {}
    }
    auth
}

fn secret(making: &mut Making<'_, '_>, map: &mut Map, flow: &str, key: &str, property: &str) {
    if !making.hide(map, key, property) {
        missing(making, flow, property);
    }
}

fn missing(making: &mut Making<'_, '_>, flow: &str, property: &str) {
    let message = format!(
        "Missing required configuration \"{property}\": `salesforce.grant.type` {} needs it",
        flow.to_uppercase()
    );
    making.settings.refuse(property, message);
}

fn proxy(making: &mut Making<'_, '_>) -> Option<Map> {
    let place = making.settings.filled("http.proxy")?;
    if names_user(&place) {
        let message = "holds a user before its host; write it without, and `http.proxy.auth.scheme=BASIC`, `http.proxy.user` and \
                       `http.proxy.password` into a connector that knows them, or `proxy` into a file that `orgstream import` makes";
        making.settings.refuse("http.proxy", message);
        return None;
    }
    let mut proxy = Map::default();
    let url = if place.contains("://") { place } else { format!("http://{place}") };
    making.put(&mut proxy, "url", url, "http.proxy");
    match making.settings.word("http.proxy.auth.scheme").as_str() {
        "basic" => {
            making.copy(&mut proxy, "username", "http.proxy.user");
            making.hide(&mut proxy, "password", "http.proxy.password");
        }
        "ntlm" => making.settings.refuse(
            "http.proxy.auth.scheme",
            "the HTTP client knows no NTLM; put a proxy between that asks for none, or for BASIC",
        ),
        _ => {
            for property in ["http.proxy.user", "http.proxy.password"] {
                if making.settings.has(property) {
                    making.settings.ignore(property, "`http.proxy.auth.scheme` is NONE");
                }
            }
        }
    }
    Some(proxy)
}
