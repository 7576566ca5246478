//! Whether each record of org B stands for one of org A, and points at those that stand for what that one points at. Follows the
//! links of the rows themselves, with nothing of the program's.

use std::collections::HashMap;

use orgstream_salesforce_simulator::Org;
use serde_json::Value as Json;

use super::crm::{People, SHAPES, Shape};

/// Which id of org B stands for which one of org A.
pub(crate) struct Twins {
    ids: HashMap<String, String>,
    differences: Vec<String>,
}

impl Twins {
    /// What is wrong between two orgs with the same people; empty where all is right.
    pub(crate) fn differences(a: (&Org, &People), b: (&Org, &People)) -> Vec<String> {
        let mut twins = Self { ids: HashMap::new(), differences: Vec::new() };
        twins.pair_people(a.1, b.1);
        let rows: Vec<_> =
            SHAPES.iter().map(|shape| (shape, a.0.rows(shape.object), b.0.rows(shape.object))).collect();
        for (shape, ours, theirs) in &rows {
            twins.pair(shape, ours, theirs);
        }
        for (shape, ours, theirs) in &rows {
            twins.follow(shape, ours, theirs);
        }
        twins.differences
    }

    fn pair_people(&mut self, ours: &People, theirs: &People) {
        let types = |people: &People| people.record_types.values().flatten().cloned().collect::<Vec<_>>();
        for (ours, theirs) in [
            (ours.users.clone(), theirs.users.clone()),
            (ours.queues.clone(), theirs.queues.clone()),
            (types(ours), types(theirs)),
        ] {
            assert_eq!(ours.len(), theirs.len());
            self.ids.extend(ours.into_iter().zip(theirs));
        }
    }

    fn pair(&mut self, shape: &Shape, ours: &[Json], theirs: &[Json]) {
        let object = shape.object;
        for row in theirs {
            let (id, of) = (text(row, "Id"), text(row, "OrgA_Id__c"));
            if let Some(other) = self.ids.insert(of.clone(), id.clone()) {
                self.differences.push(format!("{object} {id} and {other} of org B both stand for `{of}`"));
            }
            if !ours.iter().any(|row| row["Id"] == of.as_str()) {
                self.differences
                    .push(format!("{object} {id} of org B stands for `{of}`, which org A does not have"));
            }
        }
        for row in ours {
            let id = text(row, "Id");
            if !self.ids.contains_key(&id) {
                self.differences.push(format!("{object} {id} is not in org B"));
            }
        }
    }

    fn follow(&mut self, shape: &Shape, ours: &[Json], theirs: &[Json]) {
        let by_id: HashMap<&str, &Json> =
            theirs.iter().filter_map(|row| Some((row["Id"].as_str()?, row))).collect();
        let parents = shape.parents.iter().map(|(name, _)| *name).chain(["OwnerId"]);
        let references: Vec<&str> = parents.chain(shape.typed.then_some("RecordTypeId")).collect();
        for row in ours {
            let id = text(row, "Id");
            let Some(twin) = self.ids.get(&id).and_then(|id| by_id.get(id.as_str())) else { continue };
            for name in &references {
                let expected = row[*name].as_str().map(|id| match self.ids.get(id) {
                    Some(twin) => twin.as_str(),
                    None => "nothing that org B has",
                });
                if twin[*name].as_str() != expected {
                    let difference = format!(
                        "{} {id}.{name} = {}: org B's {} should point at {expected:?}, and points at {}",
                        shape.object, row[*name], twin["Id"], twin[*name]
                    );
                    self.differences.push(difference);
                }
            }
        }
    }
}

fn text(row: &Json, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}
