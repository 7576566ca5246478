//! Puts records into a new org, as one user's calls would: checked, stamped, in transactions of 200.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

use super::people::Sampler;
use crate::data::Refusal;
use crate::tenant::Tenant;

/// What a collections call may hold.
const TRANSACTION: usize = 200;

/// Any number would do, as long as it stays.
const SEED: u64 = 0x006f_7267;

/// Creates `records` records: a quarter accounts, half contacts, the rest leads.
pub(crate) fn fill(tenant: &Tenant, records: usize) -> Result<(), Refusal> {
    let mut sampler = Sampler::new(StdRng::seed_from_u64(SEED));
    let accounts = records / 4;
    let contacts = records / 2;
    let mut account_ids = Vec::with_capacity(accounts);
    while account_ids.len() < accounts {
        let next = chunk(account_ids.len(), accounts);
        let rows: Vec<_> = (0..next).map(|_| sampler.account(&account_ids)).collect();
        account_ids.extend(create(tenant, "Account", &rows)?);
    }
    let mut contact_ids: Vec<String> = Vec::with_capacity(contacts);
    while contact_ids.len() < contacts {
        let next = chunk(contact_ids.len(), contacts);
        let rows: Vec<_> = (0..next).map(|_| sampler.contact(&account_ids, &contact_ids)).collect();
        contact_ids.extend(create(tenant, "Contact", &rows)?);
    }
    let mut leads = records - accounts - contacts;
    while leads > 0 {
        let next = leads.min(TRANSACTION);
        create(tenant, "Lead", &(0..next).map(|_| sampler.lead()).collect::<Vec<_>>())?;
        leads -= next;
    }
    Ok(())
}

/// Ten at first and then as many as there are, since a record can only refer to one of an earlier transaction.
fn chunk(made: usize, of: usize) -> usize {
    made.clamp(10, TRANSACTION).min(of - made)
}

fn create(tenant: &Tenant, object: &str, rows: &[Map<String, Json>]) -> Result<Vec<String>, Refusal> {
    let Some(at) = tenant.schema().find(object) else { return Ok(Vec::new()) };
    tenant.write(|writer| rows.iter().map(|row| writer.create(at, row)).collect::<Result<Vec<_>, _>>())?
}
