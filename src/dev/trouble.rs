//! What goes wrong on purpose: one trouble after the other, each for some seconds, in the simulated orgs.

use std::time::Duration;

use orgstream_salesforce_simulator::{CallKind, Effect, Fault};
use serde_json::json;
use url::Url;

/// Between one trouble and the next: long enough to see the recovery.
pub(super) const PAUSE: Duration = Duration::from_secs(8);

/// Both orgs, by their addresses.
#[derive(Debug)]
pub(super) struct Trouble {
    client: reqwest::Client,
    a: Url,
    b: Url,
    next: usize,
}

/// One thing that goes wrong.
enum Kind {
    Fault(Fault),
    /// A call to the simulator, such as `tokens/expire`.
    Order(&'static str),
}

impl Trouble {
    /// Nothing is wrong yet.
    pub(super) fn new(client: reqwest::Client, a: Url, b: Url) -> Self {
        Self { client, a, b, next: 0 }
    }

    /// Makes the next trouble; answers with what it is.
    pub(super) async fn make(&mut self) -> Result<&'static str, reqwest::Error> {
        let turn = self.next;
        self.next += 1;
        let troubles = self.troubles();
        let (what, org, kind) = &troubles[turn % troubles.len()];
        let to = |path: &str| org.join(&format!("/simulator/{path}")).expect("a path that is a constant");
        let request = match kind {
            Kind::Fault(fault) => self.client.post(to("faults")).json(fault),
            Kind::Order(path) => self.client.post(to(path)).json(&json!({})),
        };
        request.send().await?.error_for_status()?;
        Ok(*what)
    }

    /// How many kinds there are.
    pub(super) const KINDS: usize = 7;

    fn troubles(&self) -> [(&'static str, &Url, Kind); Self::KINDS] {
        let (a, b) = (&self.a, &self.b);
        let write = |effect| Fault::new(CallKind::Write, effect);
        let down = Effect::Answer {
            status: 503,
            code: "SERVER_UNAVAILABLE".to_owned(),
            message: "Try again in a moment.".to_owned(),
        };
        let lock = Effect::RecordError {
            code: "UNABLE_TO_LOCK_ROW".to_owned(),
            message: "unable to obtain exclusive access to this record".to_owned(),
        };
        let long = Duration::from_secs(5);
        [
            ("org b refuses five records with UNABLE_TO_LOCK_ROW", b, Kind::Fault(write(lock).times(5))),
            ("org a forgets all streaming sessions", a, Kind::Order("cometd/drop")),
            ("org b writes, then cuts the connection", b, Kind::Fault(write(Effect::CutAfter).times(1))),
            (
                "org b is down for 5 s: every call is answered 503",
                b,
                Kind::Fault(Fault::new(CallKind::Any, down).lasting(long)),
            ),
            ("the access tokens of org a expire", a, Kind::Order("tokens/expire")),
            (
                "org b takes half a second for each write, for 5 s",
                b,
                Kind::Fault(write(Effect::Delay { ms: 500 }).lasting(long)),
            ),
            ("the access tokens of org b expire", b, Kind::Order("tokens/expire")),
        ]
    }
}
