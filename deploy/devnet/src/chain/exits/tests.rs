use super::*;
use crate::chain::config::ChainConfig;
use crate::chain::interop;
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsSignature, ForkName, Root, Slot};
use std::collections::BTreeSet;

fn state_of(config: &ChainConfig, epoch: u64) -> BeaconState {
    let mut state = BeaconState::genesis(config, 0).unwrap();
    while state.epoch() < Epoch(epoch) {
        state = state.next(&[], &BTreeSet::new()).0;
    }
    state
}

fn state() -> BeaconState {
    state_of(&ChainConfig::default(), 3)
}

/// Signs with blst itself, so that what is checked here was not made by what checks it.
fn signature(index: u64, root: Root) -> BlsSignature {
    const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    let key = blst::min_pk::SecretKey::from_bytes(&interop::secret_bytes(index)).unwrap();
    BlsSignature(key.sign(&root.0, DST, &[]).to_bytes())
}

fn exit(state: &BeaconState, index: u64, epoch: u64) -> SignedVoluntaryExit {
    let message = VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(index) };
    let root = message.signing_root(&state.spec.forks, state.epoch());
    SignedVoluntaryExit { message, signature: signature(index, root) }
}

#[test]
fn an_exit_that_holds_is_scheduled() {
    let mut state = state();
    let signed = exit(&state, 3, 3);
    state.process_voluntary_exit(&signed).unwrap();
    let validator = &state.validators[3];
    assert_eq!(validator.exit_epoch, Epoch(3 + 1 + MAX_SEED_LOOKAHEAD));
    assert_eq!(validator.withdrawable_epoch.0, validator.exit_epoch.0 + MIN_VALIDATOR_WITHDRAWABILITY_DELAY);
    assert!(validator.is_active(Epoch(7)));
    assert!(!validator.is_active(Epoch(8)));
}

#[test]
fn an_unknown_validator_is_refused() {
    let state = state();
    let signed = exit(&state, 16, 3);
    assert_eq!(state.check_voluntary_exit(&signed), Err(ExitRefusal::UnknownValidator(ValidatorIndex(16))));
}

#[test]
fn a_validator_off_duty_is_refused() {
    let mut state = state();
    let signed = exit(&state, 3, 3);
    state.validators[3].activation_epoch = Epoch(4);
    assert_eq!(state.check_voluntary_exit(&signed), Err(ExitRefusal::NotActive(ValidatorIndex(3))));
    state.validators[3].activation_epoch = Epoch(0);
    state.validators[3].exit_epoch = Epoch(3);
    assert_eq!(state.check_voluntary_exit(&signed), Err(ExitRefusal::NotActive(ValidatorIndex(3))));
}

#[test]
fn a_second_exit_is_refused_and_changes_nothing() {
    let mut state = state();
    let signed = exit(&state, 3, 3);
    state.process_voluntary_exit(&signed).unwrap();
    let before = state.validators.clone();
    assert_eq!(
        state.process_voluntary_exit(&signed),
        Err(ExitRefusal::AlreadyExiting(ValidatorIndex(3), Epoch(8)))
    );
    assert_eq!(state.validators, before);
}

#[test]
fn an_exit_of_a_future_epoch_is_refused_until_it_comes() {
    let state = state();
    let signed = exit(&state, 3, 4);
    assert_eq!(
        state.check_voluntary_exit(&signed),
        Err(ExitRefusal::Future { named: Epoch(4), current: Epoch(3) })
    );
    let later = state_of(&ChainConfig::default(), 4);
    assert_eq!(later.check_voluntary_exit(&signed), Ok(()));
}

#[test]
fn a_young_validator_is_refused() {
    let config = ChainConfig { shard_committee_period: 5, ..ChainConfig::default() };
    let state = state_of(&config, 4);
    let signed = exit(&state, 3, 4);
    assert_eq!(
        state.check_voluntary_exit(&signed),
        Err(ExitRefusal::TooYoung { current: Epoch(4), earliest: Epoch(5) })
    );
    assert_eq!(state_of(&config, 5).check_voluntary_exit(&signed), Ok(()));
}

