//! The comparison of each pipeline: all objects are paired first, since references need the pairs of their parents.

use std::collections::BTreeMap;

use orgstream_api::StoreError;
use orgstream_salesforce::{ApiError, FieldKind, Org, OrgConfig, Row, SalesforceId};
use orgstream_salesforce_sink::{Operation, Rules};
use serde_json::Value as Json;

use super::fields::{ComparedField, compared_fields};
use super::index::Index;
use super::report::{Difference, ObjectReport, PipelineReport, Report};
use super::values::difference;
use crate::config::{Config, Object, Pipeline};
use crate::store::{LinkReader, OrgMismatch};

/// Rows that are read from each org at once.
const ROWS: usize = 2_000;

/// The orgs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// An org cannot be asked. [`ApiError::is_refused`] tells refused credentials from all else.
    #[error(transparent)]
    Org(#[from] ApiError),
    /// An org cannot be logged in to now.
    #[error("org {org} does not answer; check `orgs.{org}.url`, and the network on the way there")]
    Unreached {
        /// Its name in the file.
        org: String,
        /// Why.
        #[source]
        source: Box<ApiError>,
    },
    /// An org is not the one that the state was made with: none of its records has a link.
    #[error(transparent)]
    Another(OrgMismatch),
    /// The id map cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An org answers with an id that is none.
    #[error("org `{org}` answers with the record id `{id}`, which is none")]
    MalformedId {
        /// The org's name.
        org: String,
        /// The id.
        id: String,
    },
}

/// Compares the orgs of every pipeline that has a source and a sink. `addresses` says where each org of the file is;
/// `links` are the id map's, where there is one.
pub async fn verify(
    config: &Config,
    addresses: &BTreeMap<String, OrgConfig>,
    links: Option<&LinkReader>,
) -> Result<Report, VerifyError> {
    let known = match links {
        Some(links) => links.orgs().await?,
        None => BTreeMap::new(),
    };
    let mut orgs = BTreeMap::new();
    let mut report = Report::default();
    for pipeline in &config.pipelines {
        let (Some(source), Some(sink)) = (&pipeline.source, &pipeline.sink) else {
            let half = if pipeline.source.is_some() { "sink" } else { "source" };
            report.not_compared.push(format!("{}: not compared; it has no {half}", pipeline.name));
            continue;
        };
        if sink.operation == Operation::Delete {
            report.not_compared.push(format!("{}: not compared; it only deletes", pipeline.name));
            continue;
        }
        for name in [&source.org, &sink.org] {
            if !orgs.contains_key(name) {
                let org = Org::connect(addresses[name].clone()).await.map_err(|source| {
                    if source.is_refused() {
                        return VerifyError::from(source);
                    }
                    VerifyError::Unreached { org: name.clone(), source: Box::new(source) }
                })?;
                let known = known.get(name).cloned();
                OrgMismatch::refuse(name, known, org.id().as_str()).map_err(VerifyError::Another)?;
                orgs.insert(name.clone(), org.in_background());
            }
        }
        let comparison = Comparison {
            pipeline,
            operation: sink.operation,
            source: &orgs[&source.org],
            sink: &orgs[&sink.org],
            links,
        };
        report.pipelines.push(PipelineReport {
            pipeline: pipeline.name.clone(),
            source: source.org.clone(),
            sink: sink.org.clone(),
            objects: comparison.run().await?,
        });
    }
    Ok(report)
}

struct Comparison<'a> {
    pipeline: &'a Pipeline,
    operation: Operation,
    source: &'a Org,
    sink: &'a Org,
    links: Option<&'a LinkReader>,
}

/// An object between pairing and comparing.
struct Paired<'a> {
    object: &'a Object,
    index: Index,
    /// What the ids of its records begin with.
    key_prefix: Option<String>,
    fields: Vec<ComparedField>,
    report: ObjectReport,
}

