//! In which order objects are caught up with: parents before their children.
//!
//! Objects that refer to each other in a circle share a rank; references to the own object do not count. What a
//! circle leaves open is closed by owed references.

/// The rank of each object. `parents[object]` lists the objects it refers to.
///
/// An object's rank is the number of groups of mutually dependent objects above it, along the longest way.
pub(crate) fn ranks(parents: &[Vec<usize>]) -> Vec<u32> {
    let reach = reachable(parents);
    let circle = |a: usize, b: usize| a == b || (reach[a][b] && reach[b][a]);
    let mut ranks = vec![0; parents.len()];
    // Each round lifts what depends on something outside its circle above it; the longest way has fewer
    // steps than there are objects.
    for _ in 0..parents.len() {
        for object in 0..parents.len() {
            let above = (0..parents.len())
                .filter(|&parent| reach[object][parent] && !circle(object, parent))
                .map(|parent| ranks[parent] + 1)
                .max();
            ranks[object] = above.unwrap_or(0);
        }
    }
    ranks
}

/// Which object leads to which, over any number of references. A pipeline has few objects, so cubic time is fine.
fn reachable(parents: &[Vec<usize>]) -> Vec<Vec<bool>> {
    let count = parents.len();
    let mut reach = vec![vec![false; count]; count];
    for (object, parents) in parents.iter().enumerate() {
        for &parent in parents {
            reach[object][parent] = true;
        }
    }
    for via in 0..count {
        for from in 0..count {
            for to in 0..count {
                reach[from][to] |= reach[from][via] && reach[via][to];
            }
        }
    }
    reach
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parents_rank_before_children_and_circles_share_a_rank() {
        for (parents, expected) in [
            (vec![], vec![]),
            (vec![vec![0]], vec![0]),
            (vec![vec![1], vec![]], vec![1, 0]),
            (vec![vec![0], vec![0, 1], vec![]], vec![0, 1, 0]),
            (vec![vec![1], vec![0], vec![1]], vec![0, 0, 1]),
            (vec![vec![], vec![0, 2], vec![1], vec![2]], vec![0, 1, 1, 2]),
        ] {
            assert_eq!(ranks(&parents), expected, "{parents:?}");
        }
    }

    proptest! {
        #[test]
        fn no_object_ranks_before_its_parent(edges in proptest::collection::vec((0..8_usize, 0..8_usize), 0..24)) {
            let mut parents = vec![Vec::new(); 8];
            for (child, parent) in edges {
                parents[child].push(parent);
            }
            let ranks = ranks(&parents);
            for (child, parents) in parents.iter().enumerate() {
                for &parent in parents {
                    prop_assert!(ranks[parent] <= ranks[child]);
                }
            }
        }
    }
}
