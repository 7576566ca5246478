//! `orgstream broker`: the development broker, with its address as the first line.

use orgstream_kafka_simulator::Broker;
use serde_json::json;

use super::args;
use super::exit::{Exit, Failure};
use super::{output, signals};

pub(super) async fn broker(arguments: args::Broker) -> Result<Exit, Failure> {
    let stop = signals::stop_on_signals()?;
    let mut builder = Broker::builder().port(arguments.port);
    if let Some(data) = &arguments.data {
        builder = builder.data(data);
    }
    let broker = builder.start().await.map_err(Failure::failed)?;
    output::line(&json!({ "bootstrap_servers": broker.bootstrap_servers() }).to_string())?;
    stop.cancelled().await;
    broker.stop().await;
    Ok(Exit::Done)
}
