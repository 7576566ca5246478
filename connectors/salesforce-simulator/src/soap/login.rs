//! SOAP `login()`. The order of the elements and their missing prefixes are part of the interface: one client reads
//! by position, another by regular expression.

use super::envelope::{Envelope, body, escape, fault};
use crate::server::{Answer, Call};
use crate::tenant::Tenant;

/// Logs in with user name, password and security token.
pub(crate) fn login(tenant: &Tenant, call: &Call, version: &str, envelope: &Envelope) -> Answer {
    let username = envelope.text("username").unwrap_or_default();
    if tenant.knows_user(username, envelope.text("password").unwrap_or_default()).is_err() {
        let message = "Invalid username, password, security token; or user locked out.";
        return fault(500, "INVALID_LOGIN", message);
    }
    let identity = &tenant.identity;
    let session = tenant.state().logins.issue(&identity.org_id, tenant.clock.now(), None, None);
    let base = call.base_url(tenant.url());
    let short = identity.org_id.get(..15).unwrap_or_default();
    let user = escape(username);
    let seconds = tenant.settings.session_lifetime.as_secs();
    let (org_id, user_id, name) = (&identity.org_id, &identity.user_id, escape(&identity.name));
    body(&format!(
        "<loginResponse><result><metadataServerUrl>{base}/services/Soap/m/{version}/{short}</metadataServerUrl>\
         <passwordExpired>false</passwordExpired><sandbox>false</sandbox>\
         <serverUrl>{base}/services/Soap/u/{version}/{short}</serverUrl><sessionId>{session}</sessionId>\
         <userId>{user_id}</userId><userInfo><accessibilityMode>false</accessibilityMode>\
         <chatterExternal>false</chatterExternal><currencySymbol>€</currencySymbol>\
         <orgAttachmentFileSizeLimit>5242880</orgAttachmentFileSizeLimit>\
         <orgDefaultCurrencyIsoCode>EUR</orgDefaultCurrencyIsoCode>\
         <orgDefaultCurrencyLocale>it_IT_EURO</orgDefaultCurrencyLocale>\
         <orgDisallowHtmlAttachments>false</orgDisallowHtmlAttachments>\
         <orgHasPersonAccounts>false</orgHasPersonAccounts><organizationId>{org_id}</organizationId>\
         <organizationMultiCurrency>false</organizationMultiCurrency><organizationName>{name}</organizationName>\
         <profileId>00e000000000001AAA</profileId><roleId xsi:nil=\"true\"/>\
         <sessionSecondsValid>{seconds}</sessionSecondsValid><userDefaultCurrencyIsoCode xsi:nil=\"true\"/>\
         <userEmail>{user}</userEmail><userFullName>Ops Bot</userFullName><userId>{user_id}</userId>\
         <userLanguage>en_US</userLanguage><userLocale>en_US</userLocale><userName>{user}</userName>\
         <userTimeZone>Europe/Rome</userTimeZone><userType>Standard</userType><userUiSkin>Theme3</userUiSkin>\
         </userInfo></result></loginResponse>"
    ))
}
