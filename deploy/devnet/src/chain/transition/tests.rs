use crate::chain::config::ChainConfig;
use crate::chain::registry::MAX_EFFECTIVE_BALANCE;
use crate::chain::state::BeaconState;
use crypto::spec::{Epoch, Gwei, ValidatorIndex};
use std::collections::BTreeSet;

fn run(mut state: BeaconState, epoch: u64, dark: &BTreeSet<ValidatorIndex>) -> BeaconState {
    while state.epoch() < Epoch(epoch) {
        state = state.next(&[], dark).0;
    }
    state
}

fn genesis() -> BeaconState {
    BeaconState::genesis(&ChainConfig::default(), 0).unwrap()
}

fn dark(indices: std::ops::Range<u64>) -> BTreeSet<ValidatorIndex> {
    indices.map(ValidatorIndex).collect()
}

/// In epoch N of a healthy chain, N-1 is justified and N-2 finalized; nothing is before epoch 4.
#[test]
fn finality_follows_two_epochs_behind() {
    let mut state = genesis();
    for epoch in 1..12u64 {
        state = run(state, epoch, &dark(0..0));
        let (justified, finalized) =
            if epoch < 3 { (0, 0) } else { (epoch - 1, if epoch < 4 { 0 } else { epoch - 2 }) };
        assert_eq!(state.current_justified.epoch, Epoch(justified), "epoch {epoch}");
        assert_eq!(state.finalized.epoch, Epoch(finalized), "epoch {epoch}");
    }
}

#[test]
fn a_checkpoint_names_the_block_of_its_first_slot() {
    let boundary = run(genesis(), 4, &dark(0..0));
    let later = run(boundary.clone(), 6, &dark(0..0));
    assert_eq!(later.finalized.epoch, Epoch(4));
    assert_eq!(later.finalized.root, boundary.header.root());
}

#[test]
fn finality_stands_while_too_many_are_dark_and_comes_back() {
    let state = run(genesis(), 5, &dark(0..0));
    assert_eq!(state.finalized.epoch, Epoch(3));
    // 10 of 16 attest: less than two thirds.
    let stalled = run(state, 12, &dark(0..6));
    assert_eq!(stalled.finalized.epoch, Epoch(3));
    assert!(stalled.is_in_inactivity_leak());
    let back = run(stalled, 16, &dark(0..0));
    assert_eq!(back.finalized.epoch, Epoch(14));
    assert!(!back.is_in_inactivity_leak());
}

#[test]
fn one_dark_validator_of_sixteen_does_not_hold_up_finality() {
    let state = run(genesis(), 10, &dark(5..6));
    assert_eq!(state.finalized.epoch, Epoch(8));
}

#[test]
fn darkness_costs_every_epoch_and_attesting_earns() {
    let mut state = run(genesis(), 3, &dark(0..0));
    for epoch in 4..8 {
        let next = run(state.clone(), epoch, &dark(5..6));
        if epoch > 4 {
            assert!(next.balances[5] < state.balances[5], "epoch {epoch}");
        }
        assert!(next.balances[4] > state.balances[4], "epoch {epoch}");
        state = next;
    }
    assert_eq!(state.validators[5].effective_balance, MAX_EFFECTIVE_BALANCE);
}

#[test]
fn participation_tells_who_attested() {
    let state = run(genesis(), 4, &dark(5..6));
    for (index, &attested) in state.previous_participation.iter().enumerate() {
        assert_eq!(attested, index != 5);
    }
}

#[test]
fn effective_balance_moves_with_hysteresis_and_the_poor_are_ejected() {
    let mut state = run(genesis(), 3, &dark(0..0));
    state.balances[1] = Gwei(31_760_000_000);
    state.balances[2] = Gwei(31_700_000_000);
    state.balances[3] = Gwei(16_000_000_000);
    let state = run(state, 4, &dark(0..0));
    assert_eq!(state.validators[1].effective_balance, Gwei(32_000_000_000));
    assert_eq!(state.validators[2].effective_balance, Gwei(31_000_000_000));
    assert_eq!(state.validators[3].effective_balance, Gwei(16_000_000_000));
    let state = run(state, 5, &dark(0..0));
    // Processed at the end of epoch 4.
    assert_eq!(state.validators[3].exit_epoch, Epoch(4 + 1 + 4));
}

#[test]
fn the_same_chain_is_the_same_every_time() {
    let one = run(genesis(), 5, &dark(2..4));
    let two = run(genesis(), 5, &dark(2..4));
    assert_eq!(one.header, two.header);
    assert_ne!(one.header, run(genesis(), 5, &dark(2..3)).header);
}
