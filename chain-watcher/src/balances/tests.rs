use super::*;
use crate::api::ValidatorJson;
use crate::fake_node::validator;
use crypto::spec::FAR_FUTURE_EPOCH;

fn with_balance(balance: u64) -> Validator {
    Validator { balance: Gwei(balance), ..validator(1) }
}

/// What is said of validator 1 when its state goes from `before` at epoch 10 to `now` at epoch 11.
fn verdict(before: Validator, now: Validator) -> Option<bool> {
    let mut balances = Balances::default();
    assert_eq!(balances.finalized(Epoch(10), &[before]), None);
    let (epoch, answers) = balances.finalized(Epoch(11), &[now]).unwrap();
    assert_eq!(epoch, Epoch(9));
    answers.get(&ValidatorIndex(1)).copied()
}

#[test]
fn a_rise_is_a_reward_and_a_small_fall_a_penalty() {
    assert_eq!(verdict(with_balance(31_900_000_000), with_balance(31_900_010_000)), Some(true));
    assert_eq!(verdict(with_balance(31_900_000_000), with_balance(31_899_990_000)), Some(false));
    assert_eq!(verdict(with_balance(31_900_000_000), with_balance(31_900_000_000)), None);
}

#[test]
fn what_may_have_another_cause_is_not_held_against_it() {
    let swept = verdict(with_balance(32_010_000_000), with_balance(32_000_010_000));
    assert_eq!(swept, None, "the withdrawal sweep");
    let large = verdict(with_balance(31_900_000_000), with_balance(30_900_000_000));
    assert_eq!(large, None, "no epoch's penalty is that large");
    let fallen = with_balance(31_899_990_000);
    assert_eq!(verdict(with_balance(31_900_000_000), Validator { slashed: true, ..fallen }), None);
    let exiting = Validator { status: ValidatorStatus::ActiveExiting, ..fallen };
    assert_eq!(verdict(with_balance(31_900_000_000), exiting), None);
}

#[test]
fn below_the_sweep_the_surplus_over_the_effective_balance_does_not_matter() {
    let small = |balance| Validator { effective_balance: Gwei(31_000_000_000), ..with_balance(balance) };
    assert_eq!(verdict(small(31_700_000_000), small(31_699_990_000)), Some(false));
}

#[test]
fn only_epochs_on_duty_count() {
    let activation_epoch = Epoch(10);
    let late = |balance| Validator { activation_epoch, ..with_balance(balance) };
    assert_eq!(verdict(late(31_900_000_000), late(31_899_990_000)), None);
    let gone = |balance| Validator { exit_epoch: Epoch(9), ..with_balance(balance) };
    assert_eq!(verdict(gone(31_900_000_000), gone(31_899_990_000)), None);
    assert_ne!(FAR_FUTURE_EPOCH, Epoch(9));
}

#[test]
fn a_gap_says_nothing() {
    let mut balances = Balances::default();
    balances.finalized(Epoch(10), &[with_balance(31_900_000_000)]);
    assert_eq!(balances.finalized(Epoch(12), &[with_balance(31_800_000_000)]), None);
    let (epoch, answers) = balances.finalized(Epoch(13), &[with_balance(31_799_990_000)]).unwrap();
    assert_eq!((epoch, answers.len()), (Epoch(11), 1));
}

#[test]
fn the_first_epochs_do_not_underflow() {
    let mut balances = Balances::default();
    balances.finalized(Epoch(0), &[with_balance(32_000_000_000)]);
    assert_eq!(balances.finalized(Epoch(1), &[with_balance(31_999_990_000)]), None);
}

/// Four finalized states in a row, recorded from Lodestar 1.5.1: validator 0 attests, validator 15 never did.
#[test]
fn a_real_chain_is_read_right() {
    #[derive(serde::Deserialize)]
    struct State {
        epoch: crate::api::Quoted,
        validators: Vec<ValidatorJson>,
    }
    let states: Vec<State> =
        serde_json::from_str(include_str!("../../tests/fixtures/lodestar/finalized_in_a_row.json")).unwrap();
    let mut balances = Balances::default();
    let mut told = Vec::new();
    for state in states {
        let validators: Vec<_> = state.validators.into_iter().map(Validator::from).collect();
        told.extend(balances.finalized(Epoch(state.epoch.0), &validators));
    }
    let expected = BTreeMap::from([(ValidatorIndex(0), true), (ValidatorIndex(15), false)]);
    assert_eq!(told, [67, 68, 69].map(|epoch| (Epoch(epoch), expected.clone())));
}
