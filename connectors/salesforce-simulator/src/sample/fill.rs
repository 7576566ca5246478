//! Puts records into a new org, as one user's calls would: checked, stamped, in transactions of 200.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

use super::people::Sampler;
use super::sales::{Links, Person};
use crate::data::Refusal;
use crate::tenant::Tenant;

/// What a collections call may hold.
const TRANSACTION: usize = 200;

/// Any number would do, as long as it stays.
const SEED: u64 = 0x006f_7267;

/// Creates `records` people and companies: a quarter accounts, half contacts, the rest leads. On top of them come
/// half as many things that happen to them: opportunities, cases, tasks, campaigns and their members.
pub(crate) fn fill(tenant: &Tenant, records: usize, seed: u64) -> Result<(), Refusal> {
    // The records were there before anything was taken from the integration user.
    let denying = tenant.schema();
    tenant.state().store.schema = Arc::new(denying.denying_nothing());
    let filled = everything(tenant, records, seed);
    tenant.state().store.schema = denying;
    filled
}

fn everything(tenant: &Tenant, records: usize, seed: u64) -> Result<(), Refusal> {
    let mut sampler = Sampler::new(StdRng::seed_from_u64(SEED ^ seed));
    let mut fill = Fill { tenant };
    let links = fill.people(&mut sampler, records)?;
    fill.sales(&mut sampler, links, records / 8)
}

struct Fill<'a> {
    tenant: &'a Tenant,
}

impl Fill<'_> {
    fn people(&mut self, sampler: &mut Sampler, records: usize) -> Result<Links, Refusal> {
        let mut links = Links::default();
        let contacts = records / 2;
        links.accounts = self.growing("Account", records / 4, |known, _| sampler.account(known))?;
        let accounts = &links.accounts;
        let mut employers = Vec::with_capacity(contacts);
        let ids = self.growing("Contact", contacts, |known, _| {
            let row = sampler.contact(accounts, known);
            employers.push(row.get("AccountId").and_then(Json::as_str).map(str::to_owned));
            row
        })?;
        links.contacts = ids.into_iter().zip(employers).map(|(id, account)| Person { id, account }).collect();
        let leads = records - links.accounts.len() - contacts;
        links.leads = self.growing("Lead", leads, |_, _| sampler.lead())?;
        Ok(links)
    }

    fn sales(&mut self, sampler: &mut Sampler, mut links: Links, each: usize) -> Result<(), Refusal> {
        let campaigns = each.div_ceil(25);
        links.campaigns = self.growing("Campaign", campaigns, |known, _| sampler.campaign(known))?;
        self.growing("CampaignMember", each, |_, nth| links.member(nth))?;
        links.opportunities = self.growing("Opportunity", each, |_, _| sampler.opportunity(&links))?;
        links.cases = self.growing("Case", each, |_, _| sampler.case(&links))?;
        self.growing("Task", each, |_, _| sampler.task(&links))?;
        Ok(())
    }

    /// Creates so many records; each may refer to those of earlier transactions. Answers their ids.
    fn growing(
        &mut self,
        object: &str,
        of: usize,
        mut draw: impl FnMut(&[String], usize) -> Map<String, Json>,
    ) -> Result<Vec<String>, Refusal> {
        let mut ids: Vec<String> = Vec::with_capacity(of);
        while ids.len() < of {
            let (from, next) = (ids.len(), chunk(ids.len(), of));
            let rows: Vec<_> = (from..from + next).map(|nth| draw(&ids, nth)).collect();
            ids.extend(self.create(object, &rows)?);
        }
        Ok(ids)
    }

    fn create(&self, object: &str, rows: &[Map<String, Json>]) -> Result<Vec<String>, Refusal> {
        let Some(at) = self.tenant.schema().find(object) else { return Err(Refusal::not_found()) };
        self.tenant
            .write(|writer| rows.iter().map(|row| writer.create(at, row)).collect::<Result<Vec<_>, _>>())?
    }
}

/// Ten at first and then as many as there are, since a record can only refer to one of an earlier transaction.
fn chunk(made: usize, of: usize) -> usize {
    made.clamp(10, TRANSACTION).min(of - made)
}
