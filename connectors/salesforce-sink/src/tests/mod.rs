//! The sink against a simulated org, over real HTTP.

mod asked;
mod change;
mod runtime;
mod world;

mod bulk;
mod bulk_jobs;
mod bulk_rows;
mod by_event_type;
mod calls;
mod changes;
mod condition;
mod contract;
mod convergence;
mod deleted_target;
mod deletions;
mod failures;
mod filter;
mod fixed;
mod fold;
mod inserts;
mod lost_fields;
mod lost_inserts;
mod matching;
mod merged;
mod object_rules;
mod own_duplicates;
mod parked;
mod parked_at_random;
mod reading;
mod references;
mod relationships;
mod start;
mod taken_once;
mod told_beside;
mod trouble;
