//! A half that is to run, rest or start again.

use orgstream_api::{TaskError, with_causes};
use tokio_util::sync::CancellationToken;

use super::Supervisor;
use super::apply::ready;
use crate::config::Pipeline;
use crate::control::{Change, NotOrdered, Rest};
use crate::runtime::half::{Half, HalfName};
use crate::runtime::options::RunError;
use crate::runtime::prepare::Place;

impl Supervisor<'_> {
    /// Has a half run, rest or start again. What it is to do is kept before it is done, so that a process that is killed meanwhile
    /// comes back with what was wanted.
    ///
    /// # Errors
    /// The outer error ends the process; the inner one says why nothing was done.
    pub(in crate::runtime) async fn change(
        &mut self,
        half: &HalfName,
        change: Change,
        stop: &CancellationToken,
    ) -> Result<Result<(), NotOrdered>, RunError> {
        let known = self.report.tasks.named(&half.to_string());
        let pipeline = self.config.pipelines.iter().find(|pipeline| pipeline.name == half.pipeline).cloned();
        let (Some(known), Some(pipeline)) = (known, pipeline) else {
            return Ok(Err(NotOrdered::Unknown(format!("`{half}` was taken out of the file meanwhile"))));
        };
        let (rests, runs) = (self.report.resting.of(half), self.stops.contains_key(half));
        let (wanted, begins) = match change {
            Change::Pause => (Some(Rest::Paused), false),
            Change::Stop => (Some(Rest::Stopped), false),
            Change::Resume => (None, !runs),
            Change::Restart { only_failed } => (rests, rests.is_none() && !(only_failed && runs)),
        };
        if begins && let Err(error) = self.ready_again(&pipeline).await {
            let why = with_causes(&error);
            return Ok(Err(NotOrdered::Refused(format!("connector {half} cannot be started: {why}"))));
        }
        if let Err(error) = self.report.resting.set(half, wanted) {
            return Ok(Err(NotOrdered::Refused(with_causes(&error))));
        }
        if wanted.is_some() || begins {
            self.stop(|name| name == half, stop).await?;
        }
        if let Some(rest) = wanted {
            known.rest(rest);
        }
        if !begins {
            return Ok(Ok(()));
        }
        if stop.is_cancelled() {
            return Ok(Err(NotOrdered::NotRunning("the process ends".to_owned())));
        }
        let halves = Half::all(&self.config, &pipeline, &self.options_of_now());
        let anew = halves.into_iter().find(|other| other.name() == *half);
        let anew = anew.expect("the half was made of this pipeline before");
        self.report.tasks.put_half(anew.clone());
        self.start_half(&pipeline, anew);
        let begun = self.begin(|name| name == half, stop).await?;
        Ok(match begun.failed.into_values().next() {
            None => Ok(()),
            Some(why) => Err(NotOrdered::Refused(format!("connector {half} has failed: {why}"))),
        })
    }

    /// Makes sure that a pipeline whose half is started again can run still.
    async fn ready_again(&self, pipeline: &Pipeline) -> Result<(), TaskError> {
        let options = self.options_of_now();
        let (kafka, admin) = (&self.shared.kafka, &self.shared.admin);
        ready(pipeline, &Place { config: &self.config, options: &options, kafka, admin }, &self.orgs).await
    }
}
