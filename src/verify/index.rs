//! The ids of both orgs, and which record of org B stands for which of org A.

use std::collections::{HashMap, HashSet};

use orgstream_api::LinkState;
use orgstream_salesforce::{ApiError, Describe, Org, Row};
use orgstream_salesforce_sink::OnLeave;

use super::comparison::VerifyError;
use super::outside::outside;
use super::report::{Difference, ObjectReport};
use crate::config::Object;
use crate::store::LinkReader;

/// Links that are asked of the id map at once.
const LINKS: usize = 2_000;

/// The records of one object in both orgs.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The ids in org A, ordered.
    pub(super) source: Vec<String>,
    /// Records of org A that the sink's filter keeps from org B; they are neither missed there nor compared.
    pub(super) outside: HashSet<String>,
    /// From ids of org A to ids of org B.
    pub(super) pairs: HashMap<String, String>,
}

impl Index {
    /// Reads the ids of both orgs, pairs them, and reports the records that have no partner.
    pub(super) async fn read(
        (source, describe): (&Org, &Describe),
        sink: &Org,
        object: &Object,
        links: Option<&LinkReader>,
        report: &mut ObjectReport,
    ) -> Result<Self, VerifyError> {
        let name = &object.name;
        let field = object.external_id.as_deref();
        let of_sink = match field {
            Some(field) => format!("SELECT Id, {field} FROM {name} ORDER BY Id"),
            None => ids_only(name),
        };
        let of_source = ids_only(name);
        let (ours, theirs) = tokio::try_join!(all(source, &of_source), all(sink, &of_sink))?;
        report.in_source = count(ours.len());
        report.in_sink = count(theirs.len());

        let all: Vec<String> = ours.iter().filter_map(|row| text(row, "Id")).collect();
        let outside = outside(source, describe, object, &all).await?;
        let source_ids = all.into_iter().filter(|id| !outside.contains(id)).collect();
        report.outside_filter = count(outside.len());
        let mut index = Self { source: source_ids, outside, pairs: HashMap::new() };
        let target_ids: HashSet<String> = theirs.iter().filter_map(|row| text(row, "Id")).collect();
        let links = linked(source, sink, name, &index.source, links).await?;
        if let Some(field) = field {
            let keeps = object.rules.on_leave == OnLeave::Keep;
            index.pair_by_external_id(&theirs, field, &links, keeps, report);
        }
        for source_id in &index.source {
            if let Some(linked) = links.get(source_id) {
                match index.pairs.get(source_id) {
                    Some(sink_id) if sink_id != linked => report.add(Difference::Link {
                        source_id: source_id.clone(),
                        linked: linked.clone(),
                        sink_id: sink_id.clone(),
                    }),
                    None if target_ids.contains(linked) => {
                        index.pairs.insert(source_id.clone(), linked.clone());
                    }
                    _ => {}
                }
            }
            if !index.pairs.contains_key(source_id) {
                report.add(Difference::Missing { source_id: source_id.clone() });
            }
        }
        Ok(index)
    }

    fn pair_by_external_id(
        &mut self,
        rows: &[Row],
        field: &str,
        links: &HashMap<String, String>,
        keeps: bool,
        report: &mut ObjectReport,
    ) {
        let known: HashSet<&String> = self.source.iter().collect();
        let linked: HashSet<&String> = links.values().collect();
        let mut named: HashMap<String, Vec<String>> = HashMap::new();
        // In the order of the rows, so that two runs report the same.
        let mut order = Vec::new();
        for row in rows {
            let Some(sink_id) = text(row, "Id") else { continue };
            match text(row, field) {
                Some(external_id) => {
                    let ids = named.entry(external_id.clone()).or_default();
                    if ids.is_empty() {
                        order.push(external_id);
                    }
                    ids.push(sink_id);
                }
                None if linked.contains(&sink_id) => {}
                None => report.not_ours += 1,
            }
        }
        for external_id in order {
            let sink_ids = named.remove(&external_id).unwrap_or_default();
            if keeps && self.outside.contains(&external_id) {
                continue;
            }
            if !known.contains(&external_id) {
                for sink_id in sink_ids {
                    report.add(Difference::Extra { sink_id, external_id: external_id.clone() });
                }
                continue;
            }
            if sink_ids.len() > 1 {
                report.add(Difference::Duplicate {
                    external_id: external_id.clone(),
                    sink_ids: sink_ids.clone(),
                });
            }
            self.pairs.extend(sink_ids.into_iter().next().map(|sink_id| (external_id, sink_id)));
        }
    }
}

/// The live links of `ids`; none without an id map.
async fn linked(
    source: &Org,
    sink: &Org,
    object: &str,
    ids: &[String],
    links: Option<&LinkReader>,
) -> Result<HashMap<String, String>, VerifyError> {
    let mut linked = HashMap::new();
    let Some(links) = links else { return Ok(linked) };
    for ids in ids.chunks(LINKS) {
        let found = links.read(source.id().as_str(), object, sink.id().as_str(), ids.to_vec()).await?;
        let live = found.into_iter().flatten().filter(|link| link.state == LinkState::Live);
        linked.extend(live.filter_map(|link| Some((link.source_id, link.target_id?))));
    }
    Ok(linked)
}

/// All rows of a query.
async fn all(org: &Org, soql: &str) -> Result<Vec<Row>, ApiError> {
    let mut page = org.query(soql).await?;
    let mut rows = page.rows;
    while let Some(next) = page.next {
        page = org.query_next(&next).await?;
        rows.append(&mut page.rows);
    }
    Ok(rows)
}

fn ids_only(object: &str) -> String {
    format!("SELECT Id FROM {object} ORDER BY Id")
}

fn text(row: &Row, field: &str) -> Option<String> {
    row.get(field)?.as_str().map(str::to_owned)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
