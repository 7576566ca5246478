//! The sink against a simulated org, over real HTTP.

mod asked;
mod change;
mod runtime;
mod world;

mod bulk;
mod by_event_type;
mod calls;
mod changes;
mod contract;
mod convergence;
mod deletions;
mod failures;
mod filter;
mod fixed;
mod fold;
mod inserts;
mod lost_inserts;
mod matching;
mod merged;
mod object_rules;
mod reading;
mod references;
mod start;
mod taken_once;
mod trouble;
