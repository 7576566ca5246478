//! Any bytes as the body of a SOAP call. See `played`.

#![no_main]
#![allow(dead_code, reason = "the small client of the tests can more than is needed here")]

#[path = "../../src/tests/client.rs"]
mod client;
#[path = "../../src/tests/played.rs"]
mod played;
#[path = "stage.rs"]
mod stage;

// Where the files that are shared with the tests look for it.
use orgstream_salesforce_simulator::Org;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    stage::play(async |client| played::soap(client, file).await);
});
