//! Tells the status when a call waits for the brokers for longer than a moment.

use std::time::Duration;

use orgstream_api::HealthReporter;
use tokio::pin;
use tokio::time::timeout;

/// A wait that is shorter is not worth a word.
const MOMENT: Duration = Duration::from_secs(5);

/// Waits for `call`. While that takes long, the task is degraded for `reason`, which is asked for once.
pub(super) async fn tell<T>(
    health: &HealthReporter,
    reason: impl FnOnce() -> String,
    call: impl Future<Output = T>,
) -> T {
    pin!(call);
    if let Ok(output) = timeout(MOMENT, &mut call).await {
        return output;
    }
    let reason = reason();
    tracing::warn!("{reason}");
    health.degraded(reason);
    let output = call.await;
    tracing::info!("the brokers answer again");
    health.running();
    output
}

/// Blocks a thread of our own for a while.
#[expect(clippy::disallowed_methods, reason = "only threads that may block call this")]
pub(super) fn block(time: Duration) {
    std::thread::sleep(time);
}

/// Why reading a topic takes long.
pub(super) fn slow_read(topic: &str, brokers: &str) -> String {
    format!(
        "reading topic {topic} of Kafka at {brokers} takes long: it is large, no broker answers, or an unfinished \
         transaction holds its end back"
    )
}
