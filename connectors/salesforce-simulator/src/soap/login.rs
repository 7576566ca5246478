//! SOAP `login()`. The order of the elements and their missing prefixes are part of the interface: one client reads
//! by position, another by regular expression.

use super::endpoint::Request;
use super::session::user_elements;
use crate::auth::{Flow, OrgState, UserState, WrongPassword};
use crate::server::Answer;

/// The last version that knows this call.
const LAST: u32 = 64;
/// The largest request, in bytes.
const MAX_REQUEST: usize = 10 * 1024;
const INVALID: &str = "Invalid username, password, security token; or user locked out.";
const NEEDS_TOKEN: &str = "Invalid username, password, security token; or user locked out. Are you at a new location? \
                           When accessing Salesforce--either via a desktop client or the API--from outside of your \
                           company's trusted networks, you must add a security token to your password to log in. To \
                           get your new security token, log in to Salesforce. From your personal settings, enter Reset \
                           My Security Token in the Quick Find box, then select Reset My Security Token.";

/// Logs in with user name, password and security token.
pub(crate) fn login(request: &Request<'_>, version: u32) -> Answer {
    let password_expired = match judged(request, version) {
        Ok(expired) => expired,
        Err((code, message)) => return request.dialect.fault(500, code, message),
    };
    let tenant = request.tenant;
    let identity = &tenant.identity;
    let time = (tenant.clock.now(), tenant.settings.session_lifetime);
    let session = tenant.state().logins.issue(&identity.org_id, time, None, None);
    let base = request.call.base_url(tenant.url());
    let org = identity.org_id.get(..15).unwrap_or_default();
    let (version, letter, user_id) = (request.version, request.dialect.letter(), &identity.user_id);
    request.respond(&format!(
        "<result><metadataServerUrl>{base}/services/Soap/m/{version}/{org}</metadataServerUrl>\
         <passwordExpired>{password_expired}</passwordExpired><sandbox>false</sandbox>\
         <serverUrl>{base}/services/Soap/{letter}/{version}/{org}</serverUrl><sessionId>{session}</sessionId>\
         <userId>{user_id}</userId><userInfo>{}</userInfo></result>",
        user_elements(request)
    ))
}

/// Whether the password has expired, if the login is right; else code and message of the fault.
fn judged(request: &Request<'_>, version: u32) -> Result<bool, (&'static str, &'static str)> {
    if version > LAST {
        return Err((
            "UNSUPPORTED_API_VERSION",
            "SOAP API login() is not available in API version 65.0 and later.",
        ));
    }
    if request.call.body.len() > MAX_REQUEST {
        return Err(("INVALID_LOGIN", "The login request is larger than 10 KB."));
    }
    let tenant = request.tenant;
    let policy = tenant.state().logins.policy.clone();
    match policy.org {
        OrgState::Active => {}
        OrgState::Inactive => return Err(("TRIAL_EXPIRED", "Your trial has expired.")),
        OrgState::Locked => return Err(("ORG_LOCKED", "organization is locked")),
        OrgState::ApiDisabled => {
            return Err(("API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner"));
        }
    }
    if policy.blocked_flows.contains(&Flow::SoapLogin) {
        return Err(("INVALID_OPERATION", "SOAP API login() is disabled by default in this org."));
    }
    let login = &request.envelope.operation;
    let username = login.text_of("username").unwrap_or_default();
    match tenant.knows_user(username, login.text_of("password").unwrap_or_default()) {
        Ok(()) => {}
        Err(WrongPassword::WithoutToken) => return Err(("LOGIN_MUST_USE_SECURITY_TOKEN", NEEDS_TOKEN)),
        Err(WrongPassword::Wrong) => return Err(("INVALID_LOGIN", INVALID)),
    }
    match policy.user {
        // A locked user is told the same as one with a wrong password.
        UserState::Inactive | UserState::Locked => Err(("INVALID_LOGIN", INVALID)),
        _ if tenant.user_is_inactive() => Err(("INVALID_LOGIN", INVALID)),
        UserState::PasswordExpired => Ok(true),
        // The login of a user needs no connected app.
        UserState::Active | UserState::Unapproved | UserState::NotAdminApproved => Ok(false),
    }
}
