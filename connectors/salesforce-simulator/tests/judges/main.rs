//! Clients that nobody of this project wrote judge the org.
//!
//! Each runs as a process of its own, unmodified, over http and over TLS, and prints one line for each check it made.
//! A run must pass whole, have enough checks, and a third of them must be about refusals.

mod client;
mod org;
mod table;

use client::{Client, Scheme, verdict};

/// Fails with every check that failed; a client that cannot be installed here is skipped.
fn judge(client: Client, scheme: Scheme) {
    let Some(checks) = verdict(client, scheme) else { return };
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| !check.ok)
        .map(|check| {
            format!("{}: {}: {}", check.endpoint, check.check, check.detail.as_deref().unwrap_or("failed"))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} checks failed:\n{}", failed.len(), checks.len(), failed.join("\n"));
    let refusals = checks.iter().filter(|check| check.is_about_a_refusal()).count();
    let least = client.least_checks();
    assert!(checks.len() >= least, "{client:?} made only {} checks of {least}", checks.len());
    assert!(refusals * 3 >= checks.len(), "only {refusals} of {} checks are about refusals", checks.len());
}

#[test]
fn simple_salesforce_believes_the_org() {
    judge(Client::SimpleSalesforce, Scheme::Http);
}

#[test]
fn simple_salesforce_believes_the_org_over_tls() {
    judge(Client::SimpleSalesforce, Scheme::Tls);
}

#[test]
fn jsforce_believes_the_org() {
    judge(Client::Jsforce, Scheme::Http);
}

#[test]
fn jsforce_believes_the_org_over_tls() {
    judge(Client::Jsforce, Scheme::Tls);
}

#[test]
fn cometd_believes_the_org() {
    judge(Client::Cometd, Scheme::Http);
}

#[test]
fn cometd_believes_the_org_over_tls() {
    judge(Client::Cometd, Scheme::Tls);
}

#[test]
fn aiosfstream_believes_the_org() {
    judge(Client::Aiosfstream, Scheme::Http);
}

#[test]
fn aiosfstream_believes_the_org_over_tls() {
    judge(Client::Aiosfstream, Scheme::Tls);
}
