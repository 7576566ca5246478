//! The sink against a simulated org, over real HTTP.

mod change;
mod runtime;
mod world;

mod bulk;
mod calls;
mod changes;
mod contract;
mod deletions;
mod failures;
mod fixed;
mod matching;
mod reading;
mod references;
mod start;
mod taken_once;
mod trouble;
