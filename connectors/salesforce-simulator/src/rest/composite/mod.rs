//! Several calls in one: in order with references (composite), independent (batch), in graphs that stand or fall
//! each by itself, and trees of new records.

mod batch;
mod graph;
mod reference;
mod series;
mod subrequest;
mod tree;

pub(crate) use batch::batch;
pub(crate) use graph::graph;
pub(crate) use series::{composite, resources};
pub(crate) use tree::tree;
