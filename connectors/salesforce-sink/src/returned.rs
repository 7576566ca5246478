//! Records that came back from org B's recycle bin with a parent though their own org has deleted them since.
//!
//! Org B takes children to the bin with the record that they belong to, and brings all of them back with it, as their own org does.
//! One that their own org deleted after that may have been deleted here before, while it lay in the bin with its parent, and then came
//! back here alone. It is deleted again, in its own lane.

use std::collections::{HashMap, HashSet};

use orgstream_api::{LinkState, Stamp};
use orgstream_salesforce::{ApiError, Row, SalesforceId, soql};
use serde_json::Value as Json;

use crate::deliver::Delivery;
use crate::lanes::LaneKey;
use crate::links::RecordKey;
use crate::parents::Trouble;
use crate::references::PointedAt;
use crate::target::Target;
use crate::tenure::Tenure;

/// Parents that one query asks for.
const PARENTS: usize = 200;

/// Records of one object that came back.
pub(crate) struct Came<'a> {
    /// Their object.
    pub(crate) target: &'a Target,
    /// Their ids in org B.
    pub(crate) records: HashMap<SalesforceId, Return>,
}

/// The return of a record.
#[derive(Debug, Clone)]
pub(crate) struct Return {
    /// The time of the change that brought it back.
    pub(crate) at: Stamp,
    /// The org that it stands for a record of.
    pub(crate) org: String,
    /// Under which holding of its partition the change came.
    pub(crate) tenure: Tenure,
}

/// A record beneath one that came back.
struct Child {
    id: SalesforceId,
    /// The record that it stands for.
    of: String,
    /// The return of the parent.
    back: Return,
}

impl Delivery {
    /// Those beneath `came` of which the id map says that they were deleted since, each with the tenure of the change that brought
    /// it back.
    pub(crate) async fn returned_with(&self, came: Came<'_>) -> Result<Vec<(PointedAt, Tenure)>, Trouble> {
        let mut seen: HashSet<SalesforceId> = came.records.keys().copied().collect();
        let mut above = vec![(came.target.index, came.records)];
        let mut dead = Vec::new();
        while let Some((parent, parents)) = above.pop() {
            for (child, field) in &self.targets.at(parent).cascades {
                let target = self.targets.at(*child);
                let mut children = self.beneath(target, field, &parents).await.map_err(Trouble::Org)?;
                children.retain(|child| seen.insert(child.id));
                dead.extend(self.deleted_since(target, &children).await?);
                if !children.is_empty() {
                    above.push((*child, children.into_iter().map(|child| (child.id, child.back)).collect()));
                }
            }
        }
        Ok(dead)
    }

    /// The records of `target` whose `field` points at one of `parents`.
    async fn beneath(
        &self,
        target: &Target,
        field: &str,
        parents: &HashMap<SalesforceId, Return>,
    ) -> Result<Vec<Child>, ApiError> {
        let Some(external) = &target.external_id else { return Ok(Vec::new()) };
        let child = |row: &Row| {
            let text = |name: &str| row.get(name).and_then(Json::as_str);
            let id = |name: &str| text(name).and_then(|text| SalesforceId::parse(text).ok());
            let back = parents.get(&id(field)?)?.clone();
            Some(Child { id: id("Id")?, of: text(external)?.to_owned(), back })
        };
        let mut children = Vec::new();
        let ids: Vec<&str> = parents.keys().map(SalesforceId::as_str).collect();
        for ids in ids.chunks(PARENTS) {
            let soql = format!(
                "SELECT Id, {external}, {field} FROM {} WHERE {field} IN {} AND {external} != null",
                target.object,
                soql::list(ids)
            );
            let mut page = self.wire.org.query(&soql).await?;
            loop {
                children.extend(page.rows.iter().filter_map(child));
                let Some(next) = page.next else { break };
                page = self.wire.org.query_next(&next).await?;
            }
        }
        Ok(children)
    }

    /// Those of `children`, records of `target`, that their org deleted when their parent had come back there.
    async fn deleted_since(
        &self,
        target: &Target,
        children: &[Child],
    ) -> Result<Vec<(PointedAt, Tenure)>, Trouble> {
        let key = |child: &Child| RecordKey {
            org: child.back.org.clone(),
            object: target.object.clone(),
            id: child.of.clone(),
        };
        let known = self.links.resolve(children.iter().map(key)).await.map_err(Trouble::Store)?;
        let is_dead = |child: &&Child| {
            let link = known.get(&key(child)).and_then(|known| known.link.as_ref());
            link.is_some_and(|link| link.state != LinkState::Live && link.stamp >= Some(child.back.at))
        };
        let dead = children.iter().filter(is_dead).map(|child| {
            let key = LaneKey::new(child.back.org.clone(), child.of.clone());
            (PointedAt { key, objects: vec![target.index] }, child.back.tenure.clone())
        });
        Ok(dead.collect())
    }
}
