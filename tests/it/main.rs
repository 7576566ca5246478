//! One binary for all integration tests, so that librdkafka, SQLite and TLS are linked once.
//!
//! Every test runs the real program against real peers: Apache Kafka, a Confluent-compatible registry, simulated
//! orgs over HTTP. A test whose peers cannot be had says so and is skipped, or fails where `ORGSTREAM_REQUIRE_PEERS`
//! is set.

mod support;

// An unmodified Salesforce client changes org A; org B follows.
mod main_job;

// The HTTP server: metrics, health, who may ask.
mod http;

// Another file for a process that runs.
mod apply;
mod trial;

// Connectors that are told to rest, and to go on.
mod resting;

// Connectors that are made over REST.
mod rest_connectors;

// The same requests to a real Kafka Connect worker.
mod real_connect;

// Properties that are looked at over REST, and the levels of the log.
mod rest_checks;

// The documentation's own commands, sent to a worker.
mod two_commands;

// Offsets that are set over REST.
mod rest_offsets;

// What happens to single records: creates, changes, deletes, undeletes, references, fixed operations.
mod read_ahead;
mod records;

// What a file makes of records and fields.
mod rules;

// Records on the topic, read with other people's libraries.
mod record_format;

// What is asked of a broker, asked of Apache Kafka and of the embedded one.
mod conformance;

// A file that leaves everything out.
mod embedded;

// The live replication with nothing installed.
mod dev;

// How many calls a write costs.
mod calls;

// SIGKILL at random moments.
mod inserts;
mod kills;
mod merged;

// Random changes of records with every kind of reference.
mod random;

// Reading all rows while they change, and on demand.
mod snapshots;

// References whose parent comes late, or never.
mod owed;

// Records that wait in Kafka.
mod parked;

// References out of the pipeline.
mod references;

// The id map, shown and corrected.
mod ids;

// Several sink tasks, and several processes, of one pipeline.
mod rebalances;
mod tasks;
mod two_sinks;

// Bulk jobs, and a kill while one is at work.
mod bulk;

// Brokers that ask for certificates and passwords.
mod oauth;
mod secured_kafka;

// A schema registry that does so.
mod secured_registry;

// Secrets, in all that is said.
mod secrets;

// Topics that are deleted under a pipeline.
mod login;
mod lost_topics;

// What the file says of single records: which, with which fields, on which topics.
mod shape;

// What records are on their topics: keys, headers, values.
mod produced;
mod producer;

// Objects that change while they are replicated.
mod evolution;

// Outages, expired tokens, dropped sessions, a restarted broker, a poisoned record.
mod stopped_kafka;
mod trouble;

// What the file says of records that org B refuses.
mod failures;

// Daily calls that run out.
mod quota;

// Streaming sessions that end, beside changes.
mod sessions;

// A Bayeux server of other people.
mod bayeux_peer;

// Bad input: files, credentials, brokers, bytes, a second process, a second node.
mod bad_input;

// The embedded schema store, killed and under other people's clients.
mod schema_store;

// The embedded schema store beside a real registry.
mod registries;

// Records of other producers, in every format.
mod condition;
mod inputs;
mod widened;

// Whose source task it is: the node that claims it, the org that its positions are places in.
mod claims;

// The topic of the id links, deleted in mid-run.
mod id_topic;

// Change events, platform events, generic channels.
mod channels;

// Bad input of a source.
mod source_input;

// Gaps: a position that the org can no longer serve.
mod formats;
mod gaps;
mod registrations;
mod unframed;

// Objects without a channel.
mod polling;

// Where a sink begins, and where it goes on.
mod offsets;
mod start;

// Where the changes of a record went.
mod trace;

// The commands as a script sees them.
mod cli;

// What a sandbox org serves when it is asked for more.
mod sandbox;

// The files that come with orgstream.
mod config;

// The documents name what exists.
mod docs;

// The examples and the script of the README.
mod examples;
mod fault_runs;

// The examples of test suites that use the simulator.
mod simulator_examples;

// Every kind of difference between two orgs is found.
mod verify;

// Property files of Kafka Connect.
mod connect;

// What org B lacks is made.
mod prepare;

// What a file names, looked at before anything runs.
mod online;
