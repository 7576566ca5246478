//! Setting where a sink goes on: what it does is shown first, and records are left out only where that is meant.

use super::running;
use super::target::{part, target};
use crate::cli::args::{OffsetsChange, OffsetsReset, OffsetsSet};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::cli::table::table;
use crate::config::{self, Config};
use crate::runtime::{Move, Plan, Target, Wanted};

pub(super) async fn set(arguments: OffsetsSet) -> Result<Exit, Failure> {
    let target = target(&arguments.to).map_err(Failure::usage)?;
    let only: Result<Vec<_>, _> = arguments.only.iter().map(|word| part(word)).collect();
    let only = only.map_err(Failure::usage)?;
    if !only.is_empty() && matches!(target, Target::Places(_)) {
        return Err(Failure::usage("places name their partitions; leave `--only` out".to_owned()));
    }
    change(arguments.change, target, only).await
}

pub(super) async fn reset(arguments: OffsetsReset) -> Result<Exit, Failure> {
    change(arguments.change, Target::Start, Vec::new()).await
}

async fn change(
    arguments: OffsetsChange,
    target: Target,
    only: Vec<(String, Option<i32>)>,
) -> Result<Exit, Failure> {
    let OffsetsChange { file, pipeline, dry_run, yes, state, json } = arguments;
    let config = config::load(&file)?;
    let pipeline = with_sink(&config, pipeline)?;
    let place = state.unwrap_or_else(|| config.state.clone());
    let running = running(&place).await?;
    let wanted = Wanted { pipeline, target, only };
    let agreed = |plan: &Plan| !dry_run && (yes || !plan.is_risky());
    let plan = Plan::carry_out(&config, &place, running.as_ref(), &wanted, agreed).await?;
    let Some(plan) = plan else {
        return Err(Failure::failed(anyhow::anyhow!(
            "nothing has run on {} yet, so there is no offset to set",
            place.display()
        )));
    };
    if json {
        output::json(&plan)?;
    } else {
        output::line(&shown(&plan))?;
    }
    for effect in effects(&plan) {
        output::note(&effect);
    }
    if dry_run {
        output::note("Nothing is changed (`--dry-run`).");
    } else if !agreed(&plan) {
        return Err(Failure::usage("nothing is changed: say `--yes` if that is meant".to_owned()));
    } else if plan.forgets {
        output::note(&format!("Group {} has forgotten its offsets.", plan.group));
    } else {
        output::note(&format!("The offsets of group {} are set.", plan.group));
    }
    Ok(Exit::Done)
}

/// The pipeline whose sink is meant.
fn with_sink(config: &Config, named: Option<String>) -> Result<String, Failure> {
    let sinks: Vec<&str> = config
        .pipelines
        .iter()
        .filter(|pipeline| pipeline.sink.is_some())
        .map(|pipeline| pipeline.name.as_str())
        .collect();
    let listed = if sinks.is_empty() { "none".to_owned() } else { sinks.join(", ") };
    match (named, sinks.as_slice()) {
        (Some(named), all) if all.contains(&named.as_str()) => Ok(named),
        (Some(named), _) if config.pipelines.iter().any(|pipeline| pipeline.name == named) => {
            Err(Failure::usage(format!(
                "pipeline {named} has no sink, and the place of its source cannot be set: it is a replay id, a time and what is being \
                 read, in one transaction with the records before it, and any other place would lose or repeat changes unseen. \
                 `orgstream run FILE --snapshot {named}` reads everything anew, `orgstream snapshot FILE --object NAME` one object"
            )))
        }
        (Some(named), _) => {
            Err(Failure::usage(format!("there is no pipeline `{named}`; those with a sink: {listed}")))
        }
        (None, [one]) => Ok((*one).to_owned()),
        (None, _) => Err(Failure::usage(format!("name the pipeline; those with a sink: {listed}"))),
    }
}

fn shown(plan: &Plan) -> String {
    let head = ["GROUP", "TOPIC", "PARTITION", "COMMITTED", "TO", "END", "EFFECT"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(plan.moves.iter().map(|moved| {
        vec![
            plan.group.clone(),
            moved.topic.clone(),
            moved.partition.to_string(),
            moved.committed.map_or_else(|| "-".to_owned(), |committed| committed.to_string()),
            moved.to.to_string(),
            moved.end.to_string(),
            effect(moved),
        ]
    }));
    table(&lines)
}

fn effect(moved: &Move) -> String {
    match (moved.skipped(), moved.again()) {
        (0, 0) => "stays".to_owned(),
        (skipped @ 1.., _) => format!("{skipped} never delivered"),
        (_, again) => format!("{again} come again"),
    }
}

/// What it means, in sentences.
fn effects(plan: &Plan) -> Vec<String> {
    let mut effects = Vec::new();
    let (skipped, again) = (plan.skipped(), plan.again());
    if skipped > 0 {
        effects.push(format!(
            "{skipped} offsets are passed over: their records are never delivered, and neither counted nor kept as dead letters."
        ));
    }
    if again > 0 && plan.forgets {
        effects.push(format!(
            "{again} offsets come again, and every record among them that is as new as what was written last is written once more."
        ));
    }
    if again > 0 && !plan.forgets {
        effects.push(format!(
            "{again} offsets come again. Records whose newest write lies at or behind theirs are known by their links and skipped as \
             duplicates; what was refused or passed over is tried again. `orgstream offsets reset` has everything written once more."
        ));
    }
    if again > 0 && plan.inserts {
        effects.push(
            "The sink inserts: what no link or note tells to be there already is made a second time."
                .to_owned(),
        );
    }
    effects
}
