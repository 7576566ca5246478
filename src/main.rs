//! The program `orgstream`.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// Records are made by one thread and let go by another, which costs the system's allocator half of a stream's time.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    orgstream::cli::program()
}
