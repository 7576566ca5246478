//! Calls about the session itself, and the fault of one that is over.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Request;
use super::envelope::{Dialect, escape};
use crate::server::Answer;

/// The session is over, or never was.
pub(crate) fn unknown(dialect: Dialect, token: &str) -> Answer {
    let hash = STANDARD.encode(digest(&SHA256, token.as_bytes()));
    let message = format!(
        "Invalid Session ID found in SessionHeader: Illegal Session. Session not found, missing session hash: {hash}\n\
         This is expected, it can happen if the session has expired and swept away, or if the user logs out, or if its \
         just someone trying to hack in. "
    );
    dialect.fault(500, "INVALID_SESSION_ID", &message)
}

/// Ends the session.
pub(crate) fn logout(request: &Request<'_>, token: &str) -> Answer {
    request.tenant.state().logins.revoke(token);
    // A held long poll of the session ends.
    request.tenant.changed.send_replace(());
    request.respond("")
}

/// The org's time.
pub(crate) fn server_timestamp(request: &Request<'_>) -> Answer {
    let now = request.tenant.clock.now().event();
    request.respond(&format!("<result><timestamp>{now}</timestamp></result>"))
}

/// Who the session belongs to.
pub(crate) fn user_info(request: &Request<'_>) -> Answer {
    let elements = user_elements(request);
    request.respond(&format!("<result>{elements}</result>"))
}

/// `GetUserInfoResult`: the order is that of the WSDL, and a client reads by position.
pub(crate) fn user_elements(request: &Request<'_>) -> String {
    let tenant = request.tenant;
    let identity = &tenant.identity;
    let user = tenant.user();
    let text = |field: &str, otherwise: &str| escape(user.text(field).unwrap_or(otherwise));
    let (org_id, user_id, org) = (&identity.org_id, &identity.user_id, escape(&identity.name));
    let name = escape(&identity.credentials.username);
    let seconds = tenant.settings.session_lifetime.as_secs();
    let role = match user.text("UserRoleId") {
        Some(role) => format!("<roleId>{}</roleId>", escape(role)),
        None => "<roleId xsi:nil=\"true\"/>".to_owned(),
    };
    format!(
        "<accessibilityMode>false</accessibilityMode><chatterExternal>false</chatterExternal>\
         <currencySymbol>€</currencySymbol><orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
         <orgDefaultCurrencyIsoCode>EUR</orgDefaultCurrencyIsoCode>\
         <orgDefaultCurrencyLocale>it_IT_EURO</orgDefaultCurrencyLocale>\
         <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts><organizationId>{org_id}</organizationId>\
         <organizationMultiCurrency>false</organizationMultiCurrency><organizationName>{org}</organizationName>\
         <profileId>{profile}</profileId>{role}<sessionSecondsValid>{seconds}</sessionSecondsValid>\
         <userDefaultCurrencyIsoCode xsi:nil=\"true\"/><userEmail>{email}</userEmail>\
         <userFullName>{full_name}</userFullName><userId>{user_id}</userId><userLanguage>{language}</userLanguage>\
         <userLocale>{locale}</userLocale><userName>{name}</userName><userTimeZone>{zone}</userTimeZone>\
         <userType>Standard</userType><userUiSkin>Theme3</userUiSkin>",
        profile = text("ProfileId", "00e000000000001AAA"),
        email = text("Email", &identity.credentials.username),
        full_name = text("Name", "Ops Bot"),
        language = text("LanguageLocaleKey", "en_US"),
        locale = text("LocaleSidKey", "en_US"),
        zone = text("TimeZoneSidKey", "Europe/Rome"),
    )
}