impl Comparison<'_> {
    async fn run(&self) -> Result<Vec<ObjectReport>, VerifyError> {
        let mut paired = BTreeMap::new();
        for object in &self.pipeline.objects {
            paired.insert(object.name.as_str(), self.pair(object).await?);
        }
        let mut reports = Vec::new();
        for object in &self.pipeline.objects {
            let found = self.compare(&paired[object.name.as_str()], &paired).await?;
            reports.push(found);
        }
        Ok(reports)
    }

    async fn pair<'a>(&self, object: &'a Object) -> Result<Paired<'a>, VerifyError> {
        let source = self.source.describe(&object.name).await?;
        let sink = self.sink.describe(&object.name).await?;
        let (fields, left_out) =
            compared_fields(&source, &sink, self.operation, object, &self.pipeline.objects);
        let mut report = ObjectReport {
            object: object.name.clone(),
            fields: fields.iter().map(|field| field.source.name.clone()).collect(),
            left_out,
            ..ObjectReport::default()
        };
        let index = Index::read((self.source, &source), self.sink, object, self.links, &mut report).await?;
        Ok(Paired { object, index, key_prefix: source.key_prefix.clone(), fields, report })
    }

    async fn compare(
        &self,
        paired: &Paired<'_>,
        all: &BTreeMap<&str, Paired<'_>>,
    ) -> Result<ObjectReport, VerifyError> {
        let mut report = paired.report.clone();
        let names: Vec<_> = paired.fields.iter().map(|field| field.source.name.clone()).collect();
        let pairs: Vec<_> =
            paired.index.source.iter().filter_map(|id| Some((id, paired.index.pairs.get(id)?))).collect();
        for pairs in pairs.chunks(ROWS) {
            let ours = ids(self.source, pairs.iter().map(|(ours, _)| ours.as_str()))?;
            let theirs = ids(self.sink, pairs.iter().map(|(_, theirs)| theirs.as_str()))?;
            let (ours, theirs) = tokio::try_join!(
                self.source.retrieve(&paired.object.name, &ours, &names),
                self.sink.retrieve(&paired.object.name, &theirs, &names),
            )?;
            for ((source_id, sink_id), (ours, theirs)) in pairs.iter().zip(ours.iter().zip(&theirs)) {
                match (ours, theirs) {
                    (Some(ours), Some(theirs)) => {
                        report.compared += 1;
                        let pair = Pair { source_id, sink_id, ours, theirs };
                        pair.compare(paired, all, &mut report);
                    }
                    (Some(_), None) => report.add(Difference::Missing { source_id: (*source_id).clone() }),
                    // Deleted in org A since its ids were read.
                    (None, Some(_)) => report.add(Difference::Extra {
                        sink_id: (*sink_id).clone(),
                        external_id: (*source_id).clone(),
                    }),
                    (None, None) => {}
                }
            }
        }
        Ok(report)
    }
}

/// Two records that should be the same.
struct Pair<'a> {
    source_id: &'a str,
    sink_id: &'a str,
    ours: &'a Row,
    theirs: &'a Row,
}

impl Pair<'_> {
    fn compare(&self, paired: &Paired<'_>, all: &BTreeMap<&str, Paired<'_>>, report: &mut ObjectReport) {
        let rules = &paired.object.rules;
        for field in &paired.fields {
            let name = &field.source.name;
            let (ours, theirs) = (value(self.ours, name), value(self.theirs, name));
            let different = match ours {
                Json::String(parent) if field.source.kind == FieldKind::Reference => {
                    reference_difference(field, parent, theirs, all)
                }
                _ => difference(&field.source, &field.sink, rules, ours, theirs),
            };
            if let Some((expected, found)) = different {
                report.add(Difference::Field {
                    source_id: self.source_id.to_owned(),
                    sink_id: self.sink_id.to_owned(),
                    field: name.clone(),
                    expected,
                    found,
                });
            }
        }
    }
}

/// As [`difference`], of a reference: org B should point at the record that stands for `parent`.
fn reference_difference(
    field: &ComparedField,
    parent: &str,
    found: &Json,
    all: &BTreeMap<&str, Paired<'_>>,
) -> Option<(String, String)> {
    let mut parents = field.source.reference_to.iter().filter_map(|object| all.get(object.as_str()));
    // What its own object's filter keeps from org B cannot be pointed at there.
    if parents.clone().any(|paired| paired.index.outside.contains(parent)) {
        return None;
    }
    // A field that may point at several objects points outside the pipeline when none of its objects knows the id.
    let known = parents
        .clone()
        .any(|paired| paired.key_prefix.as_deref().is_none_or(|prefix| parent.starts_with(prefix)));
    if !known {
        return None;
    }
    let target = parents.find_map(|paired| paired.index.pairs.get(parent));
    match target {
        Some(target) => {
            difference(&field.sink, &field.sink, &Rules::default(), &Json::from(target.as_str()), found)
        }
        None => Some((format!("{parent}, which has no record in the target"), found.to_string())),
    }
}

/// A field's value; what a row does not name is null.
fn value<'a>(row: &'a Row, field: &str) -> &'a Json {
    row.get(field).unwrap_or(&Json::Null)
}

fn ids<'a>(org: &Org, texts: impl Iterator<Item = &'a str>) -> Result<Vec<SalesforceId>, VerifyError> {
    texts
        .map(|text| {
            SalesforceId::parse(text)
                .map_err(|_| VerifyError::MalformedId { org: org.name().to_owned(), id: text.to_owned() })
        })
        .collect()
}
