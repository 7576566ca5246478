//! What the org allows at a login: states of org and user, blocked flows, and whether the security token is asked
//! for. Every org starts with everything allowed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::parameters::OAuthError;

/// Who may log in, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoginPolicy {
    /// The integration user.
    pub user: UserState,
    /// The org.
    pub org: OrgState,
    /// Flows that are switched off.
    pub blocked_flows: BTreeSet<Flow>,
    /// Whether a password must be followed by the security token. Not from a trusted address, which is the default
    /// here since all calls come from the loopback interface.
    pub require_security_token: bool,
    /// How far ahead an assertion may end, in seconds. A tolerance of 180 s comes on top.
    pub assertion_lifetime_s: u32,
}

/// The state of the integration user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserState {
    /// May log in.
    Active,
    /// Switched off.
    Inactive,
    /// Locked out after wrong passwords.
    Locked,
    /// May log in, but only to set a new password.
    PasswordExpired,
    /// Has not approved the connected app.
    Unapproved,
    /// Not among the users an administrator approved for the app.
    NotAdminApproved,
}

/// The state of the org.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrgState {
    /// Works.
    Active,
    /// Its trial has ended or it was given up.
    Inactive,
    /// Locked by Salesforce.
    Locked,
    /// Its edition has no API.
    ApiDisabled,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Flow {
    /// User name and password at the token endpoint. New orgs block it.
    Password,
    /// An assertion signed with the app's key.
    JwtBearer,
    /// The app's own key and secret.
    ClientCredentials,
    /// A code from `/services/oauth2/authorize`.
    WebServer,
    /// A refresh token.
    RefreshToken,
    /// SOAP `login()`. New orgs block it.
    SoapLogin,
}

/// A change of the policy: what is missing stays.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginChange {
    user: Option<UserState>,
    org: Option<OrgState>,
    blocked_flows: Option<BTreeSet<Flow>>,
    require_security_token: Option<bool>,
    assertion_lifetime_s: Option<u32>,
}

impl Default for LoginPolicy {
    fn default() -> Self {
        Self {
            user: UserState::Active,
            org: OrgState::Active,
            blocked_flows: BTreeSet::new(),
            require_security_token: false,
            assertion_lifetime_s: 300,
        }
    }
}

impl LoginPolicy {
    /// Applies a change.
    pub(crate) fn change(&mut self, change: LoginChange) {
        let LoginChange { user, org, blocked_flows, require_security_token, assertion_lifetime_s } = change;
        self.user = user.unwrap_or(self.user);
        self.org = org.unwrap_or(self.org);
        if let Some(blocked) = blocked_flows {
            self.blocked_flows = blocked;
        }
        self.require_security_token = require_security_token.unwrap_or(self.require_security_token);
        self.assertion_lifetime_s = assertion_lifetime_s.unwrap_or(self.assertion_lifetime_s);
    }

    /// Whether a flow may be tried at all, in the words of the token endpoint.
    pub(crate) fn allows(&self, flow: Flow) -> Result<(), OAuthError> {
        if !self.blocked_flows.contains(&flow) {
            return Ok(());
        }
        Err(match flow {
            Flow::ClientCredentials => ("invalid_grant", "no client credentials user enabled"),
            Flow::JwtBearer => ("invalid_grant", "user hasn't approved this consumer"),
            Flow::WebServer => ("access_denied", "end-user denied authorization"),
            Flow::RefreshToken => ("invalid_grant", "expired access/refresh token"),
            // A blocked org does not say that it is blocked.
            Flow::Password | Flow::SoapLogin => ("invalid_grant", "authentication failure"),
        })
    }

    /// Whether the user, whose proof was right, gets a token.
    pub(crate) fn admits(&self, flow: Flow) -> Result<(), OAuthError> {
        match self.org {
            OrgState::Active => {}
            OrgState::Inactive | OrgState::Locked => {
                return Err(("inactive_org", "organization is not active"));
            }
            OrgState::ApiDisabled => {
                return Err(("invalid_grant", "API is not enabled for this Organization or Partner"));
            }
        }
        match self.user {
            UserState::Active => Ok(()),
            UserState::Inactive if flow == Flow::RefreshToken => Err(("inactive_user", "user is inactive")),
            UserState::Inactive => Err(("invalid_grant", "inactive user")),
            UserState::Locked => Err(("invalid_grant", "user is locked")),
            // The password is right but of no use; other flows do not ask for it.
            UserState::PasswordExpired if flow == Flow::Password => {
                Err(("invalid_grant", "authentication failure"))
            }
            UserState::PasswordExpired => Ok(()),
            UserState::Unapproved => Err(("invalid_grant", "user hasn't approved this consumer")),
            UserState::NotAdminApproved => {
                Err(("invalid_app_access", "user is not admin approved to access this app"))
            }
        }
    }
}
