//! Which channels the session asks for, where it begins in each, and what becomes of those that are refused.

use std::time::Duration;

use tokio::time::Instant;

use super::Run;
use crate::bayeux::delivery::{Delivery, Served};
use crate::bayeux::end::End;
use crate::bayeux::message::{self, Replay};
use crate::bayeux::refusal::{Refusal, Remedy, Resort};
use crate::bayeux::subscriptions::Subscription;
use crate::channel::Family;
use crate::error::SourceError;

impl Run {
    /// Asks for every channel that is not answered yet, and hands over what comes meanwhile.
    pub(super) async fn subscribe_all(&mut self, client: &str) -> Result<(), End> {
        while let Some(next) = self.handover.subscriptions.next().cloned() {
            self.subscribe(client, next).await?;
            self.hand_over().await?;
        }
        Ok(())
    }

    /// Subscribes where the cursor stands, or to what is retained where the org cannot serve that place.
    ///
    /// The newest event handed out is where the cursor stands, committed or not: what waits between here and the
    /// source's commit lives as long as this task does, and asking for it again would only cost allocation.
    async fn subscribe(&mut self, client: &str, wanted: Subscription) -> Result<(), End> {
        // A time before the subscription took effect, so that no event falls between the two; in whole seconds,
        // because events need not be dated more exactly.
        let now = self.around.clock.now();
        let at = now.ok_or_else(|| End::Lost("the org never said the time".to_owned()))?.whole_second();
        let mut asked = wanted.cursor.replay();
        loop {
            let build = |id| message::subscribe(id, client, &wanted.channel, asked);
            let answer = self.exchange.request(build, self.timing.answer).await?;
            match answer.refusal() {
                None => break,
                Some(Refusal::Channel(Resort::Retained)) if matches!(asked, Replay::After(_)) => {
                    let (channel, reason) = (&wanted.channel, answer.reason());
                    tracing::warn!(%channel, %reason, "the org cannot serve the replay id; asking for what it retains");
                    asked = Replay::Retained;
                }
                // The org itself says that a new session helps.
                Some(Refusal::Channel(Resort::Leave)) if answer.asks_for_handshake() => {
                    return Err(End::Lost(answer.reason().to_owned()));
                }
                Some(Refusal::Channel(resort)) => return self.leave_out(wanted, resort, answer.reason()),
                // Each kind of channel has an allowance of its own, and the session brings the others.
                Some(Refusal::Session(Remedy::WaitForAllowance)) => {
                    return self.rest(wanted, answer.reason());
                }
                Some(Refusal::Session(remedy)) => {
                    let what = format!("the channel {}", wanted.channel);
                    return Err(End::refused(remedy, &what, answer.reason()));
                }
            }
        }
        let Subscription { channel, ask, .. } = wanted;
        let limited = self.handover.subscriptions.granted(&channel, at);
        let served = match asked {
            Replay::New => Served::New,
            Replay::After(_) => Served::WithoutBreak,
            Replay::Retained => Served::Retained { limited },
        };
        // D9: before its events, so that a gap is found before anything behind it is produced.
        self.handover.outlet.deliver(Delivery::Subscribed { channel, ask, served, at })
    }

    /// The org delivers nothing more of this channel's kind today. It is asked for again from time to time, also by this
    /// session.
    fn rest(&mut self, resting: Subscription, reason: &str) -> Result<(), End> {
        let next = Instant::now() + self.timing.limited;
        let Subscription { channel, ask, .. } = resting;
        self.handover.subscriptions.rests(&channel, next);
        let error = SourceError::Stream {
            org: self.around.org.name().to_owned(),
            what: format!("the channel {channel}"),
            reason: reason.to_owned(),
            advice: match channel.family() {
                Some(Family::Platform | Family::Generic) => {
                    "its events wait in the org as long as that retains them; raise the org's allocation"
                }
                Some(Family::Topic | Family::Change) | None => {
                    "its events wait in the org, and sweeps bring what changes meanwhile; raise the org's allocation, or \
                     read fewer objects by channels of this kind"
                }
            },
        };
        self.handover.outlet.deliver(Delivery::Rests { channel, ask, error, next })
    }

    /// The org refuses one channel, which is left out until the source asks for it again.
    fn leave_out(&mut self, refused: Subscription, resort: Resort, reason: &str) -> Result<(), End> {
        let Subscription { channel, ask, .. } = refused;
        let first = self.handover.subscriptions.refused(&channel);
        if resort == Resort::Limit {
            self.handover.subscriptions.limited(Some(&channel));
        }
        let (advice, after) = match resort {
            // Once: a channel that was made anew and is still not there needs somebody.
            Resort::MakeAnew if first => ("its PushTopic is made anew", Some(Duration::ZERO)),
            Resort::Limit => {
                ("lower the number of subscribers, or wait until others are gone", Some(self.timing.limited))
            }
            _ => (unreadable(channel.family()), None),
        };
        let (org, what) = (self.around.org.name().to_owned(), format!("the channel {channel}"));
        let error = SourceError::Stream { org, what, reason: reason.to_owned(), advice };
        self.handover.outlet.deliver(Delivery::Refused { channel, ask, error, after })
    }
}

/// What to look at when a channel of this family cannot be read.
fn unreadable(family: Option<Family>) -> &'static str {
    match family {
        Some(Family::Topic) | None => {
            "check that the PushTopic exists and that the user may read it, its object and its fields"
        }
        Some(Family::Change) => {
            "check that Change Data Capture is switched on for the object, that a custom channel exists, and that the user \
             may read the object"
        }
        Some(Family::Platform) => {
            "check that the platform event or the custom channel exists, and that the user may read the event"
        }
        Some(Family::Generic) => {
            "check that a StreamingChannel of this name exists, and that the user may read it"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Channel;

    #[test]
    fn a_channel_that_cannot_be_read_is_explained_by_what_raises_its_events() {
        for (channel, word) in [
            ("/topic/Leads", "PushTopic"),
            ("/data/LeadChangeEvent", "Change Data Capture"),
            ("/event/Order__e", "platform event"),
            ("/u/Notes", "StreamingChannel"),
        ] {
            let advice = unreadable(Channel::named(channel).family());
            assert!(advice.starts_with("check that") && advice.contains(word), "{channel}: {advice}");
        }
    }
}
