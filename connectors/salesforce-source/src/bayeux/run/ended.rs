//! What is done between two sessions.

use tokio::time::Instant;

use super::{Run, State};
use crate::bayeux::delivery::Delivery;
use crate::bayeux::end::End;
use crate::bayeux::recovery::Next;
use crate::condition::Part;

impl Run {
    /// Prepares for the next session; false when there is none.
    pub(super) async fn ended(&mut self, state: &mut State, end: End) -> bool {
        if matches!(end, End::Replaced(_) | End::Full) {
            self.say_goodbye(state).await;
        }
        if matches!(end, End::Allowance(_)) {
            self.handover.subscriptions.limited(None);
        }
        let was = std::mem::replace(state, State::Closed);
        if matches!(was, State::Live { .. }) && self.handover.outlet.deliver(Delivery::Lost).is_err() {
            return false;
        }
        let end = match end {
            End::Token => match self.exchange.refresh_token().await {
                Ok(()) => End::Token,
                Err(error) => End::unrefreshed(&error),
            },
            end => end,
        };
        let in_vain = self.exchange.is_upgraded() && !matches!(was, State::Live { .. });
        self.preference.ended(self.around.org.name(), &end, in_vain);
        // Nothing of it stays open while the next one has to wait.
        self.exchange.begin();
        let org = self.around.org.name();
        let condition = &self.around.condition;
        match self.recovery.after(end) {
            Next::Stop => return false,
            Next::Fail(error) => {
                // A source that is gone has no use for the error.
                self.handover.outlet.deliver(Delivery::Failed(error)).ok();
                return false;
            }
            Next::AtOnce(reason) => {
                tracing::info!(%org, %reason, "the streaming session is over; opening another");
                condition.reconnects();
            }
            Next::After(pause, reason) => {
                let text =
                    format!("org `{org}` does not stream: {reason}; trying again, events wait in the org");
                condition.waits(Part::Stream, text, Some(Instant::now() + pause));
                tokio::time::sleep(pause).await;
            }
            Next::WhenHalfEmpty => {
                let text = format!(
                    "Kafka takes the events of org `{org}` more slowly than they come; streaming rests until half of \
                     the {} MB that wait here are taken, further events wait in the org",
                    self.around.stream.buffer >> 20
                );
                condition.waits(Part::Stream, text, None);
                self.handover.outlet.half_empty().await;
            }
        }
        true
    }
}
