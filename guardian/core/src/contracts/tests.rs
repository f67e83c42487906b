use super::*;
use crate::scene::{definition, key_of, state};
use crypto::spec::Gwei;

fn fields(change: impl FnOnce(&mut NetworkDefinition, &mut ContractState)) -> Vec<String> {
    let mut definition = crate::scene::with_contracts(definition());
    let mut state = state(&definition, 1);
    change(&mut definition, &mut state);
    compare(&definition, &state).into_iter().map(|mismatch| mismatch.field).collect()
}

#[test]
fn what_agrees_has_no_mismatch() {
    assert!(fields(|_, _| {}).is_empty());
}

#[test]
fn every_difference_is_named_by_its_field() {
    assert_eq!(fields(|_, s| s.guardians[1] = Address([9; 20])), ["guardian_set.members[1].account"]);
    assert_eq!(fields(|d, _| d.guardian_set.members[2].account = None), ["guardian_set.members[2].account"]);
    assert_eq!(fields(|_, s| s.guardians.truncate(3)), ["guardian_set.members.account"]);
    assert_eq!(fields(|_, s| s.enclaves[3] = Address([9; 20])), ["guardian_set.members[3].custody_key"]);
    assert_eq!(fields(|_, s| s.enclaves.truncate(3)), ["guardian_set.members.custody_key"]);
    assert_eq!(fields(|_, s| s.threshold = 2), ["guardian_set.threshold.t"]);
    let fewer = |_: &mut NetworkDefinition, s: &mut ContractState| s.ejection_threshold = Gwei(1);
    assert_eq!(fields(fewer), ["policy.balance.ejection_threshold"]);
    assert_eq!(
        fields(|d, _| d.guardian_set.members[0].custody_key = format!("04{}", "01".repeat(64))),
        ["guardian_set.members[0].custody_key"],
        "bytes that are no key"
    );
}

/// `removeGuardian` swaps the last one into the hole: the same guardians in another order are another set.
#[test]
fn order_counts() {
    let fields = fields(|_, s| s.guardians.swap(0, 3));
    assert_eq!(fields, ["guardian_set.members[0].account", "guardian_set.members[3].account"]);
}

#[test]
fn one_custody_key_for_two_guardians_is_a_mismatch_even_if_the_definition_says_so() {
    let found = fields(|d, s| {
        let twice = key_of(0);
        d.guardian_set.members[1].custody_key = twice.to_string().trim_start_matches("0x").to_owned();
        s.enclaves[1] = twice.address();
    });
    assert_eq!(found, ["guardian_set.members.custody_key"]);
}

#[test]
fn both_sides_are_said() {
    let mut definition = crate::scene::with_contracts(definition());
    let state = state(&definition, 1);
    definition.policy.balance.ejection_threshold = Gwei(5);
    let expected = Mismatch {
        field: "policy.balance.ejection_threshold".to_owned(),
        ours: "5".to_owned(),
        theirs: "31750000000".to_owned(),
    };
    assert_eq!(compare(&definition, &state), [expected]);
}
