//! The HTTP server. What others than this machine reach asks for credentials.

use std::net::SocketAddr;
use std::time::Duration;

use super::Report;
use super::values::duration;
use crate::config::http::{Access, Credentials, Http};
use crate::config::raw;
use crate::config::substitute::Surroundings;
use crate::config::text_file::read_text;
use crate::http::{NoTls, Tls};

/// Kafka Connect's port, on this machine only.
const LISTEN: &str = "127.0.0.1:8083";
const UNHEALTHY_AFTER: Duration = Duration::from_mins(15);

/// The server; `None` when a part of it is missing or wrong.
pub(super) fn http(raw: raw::Http, from: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Http> {
    let after = raw.unhealthy_after.as_deref();
    let unhealthy_after = duration(after, UNHEALTHY_AFTER, &["http", "unhealthy_after"], report);
    let listen = listen(raw.listen.as_deref().unwrap_or(LISTEN), report);
    let has_tls = raw.tls.is_some();
    let tls = raw.tls.and_then(|raw| tls(raw, from, report));
    let credentials = raw.auth.and_then(|raw| credentials(raw, report));
    let listen = listen?;
    let has_auth = report.has(&["http"], "auth");
    if !listen.ip().is_loopback() && !has_auth {
        report.fault(
            &["http", "listen"],
            format!(
                "`{}` is reached from other machines, and without `auth` everybody there could ask; add `auth`, or listen on \
                 127.0.0.1",
                listen.ip()
            ),
        );
    }
    if has_tls && tls.is_none() {
        return None;
    }
    let access = if has_auth { Access::Known(credentials?) } else { Access::Local };
    Some(Http { listen, tls, access, unhealthy_after })
}

fn listen(text: &str, report: &mut Report<'_>) -> Option<SocketAddr> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = numeric.as_deref().unwrap_or(text).parse();
    if parsed.is_err() {
        let message = format!(
            "`{text}` is not an address with a port, such as 127.0.0.1:8083, 0.0.0.0:8083 or [::1]:8083"
        );
        report.fault(&["http", "listen"], message);
    }
    parsed.ok()
}

fn tls(raw: raw::HttpTls, from: &Surroundings<'_>, report: &mut Report<'_>) -> Option<Tls> {
    let mut read = |key: &str, path: Option<String>| {
        let path = from.resolve(&path?);
        let text = read_text(&path);
        let wrong =
            |wrong: &String| report.fault(&["http", "tls", key], format!("`{}` {wrong}", path.display()));
        text.inspect_err(wrong).ok()
    };
    let (certificate, private_key) = (read("certificate", raw.certificate), read("key", raw.key));
    match Tls::of(&certificate?, &private_key?) {
        Ok(tls) => Some(tls),
        Err(wrong) => {
            let key = match wrong {
                NoTls::Certificate(_) => "certificate",
                NoTls::Key(_) | NoTls::Pair(_) => "key",
            };
            report.fault(&["http", "tls", key], wrong.to_string());
            None
        }
    }
}

fn credentials(raw: raw::HttpAuth, report: &mut Report<'_>) -> Option<Credentials> {
    let users = raw.basic.unwrap_or_default().into_iter().map(|(user, password)| (user, password.0));
    let tokens = raw.bearer.unwrap_or_default().into_iter().map(|(name, token)| (name, token.0));
    let credentials = Credentials { users: users.collect(), tokens: tokens.collect() };
    let is_there = |report: &Report<'_>, way: &str| !report.keys(&["http", "auth", way]).is_empty();
    if !is_there(report, "basic") && !is_there(report, "bearer") {
        report.fault(
            &["http", "auth"],
            "nobody could ask; name users with passwords under `basic`, or tokens under `bearer`",
        );
        return None;
    }
    for (user, password) in &credentials.users {
        if user.contains(':') {
            report.fault(
                &["http", "auth", "basic", user],
                "a user's name has no colon: it ends where the first one stands",
            );
        }
        if password.reveal().is_empty() {
            report.fault(&["http", "auth", "basic", user], "the password is empty");
        }
    }
    for (name, token) in &credentials.tokens {
        let text = token.reveal();
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            report.fault(
                &["http", "auth", "bearer", name],
                "a token is a text without spaces, which is not empty",
            );
        }
    }
    Some(credentials)
}
