//! A worker's REST interface as the HTTP server of the process.

use super::document::Map;
use super::part::Making;

/// Kafka Connect's own.
const PORT: &str = "8083";

/// Puts `http` into `file`: where the worker listens, on this machine alone, because who asks from others needs credentials, which
/// a worker's file does not have.
pub(super) fn listeners(making: &mut Making<'_, '_>, file: &mut Map) {
    let property = "listeners";
    let all = making.settings.list(property);
    if !making.settings.has(property) || all.is_empty() {
        let port = making.settings.filled("rest.port").unwrap_or_else(|| PORT.to_owned());
        let named = if making.settings.has("rest.port") { "rest.port" } else { property };
        making.put(file.map("http"), "listen", format!("127.0.0.1:{port}"), named);
        return;
    }
    let plain = all.iter().find_map(|listener| address(listener));
    let Some((host, port)) = plain else {
        let message = "none of it is of the form `http://HOST:PORT`. HTTPS needs a certificate in PEM form: `orgstream import`, and then \
                       `http.tls`";
        return making.settings.refuse(property, message);
    };
    let (listen, is_same) = match host {
        "localhost" | "127.0.0.1" => (format!("127.0.0.1:{port}"), true),
        "[::1]" => (format!("[::1]:{port}"), true),
        _ => (format!("127.0.0.1:{port}"), false),
    };
    if is_same && all.len() == 1 {
        making.settings.same(property, "`http.listen`");
    }
    making.put(file.map("http"), "listen", listen, property);
}

/// Host and port of a listener without TLS.
fn address(listener: &str) -> Option<(&str, u16)> {
    let (scheme, rest) = listener.split_once("://")?;
    let (host, port) = rest.trim_end_matches('/').rsplit_once(':')?;
    let port = port.parse().ok()?;
    scheme.eq_ignore_ascii_case("http").then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_a_host_and_a_port() {
        assert_eq!(address("http://:8083"), Some(("", 8083)));
        assert_eq!(address("HTTP://[::1]:0/"), Some(("[::1]", 0)));
        for wrong in ["https://:8443", "http://host", "host:8083", "http://host:many"] {
            assert_eq!(address(wrong), None, "{wrong}");
        }
    }
}
