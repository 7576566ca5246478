//! The user at work in org A: creates, changes, deletes and undeletes records through the REST API.
//!
//! Only leads are deleted. Deleting an account deletes its contacts too, and of that a PushTopic tells nothing.

use std::time::Duration;

use orgstream_salesforce::{ApiError, Org, Row, SalesforceId, WriteResult};
use serde_json::{Value as Json, json};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a collections call may hold.
const CALL: usize = 200;

/// Objects that the user knows how to fill in.
const OBJECTS: [&str; 3] = ["Account", "Contact", "Lead"];

/// A user of one org.
#[derive(Debug)]
pub(super) struct User {
    org: Org,
    objects: Vec<Records>,
    deleted: Vec<SalesforceId>,
    steps: usize,
}

/// The records of one object that the user has seen.
#[derive(Debug)]
struct Records {
    object: &'static str,
    ids: Vec<SalesforceId>,
}

/// What a user has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) created: usize,
    pub(super) updated: usize,
    pub(super) deleted: usize,
    pub(super) undeleted: usize,
}

/// What the user wanted was not done.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The call failed.
    #[error("the user's call to the org failed")]
    Call(#[from] ApiError),
    /// The org refused a record.
    #[error("the org refused the user's record: {0}")]
    Refused(String),
}

impl User {
    /// A user who works with those of `objects` that are accounts, contacts or leads.
    pub(super) async fn new(org: Org, objects: &[String]) -> Result<Self, UserError> {
        let mut known = Vec::new();
        for object in OBJECTS.into_iter().filter(|known| objects.iter().any(|object| object == known)) {
            known.push(Records { object, ids: ids(&org, object).await? });
        }
        Ok(Self { org, objects: known, deleted: Vec::new(), steps: 0 })
    }

    /// The id of an account that is there.
    pub(super) fn an_account(&self) -> Option<String> {
        let accounts = self.objects.iter().find(|records| records.object == "Account")?;
        accounts.ids.first().map(ToString::to_string)
    }

    /// One small piece of work; answers with what it was.
    pub(super) async fn step(&mut self) -> Result<String, UserError> {
        self.steps += 1;
        let Some(at) = self.steps.checked_rem(self.objects.len()) else {
            return Ok("nothing: the file has neither accounts nor contacts nor leads".to_owned());
        };
        let object = self.objects[at].object;
        // Seven steps and three objects have no common divisor, so every object comes to every kind of work.
        match self.steps % 7 {
            0 => self.create(at, 2).await.map(|done| format!("created {} {object}", done.created)),
            3 => self.delete(1).await.map(|done| format!("deleted {} Lead", done.deleted)),
            5 => self.undelete(1).await.map(|done| format!("undeleted {} Lead", done.undeleted)),
            _ => self.update(at, 3).await.map(|done| format!("updated {} {object}", done.updated)),
        }
    }

    /// Changes a fifth of the records of each object, creates a twentieth, deletes a tenth of the leads and brings
    /// half of these back.
    pub(super) async fn much(&mut self) -> Result<Done, UserError> {
        let mut all = Done::default();
        for at in 0..self.objects.len() {
            let known = self.objects[at].ids.len();
            self.steps += 1;
            all = all + self.update(at, known.div_ceil(5)).await?;
            all = all + self.create(at, known.div_ceil(20)).await?;
        }
        let leads = self.leads().map_or(0, |leads| leads.ids.len());
        all = all + self.delete(leads.div_ceil(10)).await?;
        all = all + self.undelete(self.deleted.len() / 2).await?;
        Ok(all)
    }

    async fn create(&mut self, at: usize, count: usize) -> Result<Done, UserError> {
        let step = self.steps;
        let parent = self.objects.iter().find(|records| records.object == "Account");
        let parent = parent.and_then(|accounts| pick(&accounts.ids, step, 1).pop());
        let object = self.objects[at].object;
        let rows: Vec<_> = (0..count).map(|n| new_row(object, step, n, parent.as_ref())).collect();
        for rows in rows.chunks(CALL) {
            let created = written(self.org.create_many(object, rows, TIMEOUT).await?)?;
            self.objects[at].ids.extend(created);
        }
        Ok(Done { created: count, ..Done::default() })
    }

