//! One account, contact or lead, made of random words.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::{Map, Value as Json, json};

use super::words::{CITIES, COMPANIES, FIRST_NAMES, LAST_NAMES, SUFFIXES, TITLES};

/// Draws records; each call moves on.
#[derive(Debug)]
pub(super) struct Sampler {
    pub(super) random: StdRng,
    /// How many were drawn: part of names, so that no two accounts or addresses are the same.
    drawn: u32,
}

impl Sampler {
    /// A sampler whose records depend on nothing but `random`.
    pub(super) fn new(random: StdRng) -> Self {
        Self { random, drawn: 0 }
    }

    /// An account; four of five have one of `parents` above them, where there are any.
    pub(super) fn account(&mut self, parents: &[String]) -> Map<String, Json> {
        let name = self.company();
        let (city, state, country) = self.pick(CITIES);
        let mut row = object(json!({
            "Name": name,
            "Type": self.pick(&["Prospect", "Customer - Direct", "Customer - Channel"]),
            "Industry": self.pick(&["Banking", "Biotechnology", "Construction", "Education", "Electronics"]),
            "Rating": self.pick(&["Hot", "Warm", "Cold"]),
            "AnnualRevenue": self.random.random_range(1..4_000) * 25_000,
            "NumberOfEmployees": self.random.random_range(3..20_000),
            "BillingStreet": self.street(),
            "BillingCity": city,
            "BillingState": state,
            "BillingCountry": country,
            "Phone": self.phone(),
            "Website": format!("https://{}.example", slug(&name)),
        }));
        if self.random.random_range(0..5) > 0
            && let Some(parent) = parents.choose(&mut self.random)
        {
            row.insert("ParentId".to_owned(), json!(parent));
        }
        row
    }

    /// A contact of one of `accounts`; every second reports to one of `others`.
    pub(super) fn contact(&mut self, accounts: &[String], others: &[String]) -> Map<String, Json> {
        let (first, last) = (self.pick(FIRST_NAMES), self.pick(LAST_NAMES));
        let (city, _, country) = self.pick(CITIES);
        let mut row = object(json!({
            "FirstName": first,
            "LastName": last,
            "Title": self.pick(TITLES),
            "Email": self.email(first, last),
            "Phone": self.phone(),
            "MailingCity": city,
            "MailingCountry": country,
            "Birthdate": format!("{}-{:02}-{:02}", self.random.random_range(1958..2004), self.random.random_range(1..13), self.random.random_range(1..29)),
            "DoNotCall": self.random.random_bool(0.1),
        }));
        if let Some(account) = accounts.choose(&mut self.random) {
            row.insert("AccountId".to_owned(), json!(account));
        }
        if self.random.random_bool(0.5)
            && let Some(boss) = others.choose(&mut self.random)
        {
            row.insert("ReportsToId".to_owned(), json!(boss));
        }
        row
    }

    /// A lead.
    pub(super) fn lead(&mut self) -> Map<String, Json> {
        let (first, last) = (self.pick(FIRST_NAMES), self.pick(LAST_NAMES));
        let (city, state, country) = self.pick(CITIES);
        object(json!({
            "FirstName": first,
            "LastName": last,
            "Company": self.company(),
            "Title": self.pick(TITLES),
            "Email": self.email(first, last),
            "LeadSource": self.pick(&["Web", "Phone Inquiry", "Partner Referral", "Purchased List"]),
            "Status": self.pick(&["Open - Not Contacted", "Working - Contacted"]),
            "City": city,
            "State": state,
            "Country": country,
        }))
    }

    /// A number that no other record has in its name.
    pub(super) fn number(&mut self) -> u32 {
        self.drawn += 1;
        self.drawn
    }

    /// One of these records, if there is any.
    pub(super) fn choose<'a, T>(&mut self, records: &'a [T]) -> Option<&'a T> {
        records.choose(&mut self.random)
    }

    /// One of these ids, if there is any.
    pub(super) fn one_of<'a>(&mut self, ids: &'a [String]) -> Option<&'a String> {
        self.choose(ids)
    }

    fn company(&mut self) -> String {
        self.drawn += 1;
        format!("{} {} {}", self.pick(COMPANIES), self.pick(SUFFIXES), self.drawn)
    }

    fn email(&mut self, first: &str, last: &str) -> String {
        self.drawn += 1;
        let company = self.pick(COMPANIES);
        format!("{}.{}{}@{}.example", slug(first), slug(last), self.drawn, slug(company))
    }

    fn street(&mut self) -> String {
        format!("{} {} Street", self.random.random_range(1..240), self.pick(LAST_NAMES))
    }

    fn phone(&mut self) -> String {
        format!("+1 555 {:07}", self.random.random_range(0..10_000_000))
    }

    pub(super) fn pick<T: Copy>(&mut self, words: &[T]) -> T {
        *words.choose(&mut self.random).expect("no list of words is empty")
    }
}

/// The row that a JSON object is.
pub(super) fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(row) => row,
        _ => Map::new(),
    }
}

/// Lower-case letters and digits only, for host names.
fn slug(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