#[test]
fn a_signature_that_is_not_the_validators_is_refused() {
    let state = state();
    let good = exit(&state, 3, 3);
    let stranger = exit(&state, 4, 3).signature;
    let other_message = exit(&state, 3, 2).signature;
    let mut flipped = good.signature;
    flipped.0[95] ^= 1;
    let mut infinity = BlsSignature([0; 96]);
    infinity.0[0] = 0xc0;
    for signature in
        [stranger, other_message, flipped, infinity, BlsSignature([0; 96]), BlsSignature([0xff; 96])]
    {
        let signed = SignedVoluntaryExit { signature, ..good };
        assert_eq!(state.check_voluntary_exit(&signed), Err(ExitRefusal::InvalidSignature), "{signature}");
    }
    assert_eq!(state.check_voluntary_exit(&good), Ok(()));
}

/// EIP-7044: from Deneb on the domain is Capella's, so an exit signed in Capella holds for ever.
#[test]
fn from_deneb_on_the_capella_domain_counts() {
    let capella = state_of(&ChainConfig::default().up_to(ForkName::Capella), 0);
    let signed = exit(&capella, 3, 0);
    assert_eq!(capella.check_voluntary_exit(&signed), Ok(()));
    for epoch in [1, 2, 9] {
        assert_eq!(state_of(&ChainConfig::default(), epoch).check_voluntary_exit(&signed), Ok(()));
    }
    let electra = state();
    let version = electra.spec.forks.version_of(ForkName::Electra).unwrap();
    let domain = crypto::spec::compute_domain(
        crypto::spec::DOMAIN_VOLUNTARY_EXIT,
        version,
        electra.spec.forks.genesis_validators_root(),
    );
    let root = crypto::spec::compute_signing_root(signed.message.hash_tree_root(), domain);
    let current_domain = SignedVoluntaryExit { signature: signature(3, root), ..signed };
    assert_eq!(electra.check_voluntary_exit(&current_domain), Err(ExitRefusal::InvalidSignature));
}

/// Before Electra: at most `MIN_PER_EPOCH_CHURN_LIMIT` leave in one epoch.
#[test]
fn deneb_counts_validators_in_the_exit_queue() {
    let mut state = state_of(&ChainConfig::default().up_to(ForkName::Deneb), 3);
    for index in 0..9 {
        state.process_voluntary_exit(&exit(&state.clone(), index, 3)).unwrap();
    }
    let epochs: Vec<u64> = state.validators.iter().take(9).map(|v| v.exit_epoch.0).collect();
    assert_eq!(epochs, [8, 8, 8, 8, 9, 9, 9, 9, 10]);
}

/// From Electra on: at most 128 ETH leave in one epoch, and the remainder is carried.
#[test]
fn electra_counts_stake_in_the_exit_queue() {
    let mut state = state();
    for index in 0..9 {
        state.process_voluntary_exit(&exit(&state.clone(), index, 3)).unwrap();
    }
    let epochs: Vec<u64> = state.validators.iter().take(9).map(|v| v.exit_epoch.0).collect();
    assert_eq!(epochs, [8, 8, 8, 8, 9, 9, 9, 9, 10]);
    assert_eq!(state.earliest_exit_epoch, Epoch(10));
    assert_eq!(state.exit_balance_to_consume, Gwei(96_000_000_000));
}

#[test]
fn a_block_includes_what_holds_and_leaves_the_rest() {
    let state = state();
    let good = exit(&state, 3, 3);
    let too_early = exit(&state, 4, 9);
    let (next, included) = state.next(&[too_early, good], &BTreeSet::new());
    assert_eq!(included, [good]);
    assert_eq!(next.slot, Slot(state.slot.0 + 1));
    assert_eq!(next.validators[3].exit_epoch, Epoch(8));
    assert_eq!(next.validators[4].exit_epoch, FAR_FUTURE_EPOCH);
    assert_ne!(next.header.body_root, state.next(&[], &BTreeSet::new()).0.header.body_root);
}
