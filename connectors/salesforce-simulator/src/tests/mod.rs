//! The simulator through its front door: real HTTP, the way an unknowing client uses it.

mod auth;
mod bayeux;
mod bulk;
mod client;
mod collections;
mod composite;
mod corpus;
mod deletes;
mod describe;
mod faults;
mod login_flows;
mod persistence;
mod played;
mod queries;
mod records;
mod replication;
mod rows;
mod sample;
mod soql;
mod streaming;
mod streaming_errors;
mod streaming_protocol;
mod streaming_sessions;
mod streaming_web_socket;
mod tokens;
mod wire;
