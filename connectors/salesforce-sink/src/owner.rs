//! The fallback owner: whom org B gives records whose owner is inactive there.

use orgstream_salesforce::{ApiError, Disposition, Org, Row, SalesforceId, soql};
use serde_json::Value as Json;

use crate::deliver::Delivery;
use crate::put::Prepared;
use crate::tenure::Tenure;
use crate::write::{Answer, Write};

/// What org B says of a write that would leave a record with an owner who is inactive.
const INACTIVE: &str = "INACTIVE_OWNER_OR_USER";

const OWNER: &str = "OwnerId";

impl Delivery {
    /// Writes once more, with the fallback owner, what org B refused for its owner. `answers` are those of `write`.
    pub(crate) async fn with_fallback_owner(
        &self,
        write: &Write<'_>,
        tenures: &[&Tenure],
        mut answers: Vec<Answer>,
    ) -> Vec<Answer> {
        let Some(owner) = self.fallback_owner else { return answers };
        let refused: Vec<usize> = (0..answers.len()).filter(|&index| is_of_owner(&answers[index])).collect();
        let Some(again) = self.owned(write, &refused, owner) else { return answers };
        let again_tenures: Vec<&Tenure> = refused.iter().map(|&index| tenures[index]).collect();
        let later = self.wire.send(&again, &again_tenures, &self.counters).await;
        let mut written = 0;
        for (index, answer) in refused.into_iter().zip(later) {
            written += usize::from(matches!(answer, Answer::Written(_)));
            answers[index] = answer;
        }
        self.fell_back(written);
        answers
    }

    /// Gives a new record that org B refused for its owner to the fallback owner; false where that was not the reason, or
    /// does not help.
    pub(crate) fn give_to_fallback(&self, insert: &mut Prepared, answer: &Answer) -> bool {
        let is_ours = || insert.item.change.target.references.iter().any(|known| known.field.name == OWNER);
        let Some(owner) = self.fallback_owner.filter(|_| is_of_owner(answer) && is_ours()) else {
            return false;
        };
        let owner = Json::String(owner.as_str().to_owned());
        insert.resolved.fell_back = insert.row.insert(OWNER.to_owned(), owner.clone()) != Some(owner);
        insert.resolved.fell_back
    }

    /// Says and counts that records were given to the fallback owner.
    pub(crate) fn fell_back(&self, records: usize) {
        let Some(owner) = self.fallback_owner.filter(|_| records > 0) else { return };
        self.counters.fell_back(records);
        tracing::warn!(
            org = self.wire.org.name(), records, %owner,
            "Records whose owner is inactive here are given to the fallback owner."
        );
    }

    /// The rows at `places`, given to `owner`; `None` where there are none, or where their owner is not the pipeline's to write.
    fn owned<'a>(&self, write: &Write<'a>, places: &[usize], owner: SalesforceId) -> Option<Write<'a>> {
        let with_owner = |rows: &[Row]| {
            let row = |&place: &usize| {
                let mut row = rows[place].clone();
                row.insert(OWNER.to_owned(), Json::String(owner.as_str().to_owned()));
                row
            };
            places.iter().map(row).collect::<Vec<Row>>()
        };
        let is_ours = |object: &str| {
            let target = self.targets.named(object);
            target.is_some_and(|target| target.references.iter().any(|known| known.field.name == OWNER))
        };
        if places.is_empty() {
            return None;
        }
        match write {
            Write::Upsert { object, field, rows } if is_ours(object) => {
                Some(Write::Upsert { object, field, rows: with_owner(rows) })
            }
            Write::Update { object, rows } if is_ours(object) => {
                Some(Write::Update { object, rows: with_owner(rows) })
            }
            _ => None,
        }
    }
}

fn is_of_owner(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused(error) if error.code == INACTIVE)
}

/// What is wrong with `owner` in org B.
///
/// # Errors
/// That the org cannot be asked now.
pub(crate) async fn fault(org: &Org, owner: SalesforceId) -> Result<Option<String>, ApiError> {
    let id = soql::literal(owner.as_str());
    let is_queue = owner.key_prefix() == "00G";
    let soql = if is_queue {
        format!("SELECT Id FROM Group WHERE Id = {id} AND Type = 'Queue'")
    } else {
        format!("SELECT Id, IsActive FROM User WHERE Id = {id}")
    };
    let row = match org.query(&soql).await {
        Ok(page) => page.rows.into_iter().next(),
        Err(error) if matches!(error.disposition(), Disposition::Reject | Disposition::Gone) => {
            return Ok(Some(format!("`fallback_owner` {owner} cannot be looked up: {error}")));
        }
        Err(error) => return Err(error),
    };
    Ok(match row {
        None => Some(format!(
            "`fallback_owner` {owner} is no user and no queue that can be seen in org `{}`; ids differ from org to org",
            org.name()
        )),
        Some(row) if !is_queue && row.get("IsActive") != Some(&Json::Bool(true)) => {
            Some(format!("`fallback_owner` {owner} is inactive in org `{}`; name an active user", org.name()))
        }
        Some(_) => None,
    })
}
