//! The figures that orgstream is judged by, measured in one run and printed as a table.
//!
//! `benches/run` builds everything and calls this. Absolute figures depend on the machine and on what else runs on it;
//! those of one run can be compared with each other.

mod broker;
mod client;
mod codec;
mod peer;
mod process;
mod replication;
mod simulator;
mod sink;
mod source;
mod transactions;

use tikv_jemallocator::Jemalloc;

/// The program's own, whose codec is measured here.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// One line of the table.
struct Figure {
    what: String,
    value: String,
}

fn figure(what: impl Into<String>, value: impl Into<String>) -> Figure {
    Figure { what: what.into(), value: value.into() }
}

/// A group of figures by name.
type Group = (&'static str, fn() -> Vec<Figure>);

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let groups: [Group; 7] = [
        ("codec", codec::figures),
        ("broker", broker::figures),
        ("transactions", transactions::figures),
        ("replication", replication::figures),
        ("simulator", simulator::figures),
        ("source", source::figures),
        ("sink", sink::figures),
    ];
    println!("| what | measured |\n|---|---|");
    for (name, figures) in groups {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            for Figure { what, value } in figures() {
                println!("| {what} | {value} |");
            }
        }
    }
}
