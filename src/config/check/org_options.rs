//! How an org is called.

use std::time::Duration;

use orgstream_salesforce::{AllowanceOptions, ApiVersion, OrgOptions, Proxy, Reserve, Timeouts};

use super::Report;
use super::file::web_address;
use super::object_source::is_version;
use super::values::{duration, percent};
use crate::config::raw;

/// How often an org is asked at most what is left of its allowances.
const LEAST_BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The options of the org `name`; `None` when its proxy is wrong.
pub(super) fn options(
    name: &str,
    api_version: Option<String>,
    proxy: Option<raw::Proxy>,
    timeouts: Option<raw::Timeouts>,
    allowances: Option<raw::Allowances>,
    report: &mut Report<'_>,
) -> Option<OrgOptions> {
    let proxy = proxy.map(|raw| self::proxy(name, raw, report));
    Some(OrgOptions {
        api_version: version(name, api_version, report),
        timeouts: self::timeouts(name, &timeouts.unwrap_or_default(), report),
        allowances: self::allowances(name, &allowances.unwrap_or_default(), report),
        proxy: match proxy {
            None => None,
            Some(proxy) => Some(proxy?),
        },
    })
}

fn version(org: &str, text: Option<String>, report: &mut Report<'_>) -> ApiVersion {
    match text {
        None => ApiVersion::Tested,
        Some(word) if word == "latest" => ApiVersion::Latest,
        Some(version) if is_version(&version) => ApiVersion::Fixed(version),
        Some(other) => {
            let message = format!("`{other}` is neither a version, such as \"62.0\", nor `latest`");
            report.fault(&["orgs", org, "api_version"], message);
            ApiVersion::Tested
        }
    }
}

fn proxy(org: &str, raw: raw::Proxy, report: &mut Report<'_>) -> Option<Proxy> {
    let at = |key| ["orgs", org, "proxy", key];
    let credentials = match (raw.username, raw.password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        (user, _) => {
            let missing = if user.is_some() { "password" } else { "username" };
            report.fault(&at(missing), "this key is missing; a proxy asks for both or for neither");
            None
        }
    };
    let url = raw.url.and_then(|url| web_address(&url, &at("url"), report))?;
    Some(Proxy { url, credentials })
}

fn timeouts(org: &str, raw: &raw::Timeouts, report: &mut Report<'_>) -> Timeouts {
    let default = Timeouts::default();
    let mut read = |key, text: &Option<String>, default| {
        duration(text.as_deref(), default, &["orgs", org, "timeouts", key], report)
    };
    Timeouts {
        connect: read("connect", &raw.connect, default.connect),
        answer: read("answer", &raw.answer, default.answer),
        stream: read("stream", &raw.stream, default.stream),
    }
}

fn allowances(org: &str, raw: &raw::Allowances, report: &mut Report<'_>) -> AllowanceOptions {
    let at = |key| ["orgs", org, "allowances", key];
    let default = AllowanceOptions::default();
    let every = duration(raw.every.as_deref(), default.every, &at("every"), report);
    if every < LEAST_BETWEEN_LOOKS {
        let message = "is less than 1s, and each look is a call: so many would use up what they are to watch";
        report.fault(&at("every"), message);
    }
    AllowanceOptions {
        warn_at: percent(raw.warn_at.as_deref(), default.warn_at, &at("warn_at"), report),
        every,
        reserve: reserve(raw.reserve.as_deref(), default.reserve, &at("reserve"), report),
    }
}

/// A share of the calls, or a number of them.
fn reserve(text: Option<&str>, default: Reserve, path: &[&str], report: &mut Report<'_>) -> Reserve {
    let Some(text) = text else { return default };
    if let Ok(calls) = text.trim().parse() {
        return Reserve::Calls(calls);
    }
    let number = text.trim().strip_suffix('%').and_then(|number| number.trim_end().parse().ok());
    match number.filter(|number| *number <= 100) {
        Some(number) => Reserve::Percent(number),
        None => {
            report.fault(
                path,
                format!("`{text}` is neither a share of a hundred, such as 10%, nor a number of calls"),
            );
            default
        }
    }
}
