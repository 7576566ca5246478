//! Connectors that are kept: how they start and end beside the pipelines of the file.
//!
//! One that cannot be started, or fails, ends neither the process nor the others: whoever made it over REST mends it there.

use std::collections::BTreeSet;
use std::sync::Arc;

use orgstream_api::with_causes;
use tokio_util::sync::CancellationToken;

use super::{Supervisor, Unprepared};
use crate::config::Config;
use crate::connectors::{Declared, NotDone, Trouble, Update};
use crate::control::{Change, Kind, NotOrdered, Rest};
use crate::kafka::Error;
use crate::runtime::changes::of_the_process;
use crate::runtime::half::HalfName;
use crate::runtime::options::{Former, RunError};
use crate::runtime::prepare::{input_topics, missing};
use crate::worker::sink::SinkTask;

impl Supervisor<'_> {
    /// Starts every connector that is kept, all together where that goes.
    pub(in crate::runtime) async fn start_kept(&mut self, stop: &CancellationToken) -> Result<(), RunError> {
        let names = self.report.connectors.kept();
        let all: BTreeSet<String> = names.iter().flat_map(|name| self.pipelines(name)).collect();
        if all.is_empty() || self.bring(&all, stop).await?.is_ok() {
            return Ok(());
        }
        // Else the first would be refused for what is wrong with another.
        self.report.connectors.set_aside(&names);
        for name in names {
            self.settle(&name, stop).await?;
        }
        Ok(())
    }

    /// Starts those again that could not be started for a reason that may have passed.
    pub(in crate::runtime) async fn try_again(&mut self, stop: &CancellationToken) -> Result<(), RunError> {
        for name in self.report.connectors.tried_again() {
            self.settle(&name, stop).await?;
        }
        Ok(())
    }

    /// Keeps an update of the connector `name`. It runs so after [`Self::settle`].
    pub(in crate::runtime) fn keep(&self, name: &str, update: Update) -> Result<bool, NotDone> {
        let connectors = &self.report.connectors;
        let rest = match &update {
            Update::Create(_, rest) => *rest,
            Update::Replace(_) | Update::Patch(_) => None,
        };
        let thought = connectors.think(name, update)?;
        self.refuse_keys(thought.config())?;
        let is_new = thought.is_new;
        if let Some(declared) = thought.declared(name) {
            self.refuse_half(declared)?;
            // Before the connector is kept: a new one must not rest because one of its name once did, nor run for a moment when it is
            // to rest.
            for half in halves(declared).into_iter().filter(|_| is_new) {
                let set = self.report.resting.set(&half, rest);
                set.map_err(|error| NotDone::Failed(with_causes(&error)))?;
            }
        }
        connectors.make(name, thought)?;
        Ok(is_new)
    }

    /// What belongs to the whole process is taken once.
    fn refuse_keys(&self, wanted: &Config) -> Result<(), NotDone> {
        let keys = of_the_process(&self.fixed.started_with, wanted, None);
        if keys.is_empty() {
            return Ok(());
        }
        let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = keys.join(", ");
        Err(NotDone::Invalid(vec![format!(
            "it would change {keys}, which is the same for the whole process and stands in its file; leave out what says so, or run a \
             process of its own for it"
        )]))
    }

    /// A process may be there for sources alone, or for sinks.
    fn refuse_half(&self, declared: &Declared) -> Result<(), NotDone> {
        let options = &self.fixed.options;
        let runs = if declared.kind == Kind::Source { options.sources() } else { options.sinks() };
        if runs {
            return Ok(());
        }
        Err(NotDone::Invalid(vec![format!("this process runs no {}s (`--only`)", declared.kind.as_str())]))
    }

    /// Forgets the connector `name`, and ends it.
    pub(in crate::runtime) async fn remove(
        &mut self,
        name: &str,
        stop: &CancellationToken,
    ) -> Result<Result<(), NotDone>, RunError> {
        let gone = match self.report.connectors.forget(name) {
            Ok(gone) => gone,
            Err(refused) => return Ok(Err(refused)),
        };
        self.drop(&gone.pipelines, stop).await?;
        self.report.connectors.left();
        for half in halves(&gone) {
            if let Err(error) = self.report.resting.set(&half, None) {
                tracing::warn!(error = %with_causes(&error), "It is not forgotten that a connector rests that is gone.");
            }
        }
        Ok(Ok(()))
    }

    /// Has a connector that is kept, or stands in a property file, run, rest or start again.
    pub(in crate::runtime) async fn change_declared(
        &mut self,
        name: &str,
        change: Change,
        stop: &CancellationToken,
    ) -> Result<Result<(), NotOrdered>, RunError> {
        let Some(declared) = self.report.connectors.named(name) else {
            return Ok(Err(NotOrdered::Unknown(format!("there is no connector `{name}`"))));
        };
        let halves = halves(&declared);
        if declared.trouble.is_none() {
            for half in halves {
                if let Err(refused) = self.change(&half, change, stop).await? {
                    return Ok(Err(refused));
                }
            }
            return Ok(Ok(()));
        }
        let rest = match change {
            Change::Pause => Some(Rest::Paused),
            Change::Stop => Some(Rest::Stopped),
            Change::Resume => None,
            Change::Restart { .. } => halves.first().and_then(|half| self.report.resting.of(half)),
        };
        for half in &halves {
            if let Err(error) = self.report.resting.set(half, rest) {
                return Ok(Err(NotOrdered::Refused(with_causes(&error))));
            }
        }
        if rest.is_some() {
            return Ok(Ok(()));
        }
        self.settle(name, stop).await?;
        let trouble = self.report.connectors.named(name).and_then(|declared| declared.trouble);
        Ok(trouble.map_or(Ok(()), |trouble| Err(NotOrdered::Refused(trouble.reason))))
    }

    /// Has the connector `name` run as it is kept. Where that cannot be it does not run, and its trouble is shown.
    pub(in crate::runtime) async fn settle(
        &mut self,
        name: &str,
        stop: &CancellationToken,
    ) -> Result<(), RunError> {
        let touched: BTreeSet<String> = self.pipelines(name).into_iter().collect();
        if let Err(Unprepared { why, lasts }) = self.bring(&touched, stop).await? {
            let trouble = if lasts { Trouble::refused(why) } else { Trouble::passing(why) };
            self.report.connectors.show_trouble(name, trouble);
            // What it was before it is no more.
            self.drop(&touched.into_iter().collect::<Vec<_>>(), stop).await?;
        }
        self.report.connectors.left();
        Ok(())
    }

    /// Runs the file's pipelines, those of the connectors that are at work already, and the `touched` ones.
    async fn bring(
        &mut self,
        touched: &BTreeSet<String>,
        stop: &CancellationToken,
    ) -> Result<Result<(), Unprepared>, RunError> {
        let connectors = &self.report.connectors;
        let mut wanted = connectors.gather_again();
        let aside = connectors.aside();
        wanted
            .pipelines
            .retain(|pipeline| touched.contains(&pipeline.name) || !aside.contains(&pipeline.name));
        if let Err(error) = self.find_former(touched, &wanted).await {
            return Ok(Err(Unprepared::new(with_causes(&error))));
        }
        let applied = match self.apply(wanted, touched, stop).await? {
            Ok(applied) => applied,
            Err(refused) => return Ok(Err(refused)),
        };
        for (half, error) in applied.failed {
            say_failed(&half, &error);
        }
        connectors.run(touched);
        Ok(Ok(()))
    }

    /// A sink takes the place of the connector of its name in Kafka Connect: it goes on where that one has committed, unless it has
    /// committed itself.
    async fn find_former(&mut self, touched: &BTreeSet<String>, wanted: &Config) -> Result<(), Error> {
        let admin = &self.shared.admin;
        self.former.retain(|name, _| wanted.pipelines.iter().any(|pipeline| pipeline.name == *name));
        for pipeline in wanted.pipelines.iter().filter(|pipeline| touched.contains(&pipeline.name)) {
            let Some(group) = self.report.connectors.group(&pipeline.name) else { continue };
            let mut inputs = input_topics(pipeline);
            let missing = missing(&inputs, admin).await?;
            inputs.retain(|topic| !missing.contains(topic));
            let own = SinkTask { pipeline: pipeline.name.clone(), number: 0 }.group();
            if !inputs.is_empty()
                && admin.committed(&own, &inputs).await?.is_empty()
                && !admin.committed(&group, &inputs).await?.is_empty()
            {
                tracing::info!(
                    pipeline = pipeline.name,
                    group,
                    "The sink goes on where Kafka Connect has committed."
                );
                self.former.insert(pipeline.name.clone(), Former::TakeOver(group));
            }
        }
        Ok(())
    }

    /// Ends these pipelines, and goes on without them.
    async fn drop(&mut self, pipelines: &[String], stop: &CancellationToken) -> Result<(), RunError> {
        let is_meant = |name: &str| pipelines.iter().any(|pipeline| pipeline == name);
        self.stop(|name| is_meant(&name.pipeline), stop).await?;
        for name in pipelines {
            self.report.tasks.remove(name);
        }
        let mut config = (*self.config).clone();
        config.pipelines.retain(|pipeline| !is_meant(&pipeline.name));
        self.config = Arc::new(config);
        self.report.config.send_replace(Arc::clone(&self.config));
        Ok(())
    }

    fn pipelines(&self, name: &str) -> Vec<String> {
        self.report.connectors.named(name).map(|declared| declared.pipelines).unwrap_or_default()
    }
}

pub(super) fn say_failed(connector: &str, error: &str) {
    tracing::error!(
        connector,
        error,
        "A connector that was made over REST has failed; the others go on. `POST /connectors/NAME/restart` starts it again."
    );
}

/// The halves of pipelines that a connector is.
fn halves(declared: &Declared) -> Vec<HalfName> {
    let half = |pipeline: &String| HalfName { pipeline: pipeline.clone(), kind: declared.kind };
    declared.pipelines.iter().map(half).collect()
}
