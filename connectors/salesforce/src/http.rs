//! The one HTTP client of an org. No other client is made, because reqwest's default one never times out.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;

use crate::options::OrgOptions;

/// Salesforce drops idle connections after about two minutes; a connection closed from this side first cannot be cut
/// in the middle of a write.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A client with a connection time-out, gzip and orgstream's own call options. Time-outs of calls are set per request.
pub(crate) fn client(options: &OrgOptions) -> Result<reqwest::Client, reqwest::Error> {
    builder(options)?.build()
}

/// The same for HTTP/1.1 alone: a connection that many calls share cannot become a WebSocket.
pub(crate) fn client_of_http1(options: &OrgOptions) -> Result<reqwest::Client, reqwest::Error> {
    builder(options)?.http1_only().build()
}

fn builder(options: &OrgOptions) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    let mut headers = HeaderMap::new();
    // The name comes back in the `changeOrigin` of change events, where it tells orgstream's writes from others'.
    headers
        .insert(HeaderName::from_static("sforce-call-options"), HeaderValue::from_static("client=orgstream"));
    let builder = reqwest::Client::builder()
        .user_agent(concat!("orgstream/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .connect_timeout(options.timeouts.connect)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .gzip(true)
        // A redirected POST would come through as a GET, and the token might follow it to another host.
        .redirect(Policy::none());
    let Some(proxy) = &options.proxy else { return Ok(builder) };
    let mut through = reqwest::Proxy::all(proxy.url.clone())?;
    if let Some((user, password)) = &proxy.credentials {
        through = through.basic_auth(user, password.reveal());
    }
    Ok(builder.proxy(through))
}
