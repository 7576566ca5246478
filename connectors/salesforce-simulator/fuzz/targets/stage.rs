//! The org that inputs are played to, one after the other. libFuzzer ends the process at a panic of any thread.

use std::sync::{Mutex, OnceLock};

use orgstream_salesforce_simulator::Org;
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::played;

/// So many inputs meet what those before them have left; then a new org takes its place.
const INPUTS: usize = 2_000;

struct Stage {
    org: Org,
    client: Client,
    played: usize,
}

/// Plays one input.
pub fn play(input: impl AsyncFnOnce(&Client)) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STAGE: Mutex<Option<Stage>> = Mutex::new(None);
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let mut kept = STAGE.lock().unwrap();
    runtime.block_on(async {
        let mut stage = match kept.take() {
            Some(stage) if stage.played < INPUTS => stage,
            Some(full) => {
                full.org.stop().await;
                Stage::new().await
            }
            None => Stage::new().await,
        };
        stage.played += 1;
        input(&stage.client).await;
        *kept = Some(stage);
    });
}

impl Stage {
    async fn new() -> Self {
        let (org, client) = played::prepare().await;
        Self { org, client, played: 0 }
    }
}
