//! Logging in and what a login is good for: the token endpoint with its flows, the web server flow in front of it,
//! the tokens it gives, and the calls that ask about a token or end it.

mod authorize;
mod bearer;
mod client;
mod grant;
mod identity;
mod introspect;
mod jwt;
mod key;
mod login;
mod parameters;
mod policy;
mod revoke;
mod token;
mod user;

pub(crate) use authorize::authorize;
pub(crate) use bearer::{bearer, rest_token};
pub(crate) use identity::{identity, userinfo};
pub(crate) use introspect::introspect;
pub(crate) use key::ClientKey;
pub(crate) use login::Logins;
pub(crate) use policy::LoginChange;
pub use policy::{Flow, LoginPolicy, OrgState, UserState};
pub(crate) use revoke::revoke;
pub(crate) use token::{oauth_error, token};
pub(crate) use user::WrongPassword;
