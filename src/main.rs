//! The program `orgstream`.

use std::process::ExitCode;

fn main() -> ExitCode {
    orgstream::cli::program()
}
