//! A source is polled while what it handed out before is committed, and nothing it handed out is left behind.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use orgstream_api::{AtEnd, Source, SourceBatch, SourcePosition, TaskError};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::claims::Place;

/// Hands out these places one after the other, then fails.
struct Failing {
    places: VecDeque<u64>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Failing {
    fn note(&self, what: impl Into<String>) {
        self.log.lock().expect("nobody panics").push(what.into());
    }
}

#[async_trait]
impl Source for Failing {
    async fn poll(&mut self) -> Result<SourceBatch, TaskError> {
        let Some(place) = self.places.pop_front() else {
            self.note("failed");
            return Err(TaskError::Gap("changes are missing".to_owned()));
        };
        self.note(format!("place {place}"));
        let position = SourcePosition { partition: json!({"channel": "c"}), offset: json!(place) };
        Ok(SourceBatch::of_positions(vec![position]))
    }

    fn committed(&mut self) {
        self.note("committed");
    }

    async fn at_end(&mut self, _quiet: Duration) -> Result<AtEnd, TaskError> {
        Ok(AtEnd::No)
    }

    async fn stop(&mut self) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_source_handed_out_before_it_failed_is_committed_in_order() {
    let place = Place::new().await;
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut worker = place.worker("ahead", "n1", "00D1", &Arc::default());
    let of_source = Arc::clone(&log);
    worker.start = Box::new(move |_| {
        let source = Failing { places: (0..40).collect(), log: Arc::clone(&of_source) };
        Box::pin(async move { Ok(Box::new(source) as Box<dyn Source>) })
    });
    let failed = worker.run(&CancellationToken::new()).await.expect_err("the source fails");
    assert!(matches!(failed, TaskError::Gap(_)), "{failed}");
    assert_eq!(worker.view.positions.borrow()[0].offset, json!(39), "the last place is in Kafka");

    let log = log.lock().expect("nobody panics").clone();
    let handed_out: Vec<_> = log.iter().filter(|line| line.starts_with("place")).cloned().collect();
    assert_eq!(handed_out, (0..40).map(|place| format!("place {place}")).collect::<Vec<_>>());
    assert_eq!(log.iter().filter(|line| *line == "committed").count(), 40, "each batch, and none twice");
    let first_commit = log.iter().position(|line| line == "committed").expect("there is one");
    assert!(first_commit > 1, "the second place is asked for while the first is being committed");

    // Another process begins at the last one.
    let begun = Arc::new(Mutex::new(Vec::new()));
    let mut next = place.worker("ahead", "n2", "00D1", &Arc::default());
    let beginnings = Arc::clone(&begun);
    next.start = Box::new(move |beginning| {
        beginnings.lock().expect("nobody panics").extend(beginning.positions);
        Box::pin(async { Err(TaskError::config("that was all")) })
    });
    next.run(&CancellationToken::new()).await.expect_err("it does not start");
    assert_eq!(begun.lock().expect("nobody panics")[0].offset, json!(39));
}
