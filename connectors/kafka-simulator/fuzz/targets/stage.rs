//! The broker that inputs are played to, one after the other. libFuzzer ends the process at a panic of any thread.

use std::sync::{Mutex, OnceLock};

use orgstream_kafka_simulator::Broker;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::played::{is_well, prepare};

/// So many inputs meet what those before them have left; then the broker starts over what is on the disk, and a new one
/// takes its place.
const INPUTS: usize = 200;

struct Stage {
    broker: Broker,
    dir: TempDir,
    played: usize,
}

/// Plays one input.
pub fn play(input: impl AsyncFnOnce(&Broker)) {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    static STAGE: Mutex<Option<Stage>> = Mutex::new(None);
    let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
    let mut kept = STAGE.lock().unwrap();
    runtime.block_on(async {
        let mut stage = match kept.take() {
            Some(stage) if stage.played < INPUTS => stage,
            Some(full) => {
                full.end().await;
                Stage::new().await
            }
            None => Stage::new().await,
        };
        stage.played += 1;
        input(&stage.broker).await;
        *kept = Some(stage);
    });
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let broker = Broker::builder().data(dir.path()).start().await.unwrap();
        prepare(&broker).await;
        Self { broker, dir, played: 0 }
    }

    async fn end(self) {
        is_well(&self.broker).await;
        self.broker.stop().await;
        let again = Broker::builder().data(self.dir.path()).start().await.unwrap();
        is_well(&again).await;
        again.stop().await;
    }
}
