//! The connectors by Kafka Connect's properties, as those see them who ask over REST.

use std::collections::BTreeMap;

use async_trait::async_trait;
use orgstream_api::{TopicPartition, with_causes};
use tokio::sync::oneshot;

use super::offsets;
use super::offsets::Sink;
use super::options::RunError;
use super::report::Report;
use super::request::Request;
use crate::config::Config;
use crate::confluent::Finding;
use crate::connectors::{Connectors, Declared, NotDone, Offsets, Update};
use crate::control::{Change, NotOrdered, PipelineStatus, State, TaskStatus};
use crate::kafka::Admin;

#[async_trait]
impl Connectors for Report {
    fn declared(&self) -> Vec<Declared> {
        self.connectors.declared()
    }

    async fn update(&self, name: String, update: Update) -> Result<bool, NotDone> {
        if matches!(update, Update::Patch(_)) {
            self.must_be_known(&name)?;
        }
        self.must_take_connectors()?;
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Update { name, update, reply }).await.map_err(|_| ends())?;
        answer.await.map_err(|_| ends())?
    }

    async fn remove(&self, name: String) -> Result<(), NotDone> {
        self.must_be_known(&name)?;
        self.must_take_connectors()?;
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::Remove { name, reply }).await.map_err(|_| ends())?;
        answer.await.map_err(|_| ends())?
    }

    async fn change_declared(&self, name: String, change: Change) -> Result<(), NotOrdered> {
        let ended = || NotOrdered::NotRunning("the process ends".to_owned());
        if self.ids.get().is_none() {
            return Err(NotOrdered::NotRunning(self.still_starting()));
        }
        let (reply, answer) = oneshot::channel();
        self.requests.send(Request::ChangeDeclared { name, change, reply }).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    async fn committed(&self, pipelines: &[String]) -> Result<BTreeMap<TopicPartition, i64>, NotDone> {
        let (admin, config) = (self.asking()?, self.config.borrow().clone());
        let committed = offsets::committed(&sinks(&config, pipelines)?, admin).await;
        committed.map_err(|error| NotDone::Failed(with_causes(&error)))
    }

    fn must_be_stopped(&self, name: &str, pipelines: &[String]) -> Result<(), NotDone> {
        self.resting.must_be_stopped(name, pipelines)
    }

    async fn set_offsets(&self, name: &str, pipelines: Vec<String>, offsets: Offsets) -> Result<(), NotDone> {
        let (admin, config) = (self.asking()?, self.config.borrow().clone());
        self.resting.must_be_stopped(name, &pipelines)?;
        // Where requests are carried out one after the other, nobody is kept waiting for as long as this may take.
        let alone = offsets::left_alone(&sinks(&config, &pipelines)?, &self.node, admin).await;
        alone.map_err(|error| refused(&error))?;
        let (reply, answer) = oneshot::channel();
        let request = Request::SetOffsets { name: name.to_owned(), pipelines, offsets, reply };
        self.requests.send(request).await.map_err(|_| ends())?;
        answer.await.map_err(|_| ends())?
    }

    fn examine(&self, properties: &BTreeMap<String, String>) -> Vec<Finding> {
        self.connectors.examine(properties)
    }
}

/// The sinks of these pipelines.
pub(super) fn sinks<'a>(config: &'a Config, pipelines: &[String]) -> Result<Vec<Sink<'a>>, NotDone> {
    let sinks = pipelines.iter().map(|name| {
        let pipeline = config.pipelines.iter().find(|pipeline| pipeline.name == *name)?;
        Some((pipeline, pipeline.sink.as_ref()?))
    });
    let missing = "the connector has not been started, so its offsets are not known; its status says why";
    sinks.collect::<Option<_>>().ok_or_else(|| NotDone::NotNow(missing.to_owned()))
}

/// Why offsets are not set.
pub(super) fn refused(error: &RunError) -> NotDone {
    match error {
        RunError::Config(_) => NotDone::Wrong(with_causes(error)),
        RunError::Failed(_) => NotDone::Failed(with_causes(error)),
    }
}

impl Report {
    fn asking(&self) -> Result<&Admin, NotDone> {
        self.admin.get().ok_or_else(|| NotDone::NotNow(self.still_starting()))
    }

    fn must_be_known(&self, name: &str) -> Result<(), NotDone> {
        if self.connectors.named(name).is_some() { Ok(()) } else { Err(NotDone::Unknown(name.to_owned())) }
    }

    fn must_take_connectors(&self) -> Result<(), NotDone> {
        if !self.connectors.is_open() {
            let why = "what this process runs was made for it, and takes no connectors beside it";
            return Err(NotDone::ReadOnly(why.to_owned()));
        }
        if self.ids.get().is_none() {
            return Err(NotDone::NotNow(self.still_starting()));
        }
        Ok(())
    }

    /// The kept connectors that could not be started, as pipelines with a task that says why.
    pub(super) fn troubled(&self) -> Vec<PipelineStatus> {
        let mut troubled = Vec::new();
        for declared in self.connectors.declared() {
            let Some(trouble) = &declared.trouble else { continue };
            let state = if trouble.is_passing() { State::Degraded } else { State::Failed };
            let since = super::report::text(trouble.since);
            let alone = [declared.name.clone()];
            let names = if declared.pipelines.is_empty() { &alone[..] } else { &declared.pipelines };
            for name in names {
                let task = format!("{name}-{}-0", declared.kind.as_str());
                let mut task = TaskStatus::new(task, declared.kind, state, since.clone());
                task.reason = Some(trouble.reason.clone());
                let half = super::half::HalfName { pipeline: name.clone(), kind: declared.kind };
                task.rests = self.resting.of(&half);
                troubled.push(PipelineStatus::of(name.clone(), vec![task]));
            }
        }
        troubled
    }
}

fn ends() -> NotDone {
    NotDone::NotNow("the process ends".to_owned())
}
