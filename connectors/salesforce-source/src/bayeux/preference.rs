//! Which transport to use: a WebSocket where the org offers one, until one fails that the org had offered.

use crate::bayeux::end::End;
use crate::bayeux::message::{LONG_POLLING, WEB_SOCKET};
use crate::config::Transport;

/// So many sessions in a row end before they are live until their WebSockets are taken to be the cause: what stands
/// between may let an upgrade pass and nothing behind it.
const ENOUGH: u32 = 2;

/// What is preferred, for as long as the source runs.
#[derive(Debug)]
pub(crate) struct Preference {
    web_sockets: bool,
    /// Sessions in a row whose WebSocket ended before they were live.
    failed: u32,
}

impl Preference {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { web_sockets: transport == Transport::Auto, failed: 0 }
    }

    /// What a handshake says that this end speaks.
    pub(crate) fn connection_types(&self) -> &'static [&'static str] {
        if self.web_sockets { &[WEB_SOCKET, LONG_POLLING] } else { &[LONG_POLLING] }
    }

    pub(crate) fn allows_web_sockets(&self) -> bool {
        self.web_sockets
    }

    /// A session is live.
    pub(crate) fn is_live(&mut self) {
        self.failed = 0;
    }

    /// A session is over; `in_vain`: it had a WebSocket and never was live.
    pub(crate) fn ended(&mut self, org: &str, end: &End, in_vain: bool) {
        match end {
            End::LongPolling(reason) => self.give_up(org, reason),
            End::Lost(reason) if in_vain && self.failed + 1 == ENOUGH => self.give_up(org, reason),
            End::Lost(_) if in_vain => self.failed += 1,
            _ => {}
        }
    }

    /// No more WebSockets.
    pub(crate) fn give_up(&mut self, org: &str, reason: &str) {
        if std::mem::take(&mut self.web_sockets) {
            tracing::info!(%org, %reason, "the org's WebSockets cannot be used; streaming by long polling");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> End {
        End::Lost("cut".to_owned())
    }

    #[test]
    fn web_sockets_that_never_become_live_are_given_up() {
        let mut preference = Preference::new(Transport::Auto);
        preference.ended("a", &lost(), true);
        preference.is_live();
        preference.ended("a", &lost(), true);
        preference.ended("a", &lost(), false);
        preference.ended("a", &End::Token, true);
        assert_eq!(preference.connection_types(), [WEB_SOCKET, LONG_POLLING]);
        preference.ended("a", &lost(), true);
        assert_eq!(preference.connection_types(), [LONG_POLLING]);
        assert!(!Preference::new(Transport::LongPolling).allows_web_sockets());
    }
}
