//! Which records of a write go into one call: as many as the org takes, and no body that is too large.
//!
//! Up to 200 records are a collection. More of them go as several collections of one composite call, which counts once. A
//! text that the org would take for a reference within a composite call keeps its record out of one.

use orgstream_salesforce::{COLLECTION, COLLECTIONS, Row, can_be_in_composite};
use serde_json::Value as Json;

/// Records that one call takes.
pub(crate) const CALL: usize = COLLECTION * COLLECTIONS;

/// Bytes that one body has at most, by a count that is not below the truth by much.
pub(crate) const BODY: usize = 4 * 1024 * 1024;

/// What a record means to the call that it goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// About how many bytes of the body it takes.
    pub(crate) bytes: usize,
    /// Whether it may travel in a composite call.
    pub(crate) composes: bool,
}

impl Load {
    /// Of a record with these fields.
    pub(crate) fn of(row: &Row) -> Self {
        Self { bytes: 64 + object(row), composes: can_be_in_composite(row) }
    }

    /// Of a record that is named by its id alone. `composes` says whether the operation exists in a composite call.
    pub(crate) fn of_id(composes: bool) -> Self {
        Self { bytes: 32, composes }
    }
}

/// Cuts the records of a write, which stand in order, into calls: each the places of its records.
pub(crate) fn cut(loads: &[Load]) -> Vec<Vec<usize>> {
    let (together, apart): (Vec<usize>, Vec<usize>) =
        (0..loads.len()).partition(|&place| loads[place].composes);
    // Those few that fit into one collection need no composite call, and all may go in it.
    if loads.len() <= COLLECTION {
        return fill((0..loads.len()).collect(), loads, COLLECTION);
    }
    let mut calls = fill(together, loads, CALL);
    calls.extend(fill(apart, loads, COLLECTION));
    calls
}

/// Cuts in order, so many records and bytes at most in each; a record that is larger than a body goes alone.
fn fill(places: Vec<usize>, loads: &[Load], most: usize) -> Vec<Vec<usize>> {
    let mut calls: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for place in places {
        let size = loads[place].bytes;
        match calls.last_mut() {
            Some(call) if call.len() < most && bytes + size <= BODY => {
                call.push(place);
                bytes += size;
            }
            _ => {
                calls.push(vec![place]);
                bytes = size;
            }
        }
    }
    calls
}

fn object(fields: &Row) -> usize {
    fields.iter().map(|(name, value)| name.len() + 4 + size(value)).sum()
}

/// Bytes of a value as JSON. Escapes are few enough to be left out.
fn size(value: &Json) -> usize {
    match value {
        Json::Null | Json::Bool(_) => 5,
        Json::Number(_) => 12,
        Json::String(text) => text.len() + 2,
        Json::Array(items) => items.iter().map(|item| size(item) + 1).sum::<usize>() + 2,
        Json::Object(fields) => object(fields) + 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn loads() -> impl Strategy<Value = Vec<Load>> {
        let load = (prop_oneof![9 => 1..20_000_usize, 1 => 1..2 * BODY], any::<bool>())
            .prop_map(|(bytes, composes)| Load { bytes, composes });
        proptest::collection::vec(load, 0..2_500)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        /// Every record is in exactly one call, and no call is more than the org takes.
        #[test]
        fn every_record_is_in_one_call_that_the_org_takes(loads in loads()) {
            let calls = cut(&loads);
            let mut places: Vec<usize> = calls.iter().flatten().copied().collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..loads.len()).collect::<Vec<_>>());
            for call in &calls {
                let bytes: usize = call.iter().map(|&place| loads[place].bytes).sum();
                prop_assert!(bytes <= BODY || call.len() == 1);
                let composes = call.iter().all(|&place| loads[place].composes);
                let most = if composes { CALL } else { COLLECTION };
                prop_assert!(call.len() <= most);
            }
        }
    }

    #[test]
    fn a_thousand_small_records_are_one_call() {
        let loads = [Load { bytes: 500, composes: true }; 1_000];
        assert_eq!(cut(&loads).len(), 1);
    }
}
