//! People at work in an org with every kind of reference: a hierarchy of accounts, contacts who report to each other in circles,
//! cases, tasks about whatever there is, owners that are users or queues, and record types.
//!
//! What they do is up to chance. What the org refuses is no change; a refusal that tells of a deletion nobody made (of a
//! record that went with its parent) is remembered.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Dice, Rest};

/// What both orgs are like.
pub(crate) const ORG: &str = "
objects:
  Account:
    record_types: [{ name: Partner, label: Partner }, { name: Customer, label: Customer, default: true }]
    fields:
      - &id { name: OrgA_Id__c, type: string, label: Org A Id, length: 18, flags: [create, update, nillable, external_id, unique, case_sensitive] }
  Contact: [*id]
  Lead:
    record_types: [{ name: Partner, label: Partner }, { name: Customer, label: Customer, default: true }]
    fields: [*id]
  Case:
    record_types: [{ name: Partner, label: Partner }, { name: Customer, label: Customer, default: true }]
    fields: [*id]
  Task: [*id]
";

/// The objects of a pipeline between two such orgs.
pub(crate) const PIPELINE: &str = "\
Account: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier }, RecordTypeId: { match: DeveloperName } } }
Contact: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier } } }
Lead: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier }, RecordTypeId: { match: DeveloperName } } }
Case: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier }, RecordTypeId: { match: DeveloperName } } }
Task: { external_id: OrgA_Id__c, references: { OwnerId: { match: FederationIdentifier } } }
";

/// An object, and what people may do to its records.
pub(crate) struct Shape {
    pub(crate) object: &'static str,
    /// Its references within the CRM, each with the objects that it may point at.
    pub(crate) parents: &'static [(&'static str, &'static [&'static str])],
    /// Whether queues may own its records.
    queues: bool,
    /// Whether it has record types.
    pub(crate) typed: bool,
    /// What a record cannot be without.
    required: &'static [&'static str],
    fields: &'static [(&'static str, Holds)],
    /// How often it is chosen, beside the others.
    weight: usize,
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    LongText,
    Whole,
    Day,
    /// Never empty.
    Flag,
    OneOf(&'static [&'static str]),
}

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        object: "Account",
        parents: &[("ParentId", &["Account"])],
        queues: false,
        typed: true,
        required: &["Name"],
        fields: &[
            ("Phone", Holds::Text),
            ("BillingCity", Holds::Text),
            ("Description", Holds::LongText),
            ("NumberOfEmployees", Holds::Whole),
            ("AnnualRevenue", Holds::Whole),
            ("Rating", Holds::OneOf(&["Hot", "Warm", "Cold"])),
        ],
        weight: 3,
    },
    Shape {
        object: "Contact",
        parents: &[("AccountId", &["Account"]), ("ReportsToId", &["Contact"])],
        queues: false,
        typed: false,
        required: &["LastName"],
        fields: &[
            ("FirstName", Holds::Text),
            ("Title", Holds::Text),
            ("Birthdate", Holds::Day),
            ("HasOptedOutOfEmail", Holds::Flag),
            ("Description", Holds::LongText),
        ],
        weight: 4,
    },
    Shape {
        object: "Lead",
        parents: &[],
        queues: true,
        typed: true,
        required: &["LastName", "Company"],
        fields: &[("Title", Holds::Text), ("AnnualRevenue", Holds::Whole), ("DoNotCall", Holds::Flag)],
        weight: 1,
    },
    Shape {
        object: "Case",
        parents: &[("AccountId", &["Account"]), ("ContactId", &["Contact"]), ("ParentId", &["Case"])],
        queues: true,
        typed: true,
        required: &[],
        fields: &[
            ("Subject", Holds::Text),
            ("Priority", Holds::OneOf(&["High", "Medium", "Low"])),
            ("Status", Holds::OneOf(&["New", "Working", "Escalated", "Closed"])),
            ("IsEscalated", Holds::Flag),
            ("Description", Holds::LongText),
        ],
        weight: 3,
    },
    Shape {
        object: "Task",
        parents: &[("WhoId", &["Contact", "Lead"]), ("WhatId", &["Account", "Case"])],
        queues: true,
        typed: false,
        required: &[],
        fields: &[
            ("Subject", Holds::Text),
            ("ActivityDate", Holds::Day),
            ("CallDurationInSeconds", Holds::Whole),
            ("Description", Holds::LongText),
        ],
        weight: 4,
    },
];

/// Who owns records, and which record types there are. Those of two orgs stand for each other by their places.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) users: Vec<String>,
    pub(crate) queues: Vec<String>,
    /// By object.
    pub(crate) record_types: BTreeMap<&'static str, Vec<String>>,
}

