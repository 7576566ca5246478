//! The table of endpoints and clients in the documentation, made from what the clients did.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use super::client::{Client, Scheme, verdict};

const BEGIN: &str = "<!-- clients: begin; made by the tests -->";
const END: &str = "<!-- clients: end -->";

#[test]
fn the_documentation_shows_which_client_checked_what() {
    let mut cells: BTreeMap<String, BTreeMap<Client, (usize, usize)>> = BTreeMap::new();
    let mut totals: BTreeMap<Client, (usize, usize)> = BTreeMap::new();
    for client in Client::ALL {
        let Some(checks) = verdict(client, Scheme::Http) else { return };
        for check in checks.iter().filter(|check| check.ok) {
            let refusal = usize::from(check.is_about_a_refusal());
            for (all, refusals) in [
                cells.entry(check.endpoint.clone()).or_default().entry(client).or_default(),
                totals.entry(client).or_default(),
            ] {
                *all += 1;
                *refusals += refusal;
            }
        }
    }
    let table = table(&cells, &totals);
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SIMULATOR.md"));
    let text = std::fs::read_to_string(&path).expect("docs/SIMULATOR.md can be read");
    let (before, rest) = text.split_once(BEGIN).expect("the document has a place for the table");
    let (shown, after) = rest.split_once(END).expect("the table has an end");
    if std::env::var_os("ORGSTREAM_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}")).expect("it can be written");
        return;
    }
    assert_eq!(shown.trim(), table.trim(), "make the table anew with ORGSTREAM_WRITE_DOCS=1");
}

type Counts = BTreeMap<Client, (usize, usize)>;

fn table(cells: &BTreeMap<String, Counts>, totals: &Counts) -> String {
    let mut table = "\n| endpoint |".to_owned();
    for client in Client::ALL {
        write!(table, " {} |", client.name()).expect("a string takes all");
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(Client::ALL.len()));
    let rows = cells.iter().map(|(endpoint, counts)| (format!("`{endpoint}`"), counts));
    for (name, counts) in rows.chain([("**all**".to_owned(), totals)]) {
        write!(table, "\n| {name} |").expect("a string takes all");
        for client in Client::ALL {
            let cell =
                counts.get(&client).map_or(String::new(), |(all, refusals)| format!("{all} ({refusals})"));
            write!(table, " {cell} |").expect("a string takes all");
        }
    }
    table.push('\n');
    table
}
