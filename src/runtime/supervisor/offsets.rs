//! Where sinks go on that rest.

use super::Supervisor;
use crate::connectors::{NotDone, Offsets};
use crate::control::Kind;
use crate::runtime::connectors::{refused, sinks};
use crate::runtime::half::HalfName;
use crate::runtime::offsets;

impl Supervisor<'_> {
    /// Has the sinks of these pipelines go on there when they run again. They are the connector `name`, which is stopped; whoever would
    /// start it asks here as well, so it stays so meanwhile.
    pub(in crate::runtime) async fn set_offsets(
        &self,
        name: &str,
        pipelines: &[String],
        wanted: &Offsets,
    ) -> Result<(), NotDone> {
        self.report.resting.must_be_stopped(name, pipelines)?;
        let runs = |pipeline: &String| {
            self.stops.contains_key(&HalfName { pipeline: pipeline.clone(), kind: Kind::Sink })
        };
        if pipelines.iter().any(runs) {
            return Err(NotDone::NotNow(format!("connector {name} is being stopped; try again in a moment")));
        }
        let sinks = sinks(&self.config, pipelines)?;
        let set = offsets::set(&sinks, wanted, &self.shared.admin).await;
        set.map_err(|error| refused(&error))
    }
}
