//! Logging in and calling the org: what all connectors have.

use super::{ALL, Default, Fate, Kind, Known, MANY, SINK, SOURCES, Type, known};

use Default::{Is, Null, Required};
use Fate::{Differs, Ignored, Refused, Same};
use Type::{Boolean, Number, Secret, Text, Word};

/// Where a proxy's credentials are known.
const ASKS_PROXY: &[Kind] = &[Kind::PlatformEvent, Kind::Sink];

pub(super) const TABLE: &[Known] = &[
    known("salesforce.instance", ALL, Text, Is("https://login.salesforce.com"), Same("orgs.NAME.url")),
    known("salesforce.username", ALL, Text, Is(""), Same("orgs.NAME.auth.username")),
    known("salesforce.password", ALL, Secret, Null, Same("orgs.NAME.auth.password")),
    known("salesforce.password.token", ALL, Secret, Null, Same("orgs.NAME.auth.security_token")),
    known(
        "salesforce.grant.type",
        ALL,
        Word(&["PASSWORD", "CLIENT_CREDENTIALS", "JWT_BEARER"]),
        Is("password"),
        Same("orgs.NAME.auth.flow"),
    ),
    known("salesforce.consumer.key", ALL, Text, Required, Same("orgs.NAME.auth.client_id")),
    known("salesforce.consumer.secret", ALL, Secret, Null, Same("orgs.NAME.auth.client_secret")),
    known("salesforce.jwt.keystore.path", ALL, Text, Null, Same("orgs.NAME.auth.keystore.path")),
    known(
        "salesforce.jwt.keystore.file",
        ALL,
        Secret,
        Null,
        Refused("of Confluent's cloud; write the file's path into `salesforce.jwt.keystore.path`"),
    ),
    known("salesforce.jwt.keystore.password", ALL, Secret, Null, Same("orgs.NAME.auth.keystore.password")),
    known("salesforce.version", ALL, Text, Is("latest"), Same("orgs.NAME.api_version")),
    known("connection.timeout", ALL, Number(5_000, 600_000), Is("30000"), Same("orgs.NAME.timeouts.stream")),
    known(
        "connection.max.message.size",
        SOURCES,
        Number(0, 2_147_483_647),
        Null,
        Same("pipelines.NAME.source.stream.max_response"),
    ),
    known(
        "connection.max.message.size",
        SINK,
        Number(0, 2_147_483_647),
        Null,
        Ignored("a sink has no streaming connection"),
    ),
    known(
        "request.max.retries.time.ms",
        SOURCES,
        Number(1, MANY),
        Is("900000"),
        Differs(
            "",
            "a source waits for its org without a limit, and the status says for what and since when",
        ),
    ),
    known(
        "request.max.retries.time.ms",
        SINK,
        Number(1, MANY),
        Is("900000"),
        Differs(
            "pipelines.NAME.sink.retry_for",
            "only a refused record is tried again for so long, and only where that can help; an outage of the org does not count",
        ),
    ),
    known(
        "salesforce.auth.retries.time.ms",
        ALL,
        Number(0, MANY),
        Is("30000"),
        Differs(
            "",
            "an org that does not answer is waited for without a limit; refused credentials end the program at once",
        ),
    ),
    known(
        "curl.logging",
        ALL,
        Boolean,
        Is("false"),
        Differs("", "no token is ever printed; `RUST_LOG=debug` names the calls without it"),
    ),
    known("http.proxy", ALL, Text, Null, Same("orgs.NAME.proxy.url")),
    known(
        "http.proxy.auth.scheme",
        ASKS_PROXY,
        Word(&["NONE", "BASIC", "NTLM"]),
        Is("NONE"),
        Same("orgs.NAME.proxy.username"),
    ),
    known("http.proxy.user", ASKS_PROXY, Text, Is(""), Same("orgs.NAME.proxy.username")),
    known("http.proxy.password", ASKS_PROXY, Secret, Null, Same("orgs.NAME.proxy.password")),
    known(
        "http.proxy.auth.ntlm.domain",
        SINK,
        Text,
        Null,
        Refused("the HTTP client knows no NTLM; put a proxy between that asks for none, or for BASIC"),
    ),
    known(
        "oauth.refresh.token",
        ALL,
        Secret,
        Null,
        Refused("of Confluent's cloud; take `salesforce.grant.type`"),
    ),
];
