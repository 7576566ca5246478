//! The same addresses at the next start, as long as nobody else has taken them.

use std::net::{Ipv4Addr, TcpListener};

/// The port to ask for: `last`, when it is free now, or any.
///
/// Whoever takes the port between this look and the use of it makes the start fail with an address in use, and the
/// next start asks for another.
pub(super) fn port_to_ask_for(last: Option<u16>) -> u16 {
    last.filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap_or(0)
}
