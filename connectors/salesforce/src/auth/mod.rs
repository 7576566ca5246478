//! How an org is logged in to: three OAuth flows with the same two functions each, and one token per org.

mod client_credentials;
mod jwt_bearer;
mod password;

mod login;

mod token;
pub use token::Token;

mod logins;
pub use logins::LoginCounts;
pub(crate) use logins::Logins;

mod session;
pub(crate) use session::Session;
