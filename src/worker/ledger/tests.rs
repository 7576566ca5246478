use proptest::prelude::*;

use super::*;

fn partition(number: i32) -> TopicPartition {
    TopicPartition { topic: "a.Account".into(), partition: number }
}

fn committable(ledger: &Ledger) -> i64 {
    ledger.committable()[0].1
}

#[test]
fn only_the_settled_prefix_is_committable() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 10);
    let first = ledger.track(&partition(0), 10).unwrap();
    let second = ledger.track(&partition(0), 11).unwrap();
    assert_eq!(ledger.settle(second), Redeemed::Live);
    assert_eq!(committable(&ledger), 10);
    ledger.settle(first);
    assert_eq!(committable(&ledger), 12);
}

#[test]
fn a_dropped_ticket_is_never_committed_and_fails_the_task() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 0);
    drop(ledger.track(&partition(0), 0).unwrap());
    let second = ledger.track(&partition(0), 1).unwrap();
    ledger.settle(second);
    assert_eq!(committable(&ledger), 0);
    assert!(ledger.check_dropped().is_err());
}

#[test]
fn tickets_of_a_revoked_partition_are_inert() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 0);
    let old = ledger.track(&partition(0), 0).unwrap();
    let older = ledger.track(&partition(0), 1).unwrap();
    ledger.revoke(&partition(0));
    drop(older);
    assert!(ledger.check_dropped().is_ok());
    ledger.assign(partition(0), 0);
    assert_eq!(ledger.settle(old), Redeemed::Inert);
    assert_eq!(committable(&ledger), 0);
}

#[test]
fn a_passed_commit_marker_is_committed_once_nothing_is_in_flight() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 0);
    let ticket = ledger.track(&partition(0), 0).unwrap();
    ledger.passed(&partition(0), 2);
    assert_eq!(committable(&ledger), 0);
    ledger.settle(ticket);
    assert_eq!(committable(&ledger), 2);
}

#[test]
fn a_record_delivered_twice_in_one_assignment_gets_no_second_ticket() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 5);
    let first = ledger.track(&partition(0), 5).unwrap();
    assert!(ledger.track(&partition(0), 5).is_none());
    ledger.settle(first);
}

#[test]
fn a_ticket_aside_holds_no_offset_back_but_is_missed_when_dropped() {
    let mut ledger = Ledger::default();
    ledger.assign(partition(0), 0);
    let aside = ledger.track_aside(&partition(0)).unwrap();
    let record = ledger.track(&partition(0), 0).unwrap();
    ledger.settle(record);
    assert_eq!(committable(&ledger), 1);
    assert_eq!(ledger.in_flight(), 1);
    drop(aside);
    assert!(ledger.check_dropped().is_err());
}

proptest! {
    /// Whatever the order of settling, the committable offset is the lowest unsettled one (D1).
    #[test]
    fn the_committable_offset_is_the_lowest_unsettled_one(
        gaps in prop::collection::vec(1_i64..4, 1..60),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let mut ledger = Ledger::default();
        ledger.assign(partition(0), 0);
        let mut next = 0;
        let mut open = Vec::new();
        for gap in gaps {
            let offset = next + gap - 1;
            open.push((offset, ledger.track(&partition(0), offset).unwrap()));
            next = offset + 1;
        }
        for index in order {
            if open.is_empty() {
                break;
            }
            let (_, ticket) = open.remove(index.index(open.len()));
            ledger.settle(ticket);
            match open.first() {
                Some((lowest, _)) => prop_assert!(committable(&ledger) <= *lowest),
                None => prop_assert_eq!(committable(&ledger), next),
            }
            // Nothing that is settled is held back except behind an open record.
            let lowest_open = open.first().map_or(next, |(offset, _)| *offset);
            prop_assert!(committable(&ledger) > lowest_open - 4);
        }
        for (_, ticket) in open {
            ledger.settle(ticket);
        }
    }
}
