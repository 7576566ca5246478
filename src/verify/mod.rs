//! Compares the orgs of each pipeline, record by record and both ways, by link and by external id. Reads only.
//!
//! # Layout, in reading order
//!
//! - [`report`]: what comes out
//! - [`comparison`]: one pipeline: pair the records, compare the pairs
//! - `fields`: which fields are compared, and why others are not
//! - `index`: which record of org B stands for which of org A
//! - `outside`: which records the sink's filter keeps from org B
//! - `values`: whether two values are the same

pub mod report;
pub use report::{Difference, LeftOut, ObjectReport, PipelineReport, Report};

pub mod comparison;
pub use comparison::{VerifyError, verify};

mod fields;

mod index;

mod outside;

mod values;
