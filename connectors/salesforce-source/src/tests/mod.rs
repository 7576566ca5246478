//! The source against a simulated org, over real HTTP.

mod feed;
mod proxy;
mod world;

mod alone;
mod at_end;
mod change;
mod gap;
mod health;
mod logins;
mod messages;
mod polling;
mod pressure;
mod push_topic;
mod read_ahead;
mod refusals;
mod restart;
mod returned;
mod session;
mod snapshot;
mod stream;
mod sweep;
mod web_socket;
