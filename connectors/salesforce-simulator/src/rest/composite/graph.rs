//! `composite/graph`: several series of calls, each of which stands or falls as a whole and by itself.

use std::cell::Cell;
use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::super::body;
use super::super::resource::Resource;
use super::series::check_ids;
use super::subrequest::{Outcome, Subrequest, run_together};
use crate::data::Refusal;
use crate::server::Answer;
use crate::spanning::Ending;

/// The first API version that has graphs.
pub(super) const FIRST_VERSION: u32 = 500;
const MAX_GRAPHS: usize = 75;
const MAX_NODES: usize = 500;
/// Different pairs of version, method and object.
const MAX_KINDS: usize = 15;
/// With more failed graphs than these the rest is not tried.
const MAX_FAILURES: usize = 14;

#[derive(Deserialize)]
struct Request {
    graphs: Option<Vec<Graph>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Graph {
    graph_id: String,
    composite_request: Vec<Json>,
}

/// `POST composite/graph`.
pub(crate) fn graph(resource: &Resource<'_>) -> Result<Answer, Refusal> {
    if resource.version < FIRST_VERSION {
        return Err(Refusal::not_found());
    }
    let request: Request = body::read(resource.call)?;
    let graphs = request.graphs.ok_or_else(|| body::misfit("graphs", &Json::Null))?;
    let graphs: Vec<(String, Vec<Subrequest>)> = graphs
        .into_iter()
        .map(|graph| {
            let nodes: Result<Vec<_>, _> =
                graph.composite_request.into_iter().map(Subrequest::read).collect();
            Ok((graph.graph_id, nodes?))
        })
        .collect::<Result<_, Refusal>>()?;
    check(&graphs, resource.version)?;
    let written = Cell::new(0);
    let mut failures = 0;
    let mut results = Vec::with_capacity(graphs.len());
    for (id, nodes) in &graphs {
        let (outcomes, stand) = if failures > MAX_FAILURES {
            let halted = || Outcome::halted("Processing was halted because too many graphs failed.");
            (std::iter::repeat_with(halted).take(nodes.len()).collect(), false)
        } else {
            resource.tenant.together(resource.origin(), || {
                let (outcomes, stand) = run_together(resource, nodes, &written);
                ((outcomes, stand), if stand { Ending::Keep } else { Ending::TakeBack })
            })?
        };
        failures += usize::from(!stand);
        let shown = outcomes.into_iter().zip(nodes);
        let shown: Vec<Json> =
            shown.map(|(outcome, node)| outcome.into_json(&json!(node.reference_id))).collect();
        results.push(json!({
            "graphId": id,
            "graphResponse": {"compositeResponse": shown},
            "isSuccessful": stand,
        }));
    }
    if written.get() > 0 {
        resource.wrote(written.get());
    }
    Ok(Answer::json(200, &json!({"graphs": results})))
}

fn check(graphs: &[(String, Vec<Subrequest>)], version: u32) -> Result<(), Refusal> {
    let limit = |message: String| Err(Refusal::new(400, "LIMIT_EXCEEDED", message));
    if graphs.len() > MAX_GRAPHS {
        return limit(format!("The request can’t contain more than {MAX_GRAPHS} graphs."));
    }
    if graphs.iter().map(|(_, nodes)| nodes.len()).sum::<usize>() > MAX_NODES {
        return limit(format!("The request can’t contain more than {MAX_NODES} nodes."));
    }
    let mut kinds = HashSet::new();
    let mut ids = HashSet::new();
    for (id, nodes) in graphs {
        if !ids.insert(id) {
            return Err(body::parser_error(format!("Duplicate graphId provided in the request: {id}")));
        }
        check_ids(nodes, version)?;
        for node in nodes {
            let path = node.path().filter(|path| path.starts_with("sobjects/")).ok_or_else(|| {
                let message = format!("The URL {} is not supported in a composite graph", node.url);
                Refusal::new(400, "INVALID_INPUT", message)
            })?;
            let object = path.split('/').nth(1).unwrap_or_default().to_ascii_lowercase();
            let version = node.url.split('/').nth(3).unwrap_or_default();
            kinds.insert((node.method.as_str(), version, object));
        }
    }
    if kinds.len() > MAX_KINDS {
        return limit(format!("The request can’t contain more than {MAX_KINDS} different nodes."));
    }
    Ok(())
}
