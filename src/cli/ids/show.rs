//! `orgstream ids lookup` and `export`.

use orgstream_api::{IdLink, LinkState};
use orgstream_salesforce::datetime::format_datetime;
use serde::Serialize;

use super::catalog::Catalog;
use super::place::{Place, all_ids};
use crate::cli::args::{self, IdsSides};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output;
use crate::cli::table::table;
use crate::store::LinkKey;

/// Links that are read at once.
const PAGE: usize = 2_000;

/// A link as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    object: &'a str,
    /// The source org's name where it has one here, else its id.
    source: &'a str,
    source_org: &'a str,
    source_id: &'a str,
    target: &'a str,
    target_org: &'a str,
    target_id: Option<&'a str>,
    /// `live` or `deleted`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<String>,
    /// Where the newest record lies that was written through the link; nowhere for one that was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
}

impl<'a> Shown<'a> {
    fn of(link: &'a IdLink, catalog: &'a Catalog) -> Self {
        let (state, deleted_at) = match link.state {
            LinkState::Live => ("live", None),
            LinkState::Deleted(at) => ("deleted", Some(format_datetime(at))),
        };
        Self {
            object: &link.object,
            source: catalog.name(&link.source_org),
            source_org: &link.source_org,
            source_id: &link.source_id,
            target: catalog.name(&link.target_org),
            target_org: &link.target_org,
            target_id: link.target_id.as_deref(),
            state,
            deleted_at,
            last: (link.last.offset >= 0).then(|| link.last.to_string()),
        }
    }
}

pub(super) async fn lookup(arguments: args::IdsLookup) -> Result<Exit, Failure> {
    let (place, words) = Place::of_many(arguments.words, arguments.place.state, 1)?;
    let ids = all_ids(&words)?;
    let reader = place.links()?;
    let catalog = Catalog::of(&place, &IdsSides { from: None, to: None }).await?;
    let (mut links, mut unknown) = (Vec::new(), Vec::new());
    for id in ids {
        let found = reader.of_id(id.as_str()).await.map_err(Failure::failed)?;
        if found.is_empty() {
            unknown.push(id.to_string());
        }
        links.extend(found);
    }
    let shown: Vec<Shown<'_>> = links.iter().map(|link| Shown::of(link, &catalog)).collect();
    if arguments.place.json {
        output::json(&shown)?;
    } else if !shown.is_empty() {
        output::line(&text(&shown))?;
    }
    if unknown.is_empty() {
        return Ok(Exit::Done);
    }
    Err(Failure::failed(anyhow::anyhow!(
        "no link knows {}, in either org: its record was not written yet, or its object is none of a pipeline's",
        unknown.join(", ")
    )))
}

fn text(shown: &[Shown<'_>]) -> String {
    let head = ["OBJECT", "SOURCE", "ID", "TARGET", "ID", "STATE", "WRITTEN FROM"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(shown.iter().map(|shown| {
        let state = match &shown.deleted_at {
            Some(at) => format!("deleted {at}"),
            None => shown.state.to_owned(),
        };
        [
            shown.object,
            shown.source,
            shown.source_id,
            shown.target,
            shown.target_id.unwrap_or("-"),
            state.as_str(),
            shown.last.as_deref().unwrap_or("-"),
        ]
        .map(str::to_owned)
        .to_vec()
    }));
    table(&lines)
}

pub(super) async fn export(arguments: args::IdsExport) -> Result<Exit, Failure> {
    let (place, _) = Place::of(arguments.words, arguments.state, 0)?;
    let reader = place.links()?;
    let catalog = Catalog::of(&place, &arguments.sides).await?;
    if let Some(object) = &arguments.object {
        catalog.must_know(object)?;
    }
    let mut between = None;
    let wanted = |link: &&IdLink| {
        let object = arguments.object.as_ref();
        object.is_none_or(|object| object.eq_ignore_ascii_case(&link.object)) && catalog.has(link)
    };
    if !arguments.json {
        output::line("object,source_id,target_id")?;
    }
    let mut after = None;
    loop {
        let page = reader.all(after.take(), PAGE).await.map_err(Failure::failed)?;
        let mut lines = Vec::new();
        for link in page.iter().filter(wanted) {
            if arguments.json {
                let line = serde_json::to_string(&Shown::of(link, &catalog)).map_err(Failure::failed)?;
                lines.push(line);
                continue;
            }
            let (LinkState::Live, Some(target)) = (link.state, &link.target_id) else { continue };
            let sides = (link.source_org.clone(), link.target_org.clone());
            // Such a file would be taken in between the wrong orgs.
            if between.get_or_insert_with(|| sides.clone()) != &sides {
                return Err(Failure::usage(
                    "there are links between several orgs; say which with `--from` and `--to`, or print all with `--json`"
                        .to_owned(),
                ));
            }
            lines.push(format!("{},{},{target}", link.object, link.source_id));
        }
        if !lines.is_empty() {
            output::line(&lines.join("\n"))?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(LinkKey::of(last)),
            _ => return Ok(Exit::Done),
        }
    }
}
