//! `orgstream ids bootstrap`: fills in the links of records that the target org has already.
//!
//! Only records that the source org has are linked. A link of one that it does not have would look like a deletion that
//! nobody told of.

use std::collections::BTreeMap;

use orgstream_salesforce::{Org, OrgConfig, SalesforceId};
use serde::Serialize;

use super::catalog::mismatch;
use super::change::{Editor, conflict};
use super::place::Place;
use crate::cli::args;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::cli::table::table;
use crate::config::{self, Config, Object, Pipeline};
use crate::control::{Answer, ask};
use crate::embedded::{Announcement, org_configs};
use crate::runtime::{RunOptions, Runtime};
use crate::store::{Changed, IdChanges, LinkKey, Pair};

/// What became of an object.
#[derive(Debug, Default, Serialize)]
struct Filled {
    pipeline: String,
    object: String,
    /// Records of the target org with an external id.
    rows: u64,
    /// External ids that are no ids of the object.
    no_ids: u64,
    /// External ids of records that the source org does not have.
    not_in_source: u64,
    #[serde(flatten)]
    links: Changed,
}

pub(super) async fn bootstrap(arguments: args::IdsBootstrap) -> Result<Exit, Failure> {
    let config = config::load(&arguments.file)?;
    let wanted = wanted(&config, &arguments)?;
    let state = arguments.place.state.clone().unwrap_or_else(|| config.state.clone());
    let place = Place { config: Some(config.clone()), state };
    let running = matches!(ask(&place.state).await.map_err(Failure::failed)?, Answer::Running(_));
    let (idle, addresses) = if running {
        let announced = Announcement::read(&place.state).unwrap_or_default();
        (None, org_configs(&config, &announced.orgs))
    } else {
        let options = RunOptions { state: Some(place.state.clone()), ..RunOptions::default() };
        let idle = Runtime::open(config.clone(), options).await?.ids().await?;
        let addresses = idle.endpoints().orgs.clone();
        (Some(idle), addresses)
    };
    let mut editor = Editor::holding(&place, idle);
    let filled = fill(&wanted, &addresses, &mut editor).await;
    editor.close().await;
    let filled = filled?;
    if arguments.place.json {
        output::json(&filled)?;
    } else {
        output::line(&text(&filled))?;
    }
    Ok(Exit::Done)
}

/// The objects to fill in, each with its pipeline.
fn wanted<'a>(
    config: &'a Config,
    arguments: &args::IdsBootstrap,
) -> Result<Vec<(&'a Pipeline, &'a Object)>, Failure> {
    let is = |wanted: &Option<String>, name: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
    };
    let whole = |pipeline: &&Pipeline| pipeline.source.is_some() && pipeline.sink.is_some();
    let objects: Vec<_> = config
        .pipelines
        .iter()
        .filter(whole)
        .flat_map(|pipeline| pipeline.objects.iter().map(move |object| (pipeline, object)))
        .filter(|(_, object)| object.external_id.is_some())
        .collect();
    let found: Vec<_> = objects
        .iter()
        .filter(|(pipeline, object)| {
            is(&arguments.pipeline, &pipeline.name) && is(&arguments.object, &object.name)
        })
        .copied()
        .collect();
    if found.is_empty() {
        let all: Vec<String> = objects
            .iter()
            .map(|(pipeline, object)| format!("{} of {}", object.name, pipeline.name))
            .collect();
        return Err(Failure::usage(format!(
            "there is no such object with an `external_id` in a pipeline with both a source and a sink; there are: {}",
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        )));
    }
    Ok(found)
}

async fn fill(
    wanted: &[(&Pipeline, &Object)],
    addresses: &BTreeMap<String, OrgConfig>,
    editor: &mut Editor<'_>,
) -> Result<Vec<Filled>, Failure> {
    let mut orgs: BTreeMap<String, Org> = BTreeMap::new();
    let mut all = Vec::new();
    for (pipeline, object) in wanted {
        let (Some(source), Some(sink)) = (&pipeline.source, &pipeline.sink) else { continue };
        for name in [&source.org, &sink.org] {
            if !orgs.contains_key(name) {
                let address = addresses.get(name).cloned();
                let address = address.ok_or_else(|| {
                    Failure::failed(anyhow::anyhow!("the simulated org `{name}` does not run; try again"))
                })?;
                let org = connect(address).await?;
                editor.know(name, org.id().as_str()).await?;
                orgs.insert(name.clone(), org);
            }
        }
        let (source, target) = (&orgs[&source.org], &orgs[&sink.org]);
        all.push(fill_object(pipeline, object, (source, target), editor).await?);
    }
    Ok(all)
}

async fn connect(address: OrgConfig) -> Result<Org, Failure> {
    Org::connect(address)
        .await
        .map_err(|error| if error.is_refused() { Failure::config(error) } else { Failure::failed(error) })
}

async fn fill_object(
    pipeline: &Pipeline,
    object: &Object,
    (source, target): (&Org, &Org),
    editor: &mut Editor<'_>,
) -> Result<Filled, Failure> {
    let mut filled =
        Filled { pipeline: pipeline.name.clone(), object: object.name.clone(), ..Filled::default() };
    let Some(field) = &object.external_id else { return Ok(filled) };
    let soql = format!("SELECT Id, {field} FROM {} WHERE {field} != null ORDER BY Id", object.name);
    let mut page = target.query(&soql).await.map_err(Failure::failed)?;
    loop {
        filled.rows += page.rows.len() as u64;
        let mut found = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            let id = |name: &str| SalesforceId::parse(row.get(name)?.as_str()?).ok();
            match (id(field), id("Id")) {
                (Some(ours), Some(theirs)) if mismatch(&object.name, ours, theirs).is_none() => {
                    found.push((ours, theirs));
                }
                _ => filled.no_ids += 1,
            }
        }
        let ids: Vec<SalesforceId> = found.iter().map(|(ours, _)| *ours).collect();
        let there = if ids.is_empty() {
            Vec::new()
        } else {
            source.retrieve(&object.name, &ids, &[]).await.map_err(Failure::failed)?
        };
        let mut set = Vec::with_capacity(found.len());
        for ((ours, theirs), row) in found.into_iter().zip(there) {
            if row.is_none() {
                filled.not_in_source += 1;
                continue;
            }
            let key = LinkKey {
                source_org: source.id().to_string(),
                object: object.name.clone(),
                source_id: ours.to_string(),
                target_org: target.id().to_string(),
            };
            set.push(Pair { key, target_id: theirs.to_string() });
        }
        let changes = IdChanges { set, only_new: true, ..IdChanges::default() };
        filled.links.add(editor.change(changes).await?);
        let Some(next) = &page.next else { return Ok(filled) };
        page = target.query_next(next).await.map_err(Failure::failed)?;
    }
}

fn text(filled: &[Filled]) -> String {
    let head =
        ["PIPELINE", "OBJECT", "IN TARGET", "NEW LINKS", "KNOWN", "OTHERWISE", "NOT IN SOURCE", "NO IDS"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for one in filled {
        let counts = [one.rows, one.links.new, one.links.same, one.links.kept, one.not_in_source, one.no_ids];
        let mut line = vec![one.pipeline.clone(), one.object.clone()];
        line.extend(counts.map(|count| count.to_string()));
        lines.push(line);
    }
    let mut text = table(&lines);
    for kept in filled.iter().flat_map(|one| &one.links.conflicts) {
        text.push('\n');
        text.push_str(&conflict(kept));
    }
    text
}
