//! Who a token belongs to: the identity URL and `/services/oauth2/userinfo`. Refusals are plain words, which clients
//! compare whole.

use serde_json::{Map, Value as Json, json};

use super::bearer::bearer;
use super::parameters::Parameters;
use crate::ids;
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// `/id/ORG/USER`.
pub(crate) fn identity(tenant: &Tenant, call: &Call, org: &str, user: &str) -> Answer {
    let identity = &tenant.identity;
    if let Err(refused) = authenticated(tenant, call) {
        return refused;
    }
    match (ids::normalize(org), ids::normalize(user)) {
        (Some(org), Some(user)) if org == identity.org_id && user == identity.user_id => {}
        (Some(org), Some(_)) if org.starts_with("00D") && org != identity.org_id => {
            return Answer::text(403, "Wrong_Org");
        }
        _ => return Answer::text(404, "Bad_Id"),
    }
    let parameters = Parameters::of(call);
    let base = call.base_url(tenant.url());
    let version = parameters.get("version").filter(|version| !version.is_empty());
    let version = version.map_or("{version}", |version| if version == "latest" { "67.0" } else { version });
    if version != "{version}" && version.parse::<f64>().is_err() {
        return Answer::text(406, "Invalid_Version");
    }
    let body = described(tenant, &base, version);
    match parameters.get("callback") {
        Some(name) if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_$.".contains(&b)) => {
            Answer::text(406, "Invalid_Callback")
        }
        Some(name) => {
            Answer::raw(200, "text/javascript;charset=UTF-8", format!("{name}({body});").into_bytes())
        }
        None => parameters.answer(200, "user", &body),
    }
}

/// `/services/oauth2/userinfo`.
pub(crate) fn userinfo(tenant: &Tenant, call: &Call) -> Answer {
    if let Err(refused) = authenticated(tenant, call) {
        return refused;
    }
    let base = call.base_url(tenant.url());
    let identity = &tenant.identity;
    let user = tenant.user();
    let photos = photos(&base);
    let body = json!({
        "sub": tenant.identity_url(&base),
        "user_id": identity.user_id,
        "organization_id": identity.org_id,
        "preferred_username": identity.credentials.username,
        "nickname": user.text("CommunityNickname").unwrap_or("ops"),
        "name": user.text("Name"),
        "email": user.text("Email"),
        "email_verified": true,
        "given_name": user.text("FirstName"),
        "family_name": user.text("LastName"),
        "zoneinfo": user.text("TimeZoneSidKey"),
        "photos": photos,
        "profile": format!("{base}/{}", identity.user_id),
        "picture": photos["picture"],
        "address": {"country": user.text("Country")},
        "is_salesforce_integration_user": false,
        "urls": urls(tenant, &base, "{version}", true),
        "active": true,
        "user_type": "STANDARD",
        "language": user.text("LanguageLocaleKey").unwrap_or("en_US"),
        "locale": user.text("LocaleSidKey"),
        "utcOffset": UTC_OFFSET,
        "updated_at": user.modified(),
        "is_app_installed": true,
    });
    Answer::json(200, &body)
}

/// Europe/Rome, where the user of every org lives, without summer time.
const UTC_OFFSET: u32 = 3_600_000;

fn authenticated(tenant: &Tenant, call: &Call) -> Result<(), Answer> {
    let parameters = Parameters::of(call);
    let token =
        bearer(call).or_else(|| parameters.get("oauth_token")).or_else(|| parameters.get("access_token"));
    match token.filter(|token| !token.is_empty()) {
        None => Err(Answer::text(403, "Missing_OAuth_Token")),
        Some(token) if tenant.token_is_good(token) => Ok(()),
        Some(_) => Err(Answer::text(403, "Bad_OAuth_Token")),
    }
}

fn described(tenant: &Tenant, base: &str, version: &str) -> Json {
    let identity = &tenant.identity;
    let user = tenant.user();
    json!({
        "id": tenant.identity_url(base),
        "asserted_user": true,
        "user_id": identity.user_id,
        "organization_id": identity.org_id,
        "username": identity.credentials.username,
        "nick_name": user.text("CommunityNickname").unwrap_or("ops"),
        "display_name": user.text("Name"),
        "email": user.text("Email"),
        "email_verified": true,
        "first_name": user.text("FirstName"),
        "last_name": user.text("LastName"),
        "timezone": user.text("TimeZoneSidKey"),
        "photos": photos(base),
        "addr_street": user.text("Street"),
        "addr_city": user.text("City"),
        "addr_state": user.text("State"),
        "addr_country": user.text("Country"),
        "addr_zip": user.text("PostalCode"),
        "mobile_phone": user.text("MobilePhone"),
        "mobile_phone_verified": false,
        "is_lightning_login_user": false,
        "status": {"created_date": null, "body": null},
        "urls": urls(tenant, base, version, false),
        "active": true,
        "user_type": "STANDARD",
        "language": user.text("LanguageLocaleKey").unwrap_or("en_US"),
        "locale": user.text("LocaleSidKey"),
        "utcOffset": UTC_OFFSET,
        "last_modified_date": user.modified(),
        "is_app_installed": true,
    })
}

fn photos(base: &str) -> Json {
    json!({"picture": format!("{base}/profilephoto/005/F"), "thumbnail": format!("{base}/profilephoto/005/T")})
}

fn urls(tenant: &Tenant, base: &str, version: &str, more: bool) -> Map<String, Json> {
    let org = tenant.identity.org_id.get(..15).unwrap_or_default();
    let user = &tenant.identity.user_id;
    let rest = |path: &str| format!("{base}/services/data/v{version}/{path}");
    let soap = |kind: char| format!("{base}/services/Soap/{kind}/{version}/{org}");
    let mut urls = vec![
        ("enterprise", soap('c')),
        ("metadata", soap('m')),
        ("partner", soap('u')),
        ("rest", rest("")),
        ("sobjects", rest("sobjects/")),
        ("search", rest("search/")),
        ("query", rest("query/")),
        ("recent", rest("recent/")),
        ("tooling_soap", soap('T')),
        ("tooling_rest", rest("tooling/")),
        ("profile", format!("{base}/{user}")),
        ("feeds", rest("chatter/feeds")),
        ("groups", rest("chatter/groups")),
        ("users", rest("chatter/users")),
        ("feed_items", rest("chatter/feed-items")),
        ("feed_elements", rest("chatter/feed-elements")),
        ("custom_domain", base.to_owned()),
    ];
    if more {
        // The chatter addresses belong to the identity URL alone.
        urls.retain(|(name, url)| *name == "custom_domain" || !url.contains("/chatter/"));
    }
    urls.into_iter().map(|(name, url)| (name.to_owned(), Json::String(url))).collect()
}
