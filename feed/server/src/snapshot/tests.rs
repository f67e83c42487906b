use super::*;
use crate::world::{NOW, World, operator, pubkey};

fn snapshot(validators: u64) -> Snapshot {
    let world = World::new(validators);
    Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition))
}

#[test]
fn every_validator_is_found_by_key_index_and_operator() {
    let snapshot = snapshot(1_000);
    assert!(snapshot.len() >= 1_000);
    for number in [0, 1, 499, 999] {
        let row = snapshot.row(&pubkey(number)).unwrap();
        let view = snapshot.validator(row);
        assert_eq!(view.pubkey, pubkey(number));
        assert_eq!(view.index, Some(ValidatorIndex(1_000_000 + number)));
        assert_eq!(snapshot.row_at(ValidatorIndex(1_000_000 + number)), Some(row));
        assert!(snapshot.rows_of(&view.operator.unwrap()).contains(&row));
    }
    assert_eq!(snapshot.row(&BlsPubkey([9; 48])), None);
}

#[test]
fn a_search_takes_beginnings_of_keys_and_operators_and_whole_indices() {
    let snapshot = snapshot(1_000);
    let row = snapshot.row(&pubkey(77)).unwrap();
    let key = pubkey(77).to_string();
    for length in [8, 20, 98] {
        assert_eq!(snapshot.search(&key[..length]).unwrap(), vec![row], "{length}");
    }
    assert_eq!(snapshot.search("1000077").unwrap(), vec![row]);
    let theirs = snapshot.search(&operator(3).to_string()).unwrap();
    assert_eq!(theirs, snapshot.rows_of(&operator(3)));
    assert_eq!(snapshot.search("nothing like it"), None);
    assert_eq!(snapshot.search(&"a".repeat(97)), None);
    let brute: Vec<Row> = snapshot
        .rows(Order { by: SortKey::Pubkey, descending: false })
        .filter(|row| snapshot.pubkey_of(*row).to_string().starts_with("0x3"))
        .collect();
    assert!(!brute.is_empty());
    assert_eq!(snapshot.search("0x3").unwrap(), brute);
}

#[test]
fn orders_are_complete_and_those_without_a_value_come_last_both_ways() {
    let snapshot = snapshot(500);
    for by in SortKey::ALL {
        for descending in [false, true] {
            let mut rows: Vec<Row> = snapshot.rows(Order { by, descending }).collect();
            if by == SortKey::Balance {
                let balances: Vec<_> = rows.iter().map(|row| snapshot.validator(*row).balance).collect();
                let known = balances.iter().take_while(|balance| balance.is_some()).count();
                assert!(balances[known..].iter().all(Option::is_none));
                let sorted = |a: &Option<_>, b: &Option<_>| if descending { a >= b } else { a <= b };
                assert!(balances[..known].is_sorted_by(sorted));
            }
            rows.sort();
            rows.dedup();
            assert_eq!(rows.len(), snapshot.len(), "{by:?}");
        }
    }
}

#[test]
fn health_is_counted_and_every_kind_is_there() {
    let snapshot = snapshot(3_000);
    let sum: u64 = snapshot.health_counts().values().sum();
    assert_eq!(usize::try_from(sum).unwrap(), snapshot.len());
    for health in [Health::Ok, Health::Warning, Health::Danger, Health::Due, Health::Leaving, Health::Gone] {
        assert!(snapshot.health_counts().contains_key(&health), "{health:?}");
    }
    assert_eq!(snapshot.network().counts.validators, sum);
}

#[test]
fn a_tag_changes_with_the_slot() {
    let world = World::new(10);
    let definition = Arc::new(world.definition.clone());
    let of = |slot| Snapshot::new(Arc::new(world.status(slot)), definition.clone());
    assert_eq!(of(NOW).tag(), of(NOW).tag());
    assert_ne!(of(NOW).tag(), of(NOW.saturating_add(1)).tag());
}

#[test]
fn views_survive_their_own_json() {
    let snapshot = snapshot(200);
    for row in snapshot.rows(Order::default()) {
        let view = snapshot.validator(row);
        let json = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<ValidatorView>(&json).unwrap(), view);
    }
    for status in &snapshot.status().proposals {
        let view = snapshot.proposal_view(status);
        let json = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<ProposalView>(&json).unwrap(), view);
        assert!(!json.contains("node 1"), "names of nodes are their operator's");
    }
    let json = serde_json::to_string(snapshot.network()).unwrap();
    assert_eq!(&serde_json::from_str::<NetworkView>(&json).unwrap(), snapshot.network());
}

#[test]
fn a_status_told_again_is_as_old_as_it_was() {
    let world = World::new(1);
    let of = |slot| Snapshot::new(Arc::new(world.status(slot)), Arc::new(world.definition.clone()));
    let mut first = of(NOW);
    first.arrived = first.arrived.checked_sub(Duration::from_secs(5)).unwrap();
    assert_eq!(of(NOW).after(Some(&first)).arrived, first.arrived);
    assert_ne!(of(NOW.saturating_add(1)).after(Some(&first)).arrived, first.arrived);
}
