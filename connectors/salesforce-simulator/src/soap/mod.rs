//! The SOAP APIs, partner and enterprise: login, what has no REST form, and the calls that libraries make.
//!
//! What a call means is decided where REST decides it; here it gets the shape of the WSDL.
//!
//! # Layout, in reading order
//!
//! - `element`, `envelope`, `fault`: XML, what a request asks for, and how it is refused
//! - `operation`, `endpoint`: the calls of the WSDL, and the way of one
//! - `login`, `session`: who calls
//! - `sent`, `records`, `outcome`: writes
//! - `sobject`, `reads`, `describe`: reads
//! - `absent`: the APIs that are not there

mod absent;
mod describe;
mod element;
mod endpoint;
mod envelope;
mod fault;
mod login;
mod operation;
mod outcome;
mod reads;
mod records;
mod sent;
mod session;
mod sobject;

pub(crate) use absent::{bulk_1, other};
pub(crate) use endpoint::{answer, kinds};
pub(crate) use envelope::Dialect;
