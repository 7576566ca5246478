//! Who may ask.
//!
//! Without credentials in the file the server listens on the loopback interface, and only requests that name this machine
//! are answered: a page in somebody's browser that calls itself by another name must not read here what it likes.

use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::Refusal;
use crate::config::{Access, Credentials};

/// What is answered without credentials, though in fewer words: Kubernetes asks so.
const OPEN: [&str; 3] = ["/live", "/ready", "/health"];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody who may see everything.
    Known,
    /// Anybody.
    Unknown,
}

/// Lets requests through that may be answered, each with its [`Caller`].
pub(super) async fn admit(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    if let Err(refused) = from_no_page(request.method(), request.headers()) {
        return *refused;
    }
    match caller(&access, request.uri().path(), request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => *refused,
    }
}

/// Refuses what would change something and comes from a page in somebody's browser: a page of any origin can send requests here,
/// with the credentials that the browser keeps. A browser says so, and what it sends a body with.
fn from_no_page(method: &Method, headers: &HeaderMap) -> Result<(), Box<Response>> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own = text("host").unwrap_or_default();
    let is_own =
        |origin: &str| origin.split_once("://").is_some_and(|(_, host)| host.eq_ignore_ascii_case(own));
    let is_foreign = text("origin").is_some_and(|origin| !is_own(origin))
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if is_foreign {
        let message = "a page of another site sent this request; what changes something is taken from programs and from this server's own pages";
        return Err(Box::new(Refusal::new(StatusCode::FORBIDDEN, message).into_response()));
    }
    let has_body = text("content-length").is_some_and(|length| length != "0")
        || headers.contains_key("transfer-encoding");
    let kind = text("content-type").unwrap_or_default();
    let is_json =
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if has_body && !is_json {
        let refused = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type");
        return Err(Box::new(refused.into_response()));
    }
    Ok(())
}

fn caller(access: &Access, path: &str, headers: &HeaderMap) -> Result<Caller, Box<Response>> {
    match access {
        Access::Local if names_this_machine(headers) => Ok(Caller::Known),
        Access::Local => {
            let message = "the Host of the request is not this machine; ask by localhost or 127.0.0.1, or give the server \
                           `http.auth` to be asked by other names";
            Err(Box::new(Refusal::new(StatusCode::FORBIDDEN, message).into_response()))
        }
        Access::Known(credentials) => match headers.get(AUTHORIZATION) {
            Some(said) if proves(credentials, said) => Ok(Caller::Known),
            None if OPEN.contains(&path) => Ok(Caller::Unknown),
            said => Err(Box::new(unauthorized(credentials, said.is_some()))),
        },
    }
}

/// Whether the request was sent to a name of the loopback interface.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return true };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let is_loopback = |ip: std::net::IpAddr| ip.is_loopback();
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_loopback)
}

fn proves(Credentials { users, tokens }: &Credentials, said: &HeaderValue) -> bool {
    let Some((scheme, proof)) = said.to_str().ok().and_then(|said| said.split_once(' ')) else {
        return false;
    };
    let equal =
        |known: &str, given: &str| verify_slices_are_equal(known.as_bytes(), given.as_bytes()).is_ok();
    if scheme.eq_ignore_ascii_case("bearer") {
        return tokens.values().any(|token| equal(token.reveal(), proof.trim()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return false;
    }
    let decoded = STANDARD.decode(proof.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return false;
    };
    users.get(user).is_some_and(|known| equal(known.reveal(), password))
}

fn unauthorized(Credentials { users, tokens }: &Credentials, tried: bool) -> Response {
    let message = if tried {
        "the credentials are not those of `http.auth` in the file"
    } else {
        "credentials are needed: those of `http.auth` in the file"
    };
    let mut response = Refusal::new(StatusCode::UNAUTHORIZED, message).into_response();
    let ways = [(!users.is_empty(), "Basic realm=\"orgstream\""), (!tokens.is_empty(), "Bearer")];
    for (_, way) in ways.into_iter().filter(|(is_there, _)| *is_there) {
        response.headers_mut().append(WWW_AUTHENTICATE, HeaderValue::from_static(way));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, HeaderValue::from_static(name))])
    }

    #[test]
    fn a_page_of_another_site_changes_nothing_and_programs_do() {
        let with = |said: &[(&'static str, &'static str)]| {
            let pairs = said.iter().map(|(name, value)| {
                (name.parse::<axum::http::HeaderName>().unwrap(), value.parse().unwrap())
            });
            from_no_page(&Method::POST, &pairs.collect()).map_err(|refused| refused.status().as_u16())
        };
        let host = ("host", "localhost:8083");
        assert_eq!(with(&[host]), Ok(()), "as curl sends it");
        assert_eq!(with(&[host, ("origin", "http://localhost:8083")]), Ok(()));
        assert_eq!(
            with(&[host, ("content-length", "2"), ("content-type", "application/json; charset=utf-8")]),
            Ok(())
        );
        for origin in ["http://evil.example", "http://localhost:8084", "null", "localhost:8083"] {
            assert_eq!(with(&[host, ("origin", origin)]), Err(403), "{origin}");
        }
        assert_eq!(with(&[host, ("sec-fetch-site", "cross-site")]), Err(403));
        assert_eq!(with(&[host, ("content-length", "2"), ("content-type", "text/plain")]), Err(415));
        assert_eq!(with(&[host, ("transfer-encoding", "chunked")]), Err(415));
        let reads = HeaderMap::from_iter([(
            axum::http::header::ORIGIN,
            HeaderValue::from_static("http://evil.example"),
        )]);
        assert!(
            from_no_page(&Method::GET, &reads).is_ok(),
            "a browser does not show the answer to another site"
        );
    }

    #[test]
    fn only_names_of_this_machine_are_answered_without_credentials() {
        for name in ["localhost", "LOCALHOST:8083", "127.0.0.1:8083", "127.8.0.1", "[::1]:8083"] {
            assert!(caller(&Access::Local, "/status", &host(name)).is_ok(), "{name}");
        }
        for name in ["example.com", "localhost.example.com:8083", "10.0.0.1:8083", "[fe80::1]:8083", ""] {
            let refused = caller(&Access::Local, "/status", &host(name)).unwrap_err();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}");
        }
        assert!(caller(&Access::Local, "/status", &HeaderMap::new()).is_ok(), "no browser leaves it out");
    }
}
