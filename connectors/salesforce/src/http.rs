//! The one HTTP client of an org. No other client is made, because reqwest's default one never times out.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Salesforce drops idle connections after about two minutes; a connection closed from this side first cannot be cut
/// in the middle of a write.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A client with a connection time-out, gzip and orgstream's own call options. Time-outs of calls are set per request.
pub(crate) fn client() -> Result<reqwest::Client, reqwest::Error> {
    builder().build()
}

/// The same for HTTP/1.1 alone: a connection that many calls share cannot become a WebSocket.
pub(crate) fn client_of_http1() -> Result<reqwest::Client, reqwest::Error> {
    builder().http1_only().build()
}

fn builder() -> reqwest::ClientBuilder {
    let mut headers = HeaderMap::new();
    // The name comes back in the `changeOrigin` of change events, where it tells orgstream's writes from others'.
    headers
        .insert(HeaderName::from_static("sforce-call-options"), HeaderValue::from_static("client=orgstream"));
    reqwest::Client::builder()
        .user_agent(concat!("orgstream/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .gzip(true)
        // A redirected POST would come through as a GET, and the token might follow it to another host.
        .redirect(Policy::none())
}
