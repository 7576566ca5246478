//! Any bytes as record batches. See `played`.

#![no_main]
#![allow(dead_code, reason = "the small client of the tests can more than is needed here")]

#[path = "../../tests/wire/client.rs"]
mod client;
#[path = "../../tests/wire/played.rs"]
mod played;
#[path = "../../tests/wire/records.rs"]
mod records;
#[path = "stage.rs"]
mod stage;

libfuzzer_sys::fuzz_target!(|file: &[u8]| {
    stage::play(async |broker| played::batches(broker, file).await);
});