    async fn update(&mut self, at: usize, count: usize) -> Result<Done, UserError> {
        let Records { object, ids } = &self.objects[at];
        let step = self.steps;
        let change =
            |id: SalesforceId| row(json!({ "Id": id, "Description": format!("Changed in step {step}.") }));
        let rows: Vec<_> = pick(ids, step, count).into_iter().map(change).collect();
        for rows in rows.chunks(CALL) {
            written(self.org.update_many(object, rows, TIMEOUT).await?)?;
        }
        Ok(Done { updated: rows.len(), ..Done::default() })
    }

    async fn delete(&mut self, count: usize) -> Result<Done, UserError> {
        let Some(leads) = self.objects.iter_mut().find(|records| records.object == "Lead") else {
            return Ok(Done::default());
        };
        let gone: Vec<_> = leads.ids.drain(..count.min(leads.ids.len())).collect();
        for ids in gone.chunks(CALL) {
            written(self.org.delete_many(ids, TIMEOUT).await?)?;
        }
        let done = Done { deleted: gone.len(), ..Done::default() };
        self.deleted.extend(gone);
        Ok(done)
    }

    async fn undelete(&mut self, count: usize) -> Result<Done, UserError> {
        let back = self.deleted.split_off(self.deleted.len() - count.min(self.deleted.len()));
        for ids in back.chunks(CALL) {
            written(self.org.undelete_many(ids, TIMEOUT).await?)?;
        }
        let done = Done { undeleted: back.len(), ..Done::default() };
        if let Some(leads) = self.objects.iter_mut().find(|records| records.object == "Lead") {
            leads.ids.extend(back);
        }
        Ok(done)
    }

    fn leads(&self) -> Option<&Records> {
        self.objects.iter().find(|records| records.object == "Lead")
    }
}

impl std::ops::Add for Done {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            updated: self.updated + other.updated,
            deleted: self.deleted + other.deleted,
            undeleted: self.undeleted + other.undeleted,
        }
    }
}

/// The ids of all records of `object`.
async fn ids(org: &Org, object: &str) -> Result<Vec<SalesforceId>, UserError> {
    let mut page = org.query(&format!("SELECT Id FROM {object} ORDER BY Id")).await?;
    let mut ids = Vec::new();
    loop {
        let id =
            |row: &Row| row.get("Id").and_then(Json::as_str).and_then(|id| id.parse::<SalesforceId>().ok());
        ids.extend(page.rows.iter().filter_map(id));
        match page.next {
            Some(next) => page = org.query_next(&next).await?,
            None => return Ok(ids),
        }
    }
}

/// `count` different ones of `ids`, others at each step.
fn pick(ids: &[SalesforceId], step: usize, count: usize) -> Vec<SalesforceId> {
    let start = step * 31;
    (0..count.min(ids.len())).map(|n| ids[(start + n) % ids.len()]).collect()
}

fn new_row(object: &str, step: usize, n: usize, parent: Option<&SalesforceId>) -> Row {
    row(match object {
        "Account" => json!({ "Name": format!("New Account {step}-{n}"), "ParentId": parent }),
        "Contact" => json!({ "LastName": format!("New Contact {step}-{n}"), "AccountId": parent }),
        _ => json!({ "LastName": format!("New Lead {step}-{n}"), "Company": "New Company" }),
    })
}

fn row(json: Json) -> Row {
    match json {
        Json::Object(row) => row,
        _ => Row::new(),
    }
}

/// The ids of what was written; the first refusal is an error.
fn written(results: Vec<WriteResult>) -> Result<Vec<SalesforceId>, UserError> {
    let mut ids = Vec::new();
    for result in results {
        if let Some(error) = result.errors.first() {
            return Err(UserError::Refused(format!("{}: {}", error.code, error.message)));
        }
        ids.extend(result.id);
    }
    Ok(ids)
}
