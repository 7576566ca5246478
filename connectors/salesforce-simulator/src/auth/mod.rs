//! Logging in: the token endpoint with its three flows, the assertion of the JWT bearer flow, and the tokens it gives.

mod jwt;
mod key;
mod login;
mod token;

pub(crate) use key::ClientKey;
pub(crate) use login::{Logins, bearer};
pub(crate) use token::{identity, oauth_error, revoke, token};