impl People {
    /// Has the same people in every org, under other ids and user names.
    pub(crate) async fn of(org: &Rest, name: &str) -> Self {
        let profile = org.ids("SELECT Id FROM Profile").await.remove(0);
        let mut people = Self { users: Vec::new(), queues: Vec::new(), record_types: BTreeMap::new() };
        for number in 0..4 {
            let username = format!("user{number}@{name}.example");
            let row = json!({
                "Username": username, "Email": username, "LastName": "Doe", "Alias": format!("user{number}"),
                "FederationIdentifier": format!("person-{number}"), "ProfileId": profile,
                "TimeZoneSidKey": "Europe/Rome", "LocaleSidKey": "en_US", "EmailEncodingKey": "UTF-8",
                "LanguageLocaleKey": "en_US",
            });
            people.users.push(org.create("User", row).await);
        }
        for number in 0..2 {
            let queue = format!("Queue_{number}");
            let row = json!({ "Name": queue, "DeveloperName": queue, "Type": "Queue" });
            people.queues.push(org.create("Group", row).await);
        }
        for shape in SHAPES.iter().filter(|shape| shape.typed) {
            let mut ids = Vec::new();
            for name in ["Partner", "Customer"] {
                let object = shape.object;
                let soql = format!(
                    "SELECT Id FROM RecordType WHERE SobjectType = '{object}' AND DeveloperName = '{name}'"
                );
                ids.push(org.ids(&soql).await.remove(0));
            }
            people.record_types.insert(shape.object, ids);
        }
        people
    }
}

/// An org at which people work.
pub(crate) struct Crm {
    org: Rest,
    people: People,
    dice: Dice,
    /// What is there, as far as is known, by object.
    live: BTreeMap<&'static str, Vec<String>>,
    /// What was deleted, or went with what was deleted.
    gone: Vec<(&'static str, String)>,
    made: BTreeMap<&'static str, usize>,
    refused: BTreeMap<String, usize>,
}

impl Crm {
    pub(crate) fn new(org: Rest, people: People, dice: Dice) -> Self {
        let live = SHAPES.iter().map(|shape| (shape.object, Vec::new())).collect();
        Self { org, people, dice, live, gone: Vec::new(), made: BTreeMap::new(), refused: BTreeMap::new() }
    }

    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    pub(crate) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// How many changes the org took so far.
    pub(crate) fn changes(&self) -> usize {
        self.made.values().sum()
    }

    /// How many of which kind, and what the org refused.
    pub(crate) fn summary(&self) -> String {
        format!("made {:?}; refused {:?}", self.made, self.refused)
    }

    /// Makes so many changes more.
    pub(crate) async fn work(&mut self, changes: usize) {
        let enough = self.changes() + changes;
        while self.changes() < enough {
            self.step().await;
        }
    }

    async fn step(&mut self) {
        let shape = self.shape();
        let few = self.live[shape.object].len() < 20;
        match self.dice.below(100) {
            0..28 => self.create(shape).await,
            _ if few => self.create(shape).await,
            28..50 => self.set_fields(shape).await,
            50..72 => self.move_away(shape).await,
            72..82 => self.hand_over(shape).await,
            82..91 => self.delete(shape).await,
            _ => self.undelete().await,
        }
    }

    fn shape(&mut self) -> &'static Shape {
        let mut at = self.dice.below(SHAPES.iter().map(|shape| shape.weight).sum());
        for shape in SHAPES {
            match at.checked_sub(shape.weight) {
                Some(rest) => at = rest,
                None => return shape,
            }
        }
        &SHAPES[0]
    }

    async fn create(&mut self, shape: &'static Shape) {
        let mut row = self.owner_and_type(shape);
        for name in shape.required {
            row.insert((*name).to_owned(), Json::from(self.text()));
        }
        for (name, holds) in shape.fields {
            if self.dice.percent(50) {
                row.insert((*name).to_owned(), self.value(*holds));
            }
        }
        if self.dice.percent(70) {
            row.append(&mut self.parents(shape));
        }
        let created = self.org.try_create(shape.object, &Json::Object(row.clone())).await;
        match created {
            Ok(id) => {
                self.note("created", Ok(()));
                self.live.get_mut(shape.object).expect("every object").push(id);
            }
            Err(code) => {
                self.note("created", Err(code));
                self.look_for_those_in(&row).await;
            }
        }
    }

    async fn set_fields(&mut self, shape: &'static Shape) {
        let mut row = Map::new();
        for _ in 0..=self.dice.below(3) {
            let Some((name, holds)) = self.dice.pick(shape.fields) else { return };
            let empties = self.dice.percent(35) && !matches!(holds, Holds::Flag);
            let value = if empties { Json::Null } else { self.value(*holds) };
            row.insert((*name).to_owned(), value);
        }
        self.update("fields", shape, row).await;
    }

    async fn move_away(&mut self, shape: &'static Shape) {
        let row = self.parents(shape);
        if !row.is_empty() {
            self.update("moved", shape, row).await;
        }
    }

    async fn hand_over(&mut self, shape: &'static Shape) {
        let row = self.owner_and_type(shape);
        self.update("handed over", shape, row).await;
    }

