//! What a comparison finds.

use std::fmt;

use serde::Serialize;

/// How many differences of an object are listed. All are counted.
pub(super) const LISTED: usize = 100;

/// Longer values are cut where they are shown.
const SHOWN: usize = 120;

/// All pipelines that have both a source and a sink.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// One entry a pipeline.
    pub pipelines: Vec<PipelineReport>,
    /// Pipelines that were not compared, with the reason.
    pub not_compared: Vec<String>,
}

/// One pipeline.
#[derive(Debug, Clone, Serialize)]
pub struct PipelineReport {
    /// Its name.
    pub pipeline: String,
    /// The name of org A.
    pub source: String,
    /// The name of org B.
    pub sink: String,
    /// Its objects.
    pub objects: Vec<ObjectReport>,
}

/// One object.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ObjectReport {
    /// Its API name.
    pub object: String,
    /// Records of org A.
    pub in_source: u64,
    /// Records of org B.
    pub in_sink: u64,
    /// Pairs whose fields were compared.
    pub compared: u64,
    /// Records of org B without an external id: not made by the pipeline, and not compared.
    pub not_ours: u64,
    /// Records of org A that the sink's filter keeps from org B.
    pub outside_filter: u64,
    /// The fields that were compared.
    pub fields: Vec<String>,
    /// Fields that could be written but were not compared.
    pub left_out: Vec<LeftOut>,
    /// How many differences there are.
    pub difference_count: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A field that is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The field.
    pub field: String,
    /// Why.
    pub reason: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Difference {
    /// A record of org A has none in org B.
    Missing {
        /// The record of org A.
        source_id: String,
    },
    /// A record of org B names one that org A does not have.
    Extra {
        /// The record of org B.
        sink_id: String,
        /// The value of its external-id field.
        external_id: String,
    },
    /// Several records of org B name the same one of org A.
    Duplicate {
        /// The value of their external-id field.
        external_id: String,
        /// The records of org B.
        sink_ids: Vec<String>,
    },
    /// The id map and the external id lead to different records.
    Link {
        /// The record of org A.
        source_id: String,
        /// Where the id map leads.
        linked: String,
        /// The record with the external id.
        sink_id: String,
    },
    /// A field differs.
    Field {
        /// The record of org A.
        source_id: String,
        /// The record of org B.
        sink_id: String,
        /// The field.
        field: String,
        /// What org B should have.
        expected: String,
        /// What it has.
        found: String,
    },
}

impl Report {
    /// How many differences all pipelines have.
    pub fn difference_count(&self) -> u64 {
        let objects = self.pipelines.iter().flat_map(|pipeline| &pipeline.objects);
        objects.map(|object| object.difference_count).sum()
    }
}

impl ObjectReport {
    /// Counts a difference, and lists it when there is room.
    pub(super) fn add(&mut self, difference: Difference) {
        self.difference_count += 1;
        if self.differences.len() < LISTED {
            self.differences.push(difference);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pipeline in &self.pipelines {
            writeln!(f, "{}: {} -> {}", pipeline.pipeline, pipeline.source, pipeline.sink)?;
            for object in &pipeline.objects {
                object.fmt(f)?;
            }
        }
        for reason in &self.not_compared {
            writeln!(f, "{reason}")?;
        }
        write!(f, "{} difference(s)", self.difference_count())
    }
}

impl fmt::Display for ObjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object, in_source, in_sink, compared, not_ours, .. } = self;
        writeln!(
            f,
            "  {object}: {in_source} and {in_sink} records, {compared} pairs compared in {} fields, \
             {not_ours} without an external id, {} difference(s)",
            self.fields.len(),
            self.difference_count
        )?;
        if self.outside_filter > 0 {
            writeln!(f, "    {} records of the source are not in the filter", self.outside_filter)?;
        }
        let left_out: Vec<_> =
            self.left_out.iter().map(|left| format!("{} ({})", left.field, left.reason)).collect();
        if !left_out.is_empty() {
            writeln!(f, "    left out: {}", left_out.join(", "))?;
        }
        for difference in &self.differences {
            write!(f, "    ")?;
            difference.write(f, object)?;
            writeln!(f)?;
        }
        let listed = u64::try_from(self.differences.len()).unwrap_or(u64::MAX);
        if self.difference_count > listed {
            writeln!(f, "    and {} more", self.difference_count - listed)?;
        }
        Ok(())
    }
}

impl Difference {
    fn write(&self, f: &mut fmt::Formatter<'_>, object: &str) -> fmt::Result {
        match self {
            Self::Missing { source_id } => write!(f, "{object} {source_id}: missing in the target"),
            Self::Extra { sink_id, external_id } => {
                write!(f, "{object} {sink_id}: extra in the target; its external id is {external_id}")
            }
            Self::Duplicate { external_id, sink_ids } => {
                write!(f, "{object} {external_id}: more than one in the target: {}", sink_ids.join(", "))
            }
            Self::Link { source_id, linked, sink_id } => {
                write!(f, "{object} {source_id}: linked to {linked}, but {sink_id} has its external id")
            }
            Self::Field { source_id, sink_id, field, expected, found } => {
                write!(f, "{object} {source_id} {sink_id} {field}: {} | {}", cut(expected), cut(found))
            }
        }
    }
}

fn cut(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}
