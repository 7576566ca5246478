//! The source against a simulated org, over real HTTP.

mod feed;
mod world;

mod at_end;
mod gap;
mod push_topic;
mod restart;
mod session;
mod snapshot;
mod stream;