    async fn update(&mut self, what: &'static str, shape: &'static Shape, row: Map<String, Json>) {
        let Some(id) = self.dice.pick(&self.live[shape.object]).cloned() else { return };
        let updated = self.org.try_update(shape.object, &id, &Json::Object(row.clone())).await;
        let refused = updated.is_err();
        self.note(what, updated);
        if refused {
            self.look_for(&id).await;
            self.look_for_those_in(&row).await;
        }
    }

    async fn delete(&mut self, shape: &'static Shape) {
        let Some(id) = self.dice.pick(&self.live[shape.object]).cloned() else { return };
        let deleted = self.org.try_delete(shape.object, &id).await;
        self.note("deleted", deleted);
        self.look_for(&id).await;
    }

    /// Brings back what was deleted last, or long ago.
    async fn undelete(&mut self) {
        if self.gone.is_empty() {
            return;
        }
        let lately = self.gone.len().min(10);
        let count = self.gone.len();
        let at =
            if self.dice.percent(50) { count - 1 - self.dice.below(lately) } else { self.dice.below(count) };
        let (object, id) = self.gone.remove(at);
        if self.org.try_undelete(&id).await {
            self.note("undeleted", Ok(()));
            self.live.get_mut(object).expect("every object").push(id);
        } else if self.is_there(object, &id).await {
            // It came back with its parent.
            self.live.get_mut(object).expect("every object").push(id);
        }
    }

    /// Whom a record of this object belongs to, and of which type it is.
    fn owner_and_type(&mut self, shape: &Shape) -> Map<String, Json> {
        let mut row = Map::new();
        let queue = shape.queues && self.dice.percent(30);
        let owners = if queue { &self.people.queues } else { &self.people.users };
        let owner = self.dice.pick(owners).cloned();
        row.insert("OwnerId".to_owned(), owner.into());
        if let Some(types) = self.people.record_types.get(shape.object) {
            row.insert("RecordTypeId".to_owned(), self.dice.pick(types).cloned().into());
        }
        row
    }

    /// What a record of this object points at: all of it or some, records that are there or nothing.
    fn parents(&mut self, shape: &Shape) -> Map<String, Json> {
        let mut row = Map::new();
        for (name, objects) in shape.parents {
            let object = self.dice.pick(objects).copied();
            // An org takes both of a task's references only together.
            if shape.object != "Task" && self.dice.percent(40) {
                continue;
            }
            let parent = object.and_then(|object| self.dice.pick(&self.live[object])).cloned();
            let parent = parent.filter(|_| !self.dice.percent(20));
            row.insert((*name).to_owned(), parent.into());
        }
        // What is about a lead is about nothing else.
        if row.get("WhoId").and_then(Json::as_str).is_some_and(|id| id.starts_with("00Q")) {
            row.insert("WhatId".to_owned(), Json::Null);
        }
        row
    }

    fn value(&mut self, holds: Holds) -> Json {
        match holds {
            Holds::Text => self.text().into(),
            Holds::LongText => self.text().repeat(1 + self.dice.below(40)).into(),
            Holds::Whole => self.dice.below(100_000).into(),
            Holds::Day => format!(
                "19{:02}-{:02}-{:02}",
                10 + self.dice.below(90),
                1 + self.dice.below(12),
                1 + self.dice.below(28)
            )
            .into(),
            Holds::Flag => self.dice.percent(50).into(),
            Holds::OneOf(values) => self.dice.pick(values).copied().into(),
        }
    }

    fn text(&mut self) -> String {
        let ends = ["", " & Söhne", " \"quoted\", <b>", " 東京", " 🚀"];
        format!("t{}{}", self.dice.below(1_000_000), self.dice.pick(&ends).copied().unwrap_or_default())
    }

    fn note(&mut self, what: &'static str, result: Result<(), String>) {
        match result {
            Ok(()) => *self.made.entry(what).or_default() += 1,
            Err(code) => *self.refused.entry(format!("{what}: {code}")).or_default() += 1,
        }
    }

    async fn look_for_those_in(&mut self, row: &Map<String, Json>) {
        let ids: Vec<String> = row.values().filter_map(Json::as_str).map(str::to_owned).collect();
        for id in ids {
            self.look_for(&id).await;
        }
    }

    /// Notes that a record is gone, if it is.
    async fn look_for(&mut self, id: &str) {
        let known = self.live.iter().find(|(_, ids)| ids.iter().any(|known| known == id));
        let Some(object) = known.map(|(object, _)| *object) else { return };
        if !self.is_there(object, id).await {
            self.live.get_mut(object).expect("every object").retain(|known| known != id);
            self.gone.push((object, id.to_owned()));
        }
    }

    async fn is_there(&self, object: &str, id: &str) -> bool {
        !self.org.ids(&format!("SELECT Id FROM {object} WHERE Id = '{id}'")).await.is_empty()
    }
}
