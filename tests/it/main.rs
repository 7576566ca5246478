//! One binary for all integration tests, so that librdkafka, SQLite and TLS are linked once.
//!
//! Every test runs the real program against real peers: Apache Kafka, a Confluent-compatible registry, simulated
//! orgs over HTTP. A test whose peer cannot be had says so and is skipped, or fails where `ORGSTREAM_REQUIRE_PEERS`
//! is set.

mod support;

// One file replicates org A into org B.
mod replication;
