//! What happens to accounts, contacts and leads: campaigns they are invited to, opportunities, cases and tasks.

use rand::Rng as _;
use serde_json::{Map, Value as Json, json};

use super::people::{Sampler, object};
use super::words::{CAMPAIGNS, COMPLAINTS, DEALS, TASKS};

/// Stages of deals; those that come up more often stand here more than once.
const STAGES: &[&str] = &[
    "Prospecting",
    "Prospecting",
    "Qualification",
    "Needs Analysis",
    "Value Proposition",
    "Proposal/Price Quote",
    "Negotiation/Review",
    "Closed Won",
    "Closed Won",
    "Closed Lost",
];

/// The records that others refer to.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) accounts: Vec<String>,
    pub(super) contacts: Vec<Person>,
    pub(super) leads: Vec<String>,
    pub(super) campaigns: Vec<String>,
    pub(super) opportunities: Vec<String>,
    pub(super) cases: Vec<String>,
}

/// A contact, and the account that it works for.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) account: Option<String>,
}

impl Links {
    /// The n-th campaign member. Nobody is invited to a campaign twice: campaigns take turns, and so do people.
    pub(super) fn member(&self, nth: usize) -> Map<String, Json> {
        let campaigns = self.campaigns.len().max(1);
        let person = nth / campaigns;
        let mut row = object(json!({
            "CampaignId": self.campaigns.get(nth % campaigns),
            "Status": if nth.is_multiple_of(3) { "Responded" } else { "Sent" },
        }));
        let lead = self.leads.get(person / 2).filter(|_| !person.is_multiple_of(2));
        match (lead, self.contacts.get(person / 2)) {
            (Some(lead), _) => row.insert("LeadId".to_owned(), json!(lead)),
            (None, contact) => row.insert("ContactId".to_owned(), json!(contact.map(|person| &person.id))),
        };
        row
    }
}

impl Sampler {
    /// A campaign; every third is part of one of `parents`.
    pub(super) fn campaign(&mut self, parents: &[String]) -> Map<String, Json> {
        let (name, kind) = self.pick(CAMPAIGNS);
        let (year, month) = (self.random.random_range(2024..2027), self.random.random_range(1..12));
        let mut row = object(json!({
            "Name": format!("{name} {year}-{}", self.number()),
            "Type": kind,
            "Status": self.pick(&["Planned", "In Progress", "Completed"]),
            "IsActive": self.random.random_bool(0.7),
            "StartDate": format!("{year}-{month:02}-01"),
            "EndDate": format!("{year}-{:02}-28", month + 1),
            "BudgetedCost": self.random.random_range(2..400) * 500,
            "ExpectedRevenue": self.random.random_range(2..400) * 5_000,
            "NumberSent": self.random.random_range(50..9_000),
        }));
        if self.random.random_range(0..3) == 0
            && let Some(parent) = self.one_of(parents)
        {
            row.insert("ParentId".to_owned(), json!(parent));
        }
        row
    }

    /// An opportunity of one of the accounts; half of them came from a campaign.
    pub(super) fn opportunity(&mut self, links: &Links) -> Map<String, Json> {
        let mut row = object(json!({
            "Name": format!("{} {}", self.pick(DEALS), self.number()),
            "StageName": self.pick(STAGES),
            "Amount": self.random.random_range(2..900) * 500,
            "CloseDate": self.date(2024..2028),
            "Type": self.pick(&["New Customer", "Existing Customer - Upgrade", "Existing Customer - Replacement"]),
            "LeadSource": self.pick(&["Web", "Phone Inquiry", "Partner Referral", "Purchased List"]),
            "AccountId": self.one_of(&links.accounts),
        }));
        if self.random.random_bool(0.5) {
            row.insert("CampaignId".to_owned(), json!(self.one_of(&links.campaigns)));
        }
        row
    }

    /// A case of a contact and of the account that it works for.
    pub(super) fn case(&mut self, links: &Links) -> Map<String, Json> {
        let person = self.choose(&links.contacts);
        object(json!({
            "Subject": self.pick(COMPLAINTS),
            "Status": self.pick(&["New", "New", "Working", "Escalated", "Closed"]),
            "Origin": self.pick(&["Phone", "Email", "Web"]),
            "Priority": self.pick(&["High", "Medium", "Medium", "Low"]),
            "Type": self.pick(&["Mechanical", "Electrical", "Electronic", "Structural"]),
            "ContactId": person.map(|person| &person.id),
            "AccountId": person.and_then(|person| person.account.as_ref()),
        }))
    }

    /// A task with a lead, or with a contact about an opportunity, a case or the account.
    pub(super) fn task(&mut self, links: &Links) -> Map<String, Json> {
        let mut row = object(json!({
            "Subject": self.pick(TASKS),
            "Status": self.pick(&["Not Started", "In Progress", "Completed"]),
            "Priority": self.pick(&["High", "Normal", "Normal", "Low"]),
            "ActivityDate": self.date(2024..2028),
        }));
        if self.random.random_range(0..4) == 0 {
            row.insert("WhoId".to_owned(), json!(self.one_of(&links.leads)));
            return row;
        }
        let person = self.choose(&links.contacts);
        let what = match self.random.random_range(0..3) {
            0 => self.one_of(&links.opportunities),
            1 => self.one_of(&links.cases),
            _ => person.and_then(|person| person.account.as_ref()),
        };
        row.insert("WhoId".to_owned(), json!(person.map(|person| &person.id)));
        row.insert("WhatId".to_owned(), json!(what));
        row
    }

    fn date(&mut self, years: std::ops::Range<i32>) -> String {
        let year = self.random.random_range(years);
        format!("{year}-{:02}-{:02}", self.random.random_range(1..13), self.random.random_range(1..29))
    }
}
