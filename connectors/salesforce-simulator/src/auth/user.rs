//! The user who logs in: what is known of the user, and the tokens given to the user for good.

use serde_json::{Map, Value as Json};

use crate::data::{Entry, Form, render};
use crate::tenant::Tenant;

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongPassword {
    /// User name, password or token.
    Wrong,
    /// Only the security token behind it is missing.
    WithoutToken,
}

/// The fields of the user who logs in, as REST shows them.
#[derive(Debug)]
pub(crate) struct User {
    fields: Map<String, Json>,
}

impl Tenant {
    /// Whether user name, password and security token are right. Calls come from the loopback interface, which
    /// counts as a trusted address: there the security token may be missing, unless the policy says otherwise.
    pub(crate) fn knows_user(&self, username: &str, password: &str) -> Result<(), WrongPassword> {
        let known = &self.identity.credentials;
        let rest = password.strip_prefix(known.password.as_str());
        match rest.filter(|_| username.eq_ignore_ascii_case(&known.username)) {
            Some("") if self.state().logins.policy.require_security_token => Err(WrongPassword::WithoutToken),
            Some(rest) if rest.is_empty() || rest == known.security_token => Ok(()),
            _ => Err(WrongPassword::Wrong),
        }
    }

    /// The identity URL of the user, below the address the client called.
    pub(crate) fn identity_url(&self, base: &str) -> String {
        format!("{base}/id/{}/{}", self.identity.org_id, self.identity.user_id)
    }

    /// A new refresh token, kept over a restart.
    pub(crate) fn new_refresh_token(&self) -> String {
        let mut state = self.state();
        let token = state.logins.issue_refresh_token();
        // It is good until a restart even if it cannot be kept; the log of the process tells.
        let _kept = state.append(&Entry::Granted(token.clone()));
        token
    }

    /// Makes a refresh token void, and the access tokens it gave; whether it was known.
    pub(crate) fn revoke_refresh_token(&self, token: &str) -> bool {
        let mut state = self.state();
        let known = state.logins.revoke_refresh_token(token);
        let _kept = state.append(&Entry::Revoked(token.to_owned()));
        known
    }

    /// The row of the user who logs in.
    pub(crate) fn user(&self) -> User {
        let state = self.state();
        let fields = state.store.row(&self.identity.user_id).map(|(object, row)| {
            let definition = state.store.schema.object(object);
            let fields = definition.visible_fields();
            fields
                .map(|(at, f)| (f.name.clone(), render(&state.store, object, row, at, Form::Rest)))
                .collect()
        });
        User { fields: fields.unwrap_or_default() }
    }

    /// Whether the user's row says that the user is switched off.
    pub(crate) fn user_is_inactive(&self) -> bool {
        self.user().fields.get("IsActive") == Some(&Json::Bool(false))
    }
}

impl User {
    /// A text field that is not empty.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Json::as_str)
    }

    /// The last change, with `Z` for the time zone.
    pub(crate) fn modified(&self) -> Option<String> {
        self.text("LastModifiedDate").map(|time| time.replace(".000+0000", "Z"))
    }
}
